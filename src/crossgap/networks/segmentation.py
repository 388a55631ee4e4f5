"""What is where in an image: a class for every pixel."""

from torch import Tensor

from crossgap.networks.registry import register_network
from crossgap.networks.skip_generator import SkipNetwork


@register_network
class SegmentationNetwork(SkipNetwork):
    """A small U-Net, as `SkipGenerator`, that names the pixels.

    Args:
        classes: how many there are, c.
        width: filters at full resolution, twice and four times as many below.
        blocks: residual blocks.
    """

    def __init__(self, classes: int = 4, width: int = 16, blocks: int = 2):
        super().__init__(classes, width, blocks)
        self.classes = classes

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to logits (n, c, h, w); h and w multiples of 4."""
        return self.maps(images)
