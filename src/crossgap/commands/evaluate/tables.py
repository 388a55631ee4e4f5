"""What the evaluations print: tables of models, and words on what they cannot say."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

from crossgap.base.progress import console, counted, say

WIDEST = 10_000
"""Columns of a terminal in which no table is too wide."""


def short(paths: list[str]) -> dict[str, str]:
    """The last parts of each path, as few as tell them apart."""
    for count in range(1, max(len(Path(path).parts) for path in paths) + 1):
        short = {path: str(Path(*Path(path).parts[-count:])) for path in paths}
        if len(set(short.values())) == len(paths):
            return short
    return {path: path for path in paths}


def model_table(names: dict[str, str], *columns: str) -> Table:
    """A table of models, and of several with the differences to the first; no text of it is ever cut."""
    titles = ["model", *columns]
    if len(names) > 1:
        titles.append("first minus this")
    return Table(*(Column(title, overflow="fold", no_wrap=not index) for index, title in enumerate(titles)))


def print_table(table: Table) -> None:
    """A table in its own width, where that is more than the terminal's: names in it can be copied."""
    for column in table.columns:
        if column.no_wrap:
            column.min_width = max(cell_len(str(text)) for text in (column.header, *column.cells))
    least = Measurement.get(console, console.options.update(width=WIDEST), table).minimum
    if least <= console.width:
        console.print(table)
    else:  # no console prints anything wider than itself
        Console(file=console.file, width=least, quiet=console.quiet).print(table)


def print_own_units(
    errors: dict[str, dict[str, float]], distances: Mapping[str, dict[str, float]] = MappingProxyType({})
) -> None:
    """The mean absolute error of every label that is a number, and the mean distance of every vector: a line
    per label, a column per model."""
    of_vectors = {
        model: {f"distance of {name}": value for name, value in own.items()}
        for model, own in distances.items()
    }
    errors = {model: own | of_vectors.get(model, {}) for model, own in errors.items()}
    labels = dict.fromkeys(label for own in errors.values() for label in own)
    if not labels:
        return
    titles = (Column(title, no_wrap=True) for title in ("label", *errors))
    named = " and distance" if any(of_vectors.values()) else ""
    table = Table(*titles, title=f"Mean absolute error{named}, in the label's own units")
    for label in labels:
        cells = (f"{own[label]:.4g}" if label in own else "" for own in errors.values())
        table.add_row(label, *cells)
    print_table(table)


def warn_of_few(number: int, of_what: str, enough: int) -> None:
    """A word where there are too few of something, such as "episode", for an interval to mean much."""
    if number < enough:
        little = "says little" if number == 1 else "say little"
        say(f"{counted(number, of_what)} {little}: intervals of so few are too narrow, or none.")
