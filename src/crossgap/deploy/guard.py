"""Whether an image is like those that a model was trained on: a camera that was moved, a light that is off, a
covered lens or another scene are said, before a robot acts on them.

    image ──▶ light in 2×2 cells  ──▶ distance of Mahalanobis ─┐
          ├─▶ light in 4×4 cells  ──▶ the same                ─┼▶ the largest one, 1 at the threshold
          └─▶ edges in 8×8 cells  ──▶ the same, clipped       ─┘

They are fitted to target images that the model was trained on; the threshold is the distance of images beside
them that is exceeded by the share of false alarms. It looks at the image alone, not at the networks: it says
that an image is unlike, not that a prediction is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from crossgap.base.records import mismatch
from crossgap.core.weights import DIGEST, read_tensors, write_tensors
from crossgap.errors import CrossgapError

FILE, KEY = "guard.safetensors", "guard"
"""In a model's folder, and in its description."""
FALSE_ALARMS = 0.005
"""Share of usual images that are called unlike."""
LEAST = 20
"""Target images, with fewer of which there is no guard."""
FOLDS = 5
"""Parts of a set, each of which is judged by a fit to the others."""
SIDE = 64
"""Pixels, to which larger images are averaged first: what is finer is noise."""
ORIENTATIONS = 4
CLIP = 2.0
"""Largest deviation of an edge that counts, in standard deviations: an arm that stands where it never stood
changes some cells much, a camera that moved all of them a little."""
BATCH = 256
"""Images that are looked at at a time."""


class Familiarity(NamedTuple):
    """How like those of the training some images are."""

    score: np.ndarray
    """(n,) how unlike: a usual image is about 0, the threshold is at 1."""

    @property
    def familiar(self) -> np.ndarray:
        """(n,) bool: whether each is like those of the training."""
        return self.score <= 1


def cells(values: np.ndarray, count: int) -> np.ndarray:
    """Means of (n, H, W, c) in a grid of at most count × count cells: (n, rows, columns, c)."""
    for axis in (1, 2):
        length = values.shape[axis]
        starts = np.linspace(0, length, min(count, length) + 1).astype(int)
        sizes = np.diff(starts).reshape((-1, 1) if axis == 2 else (-1, 1, 1))
        values = np.add.reduceat(values, starts[:-1], axis) / sizes
    return values


def light(images: np.ndarray, count: int) -> np.ndarray:
    """Red, green and blue of count × count cells, (n, 3 count²): logarithms, as a lamp multiplies."""
    return np.log(cells(images.astype(np.float32) + 8, count)).reshape(len(images), -1)


def edges(images: np.ndarray) -> np.ndarray:
    """How strong edges of each of 4 orientations are in 8×8 cells, (n, 256): histograms of oriented gradients
    (Dalal and Triggs 2005) of the logarithm, which do not change with the strength of a lamp."""
    grey = np.log(images.astype(np.float32).mean(3, keepdims=True) + 8)[..., 0]
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    strength = np.hypot(across, down)
    angle = np.mod(np.arctan2(down, across), np.pi) / np.pi * ORIENTATIONS
    lower = np.floor(angle).astype(int) % ORIENTATIONS
    share = angle - np.floor(angle)
    bins = np.zeros((*grey.shape, ORIENTATIONS), np.float32)
    np.put_along_axis(bins, lower[..., None], (strength * (1 - share))[..., None], 3)
    upper = (lower + 1) % ORIENTATIONS
    np.put_along_axis(bins, upper[..., None], (strength * share)[..., None], 3)
    return np.sqrt(cells(bins, 8)).reshape(len(images), -1)


VIEWS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "quarters": (partial(light, count=2), np.inf),
    "light": (partial(light, count=4), np.inf),
    "edges": (edges, CLIP),
}
"""What is looked at, and the largest deviation that counts."""


@dataclass(frozen=True)
class Usual:
    """How one view of usual images is distributed."""

    mean: np.ndarray
    """(d,)"""
    spread: np.ndarray
    """(d,) standard deviations, none much smaller than the others."""
    whiten: np.ndarray
    """(d, d) with which deviations have the covariance 1."""
    centre: float = 0.0
    """The median distance of usual images beside those of the fit."""
    unit: float = 1.0
    """How much farther those at the threshold are."""

    @staticmethod
    def fit(features: np.ndarray, clip: float) -> Usual:
        """Of (n, d). The covariance is drawn towards none as if d more images had said so: few images cannot
        tell d × d numbers."""
        mean, spread = features.mean(0), features.std(0)
        spread = np.hypot(spread, 0.3 * np.median(spread) + 1e-6)
        deviations = np.clip((features - mean) / spread, -clip, clip)
        count, size = deviations.shape
        covariance = (deviations.T @ deviations + size * np.eye(size)) / (count + size)
        return Usual(mean, spread, np.linalg.cholesky(np.linalg.inv(covariance)))

    def distance(self, features: np.ndarray, clip: float) -> np.ndarray:
        """Of each of (n, d), (n,): 0 in the middle, 1 at the threshold."""
        deviations = np.clip((features - self.mean) / self.spread, -clip, clip)
        return (np.linalg.norm(deviations @ self.whiten, axis=1) - self.centre) / self.unit


@dataclass(frozen=True)
class Guard:
    """Tells images that are unlike those of a training."""

    usual: dict[str, Usual]
    """By view."""
    size: tuple[int, int]
    """Height and width of the images."""
    images: int
    """How many it was fitted to."""
    held_out: int
    """How many its threshold is of, none of them judged by a fit to itself."""
    false_alarms: float
    """The share of usual images that are called unlike, by these."""

    @staticmethod
    def fit(images: np.ndarray, held_out: np.ndarray, false_alarms: float = FALSE_ALARMS) -> Guard:
        """A guard of usual images, with the threshold of others.

        Args:
            images: (n, h, w, 3) uint8, as the networks see them; such as the model was trained on.
            held_out: others of other episodes.
            false_alarms: the share of usual images that may be called unlike; with fewer held-out images than
                1 over it, none of these is, and the share is at most 1 in their number.

        Raises:
            CrossgapError: there are too few, or the share is none.
        """
        both = np.concatenate([images, held_out])
        fold = np.repeat([-1, 0], [len(images), len(held_out)])
        return _fitted(both, fold, fold < 0, false_alarms)

    @staticmethod
    def of(images: np.ndarray, episodes: np.ndarray, false_alarms: float = FALSE_ALARMS) -> Guard | None:
        """The same of one set: each fifth of its episodes is judged by a fit to the others, and the guard is
        fitted to all; an episode that is more than half of it is taken for five, one after the other in time.
        None where there are fewer than `LEAST` images."""
        if len(images) < LEAST:
            return None
        return _fitted(images, folds(episodes), np.ones(len(images), bool), false_alarms)

    def look(self, images: np.ndarray) -> Familiarity:
        """How like those of the training images (n, h, w, 3) uint8 are, as the networks see them.

        Raises:
            CrossgapError: they are of another size.
        """
        if images.shape[1:3] != self.size:
            raise CrossgapError(
                f"This guard is for images of {self.size[1]}×{self.size[0]} pixels; got "
                f"{images.shape[2]}×{images.shape[1]}."
            )
        found = [one.distance(_features(images, name), VIEWS[name][1]) for name, one in self.usual.items()]
        return Familiarity(np.max(found, 0))

    def save(self, folder: Path) -> dict[str, Any]:
        """Write its file into a model's folder; what the model's description has to say of it."""
        tensors = {
            f"{name}.{key}": torch.from_numpy(np.asarray(value, np.float64))
            for name, one in self.usual.items() for key, value in asdict(one).items()
        }  # fmt: skip
        return {
            "size": list(self.size), "images": self.images, "held_out": self.held_out,
            "false_alarms": self.false_alarms, DIGEST: write_tensors(tensors, folder / FILE),
        }  # fmt: skip

    @staticmethod
    def load(folder: Path, about: Any) -> Guard:
        """Read what `save` wrote.

        Raises:
            CrossgapError: the file is missing or damaged, or `about` is not what `save` returned.
        """
        again = f"Copy it anew, or delete {folder} to make that model again."
        if problem := mismatch(about, SHAPE):
            raise CrossgapError(f"The guard of {folder} is damaged: {problem}. {again}")
        tensors = read_tensors(folder / FILE, folder, about[DIGEST])
        usual = {}
        for name in VIEWS:
            parts = {key: tensors.get(f"{name}.{key}") for key in Usual.__dataclass_fields__}
            if None in parts.values() or parts["whiten"].shape != (len(parts["mean"]),) * 2:  # type: ignore[union-attr,arg-type]
                raise CrossgapError(f"{folder / FILE} is of another guard. {again}")
            mean, spread, whiten, centre, unit = (part.numpy() for part in parts.values())  # type: ignore[union-attr]
            usual[name] = Usual(mean, spread, whiten, float(centre), float(unit))
        height, width = about["size"]
        return Guard(usual, (height, width), about["images"], about["held_out"], about["false_alarms"])


SHAPE = {
    "size": [range(1, 10_000), 2], "images": int, "held_out": int, "false_alarms": float, DIGEST: str,
}  # fmt: skip
"""Of what a model's description says of its guard."""


def folds(episodes: np.ndarray) -> np.ndarray:
    """Which of `FOLDS` parts each image is in, (n,) int: of about as many images each, and with whole
    episodes where none is more than half of all. What judges a part is fitted to the others: many images.

    Args:
        episodes: (n,) int.
    """
    _, piece, sizes = np.unique(episodes, return_inverse=True, return_counts=True)
    if sizes.max() > len(piece) / 2:
        rows = np.flatnonzero(piece == sizes.argmax())
        piece[rows] = len(sizes) + np.arange(len(rows)) * FOLDS // len(rows)
        _, piece, sizes = np.unique(piece, return_inverse=True, return_counts=True)
    part_of, taken = np.zeros(len(sizes), int), np.zeros(FOLDS, int)
    for one in np.argsort(-sizes, kind="stable"):
        part_of[one] = taken.argmin()
        taken[part_of[one]] += sizes[one]
    return part_of[piece]


def _fitted(images: np.ndarray, fold: np.ndarray, fitted: np.ndarray, false_alarms: float) -> Guard:
    """A guard of images (n, h, w, 3).

    Args:
        images: usual ones.
        fold: (n,) int: those of each fold from 0 on are judged by a fit to all others that are `fitted`.
        fitted: (n,) bool: what the guard is fitted to.
        false_alarms: as of `Guard.fit`.
    """
    if not 0 < false_alarms < 1:
        raise CrossgapError(f"A share of false alarms is above 0 and below 1; got {false_alarms:g}.")
    held_out = int((fold >= 0).sum())
    if len(images) < LEAST or held_out < 2 or fitted.sum() < LEAST / 2:
        raise CrossgapError(
            f"A guard needs {LEAST} target images, at least {LEAST // 2} that it is fitted to and 2 that are "
            f"held out; got {fitted.sum()} and {held_out} held out."
        )
    usual: dict[str, Usual] = {}
    scores = np.full(len(images), -np.inf)
    for name, (_, clip) in VIEWS.items():
        features, distance = _features(images, name), np.zeros(len(images))
        for part in np.unique(fold[fold >= 0]):
            others = Usual.fit(features[fitted & (fold != part)], clip)
            distance[fold == part] = others.distance(features[fold == part], clip)
        centre = float(np.median(distance[fold >= 0]))
        unit = max(float(np.quantile(distance[fold >= 0], 0.98)) - centre, 1e-6)
        usual[name] = replace(Usual.fit(features[fitted], clip), centre=centre, unit=unit)
        scores = np.maximum(scores, (distance - centre) / unit)
    rank = min(int(np.ceil((1 - false_alarms) * (held_out + 1))), held_out)
    threshold = max(float(np.sort(scores[fold >= 0])[rank - 1]), 1e-6)
    usual = {name: replace(one, unit=one.unit * threshold) for name, one in usual.items()}
    height, width = images.shape[1:3]
    share = max(false_alarms, 1 / (held_out + 1))
    return Guard(usual, (height, width), int(fitted.sum()), held_out, share)


def _features(images: np.ndarray, view: str) -> np.ndarray:
    """A view of images (n, h, w, 3) uint8, (n, d) float64."""
    look = VIEWS[view][0]
    parts = [
        look(cells(images[start : start + BATCH].astype(np.float32), SIDE))
        for start in range(0, max(1, len(images)), BATCH)
    ]
    return np.concatenate(parts).astype(np.float64)
