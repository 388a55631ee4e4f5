"""DeepDream (Mordvintsev, Olah and Tyka 2015, "Inceptionism: going deeper into neural networks").

    x ← x + rate ∇ / mean |∇|,    ∇ = d/dx Σ_l mean a_l(x)²

at several sizes ("octaves"), the smallest first: what was added at one is enlarged and added to the picture
at the next. Before each step the picture is rolled by a random number of pixels.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossgap.errors import CrossgapError
from crossgap.methods.deep_dream import DreamConfig
from crossgap.networks.features import Features


def octave_sizes(height: int, width: int, octaves: int, scale: float) -> list[tuple[int, int]]:
    """Sizes (h, w) in pixels, rising to the picture's own, each `scale` times the one before."""
    shrunk = [scale**-power for power in reversed(range(octaves))]
    return [(max(1, round(height * by)), max(1, round(width * by))) for by in shrunk]


def tiles(height: int, width: int, tile: int) -> Iterator[tuple[slice, slice]]:
    """Parts that cover the picture once, of like sizes, none larger than `tile`."""
    rows, columns = (
        [round(side * part / parts) for part in range(parts + 1)]
        for side, parts in ((side, math.ceil(side / tile)) for side in (height, width))
    )
    for top, bottom in itertools.pairwise(rows):
        for left, right in itertools.pairwise(columns):
            yield slice(top, bottom), slice(left, right)


class DeepDream:
    """Gradient ascent on what layers of a network answer to a picture.

    Args:
        network: images (n, 3, h, w) in [-1, 1] to anything; it is frozen.
        layers: whose activations are raised.
        config: sizes, steps and rate.
        seed: of the rolls.
        bf16: whether the network computes in bfloat16.

    Raises:
        CrossgapError: the network has no such layer.
    """

    def __init__(
        self, network: nn.Module, layers: Sequence[str], config: DreamConfig, seed: int = 0,
        bf16: bool = False,
    ):  # fmt: skip
        self.features, self.config, self.bf16 = Features(network, layers), config, bf16
        self.generator = torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def activation(self, picture: Tensor) -> float:
        """What is raised: the mean over the layers, of (1, 3, h, w) in [-1, 1] as it is."""
        return sum(share * float(self._response(part)) for _, share, part in self._parts(picture))

    def gradient(self, picture: Tensor) -> Tensor:
        """Its gradient, (1, 3, h, w). Where the picture has several tiles, a layer does not see past the
        border of one: right at the border the gradient differs, as far in as the layer sees."""
        gradient = torch.empty_like(picture)
        for place, share, part in self._parts(picture):
            part = part.detach().clone().requires_grad_()
            (gradient[place],) = torch.autograd.grad(share * self._response(part), part)
        return gradient

    def _parts(self, picture: Tensor) -> Iterator[tuple[tuple[slice, ...], float, Tensor]]:
        """Tiles: where each is, its share of the picture's area, and its pixels."""
        height, width = picture.shape[2:]
        for rows, columns in tiles(height, width, self.config.tile):
            place = slice(None), slice(None), rows, columns
            part = picture[place]
            yield place, part[0, 0].numel() / (height * width), part

    def _response(self, part: Tensor) -> Tensor:
        with torch.autocast(part.device.type, torch.bfloat16, enabled=self.bf16):
            found = [answer.float() for answer in self.features(part).values()]
        if self.config.objective == "square":
            found = [answer.square() for answer in found]
        return torch.stack([answer.mean() for answer in found]).mean()

    def __call__(self, picture: Tensor, advance: Callable[[int], None] = lambda count: None) -> Tensor:
        """The dream, (1, 3, h, w) in [-1, 1].

        Args:
            picture: of the same shape and range.
            advance: called with the number of steps just done, of `octaves` · `steps`.

        Raises:
            CrossgapError: the layers do not answer to it at all, or it is too small for the network.
        """
        changed, added = picture, torch.zeros_like(picture)
        height, width = picture.shape[2:]
        for size in octave_sizes(height, width, self.config.octaves, self.config.scale):
            base = _resized(picture, size)
            changed = base + _resized(added, size)
            for _ in range(self.config.steps):
                changed = self._ascended(changed)
                advance(1)
            added = changed - base
        return changed

    def _ascended(self, picture: Tensor) -> Tensor:
        """One step up."""
        jitter, rolled = self.config.jitter, (2, 3)
        by = tuple(torch.randint(-jitter, jitter + 1, (2,), generator=self.generator).tolist())
        gradient = self.gradient(picture.roll(by, rolled)).roll((-by[0], -by[1]), rolled)
        size = gradient.abs().mean()
        if not size > 0:
            raise CrossgapError(
                f"The layers {', '.join(self.features.layers)} do not answer to this picture: their "
                f"gradient is {float(size):g}. Expected other layers, or another picture."
            )
        return (picture + self.config.rate * gradient / size).clamp(-1, 1)


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    if picture.shape[2:] == size:
        return picture
    return functional.interpolate(picture, size, mode="bicubic", antialias=True, align_corners=False)
