"""`crossgap/XArm7Reach-v0`: an xArm7 brings its gripper to a goal; where it is, only images tell."""

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from PIL import Image, ImageDraw

from crossgap.errors import CrossgapError
from crossgap.simulation.base.depth_noise import realsense_like
from crossgap.simulation.base.environment import GoalEnv
from crossgap.simulation.base.options import checked_number, checked_options, checked_point, finite
from crossgap.simulation.xarm7.kinematics import HOME, LIMIT_HIGH, LIMIT_LOW, Kinematics
from crossgap.simulation.xarm7.model import CAMERAS
from crossgap.simulation.xarm7.scene import XArm7Scene

WORKSPACE_LOW, WORKSPACE_HIGH = np.array([0.25, -0.25, 0.03]), np.array([0.55, 0.25, 0.33])
"""Where goals are and where the gripper may go, metres; all of it can be reached with the gripper down."""
MAX_DISPLACEMENT = 0.05
"""Of the tool point in one step along each axis, metres (Gymnasium-Robotics' Fetch)."""
SUCCESS_DISTANCE = 0.05
"""Between tool point and goal, metres (Fetch)."""
FAR = 3.0
"""Depths beyond are cut to this, metres."""
RING = 4
"""Radius of the ring that shows the goal, pixels."""


class XArm7ReachEnv(GoalEnv):
    """Reach with an xArm7 (seed "Transferring Simulated Learning to Real Robots", rebuilt in MuJoCo).

    The seed gives no step sizes, thresholds or lengths: 5 cm per step and axis, 5 cm for a success and 50
    steps are Fetch's. The arm follows exactly, by inverse kinematics within its joint limits, the gripper
    pointing down; what leaves the workspace is cut to it.

    Action: displacement of the tool point, (3,) in [-1, 1] times 5 cm.

    Observation: `pixels[<camera>]` (size, size, 3) uint8 of each camera; with `depth` also `depth[<camera>]`
    (size, size) float32 in metres, 0 where a noisy one measures nothing; `agent_pos` joint angles (7,)
    radians; `desired_goal` (3,) metres.
    Privileged, for critics and relabelling and not for policies: `achieved_goal`, the tool point (3,) metres,
    and `state`, the same.

    Reward: `sparse` −1 and 0 where the goal is reached, `dense` minus the distance in metres. `info`:
    `is_success` and `distance` (metres), at reset and at every step. An episode is cut after 50 steps.

    Arguments and errors as in `GoalEnv`; `cameras` are `front` and `side`, at least one of them. And:

    Args:
        depth: whether to observe depth as well.
        depth_noise: how far from exact it is: 0, or 1 for what a stereo camera measures (`depth_noise.py`).

    Raises:
        CrossgapError: a negative noise, or no camera.
    """

    scene, available, success_distance = XArm7Scene, CAMERAS, SUCCESS_DISTANCE

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 84,
        cameras: Sequence[str] = ("side",), depth: bool = False,
        depth_noise: float = 0.0, reward: Literal["sparse", "dense"] = "sparse",
        render_mode: str | None = None, per_frame: bool = False,
    ):  # fmt: skip
        super().__init__(reward, look, randomization, size, cameras, render_mode, per_frame)
        if not cameras:
            raise CrossgapError(f"Expected at least one camera of {', '.join(CAMERAS)}.")
        self.depth, self.depth_noise = depth, checked_number("depth_noise", depth_noise)
        self._kinematics = Kinematics()
        box = gym.spaces.Box
        spaces: dict[str, gym.Space] = {
            "pixels": self._by_camera(0, 255, (3,), np.uint8),
            "agent_pos": box(LIMIT_LOW.astype(np.float32), LIMIT_HIGH.astype(np.float32)),
        }
        spaces |= dict.fromkeys(("achieved_goal", "desired_goal", "state"), box(-2.0, 2.0, (3,), np.float64))
        if depth:
            spaces["depth"] = self._by_camera(0.0, FAR, (), np.float32)
        self.action_space = box(-1.0, 1.0, (3,), np.float32)
        self.observation_space = gym.spaces.Dict(spaces)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Start an episode. What happens in it depends on the seed alone, never on the look.

        `options` may hold `goal` (3,) and `tool`, where the tool point starts, (3,), both in metres, and
        `randomization_strength`, a factor on the randomization's.

        Raises:
            CrossgapError: one of the points is not in the workspace, the factor is negative or no number, or
                there is no such option.
        """
        asked = checked_options(options, ("goal", "tool", "randomization_strength"))
        strength = checked_number("randomization_strength", asked.pop("randomization_strength", 1.0))
        points = {
            name: checked_point(name, value, WORKSPACE_LOW, WORKSPACE_HIGH) for name, value in asked.items()
        }
        self._depth_rng = np.random.default_rng([self._begin(seed, strength), 1])
        drawn = {name: self.np_random.uniform(WORKSPACE_LOW, WORKSPACE_HIGH) for name in ("goal", "tool")}
        drawn |= points
        self.goal = drawn["goal"]
        self.q = self._kinematics.inverse(HOME, drawn["tool"], iterations=50)
        self._tool = self._kinematics.tool(self.q)[0]
        return self._observation(), self._outcome(self._tool)[1]

    def step(self, action: np.ndarray):
        """Move the tool point by `action`, clipped to the action space, and cut to the workspace.

        Raises:
            ValueError: the action is not three finite numbers.
        """
        action = finite(action, 3, "An action is three finite displacements in [-1, 1]")
        target = self._tool + MAX_DISPLACEMENT * np.clip(action, -1, 1)
        self.q = self._kinematics.inverse(self.q, np.clip(target, WORKSPACE_LOW, WORKSPACE_HIGH))
        self._tool = self._kinematics.tool(self.q)[0]
        self._go_on()
        reward, info = self._outcome(self._tool)
        return self._observation(), reward, False, False, info

    def render(self) -> np.ndarray:
        """The image of the first camera with a ring where the goal is, which no policy sees, (size, size, 3)
        uint8."""
        scene = self._posed()
        image = Image.fromarray(scene.view(self.cameras[0])[0])
        column, row = scene.pixel(self.goal, self.cameras[0])
        ring = (column - RING, row - RING, column + RING, row + RING)
        ImageDraw.Draw(image).ellipse(ring, outline=(255, 0, 255))
        return np.asarray(image)

    def _posed(self) -> XArm7Scene:
        scene = self._scene()
        scene.pose(self.q, self._fields())
        return scene

    def _observation(self) -> dict[str, Any]:
        scene = self._posed()
        views = {camera: scene.view(camera, self.depth) for camera in self.cameras}
        observation = {
            "pixels": {camera: image for camera, (image, _) in views.items()},
            "agent_pos": self.q.astype(np.float32),
            "achieved_goal": self._tool.copy(),
            "desired_goal": self.goal.copy(),
            "state": self._tool.copy(),
        }
        if self.depth:
            depths = {camera: depth for camera, (_, depth) in views.items() if depth is not None}
            observation["depth"] = {camera: self._measured(depth) for camera, depth in depths.items()}
        return observation

    def _measured(self, depth: np.ndarray) -> np.ndarray:
        view = self._scene().look.field_of_view
        return np.minimum(realsense_like(depth, view, self._depth_rng, self.depth_noise), FAR)
