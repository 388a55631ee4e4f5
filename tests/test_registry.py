"""A registry finds what folders below a package enter, and nobody lists them."""

import sys
from dataclasses import replace

import docstring_parser
import pytest

from crossgap.base.registry import Registry
from crossgap.errors import CrossgapError
from crossgap.methods.registry import METHODS, SHORTHANDS, families, resolve, said

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


def test_a_folder_that_cannot_be_imported_is_said_each_time(shop):
    from shop.registry import SHELF  # pyright: ignore[reportMissingImports]

    (shop / "pear" / "__init__.py").write_text("import no_such_module\n")
    for _ in range(2):  # not a shelf without pears
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            list(SHELF)


def test_a_name_that_is_taken(shop):
    from shop.registry import SHELF  # pyright: ignore[reportMissingImports]

    assert SHELF.find("apple") == 1
    with pytest.raises(CrossgapError, match=r"Fruit 'apple' of shop is taken\."):
        SHELF.enter("apple", 3)
    assert SHELF.find("apple") == 1
    SHELF.enter("plum", lambda: 1)


def test_the_same_comes_again_where_a_module_is_run_again(shop):
    from shop.registry import SHELF  # pyright: ignore[reportMissingImports]

    text = "from functools import partial\ndef bite(): pass\n" + ENTER.format(
        name="pear", thing="partial(bite, 2)", rank=1
    )
    (shop / "pear" / "__init__.py").write_text(text + "import no_such_module\n")
    for _ in range(2):  # the second time it is there, with a function that is not the same one
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            list(SHELF)


def test_a_family_with_the_name_of_another_s_method(monkeypatch):
    taken = replace(METHODS["dann"], family="taskgan_inverse")
    monkeypatch.setitem(METHODS._things, "mine", (50, taken))
    with pytest.raises(CrossgapError, match="'taskgan_inverse' of 'mine' is called as a method of 'taskgan'"):
        families()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_said_by_its_family_and_switches(name):
    method = METHODS[name]
    assert resolve(name) == name
    assert resolve(method.family, **vars(method.switches) if method.switches else {}) == name
    assert [other for other in METHODS if said(METHODS[other]) == said(method)] == [name]


def test_switches_change_a_method_or_its_family_s_defaults():
    assert resolve("taskgan") == "taskgan_inverse"
    assert resolve("taskgan", supervise=()) == "plain_gan"
    assert resolve("taskgan", supervise="target") == "taskgan_inverse"
    assert (
        resolve("taskgan", supervise=["target", "source"], refine=True) == "source_supervised_taskgan_refined"
    )
    assert resolve("source_supervised_taskgan", refine=True) == "source_supervised_taskgan_refined"
    assert resolve("fine_tuned", fine_tune=False) == "source_only"
    for name, method in SHORTHANDS.items():
        assert resolve(name) == method


@pytest.mark.parametrize(
    ("name", "switches", "message"),
    [
        ("taskgan_inver", {}, r"Method 'taskgan_inver' not found. Did you mean taskgan_inverse\?"),
        ("taskgan", {"refined": True}, r"Switch of 'taskgan' 'refined' not found. Did you mean refine\?"),
        ("target_only", {"refine": True},
         "Switch of 'target_only' 'refine' not found.* Available: none"),
        ("taskgan", {"supervise": None}, "Switch 'supervise' must be texts; got None"),
        ("taskgan", {"supervise": [["a"]]}, r"Switch 'supervise' must be texts; got \[\['a'\]\]"),
        ("taskgan", {"supervise": "both"}, "There is no 'taskgan --supervise both'"),
        ("taskgan_inverse_refined", {"refine": None}, "Switch 'refine' must be true or false; got None"),
        ("cycle_taskgan", {"direction": ["inverse"]}, "Switch 'direction' must be a text; got "),
        ("cycle_taskgan", {"direction": True}, "Switch 'direction' must be a text; got True"),
        ("taskgan", {"supervise": ["source"], "refine": True},
         "There is no 'taskgan --supervise source --refine'. Available: .*; taskgan --refine;"),
    ],
)  # fmt: skip
def test_switches_that_no_method_has(name, switches, message):
    with pytest.raises(CrossgapError, match=message):
        resolve(name, **switches)


def test_a_family_has_switches_of_one_kind_each_with_a_text():
    for members in families().values():
        kinds = {type(method.switches) for method in members.values()}
        assert len(kinds) == 1
        if len(members) > 1:
            (kind,) = kinds
            told = {param.arg_name for param in docstring_parser.parse_from_object(kind).params}
            assert told == kind.__dataclass_fields__.keys()
