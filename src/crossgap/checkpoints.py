"""Checkpoints: networks, optimizers, random state and a phase's own tensors, as safetensors and JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from crossgap.errors import CrossgapError
from crossgap.files import read_json, remove, write_json, writing

if TYPE_CHECKING:
    from crossgap.methods.asymmetric_ddpg import AsymmetricDDPG
    from crossgap.training import Phase

TENSORS, ABOUT, LAST = "state.safetensors", "state.json", "last"


def read_tensors(path: Path, part: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; nothing is ever unpickled.

    Args:
        path: the file.
        part: the folder whose deletion lets that part be made again; named in errors.

    Raises:
        CrossgapError: the file is missing, cut short or damaged.
    """
    again = f"Expected a whole safetensors file; delete {part} to make that part again."
    try:
        return load_file(path)
    except FileNotFoundError:
        raise CrossgapError(f"No weights at {path}. {again}") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CrossgapError(f"{path} is damaged or cut short ({error}). {again}") from error


def write_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """Write a safetensors file.

    Raises:
        OSError: the disk is full or the place cannot be written.
    """
    # not save_file, which lets nobody else read what it writes
    path.write_bytes(save({key: value.detach().cpu().contiguous() for key, value in tensors.items()}))


def load_weights(module: torch.nn.Module, weights: dict[str, Tensor], where: Path) -> None:
    """Load weights into a network.

    Raises:
        CrossgapError: they are another network's.
    """
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise CrossgapError(f"{where} does not fit this network: {error}") from error


class Checkpoint:
    """The checkpoints of one phase: `<folder>/<step>/` and a link `<folder>/last` to the newest."""

    def __init__(self, folder: Path, phase: Phase | AsymmetricDDPG):
        self.folder, self.phase = folder, phase

    def _tensors(self) -> dict[str, Tensor]:
        phase = self.phase
        tensors: dict[str, Tensor] = {"rng.cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            tensors["rng.cuda"] = torch.cuda.get_rng_state()
        for name, network in phase.networks.items():
            tensors |= {f"network.{name}.{key}": value for key, value in network.state_dict().items()}
        for name, optimizer in phase.optimizers.items():
            for index, state in optimizer.state_dict()["state"].items():
                for key, value in state.items():
                    tensors[f"optimizer.{name}.{index}.{key}"] = torch.as_tensor(value)
        tensors |= {f"extra.{key}": value for key, value in phase.extra_state().items()}
        return tensors

    def save(self, step: int) -> None:
        """Write the state after `step` steps, point `last` at it, and drop older ones."""
        with writing(self.folder / f"{step:06d}") as temporary:
            temporary.mkdir(parents=True)
            write_tensors(self._tensors(), temporary / TENSORS)
            write_json(temporary / ABOUT, {"phase": self.phase.name, "step": step})
        link = self.folder / f".{LAST}"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{step:06d}")
        os.replace(link, self.folder / LAST)
        for old in self.folder.iterdir():
            if old.name not in (f"{step:06d}", LAST):
                remove(old)

    def load_last(self) -> int:
        """Load the newest state; the number of steps it has seen, 0 if there is none.

        Raises:
            CrossgapError: it is damaged, or another phase's.
        """
        last = self.folder / LAST
        if not last.exists():
            return 0
        about = read_json(last / ABOUT, "checkpoint")
        if about.get("phase") != self.phase.name:
            raise CrossgapError(
                f"{last} is a checkpoint of '{about.get('phase')}'. Expected one of '{self.phase.name}'."
            )
        tensors = read_tensors(last / TENSORS, self.folder)
        try:
            self._restore(tensors, last / TENSORS)
            return about["step"]
        except KeyError as error:
            raise CrossgapError(
                f"{last} lacks {error}. Delete {self.folder} to train that part again."
            ) from error

    def _restore(self, tensors: dict[str, Tensor], where: Path) -> None:
        phase = self.phase
        for name, network in phase.networks.items():
            load_weights(network, _under(tensors, f"network.{name}."), where)
        for name, optimizer in phase.optimizers.items():
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            state: dict[int, dict[str, Any]] = {}
            for key, value in _under(tensors, f"optimizer.{name}.").items():
                index, _, field = key.partition(".")
                state.setdefault(int(index), {})[field] = _laid_out_like(weights[int(index)], value)
            optimizer.load_state_dict(
                {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
            )
        phase.load_extra_state(_under(tensors, "extra."))
        torch.set_rng_state(tensors["rng.cpu"])
        if "rng.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["rng.cuda"])


def _laid_out_like(weight: Tensor, value: Tensor) -> Tensor:
    """A moment in its weight's memory format, as in a run that was never interrupted: sums round alike."""
    return torch.empty_like(weight, device="cpu").copy_(value) if value.shape == weight.shape else value


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
