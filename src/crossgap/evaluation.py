"""Evaluation: in closed loop and offline, with intervals, and paired between methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from statistics import fmean, pstdev
from typing import Any

import numpy as np

from crossgap.base.progress import progress_bar
from crossgap.core.statistics import mean_interval, wilson_interval
from crossgap.data.images import Classes, LabelCoding, LabelledImages
from crossgap.moved import moved
from crossgap.simulation.base.environments import camera_image
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.registry import WORLDS

__getattr__ = partial(moved, "evaluation")

TEST_STARTS = tuple(range(30_000, 30_100))
"""Seeds of the 100 start configurations that every method is tested on, and nothing is chosen on."""
VALIDATION_STARTS = tuple(range(20_000, 20_050))
"""Seeds of the starts that choices may be made on."""


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
        distances, n = self.final_distance, len(self.seeds)
        return {
            "success": share(self.success), "reached_once": share(self.reached_once),
            "final_distance_mean": figures(fmean(distances), mean_interval(distances), n),
            "final_distance_std": figures(pstdev(distances), (None, None), n),
        }  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Per episode and aggregated."""
        rows = zip(*asdict(self).values(), strict=True)
        episodes = [dict(zip(EPISODE, row, strict=True)) for row in rows]
        return {"aggregate": self.aggregate(), "episodes": episodes}

    @staticmethod
    def from_json(value: dict[str, Any]) -> ClosedLoop:
        """Back from `to_json`."""
        return ClosedLoop(*([episode[name] for episode in value["episodes"]] for name in EPISODE))


def figures(value: float, interval: tuple[float | None, float | None], n: int) -> dict[str, Any]:
    """What a row says of a metric: its value with its 95 % interval (None, None: none), and of how many."""
    return {"value": value, "low": interval[0], "high": interval[1], "n": n}


def share(flags: Sequence[bool] | np.ndarray) -> dict[str, Any]:
    """`figures` of how many of (n,) flags are true, with Wilson's interval."""
    n, true = len(flags), int(sum(flags))
    return figures(true / n, wilson_interval(true, n), n)


EPISODE = {"seed": int, "success": bool, "reached_once": bool, "final_distance": float}
AGGREGATE = {...: {"value": float, "low": (float, None), "high": (float, None), "n": int}}
PLAYED = {"aggregate": AGGREGATE, "episodes": [EPISODE]}
"""Shapes of an episode, of metrics, and of `ClosedLoop.to_json`, as in `records.mismatch`."""
Predict = Callable[[np.ndarray], np.ndarray]
"""Images (n, H, W, 3) uint8 to labels (n, k) in their own units."""


def closed_loop(
    predict: Predict, seeds: Sequence[int], gain: float, steps: int = 100, env_id: str | None = None,
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
        env_id: a Gymnasium id; its `info` must have `is_success` and `distance`. By default that of the first
            world in which predicted labels can act.
        label: shown beside the progress bar.
        quiet: no progress bar.
        record: how many of the first episodes' images to return.
        env: arguments of the environment, such as `look`.

    Returns:
        The episodes, and images (record, steps + 1, H, W, 3) uint8.
    """
    frames, env_id = [], env_id or next(filter(None, (world.closed_loop for world in WORLDS.values())))
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
    return figures(fmean(episodes), (max(low, 0.0), high), len(episodes))
