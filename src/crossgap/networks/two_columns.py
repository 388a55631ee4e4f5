"""The task model with two feature extractors (TaskGAN, section 3.2, figure 3)."""

import copy

from torch import Tensor, nn

from crossgap.networks.taskgan import TaskModel


class TwoColumnTaskModel(nn.Module):
    """One feature extractor per domain, and one head for both.

    Args:
        task_model: trained in the source domain; both columns start as copies of it.
    """

    def __init__(self, task_model: TaskModel):
        super().__init__()
        self.source = copy.deepcopy(task_model)
        self.target_features = copy.deepcopy(task_model.features)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Images of both domains, each (n, 3, h, w), to their features, each (n, hidden), and to the
        predictions from these, each (n, outputs)."""
        features_x, features_y = self.source.features(x), self.target_features(y)
        return features_x, features_y, self.source.head(features_x), self.source.head(features_y)

    def target(self) -> TaskModel:
        """A copy of the target's column with the head, as a task model of its own."""
        task_model = copy.deepcopy(self.source)
        task_model.features = copy.deepcopy(self.target_features)
        return task_model
