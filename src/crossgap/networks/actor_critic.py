"""The networks of the asymmetric actor-critic: images to a position, position and goal to an action, and
what an action is worth."""

from pathlib import Path

import torch
from torch import Tensor, nn

from crossgap.errors import CrossgapError


class PositionExtractor(nn.Module):
    """The "3-layer Conv network to extract the current state (a 3D coordinate of the end effector's
    position)".

    The seed gives no sizes: kernels and strides are those of Mnih et al. 2015, for images of 84 pixels too.

    Args:
        channels: of the image: 3, or 4 with depth; of several cameras together.
        size: width and height of the image in pixels, at least 36.
        width: filters of the first layer; the others have twice as many.
        outputs: coordinates of the position.
        normed: instance norm after the first two convolutions, as in `TaskModel`; the seed's has none.
    """

    def __init__(
        self, channels: int = 3, size: int = 84, width: int = 16, outputs: int = 3, normed: bool = False
    ):
        super().__init__()
        norms = [[nn.InstanceNorm2d(into)] if normed else [] for into in (width, 2 * width)]
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, width, 8, 4), *norms[0], nn.ReLU(),
            nn.Conv2d(width, 2 * width, 4, 2), *norms[1], nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, 1), nn.ReLU(),
            nn.Flatten(),
        )  # fmt: skip
        with torch.no_grad():
            features = self.convolutions(torch.zeros(1, channels, size, size)).shape[1]
        self.head = nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Linear(128, outputs))

    def forward(self, images: Tensor) -> Tensor:
        """(n, channels, size, size) in [-1, 1] to positions (n, outputs), scaled to the workspace."""
        return self.head(self.convolutions(images))


def _mlp(inputs: int, outputs: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs)
    )


class Actor(nn.Module):
    """π: the predicted position and the goal to an action in [-1, 1].

    Args:
        state: coordinates of the position.
        goal: coordinates of the goal.
        actions: numbers of an action.
        hidden: units of both hidden layers.
    """

    def __init__(self, state: int = 3, goal: int = 3, actions: int = 3, hidden: int = 256):
        super().__init__()
        self.net = _mlp(state + goal, actions, hidden)

    def forward(self, state: Tensor, goal: Tensor) -> Tensor:
        """(n, state) and (n, goal) to (n, actions)."""
        return torch.tanh(self.net(torch.cat([state, goal], 1)))


class Critic(nn.Module):
    """Q: the true position, the goal and an action to its worth. Arguments as of `Actor`."""

    def __init__(self, state: int = 3, goal: int = 3, actions: int = 3, hidden: int = 256):
        super().__init__()
        self.net = _mlp(state + goal + actions, 1, hidden)

    def forward(self, state: Tensor, goal: Tensor, action: Tensor) -> Tensor:
        """(n, state), (n, goal) and (n, actions) to (n,)."""
        return self.net(torch.cat([state, goal, action], 1))[:, 0]


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
