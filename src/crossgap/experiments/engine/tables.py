"""The tables of README and docs, from `results/`: `python -m crossgap.experiments.engine.tables`."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crossgap.experiments
from crossgap.base.files import alone, read_json, write_json, write_text
from crossgap.errors import CrossgapError

BEGIN, END = "<!-- begin: {name} -->", "<!-- end: {name} -->"


def insert(document: str, name: str, text: str) -> str:
    """A document with the part between the markers of `name` replaced.

    Raises:
        CrossgapError: the document lacks the markers.
    """
    begin, end = BEGIN.format(name=name), END.format(name=name)
    before, found, rest = document.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise CrossgapError(f"Expected the markers {begin} and {end} in the document.")
    return f"{before}{begin}\n{text}\n{end}{after}"


def tables() -> dict[str, tuple[tuple[str, ...], Callable[..., str]]]:
    """The `TABLES` of every experiment's folder, in its module `tables` or `experiment`: by the name of its
    markers a table's file below `results/`, or files, and what makes the table of them."""
    found: dict[str, Any] = {}
    for folder in pkgutil.iter_modules(crossgap.experiments.__path__, "crossgap.experiments."):
        for module in ("tables", "experiment") if folder.ispkg else ():
            if importlib.util.find_spec(f"{folder.name}.{module}"):
                found |= getattr(importlib.import_module(f"{folder.name}.{module}"), "TABLES", {})
    return {
        name: ((files,) if isinstance(files, str) else files, make) for name, (files, make) in found.items()
    }


def update(document: Path, root: Path) -> None:
    """Write every generated table of a document anew whose results files are there.

    Args:
        document: a Markdown file with markers.
        root: the folder that `results/` is in.
    """
    with alone(document):
        text = document.read_text(encoding="utf-8")
        for name, (files, table) in tables().items():
            paths = [root / "results" / file for file in files]
            if BEGIN.format(name=name) in text and all(path.exists() for path in paths):
                found = [read_json(path, "results", {"rows": [dict]}) for path in paths]
                text = insert(text, name, table(*found))
        write_text(document, text)


def figures_kept() -> dict[Path, tuple[str, Callable[[dict[str, Any]], Any]]]:
    """The `KEPT` of every experiment's module `tables`: by the JSON file beside it that the package takes
    along, a file below `results/`, and what makes the one of the other."""
    found = {}
    for folder in pkgutil.iter_modules(crossgap.experiments.__path__, "crossgap.experiments."):
        if folder.ispkg and importlib.util.find_spec(name := f"{folder.name}.tables"):
            module = importlib.import_module(name)
            beside = Path(str(module.__file__)).parent
            found |= {beside / file: made for file, made in getattr(module, "KEPT", {}).items()}
    return found


def keep_figures(root: Path) -> None:
    """Write `figures_kept` anew, of the `results/` that are in a folder."""
    for path, (file, make) in figures_kept().items():
        write_json(path, make(read_json(root / "results" / file, "results", {"rows": [dict]})))


if __name__ == "__main__":
    keep_figures(Path())
    for markdown in (Path("README.md"), *sorted(Path("docs").rglob("*.md"))):
        update(markdown, Path())
