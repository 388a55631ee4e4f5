"""Training of the two-column task model on pairs (TaskGAN, section 3.2, figure 3; section 4.1.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from crossgap.core.trainer import Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import TaskLoss, feature_loss, task_loss
from crossgap.methods.taskgan import TwoColumnsConfig
from crossgap.networks import TwoColumnTaskModel


class TwoColumns(Phase):
    """Learn f_Y from few pairs (x, y) with one label φ, beside f_X.

        L = (f_X(x) − φ)² + (f_Y(y) − φ)² + λ_f |e_X(x) − e_Y(y)|²

    e is the feature extractor of a column, up to the layer before the output.

    Args:
        name: of the phase.
        network: both columns; trained in place.
        pairs: sets of pairs, each as (batches of x, batches of y) that go through their sets in one order;
            every step takes a batch of each.
        config: λ_f, steps and learning rate.
        loss: the task loss, written (·)² above; cross-entropy where φ is a class.
    """

    def __init__(
        self, name: str, network: TwoColumnTaskModel, pairs: Sequence[tuple[Batches, Batches]],
        config: TwoColumnsConfig, loss: TaskLoss = task_loss,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, config.steps, config.learning_rate
        self.pairs, self.feature_weight, self.loss = pairs, config.feature_weight, loss
        self.data = [side for pair in pairs for side in pair]
        self.networks = {"two_columns": network}
        self.optimizers = {"two_columns": adam(network.parameters(), config.learning_rate)}

    def predicted(self, images: Tensor) -> Tensor:
        """f_Y(y)."""
        network = self.networks["two_columns"]
        assert isinstance(network, TwoColumnTaskModel)
        return network.source.head(network.target_features(images))

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One step of Adam; the batches of all sets count as one."""
        batches = [(x(step), y(step)) for x, y in self.pairs]
        x, y = (torch.cat([batch[side][0] for batch in batches]) for side in (0, 1))
        label = torch.cat([batch[1][1] for batch in batches])
        features_x, features_y, predicted_x, predicted_y = (
            output.float() for output in self.parallel["two_columns"](x, y)
        )
        losses = {
            "task_loss_source": self.loss(predicted_x, label),
            "task_loss_target": self.loss(predicted_y, label),
            "feature_loss": feature_loss(features_x, features_y),
        }
        task = losses["task_loss_source"] + losses["task_loss_target"]
        self.update("two_columns", task + self.feature_weight * losses["feature_loss"])
        return losses
