"""Statistics of a feature, as `meta/stats.json` and LeRobot's tools have them."""

from __future__ import annotations

from typing import Any

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
LARGE, USED = 300, 150
"""Of larger images every so many pixels are used that about so many remain on a side, as LeRobot does."""


def number_stats(values: np.ndarray) -> dict[str, Any]:
    """Of values (n, …) along n; numbers that are alone are lists of one."""
    if values.ndim == 1:
        values = values[:, None]
    values = values.astype(np.float64)
    found = {"min": values.min(0), "max": values.max(0), "mean": values.mean(0), "std": values.std(0)}
    found |= {name: np.quantile(values, q, axis=0) for name, q in QUANTILES.items()}
    return {name: value.tolist() for name, value in found.items()} | {"count": [len(values)]}


class Levels:
    """How often each level of each channel is in some images: all their statistics, in 768 numbers."""

    def __init__(self) -> None:
        self.counts, self.images = np.zeros((3, 256), np.int64), 0

    def add(self, image: np.ndarray) -> None:
        """Count an image (H, W, 3) uint8."""
        height, width = image.shape[:2]
        step = max(height, width) // USED if max(height, width) >= LARGE else 1
        for channel in range(3):
            self.counts[channel] += np.bincount(image[::step, ::step, channel].ravel(), minlength=256)
        self.images += 1

    def merge(self, other: Levels) -> None:
        """Count another's images, too."""
        self.counts += other.counts
        self.images += other.images

    def stats(self) -> dict[str, Any]:
        """Of each channel, (3, 1, 1), levels from 0 to 1."""
        levels, total = np.arange(256) / 255, self.counts.sum(1)
        mean = (self.counts * levels).sum(1) / total
        spread = np.sqrt((self.counts * (levels - mean[:, None]) ** 2).sum(1) / total)
        share = self.counts.cumsum(1) / total[:, None]
        there = self.counts > 0
        found = {
            "min": levels[there.argmax(1)], "max": levels[255 - there[:, ::-1].argmax(1)], "mean": mean,
            "std": spread, **{name: levels[(share >= q).argmax(1)] for name, q in QUANTILES.items()},
        }  # fmt: skip
        return {name: value.reshape(3, 1, 1).tolist() for name, value in found.items()} | {
            "count": [self.images]
        }
