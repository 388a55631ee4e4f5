"""The image translator's network (TaskGAN, section 3.2; after Johnson et al. 2016, Zhu et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crossgap.networks.layers import ImageConvolution, InstanceNorm, ReflectedConvolution


def _convolution(into: int, out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """Convolution-InstanceNorm-ReLU; only the wide first kernel needs the costlier reflected border."""
    wide = kernel > 3
    return [
        ReflectedConvolution(into, out, kernel) if wide else nn.Conv2d(into, out, kernel, stride, 1),
        InstanceNorm(out),
        nn.ReLU(inplace=True),
    ]


class ResidualBlock(nn.Module):
    """`Rk`: 3×3 Convolution-InstanceNorm-ReLU-3×3 Convolution-InstanceNorm with a skip connection."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, channels, 3), *_convolution(channels, channels, 3)[:2]
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, k, h, w) to (n, k, h, w)."""
        return features + self.body(features)


class Generator(nn.Module):
    """`c7s1-w, d2w, d4w, R4w × blocks, u2w, uw, c7s1-3`, with w = 32 and 6 blocks in the paper.

    Args:
        width: filters of the first layer.
        blocks: number of residual blocks.
    """

    def __init__(self, width: int = 32, blocks: int = 6):
        super().__init__()
        w = width
        self.net = nn.Sequential(
            *_convolution(3, w, 7),
            *_convolution(w, 2 * w, 3, stride=2),
            *_convolution(2 * w, 4 * w, 3, stride=2),
            *[ResidualBlock(4 * w) for _ in range(blocks)],
            *self._up(4 * w, 2 * w),
            *self._up(2 * w, w, layout=torch.channels_last),
            ImageConvolution(w, 3, 7),
        )

    @staticmethod
    def _up(
        into: int, out: int, layout: torch.memory_format = torch.contiguous_format
    ) -> list[nn.Module]:  # fmt: skip
        return [
            nn.ConvTranspose2d(into, out, 3, stride=2, padding=1, output_padding=1),
            InstanceNorm(out, layout),
            nn.ReLU(inplace=True),
        ]

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to the same; h and w multiples of 4."""
        return torch.tanh(self.net(images))
