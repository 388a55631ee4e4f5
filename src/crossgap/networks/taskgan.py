"""The networks of TaskGAN (section 3.2): translator, discriminator and task model, of one column and of two.

The translator's is after Johnson et al. 2016 and Zhu et al. 2017. Some layers of torch.nn are computed in a
faster way: the same formula, parameters and names of weights, and results that differ by rounding alone. What
each gains: `docs/log.md`, 2026-11-21.
"""

import copy
import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossgap.networks.registry import register_network


def _own_precision(features: Tensor) -> AbstractContextManager:
    """Autocast off: it would compute in float32 what is as exact in bfloat16, a copy or rounded once."""
    kind = features.device.type
    return torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext()


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without weights, as a group norm with one channel per group.

    `nn.InstanceNorm2d` takes the kernel of batch norm, which is slower, backwards most of all.

    Args:
        channels: k.
        layout: memory format of what it returns; what follows keeps to it.
    """

    def __init__(self, channels: int, layout: torch.memory_format = torch.contiguous_format):
        super().__init__(channels)
        self.layout = layout

    def forward(self, features: Tensor) -> Tensor:
        """(n, k, h, w) to the same, of mean 0 and variance 1 over h and w."""
        with _own_precision(features):
            # channels_last takes a slow kernel here
            normed = functional.group_norm(features.contiguous(), self.num_features, eps=self.eps)
        return normed.contiguous(memory_format=self.layout)


class ReflectedConvolution(nn.Conv2d):
    """A convolution of stride 1 that keeps the size, the border reflected.

    Args:
        into: channels in.
        out: channels out.
        kernel: width and height of the kernel, odd.
    """

    def __init__(self, into: int, out: int, kernel: int):
        super().__init__(into, out, kernel, padding=kernel // 2, padding_mode="reflect")

    def padded(self, features: Tensor) -> Tensor:
        """(n, k, h, w) to (n, k, h + kernel − 1, w + kernel − 1)."""
        border = self.kernel_size[0] // 2
        with _own_precision(features):
            return functional.pad(features, (border,) * 4, mode="reflect")

    def forward(self, features: Tensor) -> Tensor:
        """(n, into, h, w) to (n, out, h, w)."""
        return functional.conv2d(self.padded(features), self.weight, self.bias)


class ImageConvolution(ReflectedConvolution):
    """The same for few channels out, such as an image's three: four pixels at once.

    Processors compute channels by eights or sixteens, so three would leave most of each instruction idle.
    Here the 2×2 neighbours of a pixel are channels too: the kernel stands at its four places in one that is
    larger by 1, which moves by 2. Fastest on channels_last.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(n, into, h, w) to (n, out, h, w); h and w even."""
        places = [(x, 1 - x, y, 1 - y) for y in (0, 1) for x in (0, 1)]
        weight = torch.stack([functional.pad(self.weight, place) for place in places], 1).flatten(0, 1)
        bias = None if self.bias is None else self.bias.repeat_interleave(4)
        fours = functional.conv2d(self.padded(features), weight, bias, stride=2)
        return functional.pixel_shuffle(fours, 2)


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
        size: image width and height in pixels.
        width: filters of the first layer.
        hidden: units of the fully connected layer, the paper's "feature layer".
        norm: `none`, `instance` (without weights) or `group` (with weights, groups of 8 channels).
    """

    def __init__(self, outputs: int, size: int = 64, width: int = 16, hidden: int = 256, norm: str = "none"):
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
