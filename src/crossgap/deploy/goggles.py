"""Goggles for a policy: a translator in front of it. The policy stays as it is."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import read_json, write_json, writing
from crossgap.core.fabric import checked_device
from crossgap.core.weights import DIGEST, load_network, write_tensors
from crossgap.data.batches import image_tensor
from crossgap.deploy.adapted import GENERATOR, to_images
from crossgap.deploy.policy import Policy
from crossgap.networks import Generator
from crossgap.networks.registry import described

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


def save_goggles(generator: Generator, folder: Path) -> None:
    """Write a translator as a folder, in one piece."""
    sizes = described(generator)["arguments"]
    with writing(folder) as temporary:
        temporary.mkdir(parents=True)
        digest = write_tensors(generator.state_dict(), temporary / TRANSLATOR)
        about = {f"generator_{name}": size for name, size in sizes.items()}
        write_json(temporary / GOGGLES, about | {DIGEST: digest})


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
