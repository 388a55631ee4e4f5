"""`crossgap/Reach3-v0`: a 3-DoF arm brings its tip to a cube that it knows only from an image."""

import math
from typing import Any

import gymnasium as gym
import numpy as np

from crossgap.errors import CrossgapError
from crossgap.simulation.base.environment import WorldEnv
from crossgap.simulation.base.options import checked_points, finite
from crossgap.simulation.base.room import CAMERA
from crossgap.simulation.reach3 import kinematics
from crossgap.simulation.reach3.kinematics import (
    CUBE_HALF,
    HOVER,
    JOINT_HIGH,
    JOINT_LOW,
    LINK,
    SUCCESS_DISTANCE,
)
from crossgap.simulation.reach3.scene import Reach3Scene

MAX_STEP = 0.3
"""Largest joint displacement in one step, radians."""
CUBE_LOW = np.array([-2 * LINK, -2 * LINK, CUBE_HALF])
CUBE_HIGH = np.array([2 * LINK, 2 * LINK, kinematics.SHOULDER_HEIGHT + 2 * LINK])
"""Around all that the arm can reach above the floor, metres."""


class Reach3Env(WorldEnv):
    """Reach a cube with a yaw–shoulder–elbow arm (TaskGAN, section 4.1, rebuilt in MuJoCo).

    Action: joint displacements of one step, (3,) radians in [-0.3, 0.3]; the arm follows exactly.

    Observation: `pixels["front"]` (size, size, 3) uint8; `agent_pos` joint angles (3,) radians;
    `state` the privileged (tip, cube) positions, (6,) metres, for critics and checks, not policies.

    Reward: minus the tip–cube distance in metres. `info`: `is_success` (distance < 0.1 m),
    `distance` (metres) and `aim_distance`, from where demonstrations end, 5 cm above the cube's centre; at
    reset and at every step. An episode is cut after 100 steps.

    Arguments and errors as in `WorldEnv`.
    """

    metadata = WorldEnv.metadata | {"render_fps": 20}
    scene, available = Reach3Scene, (CAMERA,)

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 64,
        render_mode: str | None = None,
    ):  # fmt: skip
        super().__init__(look, randomization, size, (CAMERA,), render_mode)
        box = gym.spaces.Box
        self.action_space = box(-MAX_STEP, MAX_STEP, (3,), np.float32)
        self.observation_space = gym.spaces.Dict({
            "pixels": self._by_camera(0, 255, (3,), np.uint8),
            "agent_pos": box(JOINT_LOW.astype(np.float32), JOINT_HIGH.astype(np.float32)),
            "state": box(-2.0, 2.0, (6,), np.float32),
        })  # fmt: skip

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Start an episode. What happens in it depends on the seed alone, never on the look.

        `options` may hold `joint_angles` (3,) radians and `cube` (3,) metres to choose the start.

        Raises:
            CrossgapError: one of them is out of reach, or there is no such option.
        """
        asked = _checked(options)
        self._begin(seed)
        self.q, self.cube, self.turn = kinematics.sample_start(self.np_random)
        self.q, self.cube = asked.get("joint_angles", self.q), asked.get("cube", self.cube)
        return self._observation(), self._info()

    def step(self, action: np.ndarray):
        """Move the joints by `action`, clipped to the action space and the joint limits.

        Raises:
            ValueError: the action is not three finite numbers.
        """
        action = finite(action, 3, "An action is three finite joint displacements")
        self.q = np.clip(self.q + np.clip(action, -MAX_STEP, MAX_STEP), JOINT_LOW, JOINT_HIGH)
        self._go_on()
        info = self._info()
        return self._observation(), -info["distance"], False, False, info

    def render(self) -> np.ndarray:
        """The camera image, (size, size, 3) uint8."""
        return self._scene().render(self.q, self.cube, self.turn, self._fields())

    def _observation(self) -> dict[str, Any]:
        state = np.concatenate([kinematics.tip_position(self.q), self.cube])
        return {
            "pixels": {CAMERA: self.render()},
            "agent_pos": self.q.astype(np.float32),
            "state": state.astype(np.float32),
        }

    def _info(self) -> dict[str, Any]:
        tip = kinematics.tip_position(self.q)
        distance = math.dist(tip, self.cube)  # BLAS's last digit varies
        aim = math.dist(tip, self.cube + np.array([0, 0, HOVER]))
        return {"is_success": distance < SUCCESS_DISTANCE, "distance": distance, "aim_distance": aim}


def _checked(options: dict[str, Any] | None) -> dict[str, np.ndarray]:
    bounds = {"joint_angles": (JOINT_LOW, JOINT_HIGH, "rad"), "cube": (CUBE_LOW, CUBE_HIGH, "m")}
    asked = checked_points(options, bounds)
    if "cube" in asked:
        nearest = kinematics.tip_position(kinematics.inverse_kinematics(asked["cube"]))
        if (missing := math.dist(nearest, asked["cube"])) >= SUCCESS_DISTANCE:
            raise CrossgapError(
                f"cube = {asked['cube'].tolist()} is out of reach: the tip stays {missing:.2f} m away. "
                f"Expected less than {SUCCESS_DISTANCE:g} m."
            )
    return asked
