"""What critics of images have in common: an image is looked at once, and many actions are judged in it."""

from abc import abstractmethod

from torch import Tensor, nn

FIRST_LOGIT = -2.0
"""The last layer's bias: an untrained Q is 0.12 everywhere. Most grasps fail, and a bootstrap that begins at
0.5 teaches that everything is worth that."""


class ImageQ(nn.Module):
    """Q(image, numbers, action), a `QFunction`, in two parts."""

    channels: int
    """c, of the map that it sees an image as."""

    @abstractmethod
    def see(self, images: Tensor) -> Tensor:
        """Images (n, 3, H, W) in [-1, 1] to maps (n, c, h, w)."""

    @abstractmethod
    def judge(self, seen: Tensor, numbers: Tensor, actions: Tensor) -> Tensor:
        """What actions are worth.

        Args:
            seen: `see(images)`, (n, c, h, w).
            numbers: what the robot measures, (n, m).
            actions: k for each image, (n, k, a) in [-1, 1].

        Returns:
            (n, k) logits: Q in (0, 1) is their sigmoid.
        """

    def forward(self, images: Tensor, numbers: Tensor, actions: Tensor) -> Tensor:
        """(n, 3, H, W), (n, m) and one action for each, (n, a), to logits (n,)."""
        return self.judge(self.see(images), numbers, actions[:, None])[:, 0]


def convolution(into: int, out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution, a norm within each image, and ReLU; it keeps the size, or divides it by the stride."""
    return nn.Sequential(
        nn.Conv2d(into, out, kernel, stride, kernel // 2), nn.GroupNorm(8, out), nn.ReLU(inplace=True)
    )


def head(inputs: int, hidden: int) -> nn.Sequential:
    """Two hidden layers and a logit."""
    last = nn.Linear(hidden, 1)
    nn.init.constant_(last.bias, FIRST_LOGIT)
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, hidden),
        nn.ReLU(inplace=True),
        last,
    )
