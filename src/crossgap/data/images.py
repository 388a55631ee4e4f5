"""Labelled images in memory, and how labels are scaled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from crossgap.errors import CrossgapError


@dataclass(frozen=True)
class LabelledImages:
    """Images of one domain, with what the task model should predict from each."""

    images: np.ndarray
    """(n, H, W, 3) uint8."""
    labels: np.ndarray
    """(n, k) float32, in the label's own units; k = 0 where nothing is known."""
    label_names: tuple[str, ...]
    """The k label columns."""
    episodes: np.ndarray
    """(n,) int: images of one episode belong together, when a set is split."""

    def __post_init__(self) -> None:
        n = len(self.images)
        if self.images.ndim != 4 or self.images.shape[3] != 3 or self.images.dtype != np.uint8:
            raise CrossgapError(
                f"Images must be (n, H, W, 3) uint8; got {self.images.shape} {self.images.dtype}."
            )
        if self.labels.shape != (n, len(self.label_names)) or len(self.episodes) != n:
            raise CrossgapError(
                f"{n} images need labels of shape ({n}, {len(self.label_names)}) and {n} episodes; "
                f"got {self.labels.shape} and {len(self.episodes)}."
            )
        if not np.isfinite(self.labels).all():
            raise CrossgapError("Labels must be finite numbers; found NaN or infinity.")

    def __len__(self) -> int:
        return len(self.images)

    def select(self, index: np.ndarray | slice) -> LabelledImages:
        """The images of an index or a mask."""
        return replace(
            self,
            images=self.images[index],
            labels=self.labels[index],
            episodes=self.episodes[index],
        )


def digest(data: LabelledImages) -> str:
    """A fingerprint of images and labels: other data, other digest."""
    found = hashlib.sha256(",".join(data.label_names).encode())
    for array in (data.images, data.labels):
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()[:16]


@dataclass(frozen=True)
class LabelScale:
    """Brings labels to mean 0 and spread 1, so that a squared error of 1 means "knows nothing".

    λ, learning rates and reported task errors are all in this scale.
    """

    mean: tuple[float, ...]
    """Mean of each label."""
    spread: tuple[float, ...]
    """Standard deviation of each label, in the label's own units."""

    @staticmethod
    def of(data: LabelledImages) -> LabelScale:
        """The scale of a data set, usually the source: it is large."""
        spread = np.maximum(data.labels.std(0, dtype=np.float64), 1e-8)
        mean = data.labels.mean(0, dtype=np.float64)
        return LabelScale(tuple(map(float, mean)), tuple(map(float, spread)))

    def apply(self, labels: np.ndarray) -> np.ndarray:
        """Labels in their own units to the scale, float32."""
        return ((labels - np.array(self.mean)) / np.array(self.spread)).astype(np.float32)

    def invert(self, scaled: np.ndarray) -> np.ndarray:
        """Scaled predictions back to the label's own units, float32."""
        return (scaled * np.array(self.spread) + np.array(self.mean)).astype(np.float32)
