"""Writing that leaves nothing half-written: to a temporary neighbour first, then renamed; and the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from crossgap.errors import CrossgapError
from crossgap.shapes import Shape, mismatch


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` (file or folder) once the block ends without an error.

    Raises:
        CrossgapError: the disk is full or the place cannot be written; the temporary is removed.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(temporary)
        yield temporary
        if temporary.is_dir() and path.is_dir():
            remove(path)
        os.replace(temporary, path)
    except OSError as error:
        remove(temporary)
        raise CrossgapError(f"Could not write {path}: {error.strerror or error}.") from error
    except BaseException:
        remove(temporary)
        raise


def lock_file(path: Path) -> Path:
    """What `alone` holds, and leaves there."""
    return path.with_name(f".{path.name}.lock")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process at a time make `path`: another one waits for the end of the block, and looks again.

    The same process may ask for it once more within the block. A process that dies lets go.

    Raises:
        CrossgapError: the place cannot be written.
    """
    lock = FileLock(lock_file(path), is_singleton=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise CrossgapError(f"Could not write {path}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file in one piece."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one piece, indented, with plain Python numbers."""
    write_text(path, json.dumps(value, indent=1) + "\n")


def read_json(path: Path, what: str = "file", shape: Shape = object, remedy: str = "") -> Any:
    """Read JSON.

    Args:
        path: the file.
        what: what errors call it.
        shape: what must be in it, as in `shapes.mismatch`.
        remedy: what to do where it is damaged, a sentence; by default to delete it, for what is made again.

    Raises:
        CrossgapError: the file is missing, is not JSON or has another shape.
    """
    remedy = remedy or f"Delete {path} to have it made again, or put a whole copy there."
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise CrossgapError(f"No {what} at {path}.") from None
    except (ValueError, RecursionError, IsADirectoryError) as error:
        raise CrossgapError(f"The {what} {path} is not valid JSON: {error}. {remedy}") from error
    except OSError as error:
        raise CrossgapError(f"Could not read the {what} {path}: {error.strerror or error}.") from error
    if problem := mismatch(value, shape):
        raise CrossgapError(f"The {what} {path} is damaged: {problem}. {remedy}")
    return value


def read_json_lines(path: Path) -> list[Any]:
    """The rows of a `.jsonl` file, none if there is no file; a last line cut off by a kill is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def cache_folder() -> Path:
    """Where fetched data is kept: `crossgap` in $XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crossgap"


def check_digest(file: Path, sha256: str, shown: Path, remedy: str) -> None:
    """Make sure that a file is the one that was meant.

    Args:
        file: to check.
        sha256: hexadecimal digest that it should have.
        shown: what the message calls it.
        remedy: what to do if it has another one, a sentence.

    Raises:
        CrossgapError: it has another one.
    """
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise CrossgapError(
            f"{shown} is damaged or another file: expected SHA-256 {sha256}, found {found}. {remedy}"
        )


def once(path: Path, make: Callable[[], Any]) -> Any:
    """The JSON value at `path`, made and written first if it is not there: a stage done only once."""
    if not path.exists():
        write_json(path, make())
    return read_json(path)
