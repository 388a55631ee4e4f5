"""Labels in other units than those that a model learnt: noticed by their size, for no file tells of units."""

import math
from dataclasses import dataclass

import numpy as np

FACTORS = {
    10.0: "a factor of ten", 180 / math.pi: "degrees against radians", 100.0: "metres against centimetres",
    1000.0: "metres against millimetres",
}  # fmt: skip
"""Between units that are mistaken for each other, and which."""
NEAR = 0.5
"""A ratio is near a factor if its logarithm is no further from the factor's: 1.65 times as much or little."""


@dataclass(frozen=True)
class OtherUnit:
    """How labels may differ from others by their unit."""

    factor: float
    """About how many times as large they are; below 1 where they are smaller."""
    what: str
    """Which units differ so."""

    def __str__(self) -> str:
        times = f"{self.factor:.4g}" if self.factor > 1 else f"1/{1 / self.factor:.4g}"
        return f"about {times} times as large: {self.what}?"


def other_unit(mean: float, spread: float, their_mean: float, their_spread: float) -> OtherUnit | None:
    """Whether labels look like others in another unit: spread and size differ by the same such factor. Labels
    of one place alone spread less and are as large, and are in no other unit.

    Args:
        mean: of the labels that are known.
        spread: their standard deviation.
        their_mean: of those that may be in another unit.
        their_spread: their standard deviation.
    """
    ours, theirs = math.hypot(mean, spread), math.hypot(their_mean, their_spread)
    if min(spread, their_spread, ours, theirs) <= 0:
        return None
    ratios = math.log(their_spread / spread), math.log(theirs / ours)
    sign = 1 if sum(ratios) > 0 else -1
    far = {factor: max(abs(sign * ratio - math.log(factor)) for ratio in ratios) for factor in FACTORS}
    nearest = min(far, key=far.__getitem__)
    return OtherUnit(nearest**sign, FACTORS[nearest]) if far[nearest] <= NEAR else None


def other_units(
    names: tuple[str, ...], mean: np.ndarray, spread: np.ndarray, labels: np.ndarray
) -> dict[str, OtherUnit]:
    """`other_unit` of each label that looks like one.

    Args:
        names: the k labels.
        mean: (k,) of the labels that are known.
        spread: (k,) their standard deviations.
        labels: (n, k) which may be in other units.
    """
    if not len(labels):
        return {}
    their_mean, their_spread = labels.mean(0, dtype=np.float64), labels.std(0, dtype=np.float64)
    rows = zip(names, mean, spread, their_mean, their_spread, strict=True)
    found = {name: other_unit(*map(float, row)) for name, *row in rows}
    return {name: unit for name, unit in found.items() if unit is not None}
