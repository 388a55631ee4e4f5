"""Behaviour cloning of any policy: its weights are trained on demonstrations of one domain, or of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase, adam
from crossgap.data.batches import Augment, Batches
from crossgap.data.observations import Observations
from crossgap.deploy.frozen import PolicyReference, asked
from crossgap.methods.config import SupervisedConfig

Loss = Callable[[Tensor, Tensor], Tensor]
"""(outputs of a policy (n, …), what they should be (n, k)) -> scalar."""


class Cloning(Phase):
    """Minimise d(π(x, s), a) with Adam on one or several sets of demonstrations at once.

    Args:
        name: of the phase.
        policy: π, trained in place, as far as its weights require a gradient.
        about: what its inputs are called, and what it takes for black and white.
        data: of each set, batches of images (b, 3 k, H, W) in [-1, 1] of k cameras, with the state and what
            π should say side by side, as of `demonstrated`.
        config: steps and learning rate.
        states: how many numbers the state has.
        loss: d.
    """

    def __init__(
        self, name: str, policy: nn.Module, about: PolicyReference, data: Sequence[Batches],
        config: SupervisedConfig, states: int, loss: Loss,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate, self.data = name, config.steps, config.learning_rate, data
        self.about, self.states, self.loss = about, states, loss
        self.networks = {"policy": policy}
        trained = [weight for weight in policy.parameters() if weight.requires_grad]
        self.optimizers = {"policy": adam(trained, config.learning_rate)}

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One step of Adam; the batches of all sets count as one."""
        batches = [batches(step) for batches in self.data]
        images, told = (torch.cat([batch[part] for batch in batches]) for part in (0, 1))
        said = asked(self.parallel["policy"], self.about, images, told[:, : self.states])
        loss = self.loss(said.float(), told[:, self.states :])
        self.update("policy", loss)
        return {"task_loss": loss}


def demonstrated(
    data: Observations, wanted: np.ndarray, size: int, seed: int, device: torch.device,
    augment: Augment | None = None,
) -> Batches:  # fmt: skip
    """Batches of frames with their state and what a policy should say there, side by side.

    Args:
        data: n frames.
        wanted: (n, k).
        size: of a batch.
        seed: of the order.
        device: where they are.
        augment: of the images.
    """
    images = torch.from_numpy(np.ascontiguousarray(data.images)).to(device)
    told = torch.from_numpy(np.concatenate([data.state, wanted.astype(np.float32)], 1)).to(device)
    return Batches(images, told, size, seed, augment=augment)
