"""What the evaluations print: tables of models, and words on what they cannot say."""

from pathlib import Path

from rich.table import Column, Table

from crossgap.base.progress import console, counted, say


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
    return Table(*(Column(title, overflow="fold") for title in titles))


def print_own_units(errors: dict[str, dict[str, float]]) -> None:
    """The mean absolute error of every label that is a number: a line per label, a column per model."""
    labels = dict.fromkeys(label for own in errors.values() for label in own)
    if not labels:
        return
    titles = (Column(title.replace("_", " "), overflow="fold") for title in ("label", *errors))
    table = Table(*titles, title="Mean absolute error, in the label's own units")
    for label in labels:
        cells = (f"{own[label]:.4g}" if label in own else "" for own in errors.values())
        table.add_row(label, *cells)
    console.print(table)


def warn_of_few(number: int, of_what: str, enough: int) -> None:
    """A word where there are too few of something, such as "episode", for an interval to mean much."""
    if number < enough:
        little = "says little" if number == 1 else "say little"
        say(f"{counted(number, of_what)} {little}: intervals of so few are too narrow, or none.")
