"""Intervals of rates, means and differences."""

from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

import numpy as np

Z = NormalDist().inv_cdf(0.975)
"""Two-sided 95 %."""


def wilson_interval(successes: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a success rate.

    Raises:
        ValueError: n < 1, or successes outside [0, n].
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"Expected 0 ≤ successes ≤ n and n ≥ 1; got {successes} of {n}.")
    rate = successes / n
    centre = rate + Z * Z / (2 * n)
    half = Z * np.sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    low = float(centre - half) / scale if successes else 0.0  # not what rounding leaves of 0
    return max(0.0, low), min(1.0, float(centre + half) / scale)


def mean_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Normal 95 % interval of a mean.

    Exactly rounded sums: numpy's differ in the last digit with where in memory the values lie, and a run
    that was killed and resumed has to end with the same figures.
    """
    values = [float(value) for value in values]
    half = Z * stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return fmean(values) - half, fmean(values) + half


def t_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """Student's 95 % interval of a mean: of few values it is as wide as it has to be. None of one value."""
    from scipy.special import stdtrit  # here, since a table needs it and `--help` does not

    values = [float(value) for value in values]
    if len(values) < 2:
        return None, None
    half = float(stdtrit(len(values) - 1, 0.975)) * stdev(values) / len(values) ** 0.5
    return fmean(values) - half, fmean(values) + half


def paired_difference(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Difference of two success rates on the same starts, with a 95 % interval.

    Of one training it is a bootstrap over starts. With several trainings it is over these, too: a bootstrap
    of three would be too narrow, so it is `crossed_interval`.

    Args:
        a: success of the first method, 0 or 1, per start, (n,), or per training's seed and start, (seeds, n).
        b: success of the second, same seeds and starts in the same order.

    Raises:
        ValueError: the two are not of one shape, or empty, or several trainings have one start.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or not a.size:
        raise ValueError(f"A paired comparison needs the same starts; got {_starts(a)} and {_starts(b)}.")
    if a.ndim == 1 or len(a) == 1:
        return _bootstrap(np.ravel(a - b))
    return {key: min(1.0, max(-1.0, value)) for key, value in crossed_interval(a - b).items()}


def _starts(won: np.ndarray) -> str:
    return " × ".join(map(str, won.shape))


def paired_error_difference(a: np.ndarray, b: np.ndarray, episodes: np.ndarray) -> dict[str, float]:
    """Difference of two mean errors on the same images, with a 95 % bootstrap interval over episodes.

    Args:
        a: (n,) error of the first model per image.
        b: (n,) of the second.
        episodes: (n,) which images belong together.
    """
    return bootstrap_mean(np.asarray(a) - np.asarray(b), episodes)


def bootstrap_mean(
    values: Sequence[float] | np.ndarray, episodes: np.ndarray | None = None
) -> dict[str, float]:
    """Mean of values (n,) of images, with a 95 % percentile bootstrap interval, drawn with a fixed seed.

    Args:
        values: one per image.
        episodes: (n,) which images belong together, as those of an episode do, which are alike. The mean is
            then that of the episodes' means, and these are what is drawn.

    Raises:
        ValueError: there is no image.
    """
    values = np.asarray(values, float)
    if not values.size:
        raise ValueError("A mean needs one value at least.")
    if episodes is not None:
        _, index = np.unique(episodes, return_inverse=True)
        values = np.bincount(index, values) / np.bincount(index)
    return _bootstrap(values)


def resampled_counts(groups: np.ndarray, resamples: int, seed: int = 0) -> np.ndarray:
    """How often each image is in each of so many bootstrap samples, (resamples, n) int: whole groups are
    drawn with replacement, as many as there are.

    Args:
        groups: (n,) which images belong together; `np.arange(n)` where none do.
        resamples: how many samples.
        seed: of the draws.
    """
    _, index = np.unique(groups, return_inverse=True)
    count = int(index.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples)
    return drawn[:, index]


def percentile_interval(resampled: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic over bootstrap samples, (resamples,); NaN, which is where a
    sample has none, is left out."""
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    return float(low), float(high)


def _bootstrap(values: np.ndarray, resamples: int = 10_000) -> dict[str, float]:
    """Mean of values (n,) with a 95 % bootstrap interval, drawn with a fixed seed."""
    rng, n = np.random.default_rng(0), len(values)
    means = [values[rng.integers(n, size=(100, n))].mean(-1) for _ in range(resamples // 100)]
    low, high = percentile_interval(np.concatenate(means))
    return {"value": float(values.mean()), "low": low, "high": high}


def crossed_interval(values: np.ndarray) -> dict[str, float]:
    """Mean of values (seeds, starts), two at least of either, with a 95 % t-interval over both.

    Seeds and starts are crossed random effects: variances from the mean squares of a two-way table, none
    below 0, degrees of freedom after Satterthwaite (1946).

    Raises:
        ValueError: fewer seeds or starts.
    """
    if values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(f"Expected two seeds and two starts at least; got {_starts(values)}.")
    from scipy.special import stdtrit  # here, since a table needs it and `--help` does not

    seeds, starts = values.shape
    mean, by_seed, by_start = values.mean(), values.mean(1, keepdims=True), values.mean(0, keepdims=True)
    rest = values - by_seed - by_start + mean
    free = np.array([seeds - 1, starts - 1, (seeds - 1) * (starts - 1)])
    sums = starts * np.square(by_seed - mean).sum(), seeds * np.square(by_start - mean).sum()
    of_seed, of_start, residual = np.array([*sums, np.square(rest).sum()]) / free
    spread = max(of_seed, residual) + max(of_start, residual) - residual
    if spread == 0:
        return dict.fromkeys(("value", "low", "high"), float(mean))
    free_of_all = spread**2 / (np.square([of_seed, of_start, residual]) / free).sum()
    half = stdtrit(free_of_all, 0.975) * np.sqrt(spread / values.size)
    return {"value": float(mean), "low": float(mean - half), "high": float(mean + half)}
