"""QT-Opt's critic (Kalashnikov et al. 2018, figure 8): the action's embedding is added to the image's map."""

import torch
from torch import Tensor, nn

from crossgap.errors import CrossgapError
from crossgap.networks.q_functions.critic import ImageQ, convolution, head
from crossgap.networks.registry import register_network


@register_network
class AddedActionQ(ImageQ):
    """The paper's critic, for small images.

    The paper embeds each part of action and state by a linear layer of its own, and adds these up: that is
    one linear layer of all of them. Its six convolutions before the sum and nine after it, for images of 472
    pixels, are five and three here; batch norm is a norm within an image, as both domains are in one batch.

    Args:
        numbers: m, that the robot measures itself.
        actions: a, of an action.
        size: width and height of the images, a multiple of 16.
        width: filters of the first layer.
        channels: c, of the map that the action is added to.
        hidden: units of both fully connected layers; the paper's 64.
        coordinates: whether the map has x and y of every place, too. Not of the paper: an action names a
            place, and without them only the fully connected layers know where a feature is. It learnt a toy
            from half as many updates.

    Raises:
        CrossgapError: `size` is no multiple of 16; in a pass, images are of another size.
    """

    def __init__(
        self, numbers: int, actions: int, size: int = 64, width: int = 16, channels: int = 64,
        hidden: int = 64, coordinates: bool = True,
    ):  # fmt: skip
        super().__init__()
        if size < 16 or size % 16:
            raise CrossgapError(f"AddedActionQ takes images whose size is a multiple of 16; got size={size}.")
        self.size, self.channels = size, channels
        self.places = nn.Conv2d(channels + 2, channels, 1) if coordinates else None
        self.before = nn.Sequential(
            convolution(3, width, 5, 2), convolution(width, width),
            convolution(width, channels, 3, 2), convolution(channels, channels),
            convolution(channels, channels, 3, 2),
        )  # fmt: skip
        self.embed = nn.Sequential(
            nn.Linear(numbers + actions, 256), nn.ReLU(inplace=True), nn.Linear(256, channels), nn.ReLU()
        )
        self.after = nn.Sequential(
            convolution(channels, channels), convolution(channels, channels), nn.MaxPool2d(2),
            convolution(channels, channels), nn.Flatten(), head(channels * (size // 16) ** 2, hidden),
        )  # fmt: skip

    def see(self, images: Tensor) -> Tensor:
        """(n, 3, H, W) to (n, c, H/8, W/8)."""
        if images.shape[2:] != (self.size, self.size):
            h, w = images.shape[2:]
            raise CrossgapError(
                f"This AddedActionQ was made for images of {self.size}×{self.size} pixels; got {h}×{w}. "
                "Make it with another `size`, or scale them."
            )
        seen = self.before(images)
        if self.places is None:
            return seen
        h, w = (torch.linspace(-1, 1, side, device=seen.device) for side in seen.shape[2:])
        places = torch.stack(torch.meshgrid(w, h, indexing="xy")).expand(len(seen), -1, -1, -1)
        return self.places(torch.cat([seen, places], 1))

    def judge(self, seen: Tensor, numbers: Tensor, actions: Tensor) -> Tensor:
        """As of `ImageQ`."""
        measured = numbers[:, None].expand(-1, actions.shape[1], -1)
        embedded = self.embed(torch.cat([actions, measured], 2))
        both = seen[:, None] + embedded[..., None, None]
        return self.after(both.flatten(0, 1)).view(actions.shape[:2])
