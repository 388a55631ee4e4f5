"""Integrated gradients (Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks").

    IG_i(x) = (x_i − x'_i) ∫₀¹ ∂f(x' + α (x − x')) / ∂x_i dα                        equation 1

of an output f of a network, from a baseline x', here a black image. The pixels' shares add up to what the
image changes ("completeness", proposition 1): Σ_i IG_i(x) = f(x) − f(x').
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from crossgap.networks.pretrained import imported

BLACK = -1.0
STEPS = 128
"""Of the integral, by Gauss-Legendre's rule; a ReLU's kinks ask for more than a smooth function does."""


@dataclass(frozen=True)
class Saliency:
    """What an output rests on, for each of n images."""

    shares: Tensor
    """IG, (n, 3, h, w), in the output's unit."""
    change: Tensor
    """f(x) − f(x'), (n,)."""

    @property
    def gap(self) -> Tensor:
        """Σ IG − (f(x) − f(x')), (n,): 0 but for the error of the integral."""
        return self.shares.sum((1, 2, 3)) - self.change


def integrated_gradients(network: nn.Module, images: Tensor, output: int, steps: int = STEPS) -> Saliency:
    """Which pixels an output of a network rests on.

    Args:
        network: images (n, 3, h, w) in [-1, 1] to outputs (n, k).
        images: x.
        output: which of the k.
        steps: of the integral.

    Raises:
        CrossgapError: captum is not installed.
    """
    attribution, baseline = imported("captum.attr", "pictures"), torch.full_like(images[:1], BLACK)
    shares = attribution.IntegratedGradients(network).attribute(
        images, baseline.expand_as(images), target=output, n_steps=steps, internal_batch_size=64
    )
    with torch.no_grad():
        change = network(images)[:, output] - network(baseline)[:, output]
    return Saliency(shares.detach().float(), change.float())
