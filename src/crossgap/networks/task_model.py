"""The task model: image to label (TaskGAN, section 3.2)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn


class TaskModel(nn.Module):
    """`c-w, c-2w, c-4w, c-8w, c-8w, fc`, then a linear layer; w = 16 and 256 units in the paper.

    `c-k` is a 3×3 Convolution-ReLU with k filters and stride 2.

    Args:
        outputs: number of labels, or of classes.
        size: image width and height in pixels.
        width: filters of the first layer.
        hidden: units of the fully connected layer, the paper's "feature layer".
    """

    def __init__(self, outputs: int, size: int = 64, width: int = 16, hidden: int = 256):
        super().__init__()
        channels = [3, width, 2 * width, 4 * width, 8 * width, 8 * width]
        layers: list[nn.Module] = []
        for into, out in itertools.pairwise(channels):
            layers += [nn.Conv2d(into, out, 3, 2, 1), nn.ReLU(inplace=True)]
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
