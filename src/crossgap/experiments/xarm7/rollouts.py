"""What networks see of the xArm7 that reaches, and a policy's episodes there."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from crossgap.deploy.policy import Policy
from crossgap.rl import collection
from crossgap.rl.collection import Act, View, World
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.reach import SUCCESS_DISTANCE, WORKSPACE_HIGH, WORKSPACE_LOW

DEPTH_RANGE = 2.55
"""Depth of byte 255, metres: a byte is a centimetre."""


def scaled(points: np.ndarray) -> np.ndarray:
    """Points (…, 3) in metres to [-1, 1] over the workspace, float32: what networks see."""
    centre, half = (WORKSPACE_HIGH + WORKSPACE_LOW) / 2, (WORKSPACE_HIGH - WORKSPACE_LOW) / 2
    return ((points - centre) / half).astype(np.float32)


def unscaled(points: np.ndarray) -> np.ndarray:
    """Back to metres."""
    centre, half = (WORKSPACE_HIGH + WORKSPACE_LOW) / 2, (WORKSPACE_HIGH - WORKSPACE_LOW) / 2
    return points * half + centre


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
