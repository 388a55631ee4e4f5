"""The patch discriminator (TaskGAN, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crossgap.networks.layers import InstanceNorm


class Discriminator(nn.Module):
    """`C-s2-w-R, C-s2-2w-NR, C-s2-4w-NR, C-s1-8w-NR, C-s1-1`, then a sigmoid; w = 32 in the paper.

    `N` is an instance norm, `R` a leaky ReLU of slope 0.2; every convolution is 4×4. Each output
    judges one patch of the image.
    """

    def __init__(self, width: int = 32):
        super().__init__()
        w = width
        self.net = nn.Sequential(
            nn.Conv2d(3, w, 4, 2, 1),
            nn.LeakyReLU(0.2, inplace=True),
            *self._layer(w, 2 * w, 2),
            *self._layer(2 * w, 4 * w, 2),
            *self._layer(4 * w, 8 * w, 1),
            nn.Conv2d(8 * w, 1, 4, 1, 1),
        )

    @staticmethod
    def _layer(into: int, out: int, stride: int) -> list[nn.Module]:
        return [
            nn.Conv2d(into, out, 4, stride, 1),
            InstanceNorm(out),
            nn.LeakyReLU(0.2, inplace=True),
        ]

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to (n, 1, h', w') in (0, 1): 1 where a patch looks real."""
        return torch.sigmoid(self.net(images))
