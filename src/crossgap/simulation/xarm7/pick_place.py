"""`crossgap/XArm7PickPlace-v0`: an xArm7 picks a cube up and brings it to a goal."""

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium as gym
import numpy as np

from crossgap.simulation.base.environment import GoalEnv
from crossgap.simulation.base.options import checked_points, finite
from crossgap.simulation.xarm7.grasp import CUBE, OPEN, Grasp
from crossgap.simulation.xarm7.kinematics import HOME, LIMIT_HIGH, LIMIT_LOW, Kinematics
from crossgap.simulation.xarm7.model import CAMERAS
from crossgap.simulation.xarm7.reach import MAX_DISPLACEMENT, SUCCESS_DISTANCE, WORKSPACE_HIGH, WORKSPACE_LOW
from crossgap.simulation.xarm7.scene import XArm7GraspScene

ON_TABLE = CUBE / 2
"""Height of the cube's centre where it lies, metres."""
CUBE_LOW, CUBE_HIGH = np.array([0.29, -0.20]), np.array([0.51, 0.20])
"""Where the cube starts, and above which the goal is, metres."""
GOAL_LOW, GOAL_HIGH = np.array([*CUBE_LOW, ON_TABLE]), np.array([*CUBE_HIGH, 0.30])
"""Where goals are, metres."""
TOOL_LOW = np.array([*WORKSPACE_LOW[:2], 0.15])
"""Lowest corner of where the gripper starts, metres; the highest is the workspace's."""
BOUNDS = {"tool": (TOOL_LOW, WORKSPACE_HIGH), "cube": (CUBE_LOW, CUBE_HIGH), "goal": (GOAL_LOW, GOAL_HIGH)}
IN_THE_AIR = 0.5
"""Share of goals that are above the table (Fetch)."""
AWAY = 0.1
"""How far a goal is from where the cube starts at least, metres: nothing is won by leaving it there."""


class XArm7PickPlaceEnv(GoalEnv):
    """Pick and place with an xArm7, which the seed "Transferring Simulated Learning to Real Robots" names as
    its goal.

    Gripper, cube and table are MuJoCo's contact physics (`grasp`). The arm that carries the gripper
    follows it exactly, by inverse kinematics within its joint limits; its links touch nothing. The gripper
    points down, its fingers left and right of it, with its turn in pictures true to 4°. Where the seed gives
    no number it is Fetch's: a cube of 5 cm, 5 cm for a success, 5 cm per step and axis, 50 steps, half of the
    goals in the air.

    Action: (4,) in [-1, 1]: displacement of the tool point times 5 cm, and how far the gripper shall open,
    from closed (−1) to 8.4 cm (1).

    Observation: `pixels[<camera>]` (size, size, 3) uint8 of each camera; `agent_pos` joint angles (7,)
    radians and the gripper's opening, metres; `desired_goal` (3,) metres. Privileged, for critics and
    relabelling: `achieved_goal`, the cube's centre (3,) metres, and `state` (10,) metres: tool point (3),
    opening, cube (3), and the cube seen from the tool point (3).

    Reward: `sparse` −1 and 0 where the cube is at the goal, `dense` minus its distance in metres. `info`:
    `is_success` and `distance` (metres), at reset and at every step. An episode is cut after 50 steps.

    Arguments and errors as in `GoalEnv`. `cameras` are `front` and `side`; without any, nothing is rendered
    or observed, for policies that see the state.
    """

    scene, available, success_distance = XArm7GraspScene, CAMERAS, SUCCESS_DISTANCE

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 84,
        cameras: Sequence[str] = ("front", "side"), reward: Literal["sparse", "dense"] = "sparse",
        render_mode: str | None = None, per_frame: bool = False,
    ):  # fmt: skip
        super().__init__(reward, look, randomization, size, cameras, render_mode, per_frame)
        self._grasp, self._kinematics = Grasp(), Kinematics()
        box = gym.spaces.Box
        # a squeezed cube yields, and with it the fingers
        low, high = np.append(LIMIT_LOW, -OPEN), np.append(LIMIT_HIGH, 2 * OPEN)
        spaces: dict[str, gym.Space] = {
            "agent_pos": box(low.astype(np.float32), high.astype(np.float32)),
            "state": box(-10.0, 10.0, (10,), np.float64),
        }
        spaces |= dict.fromkeys(("achieved_goal", "desired_goal"), box(-5.0, 5.0, (3,), np.float64))
        if self.cameras:
            spaces["pixels"] = self._by_camera(0, 255, (3,), np.uint8)
        self.action_space = box(-1.0, 1.0, (4,), np.float32)
        self.observation_space = gym.spaces.Dict(spaces)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Start an episode. What happens in it depends on the seed alone, never on the look.

        `options` may hold, in metres, `goal` (3,), `tool`, where the tool point starts, (3,), and `cube`,
        where it lies on the table, (2,).

        Raises:
            CrossgapError: one of them is out of reach, or there is no such option.
        """
        self._begin(seed)
        start = self._draw() | checked_points(options, BOUNDS)
        self.goal = start["goal"]
        self._grasp.reset(start["tool"], np.append(start["cube"], ON_TABLE))
        self.q = self._kinematics.inverse(HOME, start["tool"], iterations=50)
        return self._observation(), self._outcome(self._grasp.cube)[1]

    def _draw(self) -> dict[str, np.ndarray]:
        rng = self.np_random
        tool, cube = rng.uniform(TOOL_LOW, WORKSPACE_HIGH), rng.uniform(CUBE_LOW, CUBE_HIGH)
        in_the_air = rng.random() < IN_THE_AIR
        while True:
            goal = rng.uniform(GOAL_LOW, GOAL_HIGH)
            goal[2] = goal[2] if in_the_air else ON_TABLE
            if np.linalg.norm(goal - [*cube, ON_TABLE]) >= AWAY:
                return {"tool": tool, "cube": cube, "goal": goal}

    def step(self, action: np.ndarray):
        """Move the tool point and the fingers by `action`, clipped to the action space and the workspace.

        Raises:
            ValueError: the action is not four finite numbers.
        """
        expected = "An action is three finite displacements and an opening in [-1, 1]"
        action = np.clip(finite(action, 4, expected), -1, 1)
        target = self._grasp.tool + MAX_DISPLACEMENT * action[:3]
        self._grasp.step(np.clip(target, WORKSPACE_LOW, WORKSPACE_HIGH), OPEN * (action[3] + 1) / 2)
        self.q = self._kinematics.inverse(self.q, self._grasp.tool, tolerance=1e-3)
        self._go_on()
        reward, info = self._outcome(self._grasp.cube)
        return self._observation(), reward, False, False, info

    def render(self) -> np.ndarray:
        """The image of the first camera, (size, size, 3) uint8."""
        return self._posed().view((self.cameras or CAMERAS)[0])[0]

    def _posed(self) -> XArm7GraspScene:
        scene, grasp = self._scene(), self._grasp
        scene.arrange(self.q, grasp.opening, grasp.cube, grasp.turn, self._fields())
        return scene

    def _observation(self) -> dict[str, Any]:
        tool, opening, cube = self._grasp.tool, self._grasp.opening, self._grasp.cube
        observation: dict[str, Any] = {
            "agent_pos": np.append(self.q, opening).astype(np.float32),
            "achieved_goal": cube,
            "desired_goal": self.goal.copy(),
            "state": np.concatenate([tool, [opening], cube, cube - tool]),
        }
        if self.cameras:
            scene = self._posed()
            observation["pixels"] = {camera: scene.view(camera)[0] for camera in self.cameras}
        return observation
