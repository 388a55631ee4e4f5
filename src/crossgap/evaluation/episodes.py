"""Episodes that a model plays in closed loop, from starts that are the same for every model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, pstdev
from typing import Any

import numpy as np

from crossgap.base.progress import progress_bar
from crossgap.core.statistics import mean_interval
from crossgap.evaluation.labels import Predict
from crossgap.evaluation.rows import AGGREGATE, figures, share
from crossgap.simulation.base.environments import camera_image
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.registry import WORLDS

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


EPISODE = {"seed": int, "success": bool, "reached_once": bool, "final_distance": float}
PLAYED = {"aggregate": AGGREGATE, "episodes": [EPISODE]}
"""Shapes of an episode and of `ClosedLoop.to_json`, as in `records.mismatch`."""


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
