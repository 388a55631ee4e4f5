"""`crossgap/IiwaGraspOnce-v0`: one decision, where and how to grasp; the first rung of grasping."""

from collections.abc import Sequence

import gymnasium as gym
import numpy as np

from crossgap.simulation.base.options import finite
from crossgap.simulation.grasping.bins import FLOOR
from crossgap.simulation.grasping.environment import CAMERA, HIGH, LOW, GraspEnv
from crossgap.simulation.grasping.physics import CLOSED, OPEN

PARKED = np.array([0.38, 0.20, 0.32, 0.0])
"""Where the hand waits, out of the way of the camera, tool point and yaw, metres and radians."""
GRASP_LOW, GRASP_HIGH = LOW, np.array([*HIGH[:2], FLOOR + 0.045])
"""Where the tool point may grasp, metres."""
GRASP_MIDDLE, GRASP_REACH = (GRASP_HIGH + GRASP_LOW) / 2, (GRASP_HIGH - GRASP_LOW) / 2
"""What an action is a displacement from, and how far 1 is, metres."""
DOWN, GRIP = 45, 26
"""Steps of the physics in which the hand goes down, and in which its fingers close."""


class IiwaGraspOnceEnv(GraspEnv):
    """Grasp at a point, at once: the hand goes there from above, closes, and goes up.

    Action: (5,) in [-1, 1]: x, y and z of the tool point between the borders of the workspace, from the
    bin's floor to 4.5 cm above it; sine and cosine of the gripper's yaw, of which half a turn makes no
    difference.

    Observation and arguments as of `IiwaGrasp`. `agent_pos` is always the same: the middle of where a grasp
    may be, from which an action is a displacement; the hand itself waits beside the bin.

    Reward: 1 where something is held above the bin afterwards, else 0; the one step is the last.
    """

    steps = 1

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 64,
        cameras: Sequence[str] = (CAMERA,), render_mode: str | None = None, setup: str = "robot_1",
        objects: int | Sequence[int] | None = None, unseen: bool = False, segmentation: bool = False,
    ):  # fmt: skip
        super().__init__(
            look, randomization, size, cameras, render_mode, setup, objects, unseen, segmentation
        )
        self.action_space = gym.spaces.Box(-1.0, 1.0, (5,), np.float32)

    def _start(self, rng: np.random.Generator) -> np.ndarray:
        del rng
        return PARKED

    def _felt(self) -> np.ndarray:
        return np.array([*GRASP_MIDDLE, 0.0, 0.0, 1.0, 0.0])

    def step(self, action: np.ndarray):
        """The attempt.

        Raises:
            ValueError: the action is not five finite numbers.
        """
        action = np.clip(finite(action, 5, "An action is x, y, z, and sine and cosine of a yaw"), -1, 1)
        hand, physics = grasp_pose(action), self._physics
        physics.put(np.array([*hand[:2], HIGH[2], hand[3]]))
        physics.move(hand, OPEN, DOWN)
        physics.move(hand, CLOSED, GRIP)
        self._closed = True
        self._lift()
        info = self._info()
        return self._observation(), float(info["is_success"]), True, False, info


def grasp_pose(action: np.ndarray) -> np.ndarray:
    """Tool point and yaw, (4,) metres and radians, that an action in [-1, 1] means; the yaw within ±90°."""
    yaw = np.arctan2(action[3], action[4])
    return np.array([*(GRASP_MIDDLE + GRASP_REACH * action[:3]), (yaw + np.pi / 2) % np.pi - np.pi / 2])


def grasp_action(hand: np.ndarray) -> np.ndarray:
    """The action, (5,), that means a tool point and yaw: `grasp_pose` the other way round."""
    scaled = (hand[:3] - GRASP_MIDDLE) / GRASP_REACH
    return np.clip([*scaled, np.sin(hand[3]), np.cos(hand[3])], -1, 1)
