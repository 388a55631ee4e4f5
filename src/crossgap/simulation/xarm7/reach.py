"""`crossgap/XArm7Reach-v0`: an xArm7 brings its gripper to a goal; where it is, only images tell."""

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from PIL import Image, ImageDraw

from crossgap.errors import CrossgapError, unknown
from crossgap.simulation.base.depth_noise import realsense_like
from crossgap.simulation.base.options import checked_number, checked_options, checked_point, checked_size
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


class XArm7ReachEnv(gym.Env):
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

    Args:
        look: name of the look.
        randomization: name of a randomization, applied on top of it.
        size: image width and height in pixels.
        cameras: which of `front` and `side`, in the order of the observation.
        depth: whether to observe depth as well.
        depth_noise: how far from exact it is: 0, or 1 for what a stereo camera measures (`depth_noise.py`).
        reward: `sparse` or `dense`.
        render_mode: None or `rgb_array`.
        per_frame: whether the look is drawn anew for every frame, not only for every episode.

    Raises:
        CrossgapError: an unknown look, randomization, camera or reward, a negative noise, or a size that is
            none.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 (Gymnasium's form)

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 84,
        cameras: Sequence[str] = ("side",), depth: bool = False,
        depth_noise: float = 0.0, reward: Literal["sparse", "dense"] = "sparse",
        render_mode: str | None = None, per_frame: bool = False,
    ):  # fmt: skip
        for camera in cameras:
            if camera not in CAMERAS:
                raise unknown("Camera", camera, CAMERAS)
        if not cameras:
            raise CrossgapError(f"Expected at least one camera of {', '.join(CAMERAS)}.")
        if reward not in ("sparse", "dense"):
            raise unknown("Reward", reward, ("sparse", "dense"))
        size, depth_noise = checked_size(size), checked_number("depth_noise", depth_noise)
        self.render_mode, self.cameras, self.reward = render_mode, tuple(cameras), reward
        self.depth, self.depth_noise, self.per_frame = depth, depth_noise, per_frame
        self._scene = XArm7Scene.here(look, randomization, size)
        self._kinematics = Kinematics()
        box = gym.spaces.Box
        point = box(-2.0, 2.0, (3,), np.float64)
        image, metres = box(0, 255, (size, size, 3), np.uint8), box(0.0, FAR, (size, size), np.float32)
        spaces: dict[str, gym.Space] = {
            "pixels": gym.spaces.Dict(dict.fromkeys(self.cameras, image)),
            "agent_pos": box(LIMIT_LOW.astype(np.float32), LIMIT_HIGH.astype(np.float32)),
            "achieved_goal": point,
            "desired_goal": point,
            "state": point,
        }
        if depth:
            spaces["depth"] = gym.spaces.Dict(dict.fromkeys(self.cameras, metres))
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
        super().reset(seed=seed)
        appearance = self.np_random.integers(2**63)
        self._look_rng, self._depth_rng = (np.random.default_rng(s) for s in (appearance, [appearance, 1]))
        drawn = {name: self.np_random.uniform(WORKSPACE_LOW, WORKSPACE_HIGH) for name in ("goal", "tool")}
        drawn, self._strength = drawn | points, strength
        self.goal = drawn["goal"]
        self.q = self._kinematics.inverse(HOME, drawn["tool"], iterations=50)
        self._tool = self._kinematics.tool(self.q)[0]
        self._appearance = self._scene().new_appearance(self._look_rng, self._strength)
        return self._observation(), self._info()

    def step(self, action: np.ndarray):
        """Move the tool point by `action`, clipped to the action space, and cut to the workspace.

        Raises:
            ValueError: the action is not three finite numbers.
        """
        action = np.asarray(action, float)
        if action.shape != (3,) or not np.isfinite(action).all():
            raise ValueError(f"An action is three finite displacements in [-1, 1]; got {action}.")
        target = self._tool + MAX_DISPLACEMENT * np.clip(action, -1, 1)
        self.q = self._kinematics.inverse(self.q, np.clip(target, WORKSPACE_LOW, WORKSPACE_HIGH))
        self._tool = self._kinematics.tool(self.q)[0]
        if self.per_frame:
            self._appearance = self._scene().new_appearance(self._look_rng, self._strength)
        else:
            self._appearance = self._scene().next_appearance(self._appearance, self._look_rng, self._strength)
        info = self._info()
        return (
            self._observation(),
            float(self.compute_reward(self._tool, self.goal, info)),
            False,
            False,
            info,
        )

    def compute_reward(self, achieved_goal: np.ndarray, desired_goal: np.ndarray, info: Any) -> np.ndarray:
        """Rewards (…) of points (…, 3) in metres, so that any point can be made the goal afterwards."""
        del info
        return goal_reward(achieved_goal, desired_goal, self.reward)

    def render(self) -> np.ndarray:
        """The image of the first camera with a ring where the goal is, which no policy sees, (size, size, 3)
        uint8."""
        self._scene().pose(self.q, self._appearance)
        image = Image.fromarray(self._scene().view(self.cameras[0])[0])
        column, row = self._scene().pixel(self.goal, self.cameras[0])
        ring = (column - RING, row - RING, column + RING, row + RING)
        ImageDraw.Draw(image).ellipse(ring, outline=(255, 0, 255))
        return np.asarray(image)

    def _observation(self) -> dict[str, Any]:
        self._scene().pose(self.q, self._appearance)
        views = {camera: self._scene().view(camera, self.depth) for camera in self.cameras}
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

    def _info(self) -> dict[str, Any]:
        distance = float(np.linalg.norm(self._tool - self.goal))
        return {"is_success": distance < SUCCESS_DISTANCE, "distance": distance}


def goal_reward(achieved: np.ndarray, desired: np.ndarray, kind: str) -> np.ndarray:
    """Rewards (…), `sparse` or `dense`, of points (…, 3) in metres."""
    distance = np.linalg.norm(np.subtract(achieved, desired), axis=-1)
    return -distance if kind == "dense" else -(distance >= SUCCESS_DISTANCE).astype(float)
