"""Writing that leaves nothing half-written: to a temporary neighbour first, then renamed; reading what may be
damaged; and the cache."""

import hashlib
import itertools
import json
import os
import platform
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crossgap.base.progress import say
from crossgap.base.records import Shape, mismatch
from crossgap.errors import CrossgapError

_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_NUMBERS = itertools.count()
SILENT_SECONDS = 2.0
"""How long `alone` waits for another process before it says so."""
STALE_SECONDS = 86_400.0
"""Age from which on a temporary is a killed writer's, whose process is another machine's or unknown."""


@contextmanager
def attempt(what: str, expected: str = "") -> Iterator[None]:
    """Say what could not be done, and why, where the system does not let the block do it.

    Raises:
        CrossgapError: the block has raised an OSError; `expected`, a sentence, ends the message.
    """
    try:
        yield
    except OSError as error:
        raise CrossgapError(f"Could not {what}: {error.strerror or error}.{expected}") from error


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` (file or folder) once the block ends without an error.

    It is no other writer's. What killed writers of `path` left is removed.

    Raises:
        CrossgapError: the disk is full or the place cannot be written; the temporary is removed.
    """
    temporary, old = _temporary(path), _temporary(path)
    with attempt(f"write {path}"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _sweep(path)
            yield temporary
            if temporary.is_dir() and path.is_dir():
                os.replace(path, old)  # a folder is only ever there as a whole
            os.replace(temporary, path)
            remove(old)
        except BaseException:
            remove(temporary)
            raise


def lock_file(path: Path) -> Path:
    """What `alone` holds, and leaves there."""
    return path.with_name(f".{path.name}.lock")


def _temporary(path: Path) -> Path:
    """A neighbour that this process alone writes to, and once."""
    return path.with_name(f".{path.name}.{_HOST}-{os.getpid()}-{next(_NUMBERS)}.partial")


def _sweep(path: Path) -> None:
    """Remove the temporaries of `path` whose process has ended, and old ones."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.(?:([0-9a-f]{{8}})-(\d{{1,9}})-\d+\.)?partial")
    for item in list(path.parent.iterdir()):
        if found := pattern.fullmatch(item.name):
            host, process = found.groups()
            with suppress(FileNotFoundError):
                old = time.time() - item.lstat().st_mtime > STALE_SECONDS
                if old or (host == _HOST and not _lives(int(process))):
                    remove(item)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)  # asks alone
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process at a time make `path`: another one waits for the end of the block, and looks again.
    A line says so where that takes long.

    The same process may ask for it once more within the block. A process that dies lets go.

    Raises:
        CrossgapError: the place cannot be written.
    """
    lock = FileLock(lock_file(path), is_singleton=True)
    with attempt(f"write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=SILENT_SECONDS)
        except Timeout:
            say(f"Another process is making {path}: waiting until it is done.")
            lock.acquire()
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
        shape: what must be in it, as in `records.mismatch`.
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
    return _checked(value, path, what, shape, remedy)


def _checked(value: Any, path: Path, what: str, shape: Shape, remedy: str = "") -> Any:
    if problem := mismatch(value, shape):
        remedy = remedy or f"Delete {path} to have it made again, or put a whole copy there."
        raise CrossgapError(f"The {what} {path} is damaged: {problem}. {remedy}")
    return value


def read_json_lines(path: Path, shape: Shape = object, whole: bool = False) -> list[Any]:
    """The rows of a `.jsonl` file, none if there is no file; a line that a kill cut off is left out.

    Args:
        path: the file.
        shape: of a row, as in `records.mismatch`.
        whole: whether it was written in one piece, so that no line can have been cut off.

    Raises:
        CrossgapError: a row is damaged otherwise or has another shape, or the file cannot be read.
    """
    with attempt(f"read {path}", " Expected a file; delete what is there."):
        lines = path.read_bytes().decode(errors="replace").split("\n") if path.exists() else []
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not line or (not whole and (number == len(lines) or _cut_off(line, error))):
                continue
            problem = "it is not JSON"
        else:
            problem = mismatch(row, shape)
            rows.append(row)
        if problem:
            raise CrossgapError(f"{path}, line {number}, is damaged: {problem}. Delete that line.")
    return rows


def _cut_off(line: str, error: Exception) -> bool:
    """Whether a line can be what a kill left of a row that `append_json_line` wrote; its end is absent."""
    at_its_end = isinstance(error, json.JSONDecodeError) and error.pos == len(line)
    return line.startswith("{") and (at_its_end or not line.endswith("}"))


def append_json_line(path: Path, row: Any) -> None:
    """Add a row to a `.jsonl` file, on a line of its own even after one that a kill cut off.

    Raises:
        CrossgapError: the disk is full or the place cannot be written.
    """
    failed = attempt(f"write {path}", " Expected a file, or a place for one.")
    with failed, alone(path), path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
        whole = file.read(1) in (b"", b"\n")
        file.write(("" if whole else "\n").encode() + json.dumps(row).encode() + b"\n")


def read_arrays(path: Path, names: Sequence[str], remedy: str) -> list[Any]:
    """The arrays of those names in an `.npz` file; nothing is ever unpickled.

    Args:
        path: the file.
        names: of the arrays.
        remedy: what to do where it is missing or damaged, a sentence.

    Raises:
        CrossgapError: it is missing, is no such file, or lacks an array.
    """
    import numpy as np  # here, because `--help` needs none

    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in names]
    except FileNotFoundError:
        raise CrossgapError(f"No {path}. {remedy}") from None
    except Exception as error:  # zip, zlib and the headers each fail in ways of their own
        raise CrossgapError(f"{path} is damaged ({type(error).__name__}: {error}). {remedy}") from error


def cache_folder() -> Path:
    """Where fetched data is kept: `crossgap` in $XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crossgap"


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


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
    if (found := digest_of(file)) != sha256:
        raise CrossgapError(
            f"{shown} is damaged or another file: expected SHA-256 {sha256}, found {found}. {remedy}"
        )


def once(
    path: Path, make: Callable[[], Any], what: str = "file", shape: Shape = object,
    of: Callable[[], Any] = lambda: None,
) -> Any:  # fmt: skip
    """The JSON value at `path`, made and written first if it is not there: a stage done only once, whoever
    else asks for it meanwhile.

    Args:
        path: the file.
        make: makes the value.
        what: what errors call it.
        shape: what must be in it, as in `read_json`.
        of: what the value is of, such as a model's weights, as JSON; None, also for a part of it, where that
            cannot be told. It is kept with the value, which is made anew where it is of something else now,
            or does not say of what: it is older then than what could.
    """
    if not _is_of(path, what, of):
        with alone(path):
            if not _is_of(path, what, of):
                value, now = make(), of()
                plain = now is None or (isinstance(value, dict) and value.keys() != {VALUE})
                value = value if plain else {VALUE: value}
                write_json(path, value if now is None else {**value, OF: now})
    found = read_json(path, what)
    if isinstance(found, dict) and OF in found:
        found = {key: item for key, item in found.items() if key != OF}
        found = found[VALUE] if found.keys() == {VALUE} else found
    return _checked(found, path, what, shape)


OF, VALUE = "of", "value"
"""Keys of a file that says what its value is of; `VALUE` where that is no object itself."""


def told_of(path: Path, what: str = "file") -> Any:
    """What the value of a file of `once` is of; None where it does not tell."""
    found = read_json(path, what)
    return found.get(OF) if isinstance(found, dict) else None


def _is_of(path: Path, what: str, of: Callable[[], Any]) -> bool:
    """Whether there is a file, of what it should be of as far as that is known."""
    if not path.exists():
        return False
    kept, now = told_of(path, what), of()
    if isinstance(kept, dict) and isinstance(now, dict):
        now = {key: kept.get(key) if part is None else part for key, part in now.items()}
    return now is None or now == kept
