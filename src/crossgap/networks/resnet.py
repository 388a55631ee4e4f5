"""CycleGAN's generator (Zhu et al. 2017, appendix 7.2, after Johnson et al. 2016), layer by layer that of the
authors' pytorch-CycleGAN-and-pix2pix."""

import torch
from torch import Tensor, nn

from crossgap.networks.layers import ImageConvolution, ReflectedConvolution, norm_layer, normal_weights
from crossgap.networks.registry import register_network


class ResnetBlock(nn.Module):
    """`Rk`: two reflect-padded 3×3 Convolution-Norm, a ReLU between them, with a skip connection."""

    def __init__(self, channels: int, norm: str):
        super().__init__()
        bias = norm == "instance"
        first, second = (ReflectedConvolution(channels, channels, 3, bias) for _ in range(2))
        self.body = nn.Sequential(
            first, norm_layer(channels, norm), nn.ReLU(inplace=True), second, norm_layer(channels, norm)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, k, h, w) to (n, k, h, w)."""
        return features + self.body(features)


@register_network
class ResnetGenerator(nn.Module):
    """`c7s1-w, d2w, d4w, R4w × blocks, u2w, uw, c7s1-3`, with w = 64 and, in the paper, 9 blocks from 256
    pixels on and 6 below.

    It differs from TaskGAN's `Generator` in the reflected borders of its blocks and in how it begins.

    Args:
        width: w, filters of the first layer.
        blocks: number of residual blocks.
        norm: `instance` (without weights) or `batch`.
        channels: of the images.
    """

    def __init__(self, width: int = 64, blocks: int = 9, norm: str = "instance", channels: int = 3):
        super().__init__()
        w, bias = width, norm == "instance"

        def down(into: int, out: int) -> list[nn.Module]:
            return [nn.Conv2d(into, out, 3, 2, 1, bias=bias), norm_layer(out, norm), nn.ReLU(inplace=True)]

        def up(into: int, out: int, layout=torch.contiguous_format) -> list[nn.Module]:
            convolution = nn.ConvTranspose2d(into, out, 3, 2, padding=1, output_padding=1, bias=bias)
            return [convolution, norm_layer(out, norm, layout), nn.ReLU(inplace=True)]

        self.net = nn.Sequential(
            ReflectedConvolution(channels, w, 7, bias), norm_layer(w, norm), nn.ReLU(inplace=True),
            *down(w, 2 * w), *down(2 * w, 4 * w), *[ResnetBlock(4 * w, norm) for _ in range(blocks)],
            *up(4 * w, 2 * w), *up(2 * w, w, torch.channels_last), ImageConvolution(w, channels, 7),
        )  # fmt: skip
        normal_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, h, w) in [-1, 1] to the same; h and w multiples of 4."""
        return torch.tanh(self.net(images))

    def features(self, images: Tensor) -> list[Tensor]:
        """What CUT compares of images (n, channels, h, w), from fine to coarse: they themselves, and then
        (n, k, h', w') of both convolutions of stride 2, of the first residual block and of the fifth, or the
        last."""
        layers = list(self.net)
        blocks = [index for index, layer in enumerate(layers) if isinstance(layer, ResnetBlock)][:5]
        found, features = [images], images
        for index, layer in enumerate(layers[: blocks[-1] + 1]):
            features = layer(features)
            if index in (3, 6, blocks[0], blocks[-1]):
                found.append(features)
        return found


def residual_blocks(size: int) -> int:
    """The blocks of a `ResnetGenerator` for images of `size` pixels: 6 up to 128, 9 above (appendix 7.2)."""
    return 6 if size <= 128 else 9
