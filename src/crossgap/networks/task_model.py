"""The task model: image to label (TaskGAN, section 3.2)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from crossgap.networks.layers import InstanceNorm

NORMED = 4
"""Convolutions that are followed by a norm, the first ones: after the fifth 2×2 pixels are left of 64."""
GROUP = 8
"""Channels of a group of the group norm."""
NORMS: dict[str, Callable[[int], nn.Module]] = {
    "instance": lambda channels: InstanceNorm(channels, torch.channels_last),
    "group": lambda channels: nn.GroupNorm(max(1, channels // GROUP), channels),
}
"""What can stand between a convolution and its ReLU; `none` is the paper's network."""


class TaskModel(nn.Module):
    """`c-w, c-2w, c-4w, c-8w, c-8w, fc`, then a linear layer; w = 16 and 256 units in the paper.

    `c-k` is a 3×3 Convolution-ReLU with k filters and stride 2. The paper's has no norm. With one, after the
    first four convolutions, what an image's contrast and colours add to all pixels alike is taken out: the
    generator does so, and plain fine-tuning gains half or more of what translation had seemed to give it.

    Args:
        outputs: number of labels, or of classes.
        size: image width and height in pixels.
        width: filters of the first layer.
        hidden: units of the fully connected layer, the paper's "feature layer".
        norm: `none`, `instance` (without weights) or `group` (with weights, groups of 8 channels).
    """

    def __init__(
        self, outputs: int, size: int = 64, width: int = 16, hidden: int = 256, norm: str = "none"
    ):  # fmt: skip
        super().__init__()
        channels = [3, width, 2 * width, 4 * width, 8 * width, 8 * width]
        layers: list[nn.Module] = []
        for index, (into, out) in enumerate(itertools.pairwise(channels)):
            normed = [NORMS[norm](out)] if norm != "none" and index < NORMED else []
            layers += [nn.Conv2d(into, out, 3, 2, 1), *normed, nn.ReLU(inplace=True)]
            size = (size + 1) // 2
        self.features = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(channels[-1] * size * size, hidden), nn.ReLU(inplace=True)
        )
        self.head = nn.Linear(hidden, outputs)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] (faster on CPUs)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, size, size) in [-1, 1] to (n, outputs), in the scale of `data.LabelScale`, or logits."""
        return self.head(self.features(images))

    def features_and_outputs(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The feature layer (n, hidden), and what `forward` returns."""
        features = self.features(images)
        return features, self.head(features)
