"""Checkpoints: networks, optimizers, random state and a phase's own tensors, as safetensors and JSON."""

import os
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from crossgap.base.files import read_json, remove, write_json, write_text, writing
from crossgap.base.records import differences
from crossgap.core.weights import DIGEST, load_weights, read_tensors, write_tensors
from crossgap.errors import CrossgapError

TENSORS, ABOUT, LAST = "state.safetensors", "state.json", "last"


class Trained(Protocol):
    """What a checkpoint is of: the part of a `Phase` that goes on."""

    name: str
    networks: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]

    def extra_state(self) -> dict[str, Tensor]:
        """Tensors beyond networks and optimizers."""
        ...

    def load_extra_state(self, state: dict[str, Tensor]) -> None:
        """Take back what `extra_state` returned."""


class Checkpoint:
    """The checkpoints of one phase: `<folder>/<step>/`, and a file `<folder>/last` with the newest's name.

    `last` is no link, which many disks and copies have none of. It was one once; a copy that follows links
    makes a folder of it, one that leaves them out leaves nothing: runs go on with all of these.

    Args:
        folder: of that phase alone.
        phase: what is trained.
        steps: how many steps it has in all; no checkpoint is of more.
        of: what else tells this training from another one, as JSON; a checkpoint of before that lacks it is
            not compared.
    """

    def __init__(self, folder: Path, phase: Trained, steps: int, of: dict[str, Any] | None = None):
        self.folder, self.phase, self.steps, self.of = folder, phase, steps, of or {}

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
        """Write the state after `step` steps, name it in `last`, and drop older ones."""
        name = f"{step:06d}"
        with writing(self.folder / name) as temporary:
            temporary.mkdir(parents=True)
            digest = write_tensors(self._tensors(), temporary / TENSORS)
            about = {"phase": self.phase.name, "step": step, "of": self.of, DIGEST: digest}
            write_json(temporary / ABOUT, about)
        last = self.folder / LAST
        if last.is_dir() and not last.is_symlink():  # a copy's; `newest` finds the one just written
            remove(last)
        write_text(last, f"{name}\n")
        for old in self.folder.iterdir():
            if old.name not in (name, LAST):
                remove(old)

    def newest(self) -> Path | None:
        """The folder of the newest checkpoint, None if there is none: `newest_in`."""
        return newest_in(self.folder)

    def load_last(self) -> int:
        """Load the newest state; the number of steps it has seen, 0 if there is none.

        Raises:
            CrossgapError: it is damaged, or another phase's or training's.
        """
        newest = self.newest()
        if newest is None:
            return 0
        again = f"Delete {self.folder} to train that part again."
        about = read_json(newest / ABOUT, "checkpoint", {"phase": str, "step": int}, again)
        if about["phase"] != self.phase.name:
            raise CrossgapError(
                f"{newest} is a checkpoint of '{about['phase']}'. Expected one of '{self.phase.name}'. "
                f"{again}"
            )
        if about.get("of") and (different := differences(about["of"], self.of)):
            raise CrossgapError(f"{newest} is of another training: {'; '.join(different)}. {again}")
        step = about["step"]
        if not 0 <= step <= self.steps or newest.name not in (LAST, f"{step:06d}"):
            raise CrossgapError(
                f"{newest / ABOUT} is damaged: 'step' is {step}, expected that of its folder's name, from 0 "
                f"to {self.steps}. {again}"
            )
        tensors = read_tensors(newest / TENSORS, self.folder, about.get(DIGEST))
        try:
            self._restore(tensors, newest / TENSORS)
        except torch.OutOfMemoryError:
            raise
        except (KeyError, IndexError, ValueError, TypeError, RuntimeError) as error:
            raise CrossgapError(
                f"{newest / TENSORS} does not fit this training ({type(error).__name__}: {error}). {again}"
            ) from error
        return step

    def _restore(self, tensors: dict[str, Tensor], where: Path) -> None:
        phase = self.phase
        for name, network in phase.networks.items():
            load_weights(network, _under(tensors, f"network.{name}."), where, self.folder)
        for name, optimizer in phase.optimizers.items():
            state = _optimizer_state(optimizer, _under(tensors, f"optimizer.{name}."))
            optimizer.load_state_dict(
                {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
            )
        phase.load_extra_state(_under(tensors, "extra."))
        torch.set_rng_state(tensors["rng.cpu"])
        if "rng.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["rng.cuda"])


def newest_in(folder: Path) -> Path | None:
    """The folder of a phase's newest checkpoint, None if there is none.

    Raises:
        CrossgapError: `last` names none.
    """
    last = folder / LAST
    if last.is_dir() and not last.is_symlink():
        return last
    if not (last.is_symlink() or last.exists()):
        whole = (path for path in folder.glob("[0-9]*") if path.name.isdecimal())
        return max(whole, key=lambda path: int(path.name), default=None)
    try:
        name = os.readlink(last) if last.is_symlink() else last.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        name = ""
    if not (name.isdecimal() and (folder / name).is_dir()):
        raise CrossgapError(
            f"{last} is damaged: expected the name of a checkpoint beside it, found {name[:40]!r}. "
            f"Delete {last} to go on from the newest."
        )
    return folder / name


def done_in(folder: Path) -> int:
    """The number of steps that a phase's newest checkpoint has seen, 0 if there is none.

    Raises:
        CrossgapError: it is damaged.
    """
    again = f"Delete {folder} to train that part again."
    newest = newest_in(folder)
    return read_json(newest / ABOUT, "checkpoint", {"step": int}, again)["step"] if newest else 0


def _optimizer_state(optimizer: Optimizer, tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """An optimizer's state by its weights' numbers.

    Raises:
        ValueError: it is of other weights, or that of one weight has other parts than that of another.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        number, _, field = key.partition(".")
        if not (number.isdecimal() and int(number) < len(weights)):
            raise ValueError(f"optimizer state of weight {number} of {len(weights)}")
        weight = weights[int(number)]
        if value.ndim and value.shape != weight.shape:
            raise ValueError(
                f"{field} of weight {number} is of {list(value.shape)}, expected {list(weight.shape)}"
            )
        state.setdefault(int(number), {})[field] = _laid_out_like(weight, value)
    if len({frozenset(fields) for fields in state.values()}) > 1:
        raise ValueError("the optimizer state of some weights lacks parts")
    return state


def _laid_out_like(weight: Tensor, value: Tensor) -> Tensor:
    """A moment in its weight's memory format, as in a run that was never interrupted: sums round alike."""
    return torch.empty_like(weight, device="cpu").copy_(value) if value.shape == weight.shape else value


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
