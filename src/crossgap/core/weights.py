"""Weights, and checkpoints of training, as safetensors with a digest in the JSON beside them."""

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.optim import Optimizer

from crossgap.base.files import check_digest, read_json, remove, write_json, write_text, writing
from crossgap.base.records import differences
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


def digest_in(about: Path, what: str, made: str = "part") -> Any:
    """The digest of weights, or of each file of them, in the JSON beside them, which errors call `what`, and
    what is made again `made`; None where there is no file, or no digest in it."""
    again = f"Copy it anew, or delete {about.parent} to make that {made} again."
    return read_json(about, what, dict, again).get(DIGEST) if about.exists() else None


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> str:
    """Write a safetensors file; its SHA-256, in hexadecimal.

    Raises:
        OSError: the disk is full or the place cannot be written.
    """
    # not save_file, which lets nobody else read what it writes
    path.write_bytes(content := _content(tensors))
    return hashlib.sha256(content).hexdigest()


def tensors_digest(tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of what `write_tensors` would write."""
    return hashlib.sha256(_content(tensors)).hexdigest()


def _content(tensors: Mapping[str, Tensor]) -> bytes:
    found: dict[str, Tensor] = {}
    known: set[int] = set()
    for key, value in tensors.items():
        one = value.detach().cpu().contiguous()
        place = one.untyped_storage().data_ptr()
        found[key] = one.clone() if place in known else one  # tied weights: safetensors wants each by itself
        known.add(place)
    return save(found)


def save_folder(folder: Path, tensors: Mapping[str, Tensor], weights: str, about: str, told: dict) -> None:
    """Write a folder in one piece: tensors, and what is told of them in JSON, with their digest.

    Raises:
        CrossgapError: the disk is full or the place cannot be written.
    """
    with writing(folder) as temporary:
        temporary.mkdir(parents=True)
        digest = write_tensors(tensors, temporary / weights)
        write_json(temporary / about, told | {DIGEST: digest})


def load_network(make: Callable[[], Network], path: Path, sha256: str | None, about: Path) -> Network:
    """A network with the weights of a safetensors file, on the CPU.

    Args:
        make: makes the network.
        path: the file.
        sha256: as in `read_tensors`.
        about: the file that the network's sizes are from.

    Raises:
        CrossgapError: there is no such network, or the weights are damaged or another one's.
    """
    weights, part = read_tensors(path, path.parent, sha256), path.parent
    try:
        # without memory first, and not for long: a damaged file may describe gigabytes, or a million layers
        with torch.device("meta"), _at_most(1000 + 10 * len(weights)):
            outline = make()
    except (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        reason = str(error).strip().split("\n", 1)[0].rstrip(".")
        raise CrossgapError(
            f"{about} describes a network that cannot be ({reason}). Copy it anew, or delete "
            f"{part} to make that part again."
        ) from error
    _check_fit(outline, weights, path, part)
    network = make()
    network.load_state_dict(weights)
    return network


def load_weights(network: nn.Module, path: Path, sha256: str | None = None) -> None:
    """Give a network the weights of a safetensors file.

    Args:
        network: as somebody made it.
        path: the file.
        sha256: as in `read_tensors`.

    Raises:
        CrossgapError: they are damaged, or another network's.
    """
    weights = read_tensors(path, path.parent, sha256)
    _check_fit(network, weights, path, path.parent)
    network.load_state_dict(weights)


def _at_most(weights: int) -> AbstractContextManager:
    """A `ValueError` where networks of no memory register more weights than so many."""
    left = iter(range(weights))

    def register(module: nn.Module, name: str, weight: Tensor | None) -> None:
        if (weight is None or weight.is_meta) and next(left, None) is None:
            raise ValueError(f"{name} of {type(module).__name__} is one of far more weights than there are")

    return register_module_parameter_registration_hook(register)


def _check_fit(module: nn.Module, weights: Mapping[str, Tensor], where: Path, part: Path) -> None:
    """Whether weights, of the file `where`, are those of this network; `part` as in `read_tensors`."""
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    for name in {**expected, **found}:
        if expected.get(name) != found.get(name):
            there, here = (f"of shape {o[name]}" if name in o else "absent" for o in (found, expected))
            raise CrossgapError(
                f"{where} does not fit this network: {name} is {there} there, {here} here. Expected weights "
                f"of this very network; delete {part} to make that part again."
            )


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
        if (watch := getattr(phase, "watch", None)) is not None:
            tensors |= {f"best.{key}": value for key, value in watch.best.items()}
        return tensors

    def save(self, step: int) -> None:
        """Write the state after `step` steps, name it in `last`, and drop older ones."""
        name = f"{step:06d}"
        about = {"phase": self.phase.name, "step": step, "of": self.of}
        save_folder(self.folder / name, self._tensors(), TENSORS, ABOUT, about)
        last = self.folder / LAST
        if last.is_dir() and not last.is_symlink():  # a copy's; `newest_in` finds the one just written
            remove(last)
        write_text(last, f"{name}\n")
        for old in self.folder.iterdir():
            if old.name not in (name, LAST):
                remove(old)

    def load_last(self) -> int:
        """Load the newest state; the number of steps it has seen, 0 if there is none.

        Raises:
            CrossgapError: it is damaged, or another phase's or training's.
        """
        if (newest := newest_in(self.folder)) is None:
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
            _check_fit(network, weights := _under(tensors, f"network.{name}."), where, self.folder)
            network.load_state_dict(weights)
        for name, optimizer in phase.optimizers.items():
            state = _optimizer_state(optimizer, _under(tensors, f"optimizer.{name}."))
            optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
        phase.load_extra_state(_under(tensors, "extra."))
        if (watch := getattr(phase, "watch", None)) is not None:
            watch.best = _under(tensors, "best.")
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


def is_finished(folder: Path) -> bool:
    """Whether a phase's newest checkpoint is of its last step, as of `steps_in`."""
    done, steps = steps_in(folder)
    return done >= steps


def steps_in(folder: Path) -> tuple[int, int]:
    """How many steps a phase has done by its newest checkpoint, and of how many; where these are not noted,
    it is taken to be finished.

    Raises:
        CrossgapError: it is damaged.
    """
    again, newest = f"Delete {folder} to train that part again.", newest_in(folder)
    if newest is None:
        return 0, 0
    about = read_json(newest / ABOUT, "checkpoint", {"step": int}, again)
    return about["step"], about.get("of", {}).get("steps", 0)


def checkpoint_weights(folder: Path) -> dict[str, dict[str, Tensor]]:
    """The weights of each network in a phase's newest checkpoint, by the network's name.

    Raises:
        CrossgapError: there is none, or it is damaged.
    """
    if (newest := newest_in(folder)) is None:
        raise CrossgapError(f"There is no checkpoint in {folder}. Expected that of a training.")
    about = read_json(newest / ABOUT, "checkpoint", dict, f"Delete {folder} to train that part again.")
    tensors = _under(read_tensors(newest / TENSORS, folder, about.get(DIGEST)), "network.")
    names = dict.fromkeys(key.partition(".")[0] for key in tensors)
    return {name: _under(tensors, f"{name}.") for name in names}


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
        if value.ndim:  # in its weight's memory format, as in a run never interrupted: sums round alike
            value = torch.empty_like(weight, device="cpu").copy_(value)
        state.setdefault(int(number), {})[field] = value
    if len({frozenset(fields) for fields in state.values()}) > 1:
        raise ValueError("the optimizer state of some weights lacks parts")
    return state


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
