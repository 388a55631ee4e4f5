"""One error for each image, in units that the user knows: what methods are compared by on own data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crossgap.core.statistics import t_interval
from crossgap.data.images import Classes, LabelCoding, LabelScale
from crossgap.evaluation.labels import episode_means, rate_interval
from crossgap.evaluation.rows import figures
from crossgap.evaluation.vectors import vectors


@dataclass(frozen=True)
class Measure:
    """What is measured of each image: the error rate of classes; the distance of labels that are one vector,
    or how far a single label is off, in its own unit; of several labels the mean of how far each is off, in
    spreads of the source's, for no unit is common to them."""

    scale: LabelCoding
    """Of the labels."""
    label_names: tuple[str, ...]
    """The k labels."""

    @property
    def name(self) -> str:
        """What it is called."""
        if isinstance(self.scale, Classes):
            return "error rate"
        if self._one_vector:
            return f"distance of {', '.join(self.label_names)}"
        if len(self.label_names) == 1:
            return f"error of {self.label_names[0]}"
        return "error in spreads of the source's labels, mean over labels"

    @property
    def _one_vector(self) -> bool:
        return any(len(columns) == len(self.label_names) for columns in vectors(self.label_names).values())

    def errors(self, predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Of each image, (n,), of predictions and labels (n, k) in their own units."""
        if not isinstance(self.scale, LabelScale):
            return self.scale.errors(predicted, labels)
        off = predicted.astype(np.float64) - labels
        if self._one_vector:
            return np.linalg.norm(off, axis=1)
        if len(self.label_names) == 1:
            return np.abs(off[:, 0])
        return (np.abs(off) / np.array(self.scale.spread)).mean(1)

    def figures(self, means: np.ndarray) -> dict[str, Any]:
        """The mean of episodes' means, (e,), with a 95 % interval: Student's, for episodes are few; of
        classes as of `rate_interval`."""
        if isinstance(self.scale, Classes):
            return figures(float(means.mean()), rate_interval(means), len(means))
        low, high = t_interval(means)
        return figures(float(means.mean()), (None if low is None else max(low, 0.0), high), len(means))


AGREEING = 6
"""Episodes that all have to favour one of two for it to be no chance: 2 × ½⁶ = 3 %."""


def difference(a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
    """The mean of a − b over the same episodes, (e,) each, with Student's 95 % interval; none where fewer
    than `AGREEING` differ by the same: how differences vary they do not say, and so many agree by chance."""
    off = np.asarray(a, float) - np.asarray(b, float)
    alike = len(off) < AGREEING and np.ptp(off) <= 1e-12 * np.abs(off).max(initial=0)
    return figures(float(off.mean()), (None, None) if alike else t_interval(off), len(off))


def own_units(
    predicted: np.ndarray, labels: np.ndarray, episodes: np.ndarray, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """How far each label, and each vector of several, is off in its own unit, with an interval over episodes.

    Args:
        predicted: (n, k).
        labels: (n, k).
        episodes: (n,) which images belong together.
        names: the k labels.
    """
    off = predicted.astype(np.float64) - labels
    errors = {name: np.abs(off[:, column]) for column, name in enumerate(names)}
    for name, columns in vectors(tuple(names)).items():
        errors[f"distance of {name}"] = np.linalg.norm(off[:, columns], axis=1)
    found = {}
    for name, each in errors.items():
        means = episode_means(each, episodes)
        low, high = t_interval(means)
        interval = None if low is None else max(low, 0.0), high
        found[name] = figures(float(means.mean()), interval, len(means))
    return found
