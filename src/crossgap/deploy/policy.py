"""What a robot runs: the policy of asymmetric DDPG, extractor and actor in one folder; and goggles for it, a
translator in front of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import read_json
from crossgap.core.fabric import checked_device
from crossgap.core.weights import DIGEST, load_network, save_folder
from crossgap.data.batches import image_tensor, to_images
from crossgap.data.inputs import Images, as_images
from crossgap.deploy.description import GENERATOR
from crossgap.deploy.guard import Guard
from crossgap.errors import CrossgapError, find
from crossgap.networks import Generator
from crossgap.networks.actor_critic import Actor, AlexNetExtractor, PositionExtractor
from crossgap.networks.registry import described

ABOUT, WEIGHTS = "policy.json", "policy.safetensors"
EXTRACTORS: dict[str, Callable[[int, int], nn.Module]] = {
    "convolutions": PositionExtractor, "normed_convolutions": partial(PositionExtractor, normed=True),
    "alexnet": AlexNetExtractor,
}  # fmt: skip
"""Feature extractors by name."""
SHAPE = {
    "extractor": str, "channels": range(1, 1000), "size": range(1, 10_000), "cameras": [str], "depth": bool,
}  # fmt: skip
"""Of the description of a policy."""


class Policy(Protocol):
    """What acts."""

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Actions (n, 3) in [-1, 1] of frames (n, H, W, C) uint8 and scaled goals (n, 3)."""
        ...


class ReachPolicy:
    """Images and a goal to a displacement.

    Args:
        extractor: f, (n, channels, size, size) in [-1, 1] to scaled positions (n, 3).
        actor: π, scaled positions and goals (n, 3) to actions (n, 3) in [-1, 1].
        about: what `load` needs to build them, and a caller to feed them: `extractor`, `channels`, `size`,
            `cameras` and `depth`.
    """

    def __init__(self, extractor: nn.Module, actor: nn.Module, about: dict[str, Any]):
        self.extractor, self.actor, self.about = extractor.eval(), actor.eval(), about

    @torch.inference_mode()
    def act(self, frames: Images, goals: np.ndarray) -> np.ndarray:
        """Actions (n, 3) float32; one for a single frame, too.

        Args:
            frames: (n, size, size, channels) uint8, or another form that `as_images` takes.
            goals: (n, 3), scaled; (3,) of a single frame.

        Raises:
            CrossgapError: the frames have another size or other channels, or are not certain in their
                meaning; or there is not one goal of finite numbers for each.
        """
        frames = as_images(frames, self.about["size"], self.about["channels"])
        device = next(self.actor.parameters()).device
        goal = torch.atleast_2d(torch.as_tensor(goals, dtype=torch.float32, device=device))
        if goal.shape != (len(frames), 3) or not goal.isfinite().all():
            raise CrossgapError(
                f"Expected goals ({len(frames)}, 3) of finite numbers, one for each frame; got "
                f"{tuple(np.shape(goals))}{'' if goal.isfinite().all() else ' with others'}."
            )
        return self.actor(self.extractor(image_tensor(frames, device)), goal).cpu().numpy()

    def save(self, folder: Path) -> None:
        """Write it as a folder, in one piece."""
        networks = nn.ModuleDict({"extractor": self.extractor, "actor": self.actor})
        save_folder(folder, networks.state_dict(), WEIGHTS, ABOUT, self.about)

    @staticmethod
    def load(folder: Path, device: str | torch.device = "cpu") -> ReachPolicy:
        """Read a folder that `save` wrote.

        Raises:
            CrossgapError: it is not one, or a file in it is missing, cut short or another network's.
        """
        device, path = checked_device(device), folder / ABOUT
        about = read_json(path, "policy", SHAPE, f"Copy it anew, or delete {folder} to make it again.")
        kind = find(f"{path}: extractor", about["extractor"], EXTRACTORS)

        def make() -> nn.ModuleDict:
            return nn.ModuleDict({"extractor": kind(about["channels"], about["size"]), "actor": Actor()})

        networks = load_network(make, folder / WEIGHTS, about.pop(DIGEST, None), path).to(device)
        return ReachPolicy(networks["extractor"], networks["actor"], about)


GOGGLES, TRANSLATOR = "goggles.json", "translator.safetensors"


class PerCamera(nn.Module):
    """A network for images, applied to those of every camera: one F, or one D_X, for all of them.

    Args:
        network: (m, 3, H, W) to (m, c, h, w).
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3 k, H, W) of k cameras to (n, k c, h, w)."""
        seen = self.network(images.reshape(-1, 3, *images.shape[2:]))
        return seen.reshape(len(images), -1, *seen.shape[2:])


class Goggles:
    """A policy behind a translator.

    Args:
        policy: what acts, on images (n, H, W, 3 k) of k cameras.
        generator: F: Y → X, the same for every camera.
        fast: whether to translate in bfloat16, which is faster where the hardware has it.
        guard: tells images that are unlike those of the training, the same for every camera: then the robot
            holds still. By default it never does.
    """

    def __init__(
        self, policy: Policy, generator: Generator, fast: bool = False, guard: Guard | None = None
    ):  # fmt: skip
        self.policy, self.generator, self.fast = policy, PerCamera(generator.eval()), fast
        self.guard = guard

    @torch.no_grad()
    def translate(self, images: np.ndarray) -> np.ndarray:
        """F(y): (n, H, W, 3 k) uint8 to the same."""
        device = next(self.generator.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.fast):
            parts = image_tensor(images, device).split(64)
            return np.concatenate([to_images(self.generator(part).float()) for part in parts])

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Actions (n, 3) of frames (n, H, W, 3 k) uint8 and scaled goals (n, 3); 0 where the guard finds an
        image of one camera unlike."""
        actions = self.policy.act(self.translate(frames), goals)
        if self.guard is None:
            return actions
        cameras = np.split(frames, frames.shape[3] // 3, axis=3)
        familiar = np.all([self.guard.look(camera).familiar for camera in cameras], 0)
        return np.where(familiar[:, None], actions, 0)


def save_goggles(generator: Generator, folder: Path) -> None:
    """Write a translator as a folder, in one piece."""
    about = {f"generator_{name}": size for name, size in described(generator)["arguments"].items()}
    save_folder(folder, generator.state_dict(), TRANSLATOR, GOGGLES, about)


def load_goggles(folder: Path, device: torch.device | str = "cpu") -> Generator:
    """Read a folder that `save_goggles` wrote.

    Raises:
        CrossgapError: it is not one, or a file in it is missing, cut short or another network's.
    """
    device, path = checked_device(device), folder / GOGGLES
    about = read_json(path, "translator", GENERATOR, f"Delete {folder} to make that part again.")
    make = partial(Generator, about["generator_width"], about["generator_blocks"])
    return load_network(make, folder / TRANSLATOR, about.get(DIGEST), path).to(device)
