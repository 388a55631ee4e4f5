"""AlexNet (Krizhevsky et al. 2012) as a feature extractor; the seed compared it with its 3-layer network."""

from pathlib import Path

import torch
from torch import Tensor, nn

from crossgap.errors import CrossgapError


class AlexNetExtractor(nn.Module):
    """AlexNet's five convolutions, in the form of Krizhevsky 2014 that is commonly pre-trained, and a head.

    Its own fully connected layers need 224 pixels; images of 84 leave it one place to look at, 256 features.

    Args:
        channels: of the image.
        size: width and height of the image in pixels, at least 63.
        outputs: coordinates of the position.
    """

    def __init__(self, channels: int = 3, size: int = 84, outputs: int = 3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Flatten(),
        )  # fmt: skip
        with torch.no_grad():
            features = self.features(torch.zeros(1, channels, size, size)).shape[1]
        self.head = nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Linear(128, outputs))

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, size, size) in [-1, 1] to positions (n, outputs), scaled to the workspace."""
        return self.head(self.features(images))

    def load_features(self, path: Path) -> None:
        """Take the convolutions' weights from a safetensors file with torchvision's names,
        `features.0.weight` and so on; what else is in it, its classifier, is left.

        Raises:
            CrossgapError: the file is damaged, lacks one, or one has another shape (three channels are what
                they are trained with).
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            found = load_file(path)
        except (OSError, SafetensorError) as error:
            raise CrossgapError(f"{path} is not a readable safetensors file: {error}.") from error
        for name, weight in self.features.state_dict(prefix="features.").items():
            shape = tuple(found[name].shape) if name in found else "nothing"
            if shape != tuple(weight.shape):
                raise CrossgapError(f"{path}: expected {name} of shape {tuple(weight.shape)}; got {shape}.")
            weight.copy_(found[name])
