"""The nearest image of a set, in pixel space: whether a picture is a copy of one that was trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BLOCK = 1 << 25
"""Numbers of images that are compared at once: 134 MB."""
COPY = 0.5
"""An image may be a copy below this share of the mean distance from a training image to the nearest other
one."""
FAR = 2.0
"""Images are far from those trained on from this multiple of that distance on, on average."""
UNIFORM = 0.25
"""They are nearly alike below this share of the training images' spread."""
REFERENCE = 512
"""How many training images are asked for their nearest; of how many images a spread is."""


def distances(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Between images row by row, (n,): the root mean square difference of their (n, H, W, 3) uint8, in levels
    from 0 to 255."""
    difference = images.reshape(len(images), -1).astype(np.float32) - others.reshape(len(others), -1)
    return np.sqrt(np.square(difference).mean(1, dtype=np.float64))


def nearest(
    images: np.ndarray, others: np.ndarray, own: np.ndarray | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The nearest of some images to each image.

    Args:
        images: (n, H, W, 3) uint8.
        others: (m, H, W, 3) uint8, m at least 1, or 2 with `own`.
        own: (n,) which of the others each image itself is, and is not compared with.
        advance: told how many of the others were just compared.

    Returns:
        The distances (n,) as of `distances`, and the rows (n,) of the nearest.
    """
    flat = images.reshape(len(images), -1).astype(np.float32)
    best, rows = np.full(len(images), np.inf, np.float32), np.zeros(len(images), int)
    size = max(1, BLOCK // max(flat.shape[1], len(images), 1))
    for start in range(0, len(others), size):
        block = others[start : start + size].reshape(-1, flat.shape[1]).astype(np.float32)
        far = np.square(block).sum(1) - 2 * flat @ block.T  # the squared distance, less |image|²
        if own is not None:
            inside = (own >= start) & (own < start + len(block))
            far[inside, own[inside] - start] = np.inf
        closest = far.argmin(1)
        found = far[np.arange(len(images)), closest]
        rows = np.where(found < best, start + closest, rows)
        best = np.minimum(found, best)
        advance(len(block))
    return distances(images, others[rows]), rows


@dataclass(frozen=True)
class Nearness:
    """How near drawn images are to training images, and how near these are to each other."""

    distance: np.ndarray
    """(n,) of each drawn image to its nearest training image, as of `distances`."""
    rows: np.ndarray
    """(n,) which training image that is."""
    among_training: np.ndarray
    """(k,) of up to `REFERENCE` training images to the nearest other one; that is what near means here."""

    spread: float
    """Of the drawn images, as of `spread`."""
    spread_of_training: float

    @property
    def far(self) -> bool:
        """Whether drawn images are farther from training images than these from each other: `FAR`."""
        return bool(self.distance.mean() > FAR * self.among_training.mean())

    @property
    def uniform(self) -> bool:
        """Whether drawn images, of which there are several, are nearly alike: `UNIFORM`."""
        return len(self.distance) > 1 and self.spread < UNIFORM * self.spread_of_training

    @property
    def copies(self) -> int:
        """How many drawn images may be copies: as of `COPY`."""
        return int((self.distance < COPY * self.among_training.mean()).sum())

    @property
    def alike(self) -> float:
        """The share of training images that are as near to another one: what copies are without copying."""
        return float((self.among_training < COPY * self.among_training.mean()).mean())


def spread(images: np.ndarray) -> float:
    """How far images (n, H, W, 3) uint8 are from their mean, the root mean square, in levels."""
    return float(images.reshape(len(images), -1).astype(np.float64).var(0).mean() ** 0.5)


def nearness(
    drawn: np.ndarray, training: np.ndarray, seed: int = 0, advance: Callable[[int], None] = lambda _: None
) -> Nearness:
    """Compare drawn images (n, H, W, 3) uint8 with at least two training images (m, H, W, 3).

    Args:
        drawn: what a sampler drew.
        training: what it was trained on.
        seed: of which training images are asked for their nearest.
        advance: told how many comparisons with a training image's row were just done, of 2 m.
    """
    asked = np.random.default_rng(seed).permutation(len(training))[:REFERENCE]
    distance, rows = nearest(drawn, training, advance=advance)
    among, _ = nearest(training[asked], training, asked, advance)
    return Nearness(distance, rows, among, spread(drawn[:REFERENCE]), spread(training[asked]))
