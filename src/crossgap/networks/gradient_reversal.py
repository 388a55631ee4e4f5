"""Features that a classifier is not to tell apart (DANN, Ganin et al. 2016, section 4.2)."""

import math
from typing import Any

import torch
from torch import Tensor

GAMMA = 10.0
"""Of the schedule of λ (section 5.2.2)."""


class GradientReversal(torch.autograd.Function):
    """R_λ(x) = x, dR_λ/dx = −λ I (equations 16 and 17)."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: float) -> Tensor:
        """The features themselves."""
        ctx.weight = weight
        return features.view_as(features)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """The gradient times −λ."""
        return -ctx.weight * gradients[0], None


def reversal_weight(share: float) -> float:
    """λ_p where a share p of the steps is done: 0 at the first one, so that the classifier learns something
    before it is worked against, then towards 1."""
    return 2 / (1 + math.exp(-GAMMA * share)) - 1
