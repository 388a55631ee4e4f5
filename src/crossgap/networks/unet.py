"""pix2pix's generator (Isola et al. 2017, section 3.2.1): an encoder and a decoder, with skips between."""

import torch
from torch import Tensor, nn

from crossgap.networks.layers import norm_layer, normal_weights
from crossgap.networks.registry import register_network


@register_network
class UNet(nn.Module):
    """A U-Net of 4×4 convolutions of stride 2; level i has min(2^i, 8) × `width` filters.

    `down` and `up` hold a level each, from the outermost to the innermost. A level of `down` is leaky
    ReLU-Convolution-Norm, without ReLU at the outermost, without norm at it and the innermost; one of `up` is
    ReLU-Transposed Convolution-Norm, and at the outermost tanh instead of the norm. Dropout of 0.5 follows
    where `up` has 8 × `width` filters, but at the innermost: three times with 8 levels, never with fewer
    than 6.

    Args:
        levels: at least 2; images are halved as often.
        width: filters of the outermost level.
        norm: `batch` or `instance`.
        dropout: whether there is any.
        channels: of the images that come in.
        out_channels: of those that come out.
    """

    def __init__(
        self, levels: int, width: int = 64, norm: str = "batch", dropout: bool = True, channels: int = 3,
        out_channels: int = 3,
    ):  # fmt: skip
        super().__init__()
        bias = norm == "instance"  # batch norm has its own
        widths = [width * min(2**level, 8) for level in range(levels)]
        self.down = nn.ModuleList([nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1, bias=bias))])
        self.up = nn.ModuleList(
            [nn.Sequential(nn.ReLU(inplace=True), nn.ConvTranspose2d(2 * width, out_channels, 4, 2, 1))]
        )
        for level in range(1, levels):
            outer, inner, innermost = widths[level - 1], widths[level], level == levels - 1
            down = [nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(outer, inner, 4, 2, 1, bias=bias)]
            self.down.append(nn.Sequential(*down, *([] if innermost else [norm_layer(inner, norm)])))
            joined = inner if innermost else 2 * inner  # what comes up from below, and the skip
            up = [nn.ConvTranspose2d(joined, outer, 4, 2, 1, bias=bias), norm_layer(outer, norm)]
            dropped = [nn.Dropout(0.5)] if dropout and outer == 8 * width and not innermost else []
            self.up.append(nn.Sequential(nn.ReLU(inplace=True), *up, *dropped))
        normal_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, h, w) in [-1, 1] to (n, out_channels, h, w) in [-1, 1]; h and w multiples of
        2^`levels`."""
        skips, features = [], images
        for down in self.down:
            features = down(features)
            skips.append(features)
        features = self.up[-1](skips.pop())
        for up in reversed(self.up[:-1]):  # type: ignore[arg-type] (a slice is a ModuleList)
            features = up(torch.cat([skips.pop(), features], 1))
        return torch.tanh(features)
