"""Arrays in `.npz` files, as they come back from a disk that may be damaged."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crossgap.errors import CrossgapError


def read_arrays(path: Path, names: Sequence[str], remedy: str) -> list[np.ndarray]:
    """The arrays of those names; nothing is ever unpickled.

    Args:
        path: the file.
        names: of the arrays.
        remedy: what to do where it is missing or damaged, a sentence.

    Raises:
        CrossgapError: it is missing, is no such file, or lacks an array.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in names]
    except FileNotFoundError:
        raise CrossgapError(f"No {path}. {remedy}") from None
    except Exception as error:  # zip, zlib and the headers each fail in ways of their own
        raise CrossgapError(f"{path} is damaged ({type(error).__name__}: {error}). {remedy}") from error
