"""The convolutions of VGG (Simonyan and Zisserman 2015, table 1), through which pictures are looked at.

Layers are named as papers name them: `conv1_1` … `conv5_3`, `pool1` … `pool5`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

VGG16, VGG19 = (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)
"""Convolutions of each block: columns D and E."""
WIDTHS = (64, 128, 256, 512, 512)
"""Channels of each block."""


class RectifiedConvolution(nn.Conv2d):
    """A 3×3 convolution and its ReLU: a layer's response, as papers mean it, is not negative."""

    def __init__(self, into: int, out: int):
        super().__init__(into, out, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(n, into, h, w) to (n, out, h, w), not negative."""
        return functional.relu(super().forward(features))


class Standardize(nn.Module):
    """Images as a network was trained on them: (image − mean) / deviation, for each channel.

    Args:
        mean: of red, green and blue, from 0 to 255.
        deviation: the same way.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: tuple[float, float, float], deviation: tuple[float, float, float]):
        super().__init__()
        for name, values in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to the same, standardized."""
        return (127.5 * (images + 1) - self.mean) / self.deviation


class VGG(nn.Module):
    """Convolutions and pools alone, which take images of any size from 32 px.

    Args:
        blocks: convolutions of each block, `VGG16` or `VGG19`.
        standardize: how the weights' images were standardized.
        widths: channels of each block; narrower ones are for tests.
    """

    def __init__(
        self, blocks: tuple[int, ...], standardize: nn.Module, widths: tuple[int, ...] = WIDTHS
    ):  # fmt: skip
        super().__init__()
        self.standardize = standardize
        into = 3
        for block, (count, out) in enumerate(zip(blocks, widths, strict=True), 1):
            for number in range(1, count + 1):
                self.add_module(f"conv{block}_{number}", RectifiedConvolution(into, out))
                into = out
            self.add_module(f"pool{block}", nn.MaxPool2d(2))

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to (n, 512, h // 32, w // 32)."""
        for layer in self.children():
            images = layer(images)
        return images


def torchvision_names(blocks: tuple[int, ...]) -> dict[str, str]:
    """What torchvision calls each weight: its layers are numbered, ReLUs and pools among them."""
    found, at = {}, 0
    for block, count in enumerate(blocks, 1):
        for number in range(1, count + 1):
            for part in ("weight", "bias"):
                found[f"conv{block}_{number}.{part}"] = f"features.{at}.{part}"
            at += 2
        at += 1
    return found


def renamed(weights: Mapping[str, Tensor], blocks: tuple[int, ...]) -> dict[str, Tensor]:
    """Weights of torchvision's names under ours; those of its classifier are left out.

    Raises:
        KeyError: a weight is absent.
    """
    return {ours: weights[theirs] for ours, theirs in torchvision_names(blocks).items()}
