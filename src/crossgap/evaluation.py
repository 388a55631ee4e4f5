"""Evaluation: in closed loop and offline, with intervals, and paired between methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist, fmean, pstdev, stdev
from typing import Any

import numpy as np

from crossgap.base.progress import progress_bar
from crossgap.data.images import Classes, LabelCoding, LabelledImages
from crossgap.simulation import REACH3
from crossgap.simulation.base.workers import EnvironmentPool, camera_image

Z = NormalDist().inv_cdf(0.975)
"""Two-sided 95 %."""
TEST_STARTS = tuple(range(30_000, 30_100))
"""Seeds of the 100 start configurations that every method is tested on, and nothing is chosen on."""
VALIDATION_STARTS = tuple(range(20_000, 20_050))
"""Seeds of the starts that choices may be made on."""


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
    return max(0.0, float(centre - half) / scale), min(1.0, float(centre + half) / scale)


def mean_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Normal 95 % interval of a mean.

    Exactly rounded sums: numpy's differ in the last digit with where in memory the values lie, and a run
    that was killed and resumed has to end with the same figures.
    """
    values = [float(value) for value in values]
    half = Z * stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return fmean(values) - half, fmean(values) + half


def paired_difference(
    a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray
) -> dict[str, float]:  # fmt: skip
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
    _, index = np.unique(episodes, return_inverse=True)
    return _bootstrap(np.bincount(index, a - b) / np.bincount(index))


def _bootstrap(values: np.ndarray, resamples: int = 10_000) -> dict[str, float]:
    """Mean of values (n,) with a 95 % bootstrap interval, drawn with a fixed seed."""
    rng, n = np.random.default_rng(0), len(values)
    means = [values[rng.integers(n, size=(100, n))].mean(-1) for _ in range(resamples // 100)]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


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


@dataclass(frozen=True)
class ClosedLoop:
    """Episodes played by a model; lists have one entry per start."""

    seeds: list[int]
    """Seed of the start."""
    success: list[bool]
    """Whether the final distance is within the threshold."""
    reached_once: list[bool]
    """Whether it was within the threshold at any step."""
    final_distance: list[float]
    """Distance at the end, metres."""

    def aggregate(self) -> dict[str, dict[str, Any]]:
        """The metrics, each with value, 95 % interval (low, high; None for a deviation) and n."""
        n = len(self.seeds)
        rows: dict[str, dict[str, Any]] = {}
        for name, flags in (("success", self.success), ("reached_once", self.reached_once)):
            low, high = wilson_interval(sum(flags), n)
            rows[name] = {"value": sum(flags) / n, "low": low, "high": high, "n": n}
        low, high = mean_interval(self.final_distance)
        mean, std = fmean(self.final_distance), pstdev(self.final_distance)
        rows["final_distance_mean"] = {"value": mean, "low": low, "high": high, "n": n}
        rows["final_distance_std"] = {"value": std, "low": None, "high": None, "n": n}
        return rows

    def to_json(self) -> dict[str, Any]:
        """Per episode and aggregated."""
        keys = ("seeds", "success", "reached_once", "final_distance")
        columns = [asdict(self)[key] for key in keys]
        names = ("seed", "success", "reached_once", "final_distance")
        episodes = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return {"aggregate": self.aggregate(), "episodes": episodes}

    @staticmethod
    def from_json(value: dict[str, Any]) -> ClosedLoop:
        """Back from `to_json`."""
        episodes = value["episodes"]
        names = ("seed", "success", "reached_once", "final_distance")
        return ClosedLoop(*([episode[name] for episode in episodes] for name in names))


AGGREGATE = {...: {"value": float, "low": (float, None), "high": (float, None), "n": int}}
PLAYED = {
    "aggregate": AGGREGATE,
    "episodes": [{"seed": int, "success": bool, "reached_once": bool, "final_distance": float}],
}
"""Shapes of metrics, and of `ClosedLoop.to_json`, as in `shapes.mismatch`."""
Predict = Callable[[np.ndarray], np.ndarray]
"""Images (n, H, W, 3) uint8 to labels (n, k) in their own units."""


def closed_loop(
    predict: Predict, seeds: Sequence[int], gain: float, steps: int = 100, env_id: str = REACH3,
    label: str = "evaluate", quiet: bool = False, record: int = 0, **env: Any,
) -> tuple[ClosedLoop, np.ndarray]:  # fmt: skip
    """Play one episode from every seed with action = gain × prediction.

    Environments are in processes of their own, which are spawned: a script that calls this does so under
    `if __name__ == "__main__":`.

    Args:
        predict: the model.
        seeds: the starts.
        gain: the control gain.
        steps: length of an episode.
        env_id: a Gymnasium id; its `info` must have `is_success` and `distance`.
        label: shown beside the progress bar.
        quiet: no progress bar.
        record: how many of the first episodes' images to return.
        env: arguments of the environment, such as `look`.

    Returns:
        The episodes, and images (record, steps + 1, H, W, 3) uint8.
    """
    frames = []
    with EnvironmentPool(env_id, len(seeds), **env) as pool, progress_bar(label, steps, quiet=quiet) as done:
        observation, infos = pool.reset(seeds)
        images = camera_image(observation)
        reached = np.array([info["is_success"] for info in infos])
        for _ in range(steps):
            frames.append(images[:record].copy())
            observation, infos = pool.step(gain * predict(images))
            images = camera_image(observation)
            reached |= [info["is_success"] for info in infos]
            done(1)
        frames.append(images[:record].copy())
    result = ClosedLoop(
        seeds=[int(seed) for seed in seeds],
        success=[bool(info["is_success"]) for info in infos],
        reached_once=[bool(value) for value in reached],
        final_distance=[float(info["distance"]) for info in infos],
    )
    return result, np.stack(frames, 1)


def offline_error(predict: Predict, data: LabelledImages, scale: LabelCoding) -> dict[str, float]:
    """`error_over_episodes` of what a model predicts of labelled images."""
    return error_over_episodes(predict(data.images), data, scale)


def error_over_episodes(predicted: np.ndarray, data: LabelledImages, scale: LabelCoding) -> dict[str, float]:
    """Error of predictions, with a 95 % interval: of numbers the mean squared error in the label scale
    (1 = knows nothing; normal interval, from 0 on), of classes the error rate (Wilson's).

    The images of an episode are alike, so the interval is over the n episodes' means.
    """
    errors = scale.errors(predicted, data.labels)
    _, episode = np.unique(data.episodes, return_inverse=True)
    episodes = np.bincount(episode, errors) / np.bincount(episode)
    interval = wilson_interval(episodes.sum(), len(episodes)) if isinstance(scale, Classes) else None
    low, high = interval or mean_interval(episodes)
    return {"value": fmean(episodes), "low": max(low, 0.0), "high": high, "n": len(episodes)}
