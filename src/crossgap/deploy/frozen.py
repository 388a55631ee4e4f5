"""A policy that stays as it is: a network of somebody's, what it is fed, and how a saved model names it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from crossgap.core.fabric import checked_device
from crossgap.core.weights import load_weights
from crossgap.errors import CrossgapError, reason_of
from crossgap.networks.factory import from_factory

SHAPE = {
    "factory": str, "weights": (str, None), "sha256": str, "cameras": [str], "state": str,
    "low": float, "high": float,
}  # fmt: skip
"""Of a reference in a model's description."""


@dataclass(frozen=True)
class PolicyReference:
    """Which policy something was made for: its name and its fingerprint, not its weights."""

    factory: str
    """`package.module:factory`, which makes the network, with its weights or without."""
    weights: str | None = None
    """A safetensors file of its weights; None where the factory has them."""
    sha256: str = ""
    """Fingerprint of its weights, hexadecimal; empty where none has been taken yet."""
    cameras: tuple[str, ...] = ("image",)
    """What its inputs are called, in the order of an image's channels."""
    state: str = ""
    """What the state's input is called; empty where it takes none."""
    low: float = 0.0
    """What it takes for black."""
    high: float = 1.0
    """What it takes for white."""

    def load(self, device: str | torch.device = "cpu") -> FrozenPolicy:
        """The policy itself, frozen; where a fingerprint has been taken, that very one.

        Raises:
            CrossgapError: its factory or its weights are not here, or the weights are others.
        """
        network = from_factory(self.factory)
        if self.weights is not None:
            load_weights(network, Path(self.weights))
        policy = FrozenPolicy(network.to(checked_device(device)), self)
        if self.sha256 and policy.digest() != self.sha256:
            raise CrossgapError(
                f"The weights of {self.factory} are not those that this was made for. Expected the same "
                "policy; or train goggles for this one."
            )
        return policy

    def given(self, images: Tensor, state: Tensor | None) -> Any:
        """What the network is called with: a dict of images by camera and the state by its name, or of one
        camera without a state its images alone. Arguments as of `FrozenPolicy.__call__`."""
        level = (images + 1) * ((self.high - self.low) / 2) + self.low
        found: dict[str, Any] = dict(zip(self.cameras, level.split(3, 1), strict=True))
        if self.state:
            found[self.state] = state
        return found if len(found) > 1 else found[self.cameras[0]]

    def to_json(self) -> dict[str, Any]:
        """As a description has it."""
        return asdict(self)

    @staticmethod
    def of_json(fields: Mapping[str, Any]) -> PolicyReference:
        """Back from `to_json`, once it has `SHAPE`."""
        known: dict[str, Any] = {key: fields[key] for key in SHAPE}
        known["cameras"] = tuple(known["cameras"])
        return PolicyReference(**known)


class FrozenPolicy:
    """A network in evaluation mode whose weights nobody changes; gradients pass through it to its images.

    Args:
        network: with one camera and no state it is called with a tensor (n, 3, H, W), else with a dict of
            such by camera and the state (n, s) by its name. It returns any tensor (n, …).
        about: how its inputs are called, and what it takes for black and white.
    """

    def __init__(self, network: nn.Module, about: PolicyReference):
        self.network, self.about = network.requires_grad_(False).eval(), about

    def __call__(self, images: Tensor, state: Tensor | None = None) -> Tensor:
        """What it says of what it sees; arguments and errors as of `asked`."""
        return asked(self.network, self.about, images, state)

    def digest(self) -> str:
        """A fingerprint of its weights and buffers, hexadecimal."""
        found = hashlib.sha256()
        for name, value in sorted(self.network.state_dict().items()):
            found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            found.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        return found.hexdigest()


def asked(network: nn.Module, about: PolicyReference, images: Tensor, state: Tensor | None = None) -> Tensor:
    """What a policy says of what it sees.

    Args:
        network: it, in evaluation mode or in that of training.
        about: what its inputs are called.
        images: (n, 3 k, H, W) of k cameras in [-1, 1].
        state: (n, s), where it takes one.

    Raises:
        CrossgapError: it fails, or gives something else than one tensor with a row for each image.
    """
    given, mode = about.given(images, state), " in training mode" if network.training else ""
    try:
        said = network(given)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # of somebody's code: any kind
        raise CrossgapError(
            f"{about.factory}: the policy failed{mode} on {_described(given)} ({reason_of(error)}). "
            "--cameras, --state and --size say what it is given."
        ) from error
    if not isinstance(said, Tensor) or said.ndim < 1 or len(said) != len(images):
        found = tuple(said.shape) if isinstance(said, Tensor) else type(said).__name__
        raise CrossgapError(
            f"{about.factory}: the policy returned {found}{mode} for {len(images)} images. Expected a tensor "
            f"({len(images)}, …); a module around it can pick it out."
        )
    return said


def _described(given: Any) -> str:
    if isinstance(given, Tensor):
        return f"images {tuple(given.shape)}"
    return ", ".join(f"'{name}' {tuple(value.shape)}" for name, value in given.items())
