"""The domain classifier: features to domain (DANN, figure 4a)."""

import math

from torch import Tensor, nn
from torch.nn import functional


class DomainClassifier(nn.Module):
    """G_d: features to one logit, > 0 where they look like the target's (a hidden layer, as in figure 4a).

    It sees the direction of the features alone. G_f could else make them ever longer, which confuses G_d for
    a step and has no end: without any normalisation in TaskGAN's task model both losses grow without bound.

    Args:
        features: number of features.
        hidden: units of its hidden layer; 100 in the paper.
    """

    def __init__(self, features: int, hidden: int = 100):
        super().__init__()
        self.length = math.sqrt(features)
        self.net = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, features: Tensor) -> Tensor:
        """(n, features) to (n,)."""
        return self.net(self.length * functional.normalize(features))[:, 0]
