"""Supervised training of a task model: the source model, every baseline, and TaskGAN's refinement."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import TaskLoss, task_loss


class Supervised(Phase):
    """Minimise the task loss, (f(x) − φ)² for numbers, with Adam on one or several data sets at once.

    Args:
        name: of the phase.
        task_model: the network; trained in place.
        data: every step takes a batch of each.
        steps: number of steps.
        learning_rate: of Adam, at the start.
        loss: the task loss.
        before: what target images go through first, such as a translator, where the data did already.
    """

    def __init__(
        self, name: str, task_model: nn.Module, data: Sequence[Batches], steps: int, learning_rate: float,
        loss: TaskLoss = task_loss, before: nn.Module | None = None,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate, self.data = name, steps, learning_rate, data
        self.loss, self.before = loss, before
        self.networks = {"task_model": task_model}
        self.optimizers = {"task_model": adam(task_model.parameters(), learning_rate)}

    def predicted(self, images: Tensor) -> Tensor:
        """f(y), or f(F(y))."""
        return self.networks["task_model"](images if self.before is None else self.before(images))

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One step of Adam; the batches of all data sets count as one."""
        batches = [batches(step) for batches in self.data]
        images = torch.cat([images for images, _ in batches])
        labels = torch.cat([labels for _, labels in batches])
        loss = self.loss(self.parallel["task_model"](images).float(), labels)
        self.update("task_model", loss)
        return {"task_loss": loss}
