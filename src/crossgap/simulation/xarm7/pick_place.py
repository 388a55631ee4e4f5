"""`crossgap/XArm7PickPlace-v0`: an xArm7 picks a cube up and brings it to a goal."""

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium as gym
import numpy as np

from crossgap.errors import unknown
from crossgap.simulation.base.options import checked_options, checked_point, checked_size
from crossgap.simulation.xarm7.grasp import CUBE, OPEN, Grasp
from crossgap.simulation.xarm7.grasp_scene import XArm7GraspScene
from crossgap.simulation.xarm7.kinematics import HOME, LIMIT_HIGH, LIMIT_LOW, Kinematics
from crossgap.simulation.xarm7.model import CAMERAS
from crossgap.simulation.xarm7.reach import (
    MAX_DISPLACEMENT,
    SUCCESS_DISTANCE,
    WORKSPACE_HIGH,
    WORKSPACE_LOW,
    goal_reward,
)

ON_TABLE = CUBE / 2
"""Height of the cube's centre where it lies, metres."""
CUBE_LOW, CUBE_HIGH = np.array([0.29, -0.20]), np.array([0.51, 0.20])
"""Where the cube starts, and above which the goal is, metres."""
GOAL_LOW, GOAL_HIGH = np.array([*CUBE_LOW, ON_TABLE]), np.array([*CUBE_HIGH, 0.30])
"""Where goals are, metres."""
TOOL_LOW = np.array([*WORKSPACE_LOW[:2], 0.15])
"""Lowest corner of where the gripper starts, metres; the highest is the workspace's."""
IN_THE_AIR = 0.5
"""Share of goals that are above the table (Fetch)."""
AWAY = 0.1
"""How far a goal is from where the cube starts at least, metres: nothing is won by leaving it there."""


class XArm7PickPlaceEnv(gym.Env):
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

    Args:
        look: name of the look.
        randomization: name of a randomization, applied on top of it.
        size: image width and height in pixels.
        cameras: which of `front` and `side`, in the order of the observation; without any nothing is
            rendered or observed, for policies that see the state.
        reward: `sparse` or `dense`.
        render_mode: None or `rgb_array`.
        per_frame: whether the look is drawn anew for every frame, not only for every episode.

    Raises:
        CrossgapError: an unknown look, randomization, camera or reward, or a size that is none.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 (Gymnasium's form)

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 84,
        cameras: Sequence[str] = ("front", "side"), reward: Literal["sparse", "dense"] = "sparse",
        render_mode: str | None = None, per_frame: bool = False,
    ):  # fmt: skip
        for camera in cameras:
            if camera not in CAMERAS:
                raise unknown("Camera", camera, CAMERAS)
        if reward not in ("sparse", "dense"):
            raise unknown("Reward", reward, ("sparse", "dense"))
        self.render_mode, self.cameras, self.reward = render_mode, tuple(cameras), reward
        size, self.per_frame = checked_size(size), per_frame
        self._scene = XArm7GraspScene.here(look, randomization, size)
        self._grasp, self._kinematics = Grasp(), Kinematics()
        box = gym.spaces.Box
        point, image = box(-5.0, 5.0, (3,), np.float64), box(0, 255, (size, size, 3), np.uint8)
        # a squeezed cube yields, and with it the fingers
        low, high = (
            np.append(limit, opening) for limit, opening in ((LIMIT_LOW, -OPEN), (LIMIT_HIGH, 2 * OPEN))
        )
        self.action_space = box(-1.0, 1.0, (4,), np.float32)
        spaces: dict[str, gym.Space] = {
            "agent_pos": box(low.astype(np.float32), high.astype(np.float32)),
            "achieved_goal": point,
            "desired_goal": point,
            "state": box(-10.0, 10.0, (10,), np.float64),
        }
        if self.cameras:
            spaces["pixels"] = gym.spaces.Dict(dict.fromkeys(self.cameras, image))
        self.observation_space = gym.spaces.Dict(spaces)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Start an episode. What happens in it depends on the seed alone, never on the look.

        `options` may hold, in metres, `goal` (3,), `tool`, where the tool point starts, (3,), and `cube`,
        where it lies on the table, (2,).

        Raises:
            CrossgapError: one of them is out of reach, or there is no such option.
        """
        super().reset(seed=seed)
        look_seed = self.np_random.integers(2**63)
        tool, cube, goal = self._draw()
        bounds = {
            "tool": (tool, TOOL_LOW, WORKSPACE_HIGH),
            "cube": (cube, CUBE_LOW, CUBE_HIGH),
            "goal": (goal, GOAL_LOW, GOAL_HIGH),
        }
        asked = checked_options(options, bounds)
        tool, cube, self.goal = (
            checked_point(name, asked.get(name, drawn), low, high)
            for name, (drawn, low, high) in bounds.items()
        )
        self._grasp.reset(tool, np.append(cube, ON_TABLE))
        self.q = self._kinematics.inverse(HOME, tool, iterations=50)
        self._look_rng, self._appearance = np.random.default_rng(look_seed), None  # until it is drawn
        return self._observation(), self._info()

    def _draw(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = self.np_random
        tool, cube = rng.uniform(TOOL_LOW, WORKSPACE_HIGH), rng.uniform(CUBE_LOW, CUBE_HIGH)
        in_the_air = rng.random() < IN_THE_AIR
        while True:
            goal = rng.uniform(GOAL_LOW, GOAL_HIGH)
            goal[2] = goal[2] if in_the_air else ON_TABLE
            if np.linalg.norm(goal - [*cube, ON_TABLE]) >= AWAY:
                return tool, cube, goal

    def step(self, action: np.ndarray):
        """Move the tool point and the fingers by `action`, clipped to the action space and the workspace.

        Raises:
            ValueError: the action is not four finite numbers.
        """
        action = np.asarray(action, float)
        if action.shape != (4,) or not np.isfinite(action).all():
            raise ValueError(
                f"An action is three finite displacements and an opening in [-1, 1]; got {action}."
            )
        action = np.clip(action, -1, 1)
        target = self._grasp.tool + MAX_DISPLACEMENT * action[:3]
        self._grasp.step(np.clip(target, WORKSPACE_LOW, WORKSPACE_HIGH), OPEN * (action[3] + 1) / 2)
        self.q = self._kinematics.inverse(self.q, self._grasp.tool, tolerance=1e-3)
        if self.per_frame:
            self._appearance = None
        elif self._appearance is not None:
            self._appearance = self._scene().next_appearance(self._appearance, self._look_rng)
        info = self._info()
        reward = float(self.compute_reward(self._grasp.cube, self.goal, info))
        return self._observation(), reward, False, False, info

    def compute_reward(self, achieved_goal: np.ndarray, desired_goal: np.ndarray, info: Any) -> np.ndarray:
        """Rewards (…) of cubes (…, 3) and goals (…, 3) in metres."""
        del info
        return goal_reward(achieved_goal, desired_goal, self.reward)

    def render(self) -> np.ndarray:
        """The image of the first camera, (size, size, 3) uint8."""
        self._arrange()
        return self._scene().view((self.cameras or CAMERAS)[0])[0]

    def _arrange(self) -> None:
        if self._appearance is None:
            self._appearance = self._scene().new_appearance(self._look_rng)
        grasp = self._grasp
        self._scene().arrange(self.q, grasp.opening, grasp.cube, grasp.turn, self._appearance)

    def _observation(self) -> dict[str, Any]:
        tool, opening, cube = self._grasp.tool, self._grasp.opening, self._grasp.cube
        observation: dict[str, Any] = {
            "agent_pos": np.append(self.q, opening).astype(np.float32),
            "achieved_goal": cube,
            "desired_goal": self.goal.copy(),
            "state": np.concatenate([tool, [opening], cube, cube - tool]),
        }
        if self.cameras:
            self._arrange()
            observation["pixels"] = {camera: self._scene().view(camera)[0] for camera in self.cameras}
        return observation

    def _info(self) -> dict[str, Any]:
        distance = float(np.linalg.norm(self._grasp.cube - self.goal))
        return {"is_success": distance < SUCCESS_DISTANCE, "distance": distance}
