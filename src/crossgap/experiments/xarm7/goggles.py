"""TaskGAN goggles for a policy: inverse TaskGAN in front of it, with its own feature extractor as the task
model. The policy stays as it is."""

from __future__ import annotations

import copy
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import read_json, write_json, writing
from crossgap.core.fabric import checked_device, hardware
from crossgap.core.trainer import Trainer
from crossgap.core.weights import DIGEST, digest_in, load_network, write_tensors
from crossgap.data.batches import Batches, image_tensor
from crossgap.deploy.adapted import GENERATOR, to_images
from crossgap.deploy.policy import ABOUT as POLICY
from crossgap.deploy.policy import ReachPolicy
from crossgap.errors import CrossgapError
from crossgap.experiments.xarm7.rollouts import Policy
from crossgap.experiments.xarm7.training import ReachTraining
from crossgap.methods.config import NetworkConfig
from crossgap.methods.supervised import Supervised
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.networks import Discriminator, Generator

GOGGLES, TRANSLATOR, MADE_FOR = "goggles.json", "translator.safetensors", "made_for.json"
TARGET_IMAGES, SOURCE_IMAGES = 15_000_000, 16_000_000
"""Seeds of the first labelled image of a target look, and of the source, that a translator learns from."""


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
    """

    def __init__(self, policy: Policy, generator: Generator, fast: bool = False):
        self.policy, self.generator, self.fast = policy, PerCamera(generator.eval()), fast

    @torch.no_grad()
    def translate(self, images: np.ndarray) -> np.ndarray:
        """F(y): (n, H, W, 3 k) uint8 to the same."""
        device = next(self.generator.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.fast):
            parts = [
                to_images(self.generator(part).float()) for part in image_tensor(images, device).split(64)
            ]
        return np.concatenate(parts)

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Actions (n, 3) of frames (n, H, W, 3 k) uint8 and scaled goals (n, 3)."""
        return self.policy.act(self.translate(frames), goals)


class Adaptation:
    """A trained policy and a few labelled images of a target look: their positions are what the arm's joint
    angles say.

    Args:
        training: of the policy.
        look: the target look.

    Raises:
        CrossgapError: the policy sees depth; later, what is there was made for another policy.
    """

    def __init__(self, training: ReachTraining, look: str):
        if training.setup.depth:
            raise CrossgapError("Goggles translate images: a policy that sees depth cannot have any.")
        self.training, self.look, self.preset = training, look, training.preset
        self.folder, self.fabric = training.folder / look, training.fabric
        self.trainer = Trainer(self.folder, self.fabric, training.seed, training.quiet)

    def _batches(self, few: bool, stream: int) -> Batches:
        if few:
            about = self.preset.target_images, TARGET_IMAGES
            images, positions = self.training.collected(*about, look=self.look, randomization="none")
        else:
            about = self.preset.source_images, SOURCE_IMAGES
            images, positions = self.training.collected(*about, randomization="none")
        device, seed = self.fabric.device, 10 * self.training.seed + stream
        tensors = torch.from_numpy(images).to(device), torch.from_numpy(positions).to(device)
        return Batches(*tensors, self.preset.translator.batch, seed)

    def _policy(self) -> ReachPolicy:
        """The policy for which all that is in the folder is made."""
        policy = self.training.policy()
        path, here = self.folder / MADE_FOR, {"policy": policy_digest(self.training.folder)}
        again = f"Remove {self.folder} to have that made again."
        there = read_json(path, "record", dict, again) if path.exists() else {"policy": None}
        parts = ("goggles", "fine_tuned", "checkpoints")
        if there != here and any((self.folder / part).exists() for part in parts):
            raise CrossgapError(
                f"{self.folder} was made for another policy, or does not say for which. {again}"
            )
        write_json(path, here)
        return policy

    def goggles(self) -> Goggles:
        """The policy behind inverse TaskGAN, trained first if need be."""
        policy, networks, config = self._policy(), self.preset.networks, self.preset.translator
        path = self.folder / "goggles"
        if not path.exists():
            torch.manual_seed(self.training.seed)
            generator = Generator(networks.generator_width, networks.generator_blocks)
            phase = TaskGAN(
                "goggles", PerCamera(generator), PerCamera(Discriminator(networks.discriminator_width)),
                policy.extractor,
                inputs=self._batches(few=True, stream=1), real=self._batches(few=False, stream=2),
                task_weight=config.task_weight, steps=config.steps, learning_rate=config.learning_rate,
            )  # fmt: skip
            self.trainer.fit(phase)
            save_goggles(generator, networks, path)
        fast = hardware(self.fabric)["precision"] == "bf16-mixed"
        return Goggles(policy, load_goggles(path, self.fabric.device), fast)

    def fine_tuned(self) -> ReachPolicy:
        """The simple thing to do with as many images: the extractor trained on, with them and the source."""
        policy, config = self._policy(), self.preset.fine_tuning
        path = self.folder / "fine_tuned"
        if not path.exists():
            extractor = copy.deepcopy(policy.extractor)
            data = [self._batches(few=True, stream=3), self._batches(few=False, stream=4)]
            self.trainer.fit(Supervised("fine_tuned", extractor, data, config.steps, config.learning_rate))
            ReachPolicy(extractor, policy.actor, policy.about).save(path)
        return ReachPolicy.load(path, self.fabric.device)


def policy_digest(folder: Path) -> str | None:
    """The digest of a trained policy's weights; None where there is none, or one of before there were any."""
    return digest_in(folder / "policy" / POLICY, "policy")


def adapted_digest(folder: Path, look: str, how: str) -> str | None:
    """The same of what is made for a look of the policy in a folder, `goggles` or `fine_tuned`."""
    return digest_in(folder / look / how / (GOGGLES if how == "goggles" else POLICY), how)


def save_goggles(generator: Generator, networks: NetworkConfig, folder: Path) -> None:
    """Write a translator as a folder, in one piece."""
    with writing(folder) as temporary:
        temporary.mkdir(parents=True)
        digest = write_tensors(generator.state_dict(), temporary / TRANSLATOR)
        write_json(temporary / GOGGLES, asdict(networks) | {DIGEST: digest})


def load_goggles(folder: Path, device: torch.device | str = "cpu") -> Generator:
    """Read a folder that `save_goggles` wrote.

    Raises:
        CrossgapError: it is not one, or a file in it is missing, cut short or another network's.
    """
    device = checked_device(device)
    again = f"Delete {folder} to make that part again."
    about = read_json(folder / GOGGLES, "translator", GENERATOR, again)
    sizes = about["generator_width"], about["generator_blocks"]
    make = partial(Generator, *sizes)
    return load_network(make, folder / TRANSLATOR, folder, about.get(DIGEST), folder / GOGGLES).to(device)
