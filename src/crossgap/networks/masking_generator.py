"""A generator that also says what is where in the image that it gets."""

import torch
from torch import Tensor

from crossgap.networks.registry import register_network
from crossgap.networks.skip_generator import SkipNetwork


@register_network
class MaskingGenerator(SkipNetwork):
    """As `SkipGenerator`, with logits of classes from the same features: the generators of GraspGAN and RCAN.

    Args:
        classes: how many there are, c.
        width: filters at full resolution, twice and four times as many below.
        blocks: residual blocks.
    """

    def __init__(self, classes: int = 4, width: int = 16, blocks: int = 2):
        super().__init__(3 + classes, width, blocks)
        self.classes = classes

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to the same; h and w multiples of 4."""
        return self.with_masks(images)[0]

    def with_masks(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and logits (n, c, h, w)."""
        image, logits = self.maps(images).tensor_split([3], 1)
        return torch.tanh(image), logits
