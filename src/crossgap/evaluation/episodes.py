"""Episodes that a model plays in closed loop, from starts that are the same for every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np

from crossgap.base.progress import progress_bar
from crossgap.core.statistics import mean_interval, t_interval
from crossgap.evaluation.labels import Predict
from crossgap.evaluation.rows import AGGREGATE, figures, share, share_won
from crossgap.simulation.base.environments import camera_image
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.registry import WORLDS

TEST_STARTS = tuple(range(30_000, 30_100))
"""Seeds of the 100 start configurations that every method is tested on, and nothing is chosen on."""
CLOSE = 0.05
"""Metres: the other radius that success is given at, of `aim_distance`."""
VALIDATION_STARTS = tuple(range(20_000, 20_050))
"""Seeds of the starts that choices may be made on."""


Observation = dict[str, Any]
Act = Callable[[Observation], np.ndarray]


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
    steps_to_reach: list[int | None] | None = None
    """Steps until it was within the threshold, None where it never was; None altogether in files of before
    that was noted."""
    aim_distance: list[float] | None = None
    """Distance at the end from where a demonstration ends, metres; None where the world does not say."""

    def aggregate(self) -> dict[str, dict[str, Any]]:
        """The metrics, each with value, 95 % interval (low, high) and n; that of `success` says which starts
        were `won`.

        `success_5cm` is the share that ends within `CLOSE` of where a demonstration would. `steps_to_reach`
        is a mean of the n starts that reach at all, so it is read beside `reached_once`.
        """
        found = {
            "success": share_won(self.success), "reached_once": share(self.reached_once),
            "final_distance_mean": _mean(self.final_distance),
        }  # fmt: skip
        if self.aim_distance is not None:
            found["success_5cm"] = share([distance < CLOSE for distance in self.aim_distance])
        if steps := [float(step) for step in self.steps_to_reach or () if step is not None]:
            found["steps_to_reach"] = figures(fmean(steps), t_interval(steps), len(steps))
        return found

    def to_json(self) -> dict[str, Any]:
        """Per episode and aggregated."""
        lists = {key: values for key, values in asdict(self).items() if values is not None}
        keys = [{"seeds": "seed"}.get(key, key) for key in lists]
        episodes = [dict(zip(keys, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        return {"aggregate": self.aggregate(), "episodes": episodes}

    @staticmethod
    def from_json(value: dict[str, Any]) -> ClosedLoop:
        """Back from `to_json`."""
        episodes = value["episodes"]
        later = [key for key in ("steps_to_reach", "aim_distance") if all(key in one for one in episodes)]
        lists = {key: [episode[key] for episode in episodes] for key in (*EPISODE, *later)}
        return ClosedLoop(lists.pop("seed"), **lists)


def _mean(distances: Sequence[float]) -> dict[str, Any]:
    return figures(fmean(distances), mean_interval(distances), len(distances))


EPISODE = {"seed": int, "success": bool, "reached_once": bool, "final_distance": float}
PLAYED = {"aggregate": AGGREGATE, "episodes": [EPISODE]}
"""Shapes of an episode, which may say more, and of `ClosedLoop.to_json`, as in `records.mismatch`."""


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
        env_id: a Gymnasium id; its `info` must have `is_success` and `distance`, and may have `aim_distance`.
            By default that of the first world in which predicted labels can act.
        label: shown beside the progress bar.
        quiet: no progress bar.
        record: how many of the first episodes' images to return.
        env: arguments of the environment, such as `look`.

    Returns:
        The episodes, and images (record, steps + 1, H, W, 3) uint8.
    """

    def act(observation: Observation) -> np.ndarray:
        return gain * predict(camera_image(observation))

    return play(act, seeds, steps, env_id, label, quiet, record, **env)


def play(
    act: Act, seeds: Sequence[int], steps: int = 100, env_id: str | None = None, label: str = "evaluate",
    quiet: bool = False, record: int = 0, **env: Any,
) -> tuple[ClosedLoop, np.ndarray]:  # fmt: skip
    """The same of whatever acts: observations of all environments, arrays (n, …) by name, to actions (n, k).
    Arguments and what is returned as of `closed_loop`."""
    frames, env_id = [], env_id or next(filter(None, (world.closed_loop for world in WORLDS.values())))
    with EnvironmentPool(env_id, len(seeds), **env) as pool, progress_bar(label, steps, quiet=quiet) as done:
        observation, infos = pool.reset(seeds)
        reached: list[int | None] = [0 if info["is_success"] else None for info in infos]
        for step in range(1, steps + 1):
            frames.append(camera_image(observation)[:record].copy())
            observation, infos = pool.step(act(observation))
            there = zip(reached, infos, strict=True)
            reached = [step if at is None and info["is_success"] else at for at, info in there]
            done(1)
        frames.append(camera_image(observation)[:record].copy())
    aims = [float(info["aim_distance"]) for info in infos if "aim_distance" in info]
    result = ClosedLoop(
        seeds=[int(seed) for seed in seeds],
        success=[bool(info["is_success"]) for info in infos],
        reached_once=[at is not None for at in reached],
        final_distance=[float(info["distance"]) for info in infos],
        steps_to_reach=reached,
        aim_distance=aims or None,
    )
    return result, np.stack(frames, 1)
