"""The projections of CUT (Park et al. 2020, section 3): where two images are compared, patch by patch."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossgap.networks.layers import normal_weights


class PatchProjections(nn.Module):
    """H: an MLP of two layers for each of several feature layers, whose outputs have length 1.

    Args:
        channels: of each feature layer.
        units: of both layers of an MLP; 256 in the paper.
    """

    def __init__(self, channels: Sequence[int], units: int = 256):
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(k, units), nn.ReLU(inplace=True), nn.Linear(units, units))
            for k in channels
        )
        normal_weights(self)

    def forward(self, features: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """Projections of chosen patches.

        Args:
            features: of each layer, (n, k, h, w).
            places: of each layer, which of its h · w positions, (p,), row by row.

        Returns:
            Of each layer (n, p, units), float32, each vector of length 1.
        """
        return [
            functional.normalize(head(feature.flatten(2)[:, :, place].mT).float(), dim=2)
            for head, feature, place in zip(self.heads, features, places, strict=True)
        ]


def random_places(features: Sequence[Tensor], count: int) -> list[Tensor]:
    """For each feature layer (n, k, h, w), `count` different positions of its h · w, or all of fewer; from
    torch's global generator, which checkpoints keep."""
    return [torch.randperm(one[0, 0].numel())[:count].to(one.device) for one in features]
