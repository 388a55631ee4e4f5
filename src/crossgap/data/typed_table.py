"""Label tables that say what is a number: JSON lines and Parquet, as the same text cells as a CSV's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crossgap.data.parquet import read_parquet
from crossgap.errors import CrossgapError

Record = tuple[int, dict[str, str]]
"""Its line or row, from 1, and its cells by column."""


def json_records(table: Path, text: str) -> list[Record]:
    """The objects of a `.jsonl`, one to a line; empty lines are none.

    Raises:
        CrossgapError: a line is no JSON object, or a value no number, text or list of such.
    """
    found = []
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise CrossgapError(
                f"{table}, line {line}: not JSON ({error}). Expected one object per line."
            ) from error
        if not isinstance(value, dict):
            raise CrossgapError(f'{table}, line {line}: expected an object, such as {{"image": …}}.')
        found.append((line, _cells(value, f"{table}, line {line}")))
    return found


def parquet_records(table: Path) -> list[Record]:
    """The rows of a Parquet file.

    Raises:
        CrossgapError: it is damaged, or a value is no number, text or list of such.
    """
    rows = read_parquet(table).to_pylist()
    return [(number, _cells(row, f"{table}, row {number}")) for number, row in enumerate(rows, 1)]


def _cells(row: dict[str, Any], where: str) -> dict[str, str]:
    return dict(cell for column, value in row.items() for cell in _cell(column, value, where))


def _cell(column: str, value: Any, where: str) -> Iterator[tuple[str, str]]:
    """A value as text that reads back as the same number; a list as a column for each of what it has."""
    if value is None:
        yield column, ""
    elif isinstance(value, bool):
        yield column, str(int(value))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _cell(f"{column}_{index}", one, where)
    elif isinstance(value, dict | bytes):
        raise CrossgapError(
            f"{where}, column '{column}': expected a number, a text or a list of these, found "
            f"{'an object' if isinstance(value, dict) else 'bytes'}."
        )
    else:
        yield column, repr(value) if isinstance(value, float) else str(value).strip()
