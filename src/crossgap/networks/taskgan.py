"""The networks of TaskGAN (section 3.2): translator, discriminator and task model, of one column and of two.

The translator's is after Johnson et al. 2016 and Zhu et al. 2017, with the faster layers of `layers.py`.
"""

import copy
import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from crossgap.networks.layers import ImageConvolution, InstanceNorm, ReflectedConvolution
from crossgap.networks.registry import register_network

NORMED = 4
"""Convolutions that are followed by a norm, the first ones: after the fifth 2×2 pixels are left of 64."""
GROUP = 8
"""Channels of a group of the group norm."""
NORMS: dict[str, Callable[[int], nn.Module]] = {
    "instance": lambda channels: InstanceNorm(channels, torch.channels_last),
    "group": lambda channels: nn.GroupNorm(max(1, channels // GROUP), channels),
}
"""What can stand between a convolution and its ReLU; `none` is the paper's network."""


def _convolution(into: int, out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """Convolution-InstanceNorm-ReLU; only the wide first kernel needs the costlier reflected border."""
    first = ReflectedConvolution(into, out, kernel) if kernel > 3 else nn.Conv2d(into, out, 3, stride, 1)
    return [first, InstanceNorm(out), nn.ReLU(inplace=True)]


class ResidualBlock(nn.Module):
    """`Rk`: 3×3 Convolution-InstanceNorm-ReLU-3×3 Convolution-InstanceNorm with a skip connection."""

    def __init__(self, channels: int):
        super().__init__()
        layers = [*_convolution(channels, channels, 3), *_convolution(channels, channels, 3)]
        self.body = nn.Sequential(*layers[:-1])

    def forward(self, features: Tensor) -> Tensor:
        """(n, k, h, w) to (n, k, h, w)."""
        return features + self.body(features)


@register_network
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
            *_convolution(3, w, 7), *_convolution(w, 2 * w, 3, 2), *_convolution(2 * w, 4 * w, 3, 2),
            *[ResidualBlock(4 * w) for _ in range(blocks)], *self._up(4 * w, 2 * w),
            *self._up(2 * w, w, layout=torch.channels_last), ImageConvolution(w, 3, 7),
        )  # fmt: skip

    @staticmethod
    def _up(into: int, out: int, layout: torch.memory_format = torch.contiguous_format) -> list[nn.Module]:
        up = nn.ConvTranspose2d(into, out, 3, stride=2, padding=1, output_padding=1)
        return [up, InstanceNorm(out, layout), nn.ReLU(inplace=True)]

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to the same; h and w multiples of 4."""
        return torch.tanh(self.net(images))


@register_network
class Discriminator(nn.Module):
    """`C-s2-w-R, C-s2-2w-NR, C-s2-4w-NR, C-s1-8w-NR, C-s1-1`, then a sigmoid; w = 32 in the paper.

    `N` is an instance norm, `R` a leaky ReLU of slope 0.2; every convolution is 4×4. Each output
    judges one patch of the image.
    """

    def __init__(self, width: int = 32):
        super().__init__()
        w = width
        self.net = nn.Sequential(
            nn.Conv2d(3, w, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
            *self._layer(w, 2 * w, 2), *self._layer(2 * w, 4 * w, 2), *self._layer(4 * w, 8 * w, 1),
            nn.Conv2d(8 * w, 1, 4, 1, 1),
        )  # fmt: skip

    @staticmethod
    def _layer(into: int, out: int, stride: int) -> list[nn.Module]:
        return [nn.Conv2d(into, out, 4, stride, 1), InstanceNorm(out), nn.LeakyReLU(0.2, inplace=True)]

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to (n, 1, h', w') in (0, 1): 1 where a patch looks real."""
        return torch.sigmoid(self.net(images))


@register_network
class TaskModel(nn.Module):
    """`c-w, c-2w, c-4w, c-8w, c-8w, fc`, then a linear layer; w = 16 and 256 units in the paper.

    `c-k` is a 3×3 Convolution-ReLU with k filters and stride 2. The paper's has no norm. With one, after the
    first four convolutions, what an image's contrast and colours add to all pixels alike is taken out: the
    generator does so, and plain fine-tuning gains half or more of what translation had seemed to give it.

    Args:
        outputs: number of labels, or of classes.
        size: height and width of the images in pixels; one number for both.
        width: filters of the first layer.
        hidden: units of the fully connected layer, the paper's "feature layer".
        norm: `none`, `instance` (without weights) or `group` (with weights, groups of 8 channels).
    """

    def __init__(
        self, outputs: int, size: int | Sequence[int] = 64, width: int = 16, hidden: int = 256,
        norm: str = "none",
    ):  # fmt: skip
        super().__init__()
        height, across = (size, size) if isinstance(size, int) else size
        channels = [3, width, 2 * width, 4 * width, 8 * width, 8 * width]
        layers: list[nn.Module] = []
        for index, (into, out) in enumerate(itertools.pairwise(channels)):
            normed = [NORMS[norm](out)] if norm != "none" and index < NORMED else []
            layers += [nn.Conv2d(into, out, 3, 2, 1), *normed, nn.ReLU(inplace=True)]
            height, across = (height + 1) // 2, (across + 1) // 2
        self.features = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(channels[-1] * height * across, hidden), nn.ReLU(inplace=True)
        )
        self.head = nn.Linear(hidden, outputs)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] (faster on CPUs)

    @property
    def convolutions(self) -> nn.Module:
        """What it sees with: all before the fully connected layers."""
        flatten = next(i for i, layer in enumerate(self.features) if isinstance(layer, nn.Flatten))
        return self.features[:flatten]

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) of `size` in [-1, 1] to (n, outputs), in the scale of `data.LabelScale`, or logits."""
        return self.head(self.features(images))

    def features_and_outputs(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The feature layer (n, hidden), and what `forward` returns."""
        features = self.features(images)
        return features, self.head(features)


class TwoColumnTaskModel(nn.Module):
    """One feature extractor per domain, and one head for both.

    Args:
        task_model: trained in the source domain; both columns start as copies of it.
    """

    def __init__(self, task_model: TaskModel):
        super().__init__()
        self.source = copy.deepcopy(task_model)
        self.target_features = copy.deepcopy(task_model.features)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Images of both domains, each (n, 3, h, w), to their features, each (n, hidden), and to the
        predictions from these, each (n, outputs)."""
        features_x, features_y = self.source.features(x), self.target_features(y)
        return features_x, features_y, self.source.head(features_x), self.source.head(features_y)

    def target(self) -> TaskModel:
        """A copy of the target's column with the head, as a task model of its own."""
        task_model = copy.deepcopy(self.source)
        task_model.features = copy.deepcopy(self.target_features)
        return task_model
