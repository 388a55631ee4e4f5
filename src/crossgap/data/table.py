"""`labels.csv`: one row per image, read and checked cell by cell; and written."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from crossgap.base.files import write_text
from crossgap.errors import CrossgapError

LABELS = "labels.csv"
NOT_LABELS = ("image", "episode", "step")
DELIMITERS = ",;\t"
"""Between cells: a comma, or what spreadsheets write in its place."""

WHOLE = 4 * 10**18
"""The largest episode or step, well within 64 bits: a time in nanoseconds is one."""

FLOAT32 = float(np.finfo(np.float32).max)
"""The largest label: they are kept in float32."""


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    table: Path
    """The file."""
    line: int
    """Where it begins in it, from 1."""
    cells: dict[str, str]
    """By column; empty where the row ends early."""

    def error(self, column: str, expected: str) -> CrossgapError:
        """What is wrong with a cell; `expected` says what would be right."""
        text = self.cells[column]
        found = repr(text) if text else "nothing"
        comma = " A decimal comma: write a point." if "," in text else ""
        return CrossgapError(
            f"{self.table}, line {self.line}, column '{column}': expected {expected}, found {found}.{comma}"
        )

    def number(self, column: str) -> float:
        """A cell's number.

        Raises:
            CrossgapError: it is none, or not a finite one in float32.
        """
        try:
            value = float(self.cells[column])
        except ValueError:
            value = float("nan")
        if not abs(value) <= FLOAT32:
            error = self.error(column, "a finite number")
            hint = " --labels leaves out what is none; a class is a number, too."
            raise error if column in NOT_LABELS else CrossgapError(f"{error}{hint}")
        return value

    def whole(self, column: str) -> int | None:
        """A cell's whole number; None of an empty one.

        Raises:
            CrossgapError: it is not whole, or too large to count on from.
        """
        text = self.cells.get(column)  # the column need not be there
        if not text:
            return None
        try:
            value = int(text)  # exact where a float would not be
        except ValueError:
            if not (number := self.number(column)).is_integer():
                raise self.error(column, "a whole number") from None
            value = int(number)
        if abs(value) > WHOLE:
            raise self.error(column, f"a whole number of at most {WHOLE}")
        return value


def read_table(table: Path) -> list[Row]:
    """The rows of a `labels.csv`: cells between commas, semicolons or tabs, in UTF-8 or UTF-16.

    Raises:
        CrossgapError: it is not there, is no such table, has no rows or no column `image`, or a row is wrong.
    """
    text = _text(table)
    records = list(_records(table, text, _delimiter(table, text)))
    if len(records) < 2:
        raise CrossgapError(f"{table} has no rows. Expected a header and one row per image.")
    (top, header), *rest = records
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise CrossgapError(f"{table}, line {top}: column '{twice[0]}' is there twice. Expected each once.")
    if "" in header:
        raise CrossgapError(
            f"{table}, line {top}: a column without a name. Expected one for each (no index)."
        )
    if "image" not in header:
        raise CrossgapError(
            f"{table} has no column 'image', in lower case. Available: {', '.join(header)}. Expected column "
            f"names in line {top}, with commas, semicolons or tabs between them."
        )
    rows = []
    for line, cells in rest:
        if len(cells) > len(header):
            raise CrossgapError(f"{table}, line {line}: expected {len(header)} cells, found more.")
        row = Row(table, line, dict(zip_longest(header, cells, fillvalue="")))
        if not row.cells["image"]:
            raise row.error("image", "a file name")
        rows.append(row)
    return rows


def label_names(rows: Sequence[Row]) -> list[str]:
    """The columns that are labels, in the order of the table."""
    return [column for column in rows[0].cells if column not in NOT_LABELS]


def _text(table: Path) -> str:
    try:
        content = table.read_bytes()
    except FileNotFoundError:
        raise CrossgapError(f"No {LABELS} in {table.parent}. Expected one row per image.") from None
    except OSError as error:
        raise CrossgapError(
            f"{table} cannot be read: {error.strerror}. Expected a text file with one row per image."
        ) from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise CrossgapError(
            f"{table} is not a UTF-{16 if wide else 8} text file: {error}. Expected UTF-8."
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CrossgapError(f"{table}, line {line}: a NUL character, which is no text. Expected UTF-8.")
    return text


def _delimiter(table: Path, text: str) -> str:
    """What is between the cells: with it, the header has a column `image`."""
    for delimiter in DELIMITERS:
        try:
            _, header = next(_records(table, text, delimiter), (0, []))
        except CrossgapError:
            continue
        if "image" in header:
            return delimiter
    return DELIMITERS[0]


def _records(table: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty: its line and its cells, without spaces around them."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    line = 1
    try:
        for cells in reader:
            if any(cells := [cell.strip() for cell in cells]):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CrossgapError(
            f"{table}, line {line}: {error}. Expected every quotation mark to be closed where its cell ends."
        ) from error


def write_table(path: Path, label_names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a `labels.csv` of rows (image, episode, step, labels…) in one piece."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*NOT_LABELS, *label_names))
    writer.writerows(rows)
    write_text(path, text.getvalue())
