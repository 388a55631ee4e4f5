"""A scripted expert for `crossgap/XArm7PickPlace-v0`, which sees the privileged state: for demonstrations."""

import numpy as np

from crossgap.simulation.xarm7.grasp import CUBE
from crossgap.simulation.xarm7.reach import MAX_DISPLACEMENT, WORKSPACE_LOW

ALIGNED, AT = 0.013, 0.016
"""How near the gripper is to the cube: sideways where it may go down, in all where it may close, metres."""
ABOVE = 0.09
"""How high above the cube it waits until it is aligned, metres."""
HELD = CUBE + 0.004
"""What the fingers are apart at most while they hold the cube, metres."""
UP = np.array([0.0, 0.0, 1.0])
CARRIED = 0.06
"""How high above a far goal the cube is carried, metres."""


def expert_action(state: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """What a person would do next: go above the cube, down, close, and carry it to the goal.

    Args:
        state: the environment's `state`, (10,) metres.
        goal: where the cube should be, (3,) metres.

    Returns:
        Action (4,) in [-1, 1].
    """
    tool, opening, cube = state[:3], state[3], state[4:7]
    grip = np.array([cube[0], cube[1], max(cube[2], WORKSPACE_LOW[2])])
    away, sideways = np.linalg.norm(grip - tool), np.linalg.norm(grip[:2] - tool[:2])
    if away < 2 * AT and opening < HELD:
        far = np.linalg.norm(goal[:2] - cube[:2]) > MAX_DISPLACEMENT
        return _towards(goal + CARRIED * far * UP - cube, -1.0)
    if away < AT:
        return _towards(np.zeros(3), -1.0)
    if sideways < ALIGNED:
        return _towards(grip - tool, 1.0)
    above = cube[2] + ABOVE
    if tool[2] < above - ALIGNED and sideways > ALIGNED:  # first up: on its way it would push the cube
        return _towards(np.array([0, 0, above - tool[2]]), 1.0)
    return _towards(np.array([*grip[:2], above]) - tool, 1.0)


def _towards(way: np.ndarray, opening: float) -> np.ndarray:
    return np.append(np.clip(way / MAX_DISPLACEMENT, -1, 1), opening)
