"""Files of weights that others wrote: read, and nothing in them unpickled."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from crossgap.base.files import attempt
from crossgap.errors import CrossgapError


def read_weights(path: Path, expected: str) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of one that `torch.save` wrote, by name.

    Args:
        path: the file.
        expected: what it should be, and what to do: a sentence that ends every error.

    Raises:
        CrossgapError: the file is missing, damaged, or holds more than tensors.
    """
    if not path.exists():
        raise CrossgapError(f"No weights at {path}. {expected}")
    with attempt(f"read the weights {path}", f" {expected}"):
        path.open("rb").close()
    try:
        found: Any = load_file(path) if path.suffix == ".safetensors" else torch.load(
            path, map_location="cpu", weights_only=True
        )  # fmt: skip
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # pickle, zip, safetensors and torch each fail in ways of their own
        raise CrossgapError(
            f"{path} is no file of weights, is damaged, or holds more, which is never unpickled. {expected}"
        ) from error
    if not (isinstance(found, dict) and found and all(isinstance(value, Tensor) for value in found.values())):
        raise CrossgapError(f"{path} holds a {type(found).__name__}, no tensors by name. {expected}")
    return found
