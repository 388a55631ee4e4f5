"""What `Preparation.prepare` does to a camera's image, as a graph: a region, Lanczos, black bars, a range.

ONNX's `Resize` knows no Lanczos, so the scaling is what it is in Pillow: two products with a matrix each, of
weights in 22 bits, first along rows and then along columns, rounded to bytes after each.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from crossgap.data.preparation import Preparation
from crossgap.data.sizes import Size

SUPPORT = 3.0
"""Of Lanczos' window, in pixels of the coarser image."""
BITS = 22
"""Of the weights, as Pillow has them for bytes."""


def lanczos(length: int, to: int) -> np.ndarray:
    """The weights (to, length) that scale a line of pixels with Lanczos, as in Pillow's `Resample.c`."""
    scale = length / to
    stretch = max(scale, 1.0)
    weights = np.zeros((to, length))
    for pixel in range(to):
        centre = (pixel + 0.5) * scale
        first = max(0, int(centre - SUPPORT * stretch + 0.5))
        last = min(length, int(centre + SUPPORT * stretch + 0.5))
        x = (np.arange(first, last) - centre + 0.5) / stretch
        window = np.where(np.abs(x) < SUPPORT, np.sinc(x) * np.sinc(x / SUPPORT), 0.0)
        weights[pixel, first:last] = window / window.sum()
    return np.trunc(weights * 2**BITS + np.copysign(0.5, weights)) / 2**BITS


class Prepare(nn.Module):
    """A camera's images (n, H, W, 3) uint8, or with a range (n, H, W) float32, to what a network sees,
    (n, h, w, 3) uint8.

    Args:
        preparation: what becomes of them.
        camera: their height and width.

    Raises:
        CrossgapError: the region of interest does not lie in such images.
    """

    rows: Tensor | None
    columns: Tensor | None

    def __init__(self, preparation: Preparation, camera: Size):
        super().__init__()
        self.range, self.size = preparation.value_range, preparation.size
        x, y, width, height = preparation.roi or (0, 0, camera[1], camera[0])
        self.region = x, y, width, height
        place = preparation.placed(height, width)
        top, left = max(0, -place.top), max(0, -place.left)
        rows = lanczos(height, place.scaled[0])[top : top + self.size[0]]
        columns = lanczos(width, place.scaled[1])[left : left + self.size[1]]
        down, right = max(0, place.top), max(0, place.left)
        self.bars = right, self.size[1] - right - len(columns), down, self.size[0] - down - len(rows)
        # without the pixels that no kept one is made of
        used = (slice(*_span(rows)), slice(*_span(columns)))
        self.used = used
        whole = place.scaled == (height, width)
        self.register_buffer("rows", None if whole else torch.from_numpy(rows[:, used[0]]))
        self.register_buffer("columns", None if whole else torch.from_numpy(columns[:, used[1]]))

    def forward(self, images: Tensor) -> Tensor:
        """(n, H, W, 3) uint8, or (n, H, W) float32, to (n, h, w, 3) uint8."""
        x, y, width, height = self.region
        seen = images[:, y : y + height, x : x + width]
        seen = seen[:, self.used[0], self.used[1]]
        # in double precision sums of bytes times weights are exact, as Pillow's integers are
        seen = self._grey(seen) if self.range else seen.permute(0, 3, 1, 2).to(torch.float64)
        if self.rows is not None and self.columns is not None:
            seen = _bytes(seen @ self.columns.T)
            seen = _bytes(self.rows @ seen)
        seen = functional.pad(seen, self.bars)
        if self.range:
            seen = seen.expand(-1, 3, -1, -1)
        return seen.permute(0, 2, 3, 1).to(torch.uint8)

    def _grey(self, values: Tensor) -> Tensor:
        """`data.preparation.mapped`, (n, H, W) to (n, 1, H, W)."""
        low, high = self.range or (0.0, 1.0)
        level = 255 * (values.to(torch.float64) - low) / (high - low)
        return torch.where(level.isnan(), 0.0, level).clamp(0, 255).round()[:, None]


def _span(weights: np.ndarray) -> tuple[int, int]:
    """From which to which column a matrix has any weights."""
    used = np.flatnonzero(weights.any(0))
    return int(used[0]), int(used[-1]) + 1


def _bytes(level: Tensor) -> Tensor:
    """Rounded as integers are that are shifted, and cut to what a byte holds."""
    return level.add(0.5).floor().clamp(0, 255)
