"""Batches of experience for what learns from it in steps: a phase that plays nothing."""

import numpy as np
import torch
from torch import Tensor

from crossgap.data.batches import image_tensor
from crossgap.errors import CrossgapError
from crossgap.rl.collection import stream
from crossgap.rl.replay import Transitions
from crossgap.rl.rewarded import RewardedReplay


class Experience:
    """Transitions of a replay, those of a step a function of seed and step alone.

    Args:
        replay: whose transitions, each as likely, also one that was drawn before.
        size: of a batch, over all devices.
        seed: of what is drawn; two domains take two, or their batches would be of the same places.
        rank: which of several devices this is.
        world: how many there are, a divisor of `size`.
        device: where `shown` shows images.

    Raises:
        CrossgapError: devices cannot have equal shares of a batch.
    """

    weight = 1.0
    """As of `Batches`: every device has the same share of a batch."""

    def __init__(
        self, replay: RewardedReplay, size: int, seed: int, rank: int = 0, world: int = 1,
        device: str | torch.device = "cpu",
    ):  # fmt: skip
        if size < 1 or size % world:
            raise CrossgapError(f"A batch of {size} transitions cannot be shared equally by {world} devices.")
        self.replay, self.size, self.seed = replay, size, seed
        self.rank, self.world, self.device = rank, world, device

    def __call__(self, step: int) -> Transitions:
        """This device's share of the batch of a step."""
        return self.replay.sample(self.size // self.world, stream(self.seed, step, self.rank))

    def shown(self, count: int) -> Tensor:
        """Images (count, 3, H, W) in [-1, 1], always the same ones."""
        return image_tensor(self.replay.sample(count, np.random.default_rng(0)).frames, self.device)
