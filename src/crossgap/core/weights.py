"""Networks' weights as safetensors files: written with a digest, read into the network that they are of."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from crossgap.base.files import check_digest, read_json
from crossgap.errors import CrossgapError

Network = TypeVar("Network", bound=nn.Module)
DIGEST = "sha256"
"""The key of weights' digests in the JSON beside them; what was written before there were any lacks it."""


def read_tensors(path: Path, part: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """The tensors of a safetensors file; nothing is ever unpickled.

    Args:
        path: the file.
        part: the folder whose deletion lets that part be made again; named in errors.
        sha256: digest that the file should have, in hexadecimal; None where it was written without one.

    Raises:
        CrossgapError: the file is missing, cut short, damaged or another one.
    """
    again = f"Expected a whole safetensors file; copy it anew, or delete {part} to make that part again."
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise CrossgapError(f"No weights at {path}. {again}") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CrossgapError(f"{path} is damaged or cut short ({error}). {again}") from error
    if sha256 is not None:
        check_digest(path, sha256, path, again)
    return tensors


def digest_in(about: Path, what: str) -> str | None:
    """The digest of weights in the JSON beside them, which errors call `what`; None where there is none."""
    again = f"Copy it anew, or delete {about.parent} to make that part again."
    return read_json(about, what, dict, again).get(DIGEST) if about.exists() else None


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> str:
    """Write a safetensors file; its SHA-256, in hexadecimal.

    Raises:
        OSError: the disk is full or the place cannot be written.
    """
    # not save_file, which lets nobody else read what it writes
    content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], where: Path, part: Path) -> None:
    """Load weights into a network.

    Args:
        module: the network.
        weights: its `state_dict`.
        where: the file that they are from.
        part: the folder whose deletion lets that part be made again.

    Raises:
        CrossgapError: they are another network's.
    """
    _check_fit(module, weights, where, part)
    module.load_state_dict(weights)


def load_network(
    make: Callable[[], Network], path: Path, part: Path, sha256: str | None, about: Path
) -> Network:  # fmt: skip
    """A network with the weights of a safetensors file, on the CPU.

    Args:
        make: makes the network.
        path: the file.
        part: as in `read_tensors`.
        sha256: as in `read_tensors`.
        about: the file that the network's sizes are from.

    Raises:
        CrossgapError: there is no such network, or the weights are damaged or another one's.
    """
    weights = read_tensors(path, part, sha256)
    try:
        with torch.device("meta"):  # without memory first: a damaged file may describe gigabytes
            outline = make()
    except (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise CrossgapError(
            f"{about} describes a network that cannot be ({_first_line(error)}). Copy it anew, or delete "
            f"{part} to make that part again."
        ) from error
    _check_fit(outline, weights, path, part)
    network = make()
    network.load_state_dict(weights)
    return network


def _check_fit(module: nn.Module, weights: Mapping[str, Tensor], where: Path, part: Path) -> None:
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    for name in {**expected, **found}:
        if expected.get(name) != found.get(name):
            shapes = (f"of shape {one[name]}" if name in one else "absent" for one in (found, expected))
            there, here = shapes
            raise CrossgapError(
                f"{where} does not fit this network: {name} is {there} there, {here} here. Expected weights "
                f"of this very network; delete {part} to make that part again."
            )


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".")
