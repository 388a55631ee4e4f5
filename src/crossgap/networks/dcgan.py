"""The networks of DCGAN (Radford, Metz and Chintala 2015, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", section 3 and figure 1): noise to image, and image to logit.

There is no pooling and no fully connected layer: every layer is a convolution with a stride, and learns its
own up- or downsampling. Weights begin as in section 4.
"""

import itertools

from torch import Tensor, nn

from crossgap.networks.layers import normal_weights
from crossgap.networks.registry import register_network

SLOPE = 0.2
"""Of the leaky ReLU (section 4)."""


def doublings(size: int) -> int:
    """How often 4 pixels are doubled to get `size`.

    Raises:
        ValueError: it is none of 8, 16, 32, 64, …
    """
    times = size.bit_length() - 3
    if times < 1 or size != 4 << times:
        raise ValueError(
            f"a size of 4 pixels doubled once or more (8, 16, 32, 64, 128, …) is needed, not {size}"
        )
    return times


@register_network
class DCGANGenerator(nn.Module):
    """G: noise (n, noise) through 4 × 4 pixels, doubled by every transposed convolution, to an image.

    Batch norm after every layer but the last (section 3), so that images of one batch depend on each other in
    training, and not in evaluation.

    Args:
        size: width and height of the images in pixels: 4 · 2^k.
        noise: numbers that an image is drawn from; 100 in the paper.
        width: filters of the last hidden layer; each one before has twice as many. 128 in the paper.
        leaky: leaky ReLU of slope 0.2 between the layers, for the paper's ReLU.

    Raises:
        ValueError: there is no k for this size.
    """

    def __init__(self, size: int = 64, noise: int = 100, width: int = 64, leaky: bool = False):
        super().__init__()
        self.noise = noise
        channels = [width << power for power in reversed(range(doublings(size)))]

        def hidden(layer: nn.ConvTranspose2d) -> list[nn.Module]:
            between = nn.LeakyReLU(SLOPE, inplace=True) if leaky else nn.ReLU(inplace=True)
            return [layer, nn.BatchNorm2d(layer.out_channels), between]

        layers = hidden(nn.ConvTranspose2d(noise, channels[0], 4, bias=False))
        for into, out in itertools.pairwise(channels):
            layers += hidden(nn.ConvTranspose2d(into, out, 4, 2, 1, bias=False))
        self.net = nn.Sequential(*layers, nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh())
        normal_weights(self)

    def forward(self, noise: Tensor) -> Tensor:
        """(n, noise), of N(0, 1), to (n, 3, size, size) in [-1, 1]."""
        return self.net(noise[:, :, None, None])


@register_network
class DCGANDiscriminator(nn.Module):
    """D: an image, halved by every convolution to 4 × 4 pixels, to one raw logit.

    Leaky ReLU all through, batch norm after every layer but the first and the last (section 3).

    Args:
        size: width and height of the images in pixels: 4 · 2^k.
        width: filters of the first layer; each one after has twice as many.

    Raises:
        ValueError: there is no k for this size.
    """

    def __init__(self, size: int = 64, width: int = 64):
        super().__init__()
        channels = [width << power for power in range(doublings(size))]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(SLOPE, inplace=True)]
        for into, out in itertools.pairwise(channels):
            layers += [nn.Conv2d(into, out, 4, 2, 1, bias=False), nn.BatchNorm2d(out)]
            layers += [nn.LeakyReLU(SLOPE, inplace=True)]
        self.net = nn.Sequential(*layers, nn.Conv2d(channels[-1], 1, 4))
        normal_weights(self)

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, size, size) in [-1, 1] to logits (n,), above 0 where an image looks real."""
        return self.net(images).flatten()

    def apart(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of two batches, each normed by its own statistics: together they would show D at once
        which batch an image is of."""
        return self(real), self(fake)
