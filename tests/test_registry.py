"""A registry finds what folders below a package enter, and nobody lists them."""

import sys

import pytest

from crossgap.base.registry import Registry
from crossgap.errors import CrossgapError

ENTER = "from shop import registry\nregistry.SHELF.enter('{name}', {thing}, rank={rank})\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    package = tmp_path / "one" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "registry.py").write_text(
        "from crossgap.base.registry import Registry\nSHELF = Registry('Fruit', 'shop')\n"
    )
    for name, thing, rank in (("apple", 1, 2), ("pear", 2, 1)):
        (package / name).mkdir()
        (package / name / "__init__.py").write_text(ENTER.format(name=name, thing=thing, rank=rank))
    monkeypatch.syspath_prepend(str(tmp_path / "one"))
    yield package
    for name in [name for name in sys.modules if name.split(".")[0] == "shop"]:
        del sys.modules[name]


def test_folders_enter_themselves_and_are_ordered_by_rank(shop):
    from shop.registry import SHELF  # pyright: ignore[reportMissingImports]

    assert isinstance(SHELF, Registry)
    assert dict(SHELF) == {"pear": 2, "apple": 1}
    assert list(SHELF) == ["pear", "apple"]
    assert len(SHELF) == 2
    assert "apple" in SHELF
    assert "plum" not in SHELF
    assert SHELF.get("plum") is None
    with pytest.raises(CrossgapError, match=r"Fruit 'appel' not found.*Available: apple, pear"):
        SHELF.find("appel")


def test_a_folder_elsewhere_is_found_once_it_is_on_the_path(shop, tmp_path):
    import shop as package  # pyright: ignore[reportMissingImports]
    from shop.registry import SHELF  # pyright: ignore[reportMissingImports]

    assert list(SHELF) == ["pear", "apple"]
    (tmp_path / "mine" / "plum").mkdir(parents=True)
    (tmp_path / "mine" / "plum" / "__init__.py").write_text(ENTER.format(name="plum", thing=3, rank=0))
    package.__path__.append(str(tmp_path / "mine"))
    assert list(SHELF) == ["plum", "pear", "apple"]
    assert SHELF.find("plum") == 3
