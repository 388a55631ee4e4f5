"""What networks see of the xArm7 that reaches, a policy's episodes there, and figures of such, of pick and
place, too."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from crossgap.core.statistics import mean_interval
from crossgap.deploy.policy import Policy
from crossgap.evaluation import figures, share_won
from crossgap.rl import collection
from crossgap.rl.collection import Act, View, World
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.reach import SUCCESS_DISTANCE, WORKSPACE_HIGH, WORKSPACE_LOW

EPISODE = {"seed": int, "success": bool, "distance": float}
"""Of a test episode, its shape as in `records.mismatch`."""
CENTRE, HALF = (WORKSPACE_HIGH + WORKSPACE_LOW) / 2, (WORKSPACE_HIGH - WORKSPACE_LOW) / 2
DEPTH_RANGE = 2.55
"""Depth of byte 255, metres: a byte is a centimetre."""


def scaled(points: np.ndarray) -> np.ndarray:
    """Points (…, 3) in metres to [-1, 1] over the workspace, float32: what networks see."""
    return ((points - CENTRE) / HALF).astype(np.float32)


def unscaled(points: np.ndarray) -> np.ndarray:
    """Back to metres."""
    return points * HALF + CENTRE


def frames_of(observation: dict[str, Any]) -> np.ndarray:
    """What a policy sees of observations: the cameras' images, and depth as bytes, (n, H, W, C) uint8."""
    depths = (np.clip(np.round(255 / DEPTH_RANGE * d), 0, 255) for d in observation.get("depth", {}).values())
    return np.concatenate(
        [*observation["pixels"].values(), *(d.astype(np.uint8)[..., None] for d in depths)], -1
    )


VIEW = View(
    frames_of, lambda o: scaled(o["state"]), lambda o: scaled(o["state"]), lambda o: scaled(o["desired_goal"])
)
"""What networks see of `crossgap/XArm7Reach-v0`: the tool point is all of the state, and what is achieved."""


def look_arguments(setup: Any) -> dict[str, Any]:
    """The environment's arguments that vary its look in training."""
    return {"randomization": setup.randomization, "per_frame": setup.per_frame}


def sparse_reward(achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
    """Fetch's: −1, and 0 where the goal is reached; of scaled points (n, 3)."""
    distance = np.linalg.norm(unscaled(achieved) - unscaled(desired), axis=-1)
    return -(distance >= SUCCESS_DISTANCE).astype(float)


def acting(policy: Policy) -> Act:
    """A policy that acts on what environments show."""
    return lambda observation: policy.act(VIEW.frames(observation), VIEW.goals(observation))


def play_goals(
    policy: Policy, seeds: Sequence[int], steps: int, workers: int | None = None, **environment: Any
) -> list[dict[str, Any]]:
    """An episode per seed, without exploration.

    Args:
        policy: what acts.
        seeds: of the goals.
        steps: length of the episodes.
        workers: processes; all cores by default.
        environment: arguments of the environment, such as `look`.

    Returns:
        Of each episode `seed`, `success` and `distance` (metres) at its end, and the `goal` (metres).
    """
    with World(XARM7_REACH, VIEW, sparse_reward, environment, workers=workers).pool(len(seeds)) as pool:
        episodes, ends = collection.play_goals(pool, acting(policy), seeds, steps, VIEW)
    return [
        end | {"goal": unscaled(episode.goal).tolist()} for episode, end in zip(episodes, ends, strict=True)
    ]


def threads_of(records: Sequence[dict[str, Any]]) -> dict[str, int]:
    """What the last of some episodes, or points of a learning curve, says of the threads of the training;
    nothing where there is none, or it is of before that was noted."""
    return {key: one[key] for one in records[-1:] for key in ("threads",) if key in one}


def judged(episodes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Success with Wilson's 95 % interval and which were won, and the mean distance with its interval; also
    the threads that what played was trained with, where that was noted."""
    won, distances = ([one[key] for one in episodes] for key in ("success", "distance"))
    threads = threads_of(episodes[:1])
    distance = figures(float(np.mean(distances)), mean_interval(distances), len(episodes))
    return {"success": share_won(won) | threads, "distance": distance | threads}
