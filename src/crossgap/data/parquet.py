"""Parquet files, read with pyarrow, which is loaded only where there is one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossgap.errors import CrossgapError

if TYPE_CHECKING:
    import pyarrow as pa


def optional(module: str, extra: str, what: str) -> Any:
    """A package that only some data need.

    Args:
        module: to import.
        extra: of ours that brings it.
        what: needs it, the beginning of a sentence.

    Raises:
        CrossgapError: it is not installed; the message says how to.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise CrossgapError(f"{what} needs {package}: pip install 'crossgap[{extra}]'.") from error


def open_parquet(path: Path) -> Any:
    """A `pyarrow.parquet.ParquetFile`.

    Raises:
        CrossgapError: it is missing or damaged.
    """
    parquet = optional("pyarrow.parquet", "lerobot", f"{path}: Parquet")
    try:
        return parquet.ParquetFile(path)
    except FileNotFoundError:
        raise CrossgapError(f"No {path}. Expected a Parquet file.") from None
    except Exception as error:
        raise damaged(path, error) from error


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file, of all columns or some.

    Raises:
        CrossgapError: it is missing or damaged, or lacks a column.
    """
    file = open_parquet(path)
    available = file.schema_arrow.names
    for column in columns or ():
        if column not in available:
            raise CrossgapError(f"{path} has no column '{column}'. Available: {', '.join(available)}.")
    try:
        return file.read(columns=None if columns is None else list(columns))
    except Exception as error:  # thrift, snappy and pages each fail in ways of their own
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> CrossgapError:
    """What is said of a file that cannot be read, in one line."""
    text = " ".join(str(error).split())[:200] or type(error).__name__
    return CrossgapError(f"{path} is damaged or no Parquet file ({text}). Expected a whole copy of it.")
