"""A data set on the training device, and which of its images a step sees."""

import functools
import os
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from crossgap.errors import CrossgapError

Augment = Callable[[Tensor], Tensor]
"""Images (n, 3, H, W) in [-1, 1] to new ones of the same form."""

if hasattr(os, "register_at_fork"):
    # A forked process, such as one of Gymnasium's AsyncVectorEnv, has none of its parent's threads, and a
    # network that is asked anything there would wait for them for ever.
    os.register_at_fork(after_in_child=functools.partial(torch.set_num_threads, 1))


def to_tensor(images: np.ndarray) -> Tensor:
    """(n, H, W, 3) uint8 to (n, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(_owned(images)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def to_images(seen: Tensor) -> np.ndarray:
    """What a network made, (n, 3, H, W) in [-1, 1], as images (n, H, W, 3) uint8."""
    return seen.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def image_tensor(frames: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """(n, H, W, C) uint8 to (n, C, H, W) float32 in [-1, 1] on a device, which gets them as bytes."""
    images = moved(frames, device).permute(0, 3, 1, 2)
    # channel after channel: on a CPU a convolution of three channels is a fifth faster so
    return images.to(torch.float32, memory_format=torch.contiguous_format).div_(127.5).sub_(1)


def moved(array: np.ndarray, device: torch.device | str) -> Tensor:
    """An array on a device; to a GPU through pinned memory, and nobody waits until it is there."""
    tensor = torch.from_numpy(_owned(array))
    if torch.device(device).type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def _owned(array: np.ndarray) -> np.ndarray:
    """The array, or a copy where torch cannot share its memory: read-only, mirrored or in another order."""
    return np.require(array, requirements=("C", "W"))


class Batches:
    """Random batches without replacement, as a pure function of the step.

    Args:
        images: (n, 3, H, W) float32 in [-1, 1], or (n, H, W, 3) uint8, which takes a quarter of it; on the
            device, or in the host's memory.
        labels: (n, k) float32, scaled, on the device; or the classes of their pixels (`class_maps`).
        size: images per batch, over all devices.
        seed: of the order.
        rank: which of several devices this is.
        world: how many there are; each sees its share of the batch.
        augment: changes the images of every batch.

    Raises:
        CrossgapError: a batch has fewer images than there are devices.
    """

    def __init__(
        self, images: Tensor, labels: Tensor, size: int, seed: int, rank: int = 0, world: int = 1,
        augment: Augment | None = None,
    ):  # fmt: skip
        if size < world:
            raise CrossgapError(
                f"Batches of {size} cannot be shared. Expected at least {world} images, one for each process."
            )
        self.images, self.labels, self.augment = images, labels, augment
        self.size, self.seed, self.rank, self.world = size, seed, rank, world
        self._order: tuple[int, np.ndarray] | None = None

    @property
    def weight(self) -> float:
        """What the mean over this device's share counts in the mean over all devices: 1, or more or less
        where `size` is no multiple of `world`. So that is the mean over the whole batch."""
        return len(range(self.rank, self.size, self.world)) * self.world / self.size

    def _epoch(self, epoch: int) -> np.ndarray:
        """The order of an epoch; the last one asked for is kept."""
        if self._order is None or self._order[0] != epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.images))
            self._order = epoch, order
        return self._order[1]

    def indices(self, step: int) -> np.ndarray:
        """Which images this device sees at a step: each once per epoch, in an order of its own."""
        n = len(self.images)
        positions = np.arange(step * self.size, (step + 1) * self.size)[self.rank :: self.world]
        return np.array([self._epoch(int(p) // n)[int(p) % n] for p in positions])

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Images (b, 3, H, W) float32 in [-1, 1] and scaled labels (b, k) of a step."""
        index = self.indices(step)
        images = self._as_input(self._rows(self.images, index))
        return (self.augment(images) if self.augment else images), self._rows(self.labels, index)

    def shown(self, count: int) -> Tensor:
        """Images of the set, evenly spaced, as they are: (at most count, 3, H, W) float32 in [-1, 1]; the
        same rows of every set of that size."""
        chosen = np.unique(np.linspace(0, len(self.images) - 1, count).round().astype(int))
        return self._as_input(self._rows(self.images, chosen))

    @staticmethod
    def _as_input(images: Tensor) -> Tensor:
        """Images as networks take them."""
        if images.dtype != torch.uint8:
            return images
        return images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)

    def _rows(self, of: Tensor, index: np.ndarray) -> Tensor:
        """Rows of images or labels, on the device."""
        return of[moved(index, of.device)].to(self.labels.device, non_blocking=True)
