"""PatchGAN, the discriminator of pix2pix (Isola et al. 2017, section 3.2.2) and CycleGAN: each output judges
one patch of the image."""

import functools

from torch import Tensor, nn

from crossgap.errors import CrossgapError
from crossgap.networks.layers import norm_layer, normal_weights
from crossgap.networks.registry import register_network

LAYERS = (1, 2, 3)
"""Convolutions of stride 2 that the papers use, for patches of 16, 34 and 70 pixels."""


@register_network
class PatchDiscriminator(nn.Module):
    """4×4 convolutions: `layers` of stride 2 and two of stride 1, with a norm after all but the ends.

    Args:
        width: filters of the first layer; each further one has twice as many, at most 8 times.
        layers: convolutions of stride 2, at least 1.
        norm: `instance` or `batch`.
        channels: of the images; 6 where a discriminator sees a pair.
    """

    def __init__(self, width: int = 64, layers: int = 3, norm: str = "instance", channels: int = 3):
        super().__init__()
        widths = [width * min(2**layer, 8) for layer in range(layers + 1)]
        inner = [
            self._layer(widths[layer - 1], widths[layer], norm, 2 if layer < layers else 1)
            for layer in range(1, layers + 1)
        ]
        self.net = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
            *[module for modules in inner for module in modules], nn.Conv2d(widths[-1], 1, 4, 1, 1),
        )  # fmt: skip
        normal_weights(self)

    @staticmethod
    def _layer(into: int, out: int, norm: str, stride: int) -> list[nn.Module]:
        convolution = nn.Conv2d(into, out, 4, stride, 1, bias=norm == "instance")  # batch norm has its own
        return [convolution, norm_layer(out, norm), nn.LeakyReLU(0.2, inplace=True)]

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, h, w) in [-1, 1] to (n, 1, h', w'): logits, higher where a patch looks real."""
        return self.net(images)

    def apart(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of two batches, each normed by its own statistics: a batch norm over both would show at
        once which batch an image is of."""
        return self(real), self(fake)


def receptive_field(layers: int) -> int:
    """Width and height in pixels of the patch that one output of a `PatchDiscriminator` sees."""
    return functools.reduce(lambda field, _: 2 * field + 2, range(layers), 7)  # 7: both of stride 1


def patch_layers(size: int) -> int:
    """The layers of a `PatchDiscriminator` for images of `size` pixels: the largest patch of 16, 34 and 70
    pixels that is not larger than the image.

    Raises:
        CrossgapError: the image is smaller than the smallest patch.
    """
    fitting = [layers for layers in LAYERS if receptive_field(layers) <= size]
    if not fitting:
        raise CrossgapError(
            f"Images of {size} pixels are too small for a PatchGAN. Expected at least {receptive_field(1)}, "
            "the size of its smallest patch."
        )
    return fitting[-1]
