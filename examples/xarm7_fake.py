"""What stands for an xArm7 in a dry run and in tests: its SDK's interface, a clock, and a rendered camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from crossgap.deploy.policy import Policy
from crossgap.experiments.xarm7.rollouts import unscaled
from crossgap.simulation.xarm7.kinematics import Kinematics
from crossgap.simulation.xarm7.reach import MAX_DISPLACEMENT
from crossgap.simulation.xarm7.scene import XArm7Scene
from xarm7_loop import TimeSource

TICK = 0.01
"""How finely the fake arm's motion is recorded, seconds."""
NOT_CONNECTED, HAS_ERROR, NOT_READY = -1, 1, 9
"""The SDK's codes."""


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        self.now += seconds


class FakeXArmAPI:
    """The part of `xarm.wrapper.XArmAPI` that is used here, of an arm that follows its commands exactly.

    As of the real one: degrees unless asked otherwise; codes instead of exceptions; a velocity command in
    the wrong mode is accepted and moves nothing; angles can be read in spite of an error; and `duration` is
    left out for firmware before 1.8.0.

    Args:
        clock: its time.
        q: where its joints are, (7,) radians.
    """

    def __init__(self, clock: TimeSource, q: np.ndarray):
        self.clock, self.q, self.velocity = clock, np.array(q, float), np.zeros(7)
        self._ends, self._time = np.inf, clock.monotonic()
        self.axis, self.version_number, self.mode, self.error = 7, (2, 5, 0), 0, 0
        self.enabled, self.connected, self._state = False, True, 4
        self.history: list[tuple[float, np.ndarray]] = [(self._time, self.q.copy())]
        """When the joints were where: seconds, and (7,) radians."""
        self.durations: list[float] = []
        """Of the velocity commands that were accepted."""

    def advance(self) -> None:
        """Move as far as time has passed."""
        now = self.clock.monotonic()
        while self._time < now - 1e-9:
            step = min(TICK, now - self._time)
            moves = self._ready() and self.mode == 4
            moving = min(step, max(0.0, self._ends - self._time)) if moves else 0.0
            self.q = self.q + moving * self.velocity
            self._time += step
            self.history.append((self._time, self.q.copy()))

    def _ready(self) -> bool:
        return self.connected and self.enabled and self._state != 4 and not self.error

    def disconnect(self) -> None:
        """As the SDK's."""
        self.advance()
        self.connected = False

    def motion_enable(self, enable: bool = True, servo_id: int | None = None) -> int:
        """As the SDK's."""
        self.advance()
        self.enabled = enable
        return 0 if self.connected else NOT_CONNECTED

    def set_mode(self, mode: int = 0, detection_param: int = 0) -> int:
        """As the SDK's; the arm needs to be made ready again."""
        self.advance()
        self.mode, self._state, self.velocity = mode, 4, np.zeros(7)
        return 0 if self.connected else NOT_CONNECTED

    def set_state(self, state: int = 0) -> int:
        """As the SDK's."""
        self.advance()
        if state == 4:
            self.velocity = np.zeros(7)
        self._state = state
        return 0 if self.connected else NOT_CONNECTED

    def get_state(self) -> tuple[int, Any]:
        """As the SDK's."""
        return 0, self._state

    def get_err_warn_code(self, show: bool = False, lang: str = "en") -> tuple[int, Any]:
        """As the SDK's."""
        return (0, [self.error, 0]) if self.connected else (NOT_CONNECTED, "xArm is not connect")

    def get_servo_angle(
        self, servo_id: int | None = None, is_radian: bool | None = None, is_real: bool = False
    ) -> tuple[int, Any]:
        """As the SDK's."""
        self.advance()
        if not self.connected:
            return NOT_CONNECTED, "xArm is not connect"
        return 0, (self.q if is_radian else np.rad2deg(self.q)).round(6).tolist()

    def vc_set_joint_velocity(
        self, speeds: list[float], is_radian: bool | None = None, is_sync: bool = True, duration: float = -1,
        **kwargs: Any,
    ) -> int:  # fmt: skip
        """As the SDK's."""
        self.advance()
        if not self.connected:
            return NOT_CONNECTED
        if self.error:
            return HAS_ERROR
        if not self._ready():
            return NOT_READY
        self.velocity = np.array(speeds, float) if is_radian else np.deg2rad(speeds)
        heeded = duration > 0 and self.version_number >= (1, 8, 0)
        self._ends = self.clock.monotonic() + duration if heeded else np.inf
        self.durations.append(duration)
        return 0


class _Straight:
    def __init__(self, arm: FakeXArmAPI):
        self._arm, self._kinematics = arm, Kinematics()

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        tool = self._kinematics.tool(self._arm.q)[0]
        return np.clip((unscaled(goals) - tool) / MAX_DISPLACEMENT, -1, 1)


def go_straight(arm: FakeXArmAPI) -> Policy:
    """What goes straight to the goal, because it knows where the arm is: to try the loop without a policy."""
    return _Straight(arm)


def simulated_camera(arm: FakeXArmAPI, look: str = "source", size: int = 84) -> Callable[[], Any]:
    """A camera that sees the fake arm from the side, as it is at the moment."""
    scene = XArm7Scene.shared(look, "none", size)
    appearance = scene.new_appearance(np.random.default_rng(0))

    def camera() -> tuple[np.ndarray, float]:
        arm.advance()
        scene.pose(arm.q, appearance)
        return scene.view("side")[0], arm.clock.monotonic()

    return camera
