"""Layers of torch.nn, some computed in a faster way: the same formula, parameters and names of weights, and
results that differ by rounding alone. What each gains: `docs/log.md`, 2026-11-21. And how a GAN begins.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional


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
        bias: whether a bias is added, which a batch norm behind it would take out again.
    """

    def __init__(self, into: int, out: int, kernel: int, bias: bool = True):
        super().__init__(into, out, kernel, padding=kernel // 2, padding_mode="reflect", bias=bias)

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


def norm_layer(channels: int, kind: str, layout: torch.memory_format = torch.contiguous_format) -> nn.Module:
    """A norm of `kind` "instance", without weights, or "batch", with weights, which needs no bias before it;
    `layout` is that of `InstanceNorm`."""
    return InstanceNorm(channels, layout) if kind == "instance" else nn.BatchNorm2d(channels)


def normal_weights(network: nn.Module) -> None:
    """Draw all weights from N(0, 0.02), those of batch norm from N(1, 0.02); biases are 0: how the networks
    of pix2pix (Isola et al. 2017, section 6.2) and CycleGAN begin."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.BatchNorm2d):
            nn.init.normal_(layer.weight, float(isinstance(layer, nn.BatchNorm2d)), 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
