"""`crossgap/IiwaGrasp-v0`: a Kuka iiwa picks something out of a bin; what, is its own choice."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from crossgap.errors import CrossgapError, find
from crossgap.simulation.base.environment import WorldEnv
from crossgap.simulation.base.options import checked_options, finite
from crossgap.simulation.grasping.bins import CENTRE, FLOOR, SETUPS
from crossgap.simulation.grasping.kinematics import YAW, joint_angles
from crossgap.simulation.grasping.model import MOST_THINGS
from crossgap.simulation.grasping.objects import TRAINING, UNSEEN, draw_things
from crossgap.simulation.grasping.physics import CLOSED, OPEN, GraspPhysics
from crossgap.simulation.grasping.scene import Arrangement, GraspScene

CAMERA = "shoulder"
LOW = np.array([*(CENTRE - 0.105), FLOOR + 0.006])
HIGH = np.array([*(CENTRE + 0.105), FLOOR + 0.17])
"""Where the tool point may go, metres."""
START_LOW = np.array([*(CENTRE - 0.06), FLOOR + 0.12, -np.pi / 2])
START_HIGH = np.array([*(CENTRE + 0.06), FLOOR + 0.16, np.pi / 2])
"""Where an attempt starts, tool point and yaw, metres and radians."""
REACH, TURN = np.array([0.08, 0.08, 0.15]), np.pi / 2
"""Furthest in one step, metres along x, y and z, and radians."""
STEPS = 12
"""Of an attempt at most."""
PENALTY = 0.05
"""What every step but the last one costs (QT-Opt)."""
MOVE, GRIP, LIFT = 28, 26, 40
"""Steps of the physics in which the hand moves, the fingers then close or open, and the hand goes up."""


class GraspEnv(WorldEnv):
    """What both rungs of grasping have in common: bins filled anew for every attempt, and what is seen.

    Arguments as in `WorldEnv`, whose camera is `shoulder`; without it nothing is rendered. And:

    Args:
        setup: `robot_1`, `single_bin` or `multi_bin`; see `bins.SETUPS`.
        objects: how many things are in the bins, or from which number to which; by default the setup's.
        unseen: whether they are of the families that are kept for tests.
        segmentation: whether to observe `segmentation`, too: which thing is where (`scene.FIRST_THING`).

    Raises:
        CrossgapError: as of `WorldEnv`; an unknown setup; a number of things that is none, or too large.
    """

    scene, available = GraspScene, (CAMERA,)
    steps: int

    def __init__(
        self, look: str, randomization: str, size: int, cameras: Sequence[str], render_mode: str | None,
        setup: str, objects: int | Sequence[int] | None, unseen: bool, segmentation: bool,
    ):  # fmt: skip
        self.setup = find("Setup", setup, SETUPS)
        super().__init__(look, f"{randomization}+{self.setup.camera}", size, cameras, render_mode)
        self.objects = _bounds(self.setup.bins * self.setup.objects if objects is None else objects)
        self.families, self.segmentation = UNSEEN if unseen else TRAINING, segmentation
        self._physics = GraspPhysics()
        box = gym.spaces.Box
        spaces: dict[str, gym.Space] = {
            "agent_pos": box(-4.0, 4.0, (7,), np.float32),
            "state": box(-10.0, 10.0, (self.objects[1], 7), np.float64),
        }
        if self.cameras:
            spaces["pixels"] = self._by_camera(0, 255, (3,), np.uint8)
        if segmentation:
            spaces["segmentation"] = box(0, 255, (self.size, self.size), np.uint8)
        self.observation_space = gym.spaces.Dict(spaces)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Start an attempt in bins that are filled anew. What happens depends on the seed, not on the look.

        Raises:
            CrossgapError: there are options; none are known.
        """
        checked_options(options, ())
        self._begin(seed)
        rng, (least, most) = self.np_random, self.objects
        self._bins = self.setup.draw(rng)
        things = draw_things(self.families, int(rng.integers(least, most + 1)), rng)
        self._physics.reset(self._bins, things, self._start(rng), rng)
        self._time, self._closed, self._over = 0, False, False
        return self._observation(), self._info()

    def _start(self, rng: np.random.Generator) -> np.ndarray:
        """Where the hand starts, (4,)."""
        raise NotImplementedError

    def _info(self) -> dict[str, Any]:
        """Of an attempt that is over, whether something is held."""
        return {"is_success": bool(self._over and self._closed and self._physics.held is not None)}

    def _lift(self) -> None:
        """Raise a closed hand with whatever it holds: the attempt is over."""
        self._over, hand = True, self._physics.hand
        if self._closed:
            self._physics.move(np.array([*hand[:2], HIGH[2], hand[3]]), CLOSED, LIFT)

    def render(self) -> np.ndarray:
        """The camera image, (size, size, 3) uint8."""
        return self._scene().render(self.arrangement(), self._fields())

    def watched(self, watch: Callable[[], None] | None) -> None:
        """From now on, have something called after every step of the physics in which the hand moves, 5 ms,
        such as to film it by `render`; None for nothing."""
        self._physics.watch = watch

    def seen_at(self, points: np.ndarray) -> np.ndarray:
        """Where in the image that was rendered last points (n, 3) metres are, (n, 2): to the right and
        downwards, from 0 to 1 in it."""
        return self._scene().seen_at(points)

    def arrangement(self) -> Arrangement:
        """What is to be seen now, in any look."""
        hand = self._physics.hand
        q = joint_angles(hand[:3], hand[3])
        return Arrangement(q, self._physics.opening, self._bins, self._physics.parts, *self._physics.placed)

    def _felt(self) -> np.ndarray:
        """`agent_pos`, (7,)."""
        physics = self._physics
        return np.array([*physics.hand, self._closed, physics.opening / OPEN, self._time / self.steps])

    def _observation(self) -> dict[str, Any]:
        poses, state = self._physics.poses, np.zeros((self.objects[1], 7))
        state[: len(poses)] = poses
        found: dict[str, Any] = {"agent_pos": self._felt().astype(np.float32), "state": state}
        if self.cameras:
            found["pixels"] = {CAMERA: self.render()}
        if self.segmentation:
            found["segmentation"] = self._scene().segment(self.arrangement(), self._fields())
        return found


class IiwaGraspEnv(GraspEnv):
    """Grasp by many small motions, as QT-Opt does (Kalashnikov et al. 2018).

    Gripper, bins and things are MuJoCo's contact physics (`physics`). The arm that carries the gripper
    follows it exactly, by inverse kinematics within its joint limits, and touches nothing.

    Action: (7,) in [-1, 1]: displacement of the tool point along x, y and z, times 8, 8 and 15 cm; sine and
    cosine of the gripper's turn, at most 90°; closed where above 0; the attempt's end where above 0, and then
    nothing moves first. After the last step, or where the action ends it, a closed hand goes up.

    Observation: `pixels["shoulder"]` (size, size, 3) uint8; `agent_pos` (7,) float32: the tool point's x, y
    and z in metres and the yaw in radians, in the frame of the base; 1 where the gripper was last told to
    close; how far it is open, and the time used, as shares. Privileged: `state` (n, 7) position and turn of
    every thing, 0 where there are fewer.

    Reward: 1 where something is held above the bin at the end, 0 where not, and -0.05 for every step before.
    `info`: `is_success`, at reset and at every step. The end is `terminated` always: the time that is left is
    observed.

    Arguments and errors as of `GraspEnv`; and:

    Args:
        steps: of an attempt at most, from 2.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 7}

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 64,
        cameras: Sequence[str] = (CAMERA,), render_mode: str | None = None, setup: str = "robot_1",
        objects: int | Sequence[int] | None = None, unseen: bool = False, segmentation: bool = False,
        steps: int = STEPS,
    ):  # fmt: skip
        super().__init__(
            look, randomization, size, cameras, render_mode, setup, objects, unseen, segmentation
        )
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 2:
            raise CrossgapError(f"steps = {steps!r}. Expected a whole number, at least 2.")
        self.steps = steps
        self.action_space = gym.spaces.Box(-1.0, 1.0, (7,), np.float32)

    def _start(self, rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(START_LOW, START_HIGH)

    def step(self, action: np.ndarray):
        """One motion; clipped to the action space and the workspace.

        Raises:
            ValueError: the action is not seven finite numbers.
        """
        expected = "An action is a displacement (3), sine and cosine of a turn, closed, and the end"
        action = np.clip(finite(action, 7, expected), -1, 1)
        self._time += 1
        ends = action[6] > 0
        if not ends:
            self._move(action)
        if ends or self._time >= self.steps:
            self._lift()
        self._go_on()
        info = self._info()
        reward = float(info["is_success"]) if self._over else -PENALTY
        return self._observation(), reward, self._over, False, info

    def _move(self, action: np.ndarray) -> None:
        target = target_pose(self._physics.hand, action)
        self._physics.move(target, self._opening, MOVE)
        if (closed := bool(action[5] > 0)) != self._closed:  # after the motion, not during it
            self._closed = closed
            self._physics.move(target, self._opening, GRIP)

    @property
    def _opening(self) -> float:
        return CLOSED if self._closed else OPEN


def target_pose(hand: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Where `IiwaGrasp`'s action (7,) leads a hand, both tool point and yaw, (4,) metres and radians."""
    turn = np.clip(np.arctan2(action[3], action[4]), -TURN, TURN)
    point = np.clip(hand[:3] + REACH * action[:3], LOW, HIGH)
    return np.array([*point, np.clip(hand[3] + turn, -YAW, YAW)])


def _bounds(objects: int | Sequence[int]) -> tuple[int, int]:
    """The least and the largest number of things.

    Raises:
        CrossgapError: it is none.
    """
    both = tuple(objects) if isinstance(objects, Sequence) else (objects, objects)
    whole = len(both) == 2 and all(isinstance(one, int) for one in both)
    if not whole or not 1 <= both[0] <= both[1] <= MOST_THINGS:
        raise CrossgapError(
            f"objects = {objects!r}. Expected a number from 1 to {MOST_THINGS}, or two: the least and the "
            "largest."
        )
    return both[0], both[1]
