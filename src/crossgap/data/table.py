"""`labels.csv`, or another table of labels: one row per image, read and checked cell by cell; and written.

labels.csv labels.tsv       text, its cells between commas or anything else, in UTF-8 or UTF-16
labels.jsonl                one JSON object per line; a list is a column for each of its numbers
labels.parquet              the same of typed columns
metadata.csv metadata.jsonl as the image folders of Hugging Face are: the column `file_name` names the image

Of several columns that name images each is a camera: `front`, `wrist`.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import zip_longest
from pathlib import Path

import numpy as np

from crossgap.base.files import write_text
from crossgap.base.progress import say
from crossgap.data.parquet import open_parquet
from crossgap.data.typed_table import Record, json_records, parquet_records
from crossgap.errors import CrossgapError

LABELS = "labels.csv"
NOT_LABELS = ("image", "episode", "step")
SESSION = "session"
"""A column that says which images were recorded together, in any words: splits and intervals are then by it,
and not by episode."""
ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
"""Of tables."""
IMAGE = ("image", "file_name")
"""What the column that names the image is called: here, and by Hugging Face."""
DELIMITERS = ",;\t|"
"""Between cells: a comma, or what is often written in its place; others are looked for."""

PICTURE = re.compile(r".+\.(png|jpe?g|bmp|tiff?|mp4|mov|mkv|avi|webm)(#\d+)?", re.IGNORECASE)
"""What a cell that names an image looks like."""

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

    @property
    def where(self) -> str:
        """The file and the line, or of a file without lines the row."""
        return f"{self.table}, {'row' if self.table.suffix.lower() == '.parquet' else 'line'} {self.line}"

    def error(self, column: str, expected: str) -> CrossgapError:
        """What is wrong with a cell; `expected` says what would be right."""
        text = self.cells[column]
        found = repr(text) if text else "nothing"
        comma = " A decimal comma: write a point." if "," in text else ""
        return CrossgapError(f"{self.where}, column '{column}': expected {expected}, found {found}.{comma}")

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

    def value(self, column: str) -> float:
        """A cell's number, which may also be `nan` or `inf`, as numbers of a recording may.

        Raises:
            CrossgapError: it is none.
        """
        try:
            return float(self.cells[column])
        except ValueError:
            raise self.error(column, "a number") from None

    def integer(self, column: str, low: int, high: int) -> int:
        """A cell's whole number, exactly, however large: a float has 53 bits.

        Raises:
            CrossgapError: it is none, or not from low to high.
        """
        try:
            value = Decimal(self.cells[column])
        except InvalidOperation:
            value = Decimal("nan")
        if not (value.is_finite() and low <= value <= high and value == value.to_integral_value()):
            raise self.error(column, f"a whole number from {low} to {high}")
        return int(value)

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


def find_table(root: Path) -> Path | None:
    """The table of a folder: `labels` with one of the `ENDINGS`; else `metadata`, where it names images.

    Raises:
        CrossgapError: there are several.
    """
    found = [root / f"labels{ending}" for ending in ENDINGS if (root / f"labels{ending}").exists()]
    if not found:
        named = [root / f"metadata{ending}" for ending in ENDINGS]
        found = [table for table in named if table.is_file() and _names_images(table)]
    if len(found) > 1:
        raise CrossgapError(
            f"{root} has {' and '.join(table.name for table in found)}. Expected one table of labels."
        )
    return found[0] if found else None


def no_table(root: Path) -> CrossgapError:
    """What is said of a folder that has none, where labels are needed."""
    return CrossgapError(
        f"No {LABELS} in {root}. Expected one row per image: in {LABELS}, .tsv, .jsonl or .parquet, or in "
        "metadata.csv or .jsonl with a column file_name."
    )


def _names_images(table: Path) -> bool:
    """Whether a column names images, as the first line says: `metadata.csv` may be anything."""
    if table.suffix.lower() == ".parquet":
        return bool({*IMAGE} & {*open_parquet(table).schema_arrow.names})
    with table.open("rb") as file:
        first = file.readline(4096)
    return re.search(rb"(?<!\w)(image|file_name)(?!\w)", first) is not None


def read_table(table: Path, video: str = "", camera: str | None = None) -> list[Row]:
    """The rows of a table, each with a cell `image`.

    Args:
        table: the file, with one of the `ENDINGS`; text of any other is read as a `.csv`.
        video: the one whose frames the rows are, in their order, where no column names an image.
        camera: of several columns that name images, which one; by default `image`, or the only one.

    Raises:
        CrossgapError: it is not there, is no such table, has no rows or no column of images, or several and
            none is chosen, or a row is wrong.
    """
    top, header, records = _content(table)
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise CrossgapError(f"{table}, line {top}: column '{twice[0]}' is there twice. Expected each once.")
    if "" in header:
        raise CrossgapError(
            f"{table}, line {top}: a column without a name. Expected one for each (no index)."
        )
    column = _image_column(table, top, header, records[0][1], video, camera)
    beside = {IMAGE[0], column} if column in IMAGE else {IMAGE[0]}
    rows = []
    for index, (line, cells) in enumerate(records):
        image = cells.get(column, "") if column else f"{video}#{index}"
        others = {name: cells.get(name, "") for name in header if name not in beside}
        row = Row(table, line, {"image": image, **others})
        if not image:
            raise row.error("image", "a file name")
        rows.append(row)
    return rows


def _image_column(
    table: Path, top: int, header: list[str], first: dict[str, str], video: str, camera: str | None
) -> str:  # fmt: skip
    """The column that names the image; empty where rows are the frames of a video."""
    named = next((name for name in IMAGE if name in header), "")
    cameras = cameras_of(first) if not named else [named, *(one for one in cameras_of(first) if one != named)]
    if camera is not None and len(cameras) > 1:
        found = named if camera == IMAGE[0] and named else camera
        if found not in cameras:
            raise CrossgapError(
                f"{table} has no column of images '{camera}'. Available: {', '.join(cameras)}."
            )
        return found
    if not named and len(cameras) > 1:
        raise CrossgapError(
            f"{table} has {len(cameras)} columns of images. Expected one of them, with --camera: "
            f"{', '.join(cameras)}."
        )
    if not cameras and not video:
        raise CrossgapError(
            f"{table} has no column 'image', in lower case, nor 'file_name'. Available: {', '.join(header)}. "
            f"Expected column names in line {top}, with commas, semicolons or tabs between them."
        )
    return cameras[0] if cameras else ""


def cameras_of(cells: Mapping[str, str]) -> list[str]:
    """The columns of a row that name images, as their cells look."""
    return [name for name, cell in cells.items() if PICTURE.fullmatch(cell)]


def table_cameras(table: Path) -> list[str]:
    """The columns of a table that name images: `image` first, where there is one.

    Raises:
        CrossgapError: it is not there, or no table.
    """
    _, header, records = _content(table)
    named = [IMAGE[0] for name in IMAGE if name in header][:1]
    return named + [name for name in cameras_of(records[0][1]) if name not in IMAGE]


def _content(table: Path) -> tuple[int, list[str], list[Record]]:
    """The line of the header, the header, and what is below it."""
    kind = table.suffix.lower()
    if kind in (".jsonl", ".parquet"):
        records = parquet_records(table) if kind == ".parquet" else json_records(table, _text(table))
        if not records:
            raise CrossgapError(f"{table} has no rows. Expected one per image.")
        return 1, list(dict.fromkeys(name for _, cells in records for name in cells)), records
    text = _text(table)
    lines = list(_records(table, text, _delimiter(table, text)))
    if len(lines) < 2:
        raise CrossgapError(f"{table} has no rows. Expected a header and one row per image.")
    (top, header), *rest = lines
    records = []
    for line, cells in rest:
        if len(cells) > len(header):
            raise CrossgapError(f"{table}, line {line}: expected {len(header)} cells, found more.")
        records.append((line, dict(zip_longest(header, cells, fillvalue=""))))
    return top, header, records


def label_names(rows: Sequence[Row]) -> list[str]:
    """The columns that are labels, in the order of the table: not those that name images."""
    others = (*NOT_LABELS, SESSION, *cameras_of(rows[0].cells))
    return [column for column in rows[0].cells if column not in others]


def _text(table: Path) -> str:
    try:
        content = table.read_bytes()
    except FileNotFoundError:
        raise no_table(table.parent) from None
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
    """What is between the cells: with it, the header has a column that names the image; a word where it is
    not what the file's ending says."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    others = sorted(set(re.sub(r"[\w\"'.\-]", "", first)) - set(DELIMITERS))
    for delimiter in (*DELIMITERS, *others):
        try:
            records = _records(table, text, delimiter)
            header, first = (next(records, (0, []))[1] for _ in range(2))
        except CrossgapError:
            continue
        if len(header) > 1 and ({*IMAGE} & {*header} or any(map(PICTURE.fullmatch, first))):
            usual = "\t" if table.suffix.lower() == ".tsv" else ","
            if delimiter != usual:
                _say_delimiter(table, delimiter)
            return delimiter
    return DELIMITERS[0]


@cache
def _say_delimiter(table: Path, delimiter: str) -> None:
    """Once, however often a table is read."""
    name = {"\t": "a tab", " ": "a space"}.get(delimiter, f"'{delimiter}'")
    say(f"{table}: between its cells is {name}.")


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


def write_table(
    path: Path, label_names: Sequence[str], rows: Iterable[Sequence[object]],
    cameras: Sequence[str] = IMAGE[:1],
) -> None:  # fmt: skip
    """Write a `labels.csv` of rows (images of each camera…, episode, step, labels…) in one piece."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*cameras, *NOT_LABELS[1:], *label_names))
    writer.writerows(rows)
    write_text(path, text.getvalue())
