"""Mode coverage: which classes a generator's samples have, as a classifier sees them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from crossgap.core.statistics import percentile_interval
from crossgap.errors import CrossgapError
from crossgap.evaluation.rows import figures

RESAMPLES = 1_000


@dataclass(frozen=True)
class Coverage:
    """How samples are spread over classes."""

    histogram: np.ndarray
    """(k,) int: samples of each class."""
    least: float
    """Share of the samples from which on a class is covered."""
    interval: tuple[float, float]
    """95 %, of how many classes are covered."""

    @property
    def covered(self) -> int:
        """How many classes are covered."""
        return int((self.histogram >= self.least * self.histogram.sum()).sum())

    def figures(self) -> dict[str, Any]:
        """Classes covered, with interval, and of how many samples."""
        return figures(self.covered, self.interval, int(self.histogram.sum()))


def mode_coverage(predicted: np.ndarray, classes: int, least: float | None = None) -> Coverage:
    """How many of the classes are among samples.

    Args:
        predicted: the class of each sample, (n,) or (n, 1), from 0 on, as a classifier's `predict` has it.
        classes: k, how many there are.
        least: share of the samples from which on a class is covered; by default 1 / (10 k), a tenth of what
            each would have if all had the same.

    Raises:
        CrossgapError: there are no samples, or one is of no such class.
    """
    found = np.asarray(predicted).reshape(-1)
    least = 1 / (10 * classes) if least is None else least
    wrong = found[~np.isin(found, np.arange(classes))]
    if len(wrong) or not len(found):
        what = f"class {wrong[0]:g}" if len(wrong) else "no sample"
        raise CrossgapError(f"Expected samples of classes from 0 to {classes - 1}; got {what}.")
    histogram = np.bincount(found.astype(int), minlength=classes)
    drawn = np.random.default_rng(0).multinomial(len(found), histogram / len(found), RESAMPLES)
    interval = percentile_interval((drawn >= least * len(found)).sum(1))
    return Coverage(histogram, least, interval)
