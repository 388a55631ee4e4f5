"""What networks see of pick and place, and what its scripted expert does."""

from typing import Any

import numpy as np

from crossgap.experiments.xarm7.rollouts import frames_of, scaled
from crossgap.rl.collection import View
from crossgap.simulation.xarm7.expert import expert_action
from crossgap.simulation.xarm7.grasp import OPEN

NEAR = 0.1
"""Distances between gripper and cube are seen finely up to about this, metres."""
FEATURES = 10
"""Numbers of the state as networks see it."""


def features(state: np.ndarray) -> np.ndarray:
    """The environment's states (…, 10) in metres as networks see them, about [-1, 1], float32.

    Tool point (3) and cube (3) over the workspace; the cube seen from the tool point (3), finely where it is
    near and coarsely where it is far; and the opening of the gripper.
    """
    tool, opening, cube, way = state[..., :3], state[..., 3:4], state[..., 4:7], state[..., 7:]
    parts = [scaled(tool), scaled(cube), np.tanh(way / NEAR), 2 * opening / OPEN - 1]
    return np.concatenate(parts, -1).astype(np.float32)


def seen(observation: dict[str, Any]) -> np.ndarray:
    """What a policy sees, (n, H, W, C) uint8, or (n, 0) where nothing is rendered."""
    if "pixels" in observation:
        return frames_of(observation)
    return np.zeros((len(observation["state"]), 0), np.uint8)


VIEW = View(
    seen, lambda o: features(o["state"]), lambda o: scaled(o["achieved_goal"]),
    lambda o: scaled(o["desired_goal"]),
)  # fmt: skip
"""What networks see of `crossgap/XArm7PickPlace-v0`."""


def expert(observation: dict[str, Any]) -> np.ndarray:
    """What the scripted expert does, (n, 4)."""
    pairs = zip(observation["state"], observation["desired_goal"], strict=True)
    return np.stack([expert_action(state, goal) for state, goal in pairs])
