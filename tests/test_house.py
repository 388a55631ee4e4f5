"""The house: rooms import one way, files in no circle, and what is general names nothing particular."""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "src" / "crossgap"
FLOORS = (
    ("errors", "moved"), ("base",), ("losses", "networks"), ("data",), ("core",), ("collection",),
    ("deploy", "simulation"), ("rl",), ("methods",), ("evaluation",), ("report",), ("experiments",),
    ("commands",), ("cli",),
)  # fmt: skip
"""Rooms from the lowest to the highest; each stands on those below it, and on none beside it."""
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FRONT_DOORS = ("", "__main__")
"""`crossgap`, which leads to any room by its name alone, and `python -m crossgap`."""
GENERAL = ("cli", "core", "data", "experiments.engine", "rl")
"""What knows no experiment and no world; `collection` is a help text, which tells of worlds."""
WORDS = ("budget", "digits", "goggles")
"""Experiments whose names are words with other meanings: a verb of the command line, those of a number."""
WITHOUT_SIMULATOR = ("base", "core", "data", "deploy", "errors", "losses", "methods", "networks", "rl")
WITHOUT_TORCH = ("base", "cli", "collection", "data.folder", "simulation")
"""What loads no torch before it is used: `--help` is quick, and a process that renders is small."""

KNOWN: dict[str, str] = {}
"""What is not yet as it should be, by whose part it is."""


@functools.cache
def modules() -> dict[str, Path]:
    """Every file of the house by its name below `crossgap`, which is ""."""
    found = {}
    for path in HOUSE.rglob("*.py"):
        parts = path.relative_to(HOUSE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def parsed(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


@functools.cache
def imports(name: str, top: bool = False) -> tuple[str, ...]:
    """What a file imports, by its whole name, wherever it does so; or only what is loaded with it."""
    return tuple(_imports(name, top))


def _imports(name: str, top: bool) -> Iterator[str]:
    waiting: list[ast.AST] = [parsed(name)]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.module, f"{name} imports by a relative name"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            later = isinstance(node, ast.FunctionDef) or (
                isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            )
            if not (top and later):
                waiting.append(node)


@functools.cache
def ours(name: str, top: bool = False) -> frozenset[str]:
    """The files of the house that a file imports, by their names below `crossgap`."""
    found: set[str] = set()
    for imported in imports(name, top):
        if imported.partition(".")[0] == "crossgap":
            below = imported.removeprefix("crossgap").removeprefix(".")
            found.add(below if below in modules() else below.rpartition(".")[0])
    return frozenset(found - {name})


def others(name: str, top: bool = False) -> set[str]:
    """The packages of others that a file imports."""
    return {imported.partition(".")[0] for imported in imports(name, top)}


def loaded(name: str) -> dict[str, str]:
    """What comes with a file: each file of the house, and which one brought it."""
    found, waiting = {name: ""}, [name]
    while waiting:
        asking = waiting.pop()
        for one in ours(asking, top=True):
            for part in (one.rpartition(".")[0], one):  # a package's own file comes first
                if part in modules() and part not in found:
                    found[part] = asking
                    waiting.append(part)
    return found


def is_in(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def upward() -> Iterator[str]:
    for name in modules():
        room = name.partition(".")[0]
        for imported in ours(name) if name not in FRONT_DOORS else ():
            there = imported.partition(".")[0]
            if there != room and FLOOR.get(there, len(FLOORS)) >= FLOOR[room]:
                yield f"{name} imports {imported}"
            shared, world = is_in(name, ("simulation.base",)), imported.split(".")[1:2]
            if shared and there == room and set(world) & particulars():
                yield f"{name} imports {imported}"


def circles() -> Iterator[str]:
    yield from (f"{name} leads to itself" for name in modules() if name in reach(name))


def reach(name: str) -> set[str]:
    """The files that a file leads to by its imports, directly or not."""
    found, waiting = set(), [name]
    while waiting:
        new = ours(waiting.pop()) - found - set(FRONT_DOORS)
        found |= new
        waiting += new
    return found


def between_methods() -> Iterator[str]:
    for name in modules():
        room, *own = name.split(".")
        for imported in ours(name) if room == "methods" else ():
            there, *parts = imported.split(".")
            if there == room and len(parts) > 1 and parts[0] != own[0]:
                yield f"{name} imports {imported}"


def loads_torch() -> Iterator[str]:
    for name in modules():
        if is_in(name, WITHOUT_TORCH):
            for one in loaded(name):
                if others(one, top=True) & {"torch", "lightning_fabric"}:
                    yield f"{name} loads torch by {one}"


def names_a_simulator() -> Iterator[str]:
    for name in modules():
        if is_in(name, WITHOUT_SIMULATOR):
            for package in sorted(others(name) & {"mujoco", "gymnasium"}):
                yield f"{name} imports {package}"


def particulars() -> set[str]:
    """The names of experiments and worlds: their folders'."""
    folders = [*(HOUSE / "experiments").iterdir(), *(HOUSE / "simulation").iterdir()]
    return {path.name for path in folders if path.is_dir()} - {"engine", "base", "__pycache__"}


@functools.cache
def code_words(name: str) -> tuple[str, ...]:
    """The names and texts of a file, without docstrings and comments."""
    return tuple(text.lower() for text in _code_words(name))


def _code_words(name: str) -> Iterator[str]:
    tree = parsed(name)
    told = {
        id(node.value) for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value
        for field in ("id", "attr", "name", "arg"):
            if isinstance(text := getattr(node, field, None), str) and not isinstance(node, ast.alias):
                yield text
    yield from (imported for imported in imports(name) if imported.startswith("crossgap"))


def named() -> Iterator[str]:
    for name in modules():
        if not is_in(name, GENERAL):
            continue
        for what in sorted(particulars()):
            word = rf"experiments\.{what}" if what in WORDS else re.escape(what)
            told = re.compile(rf"(?<![a-z0-9]){word}(?![a-z0-9])")
            if any(told.search(text) for text in code_words(name)):
                yield f"{name} names {what}"


def out_of_order() -> set[str]:
    return {
        *upward(),
        *circles(),
        *between_methods(),
        *loads_torch(),
        *names_a_simulator(),
        *named(),
    }


def test_nothing_but_what_is_known_is_out_of_order() -> None:
    found, known = out_of_order(), {line.strip() for part in KNOWN.values() for line in part.splitlines()}
    assert not sorted(found - known), "out of order"
    assert not sorted(known - found - {""}), "in order now: take it out of KNOWN"


def forget() -> None:
    """What was read of the files of a house."""
    for kept in (modules, parsed, imports, ours, code_words):
        kept.cache_clear()


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], set[str]]]:
    """`built(files)`: what is out of order in a house of these files."""

    def build(files: dict[str, str]) -> set[str]:
        for name in ("simulation/planet/__init__.py", "experiments/big_trial/__init__.py", *files):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(files.get(name, ""), encoding="utf-8")
        monkeypatch.setattr(sys.modules[__name__], "HOUSE", tmp_path)
        forget()
        return out_of_order()

    yield build
    forget()


def test_a_house_in_order(built: Callable) -> None:
    assert not built({
        "base/files.py": "import numpy",
        "data/folder.py": """'big_trial, in a docstring'\nfrom crossgap.base.files import x  # planet""",
        "core/runs.py": "def run(): import torch; import crossgap.data.folder",
        "cli.py": "def learn():\n    import torch\n    from crossgap.core.runs import run",
        "simulation/planet/model.py": "import mujoco\nfrom crossgap.data import folder",
    })  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("core/a.py", "from crossgap.methods import b", "core.a imports methods"),
        ("core/a.py", "def f():\n import crossgap.cli", "core.a imports cli"),
        ("base/a.py", "if TYPE_CHECKING:\n from crossgap.core.b import B", "base.a imports core"),
        ("deploy/a.py", "import crossgap.simulation.planet", "deploy.a imports simulation.planet"),
        (
            "simulation/base/a.py",
            "import crossgap.simulation.planet",
            "simulation.base.a imports simulation.",
        ),
        ("methods/a/b.py", "import crossgap.methods.c.d", "methods.a.b imports methods.c.d"),
        ("data/a.py", "def f():\n import gymnasium", "data.a imports gymnasium"),
        ("simulation/a.py", "from torch import nn", "simulation.a loads torch by simulation.a"),
        ("rl/a.py", "WORLDS = ('planet',)", "rl.a names planet"),
        ("rl/a.py", "def look_of_planet(): pass", "rl.a names planet"),
        (
            "experiments/engine/a.py",
            "import crossgap.experiments.big_trial",
            "experiments.engine.a names big_",
        ),
    ],
)
def test_a_house_out_of_order(built: Callable, name: str, text: str, problem: str) -> None:
    others_too = {"methods/b.py": "", "methods/c/d.py": "", "core/b.py": "", "cli.py": ""}
    assert any(one.startswith(problem) for one in built(others_too | {name: text}))


def test_two_files_in_a_circle(built: Callable) -> None:
    files = {"data/a.py": "import crossgap.data.b", "data/b.py": "def f():\n from crossgap.data import a"}
    assert built(files) == {"data.a leads to itself", "data.b leads to itself"}
