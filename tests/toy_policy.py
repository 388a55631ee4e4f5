"""Policies of a toy world, made by functions as a user's would be: they say where a square is."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

SIZE = 24


class WhereIsRed(nn.Module):
    """(n, 3, H, W) in [0, 1] to (n, 2): the place of what is red, rows and columns in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.colour = nn.Conv2d(3, 1, 1)
        with torch.no_grad():
            self.colour.weight.copy_(torch.tensor([8.0, -4.0, -4.0]).reshape(1, 3, 1, 1))
            self.colour.bias.zero_()

    def forward(self, images: Tensor) -> Tensor:
        weight = self.colour(images).flatten(1).softmax(1)
        line = torch.linspace(-1, 1, images.shape[-1], device=images.device)
        rows, columns = torch.meshgrid(line, line, indexing="ij")
        return torch.stack([(weight * place.flatten()).sum(1) for place in (rows, columns)], 1)


class TwoCameras(nn.Module):
    """A dict of two cameras and a state (n, 1) to a chunk of two actions (n, 2, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.see = WhereIsRed()

    def forward(self, given: dict[str, Tensor]) -> Tensor:
        given = dict(given)
        one, other = self.see(given["left"]), self.see(given["right"])
        return torch.stack([one, other + given["state"]], 1)


class Blind(nn.Module):
    """Its action hangs on no image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            return images.mean((2, 3))[:, :2] * self.weight


class Remembering(WhereIsRed):
    """It counts what it sees, in evaluation mode, too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return super().forward(images)


def make() -> nn.Module:
    return WhereIsRed()


def make_two() -> nn.Module:
    return TwoCameras()


def make_blind() -> nn.Module:
    return Blind()


def make_remembering() -> nn.Module:
    return Remembering()


def make_nothing() -> str:
    return "no network"


def make_badly() -> nn.Module:
    raise RuntimeError("no weights here.\nsecond line")


NUMBER = 3


def absolute(said: Tensor, wanted: Tensor) -> Tensor:
    """A loss of one's own."""
    return (said - wanted).abs().mean()


def squares(count: int, seed: int, target: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, SIZE, SIZE, 3) uint8 of a square, red on black, or blue on grey in the target; and where it
    is, (n, 2) float32."""
    rng = np.random.default_rng(seed)
    ground, square = ((70, 70, 70), (40, 60, 220)) if target else ((10, 10, 10), (220, 20, 20))
    images = np.full((count, SIZE, SIZE, 3), ground, np.uint8)
    corners = rng.integers(1, SIZE - 7, (count, 2))
    for image, (row, column) in zip(images, corners, strict=True):
        image[row : row + 6, column : column + 6] = square
    return images, ((corners + 2.5) / (SIZE - 1) * 2 - 1).astype(np.float32)


class Reaching(nn.Module):
    """A dict of two cameras and a state (n, 1) to actions (n, 2): the place of what both cameras see, which a
    little network finds by its colour, moved by the state; how far is to be learnt."""

    def __init__(self) -> None:
        super().__init__()
        self.see = WhereIsRed()
        self.see.colour = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 1, 1))  # type: ignore
        self.gain = nn.Parameter(torch.zeros(1))
        self.fixed = nn.Parameter(torch.ones(1), requires_grad=False)

    def forward(self, given: dict[str, Tensor]) -> Tensor:
        both = self.see(given["left"]) + self.see(given["right"])
        return self.fixed * both / 2 + self.gain * given["state"]


def make_reaching() -> nn.Module:
    return Reaching()


class Variational(Reaching):
    """As LeRobot's ACT: in training it gives more than the action."""

    def forward(self, given: dict[str, Tensor]) -> Tensor:
        said = super().forward(given)
        return (said, said) if self.training else said  # type: ignore[return-value]


class Tied(Reaching):
    """One weight under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.again = self.gain


def make_variational() -> nn.Module:
    return Variational()


def make_tied() -> nn.Module:
    return Tied()


def make_lazy() -> nn.Module:
    return nn.LazyLinear(2)


def not_one_number(said: Tensor, wanted: Tensor) -> Tensor:
    """No loss: one for each action."""
    return (said - wanted).abs()


def of_one_argument(said: Tensor) -> Tensor:
    """No loss: it does not take the action."""
    return said.mean()


class WithoutWeights(nn.Module):
    """How red both cameras' images are, and the state."""

    def forward(self, given: dict[str, Tensor]) -> Tensor:
        red = (given["left"] + given["right"]).mean((2, 3))[:, :1]
        return torch.cat([red, red + given["state"]], 1)


def make_without_weights() -> nn.Module:
    return WithoutWeights()
