"""Photometric distortion: what a camera and a lamp do to an image without moving anything in it."""

import torch
from torch import Tensor

BRIGHTNESS, TINT, CONTRAST, NOISE = 0.25, 0.12, 0.25, 0.03
"""Of a strength of 1, on images in [-1, 1]: the most that is added to all channels, and to each; the most
that contrast changes; and the standard deviation of the noise."""


def photometric(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """New images (n, 3, H, W) in [-1, 1], each of another brightness, tint and contrast, with noise.

    Args:
        images: (n, 3, H, W) in [-1, 1].
        strength: factor on all of these.
        generator: of what is random, on the images' device.
    """
    about = {"generator": generator, "device": images.device}

    def uniform(channels: int, most: float) -> Tensor:
        return (2 * torch.rand(len(images), channels, 1, 1, **about) - 1) * (most * strength)

    lit = images + uniform(1, BRIGHTNESS) + uniform(3, TINT)
    noise = torch.randn(images.shape, **about) * (NOISE * strength)
    return (lit * (1 + uniform(1, CONTRAST)) + noise).clamp(-1, 1)
