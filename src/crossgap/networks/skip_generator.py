"""A generator whose skips keep what is small in an image from the first step on."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossgap.networks.layers import InstanceNorm, normal_weights
from crossgap.networks.registry import register_network


def _convolution(into: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(into, out, 3, stride, 1), InstanceNorm(out), nn.ReLU(inplace=True))


class _Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            _convolution(channels, channels), nn.Conv2d(channels, channels, 3, 1, 1), InstanceNorm(channels)
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


class SkipNetwork(nn.Module):
    """A small U-Net (Ronneberger et al. 2015) for small images.

    Three resolutions, residual blocks at the lowest; the last convolution sees the image itself, too.

    Args:
        outputs: channels of `maps`.
        width: filters at full resolution, twice and four times as many below.
        blocks: residual blocks.
    """

    def __init__(self, outputs: int, width: int, blocks: int):
        super().__init__()
        self.first = _convolution(3, width)
        self.halved = _convolution(width, 2 * width, 2)
        residuals = [_Residual(4 * width) for _ in range(blocks)]
        self.quartered = nn.Sequential(_convolution(2 * width, 4 * width, 2), *residuals)
        self.up_half = nn.Conv2d(4 * width, 2 * width, 1)
        self.join_half = _convolution(4 * width, 2 * width)
        self.up_full = nn.Conv2d(2 * width, width, 1)
        self.join_full = _convolution(2 * width, width)
        self.last = nn.Conv2d(width + 3, outputs, 3, 1, 1)
        normal_weights(self)

    def maps(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to (n, outputs, h, w) of any size; h and w multiples of 4."""
        full = self.first(images)
        half = self.halved(full)
        quarter = self.quartered(half)
        half = self.join_half(torch.cat([_twice(self.up_half(quarter)), half], 1))
        full = self.join_full(torch.cat([_twice(self.up_full(half)), full], 1))
        return self.last(torch.cat([full, images], 1))


@register_network
class SkipGenerator(SkipNetwork):
    """The generators of RL-CycleGAN and RetinaGAN, for small images.

    A generator without skips has to learn first that there are objects, and loses them meanwhile.

    Args:
        width: filters at full resolution, twice and four times as many below.
        blocks: residual blocks.
    """

    def __init__(self, width: int = 16, blocks: int = 2):
        super().__init__(3, width, blocks)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to the same; h and w multiples of 4."""
        return torch.tanh(self.maps(images))


def _twice(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2, mode="nearest")
