"""Co-training with unbalanced optimal transport (Cheng et al. 2025, "Generalizable domain adaptation for
sim-and-real policy co-training", arXiv 2509.18631): features and labels of both domains are aligned together.

    x, φ_x ─▶ e ─▶ features ─┐                ┌─▶ head ─▶ task loss, of both
                             ├─ C ─▶ plan γ ──┤
    y, φ_y ─▶ e ─▶ features ─┘                └─▶ Σ γ |e(x) − e(y)|²
"""

import torch
from torch import Tensor

from crossgap.core.trainer import Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import TaskLoss, task_loss
from crossgap.methods.config import SupervisedConfig
from crossgap.methods.optimal_transport import OptimalTransportConfig
from crossgap.methods.optimal_transport.sinkhorn import unbalanced_plan
from crossgap.networks import TaskModel

UNRELATED = 2.0
"""Mean squared difference of two labels of spread 1 that have nothing to do with each other."""


def feature_cost(x: Tensor, y: Tensor) -> Tensor:
    """|e(x) − e(y)|² of each pair, a mean over the k units: (n, k) and (m, k) to (n, m)."""
    squares = x.square().sum(1)[:, None] + y.square().sum(1) - 2 * x @ y.T
    return squares.clamp(min=0) / x.shape[1]  # rounding can make it negative


def label_cost(x: Tensor, y: Tensor) -> Tensor:
    """How far the labels of each pair are apart, (n, m), 1 for such as are unrelated: half the mean squared
    difference of scaled numbers, (n, k) and (m, k) float; of classes, (n, 1) whole numbers, 1 unless they are
    the same."""
    difference = x[:, None] - y[None]
    if not x.is_floating_point():
        return (difference != 0).any(2).float()
    return difference.square().mean(2) / UNRELATED


class OptimalTransport(Phase):
    """Learn the task in both domains, with features that have the same joint distribution with the labels.

        L = L_y(x) + L_y(y) + λ Σ_ij γ_ij C^e_ij       γ = unbalanced_plan(C^e / mean C^e + w C^φ)

    γ is a constant to the gradient: it is the least of what is minimised.

    Args:
        name: of the phase.
        task_model: e is its `features`; trained in place.
        source: images x with labels.
        target: images y with labels.
        training: steps and learning rate of Adam.
        config: λ, w and what the plan needs.
        loss: the task loss L_y.
    """

    def __init__(
        self, name: str, task_model: TaskModel, source: Batches, target: Batches, training: SupervisedConfig,
        config: OptimalTransportConfig, loss: TaskLoss = task_loss,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, training.steps, training.learning_rate
        self.source, self.target, self.config, self.loss = source, target, config, loss
        self.data = [source, target]
        self.networks = {"task_model": task_model}
        self.optimizers = {"task_model": adam(task_model.parameters(), self.learning_rate)}

    def setup(self, fabric) -> None:
        """As every phase, and the task model also gives its features."""
        super().setup(fabric)
        self.parallel["task_model"].mark_forward_method("features_and_outputs")

    def predicted(self, images: Tensor) -> Tensor:
        """The task of target images."""
        return self.networks["task_model"](images)

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One step of Adam on a batch of both domains, of which each is a half of the task loss."""
        x, label_x = self.source(step)
        y, label_y = self.target(step)
        features, predicted = self.parallel["task_model"].features_and_outputs(torch.cat([x, y]))
        features, predicted, n = features.float(), predicted.float(), len(x)
        cost = feature_cost(features[:n], features[n:])
        config, known = self.config, cost.detach()
        whole = known / known.mean().clamp(min=1e-12) + config.label_weight * label_cost(label_x, label_y)
        plan = unbalanced_plan(whole, config.entropy, config.relaxation, config.iterations)
        losses = {
            "task_loss": self.loss(predicted[:n], label_x),
            "task_loss_target": self.loss(predicted[n:], label_y),
            "transport": (plan * cost).sum(),
        }  # fmt: skip
        task = losses["task_loss"] + losses["task_loss_target"]
        self.update("task_model", task + config.weight * losses["transport"])
        return losses | {"mass": plan.sum()}
