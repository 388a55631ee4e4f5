"""The loop: image, action, joint velocities, ten times a second; and everything that ends it.

Every command ends by itself after a fraction of a second, so an arm that is no longer told anything stops.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from crossgap.deploy.policy import Policy
from crossgap.errors import CrossgapError
from crossgap.experiments.xarm7.rollouts import scaled
from crossgap.simulation.xarm7.kinematics import Kinematics
from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW
from crossgap.simulation.xarm7.velocity import Limits, Unsafe, check_pose, joint_velocities

SIZE = 84
"""Width and height of the policy's images in pixels."""
JOINT_VELOCITY, READY, STOP = 4, 0, 4
"""The SDK's mode in which joints are given velocities, and its states in which the arm moves and does not."""
FIRMWARE = (1, 8, 0)
"""Since when the arm heeds `duration`; the SDK leaves it out for older firmware without a word."""
SETTLE = 1.0
"""How long the controller takes to change its mode, seconds."""

Camera = Callable[[], tuple[np.ndarray, float] | None]
"""The latest image, (SIZE, SIZE, 3) uint8, and when it was taken by the clock; None where there is none."""


class TimeSource(Protocol):
    """The module `time`, or what stands for it."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    reason: str
    """Why it ended: `time is up`, or what was wrong."""
    steps: int
    """Commands sent."""
    tool: np.ndarray | None
    """Where the tool point was when last measured, (3,) metres."""
    distance: float | None
    """From there to the goal, metres."""


def check_policy(policy: Policy) -> None:
    """Whether the policy sees what this loop shows, as far as it says: before the arm is enabled.

    Raises:
        CrossgapError: it learnt from another camera, another size, or with depth.
    """
    about = getattr(policy, "about", None)
    if about is None:
        return
    wanted = {"cameras": ["side"], "depth": False, "size": SIZE}
    found = {name: list(value) if name == "cameras" else value for name, value in about.items()}
    for name, value in wanted.items():
        if found.get(name) != value:
            raise CrossgapError(f"The policy's {name} is {found.get(name)}. This loop shows it {value}.")


def run(
    arm: Any, camera: Camera, policy: Policy, goal: np.ndarray, steps: int = 100,
    limits: Limits | None = None, clock: TimeSource = time,
) -> Outcome:  # fmt: skip
    """Let the policy bring the tool point to the goal. However it ends, the arm has been told to stop.

    Args:
        arm: a connected `xarm.wrapper.XArmAPI`, or what has its methods.
        camera: what the policy sees.
        policy: `act(frames (1, SIZE, SIZE, 3) uint8, goals (1, 3) scaled)` gives actions (1, 3).
        goal: (3,) metres, in the workspace.
        steps: commands at most.
        limits: speeds and times.
        clock: what tells the time.

    Raises:
        CrossgapError: the goal is outside the workspace, the policy sees something else, or no steps.
    """
    goal, limits, kinematics = np.asarray(goal, float), limits or Limits(), Kinematics()
    if goal.shape != (3,) or not ((goal >= WORKSPACE_LOW) & (goal <= WORKSPACE_HIGH)).all():
        raise CrossgapError(f"Goal {goal} is outside the workspace, {WORKSPACE_LOW} to {WORKSPACE_HIGH} m.")
    if steps < 1:
        raise CrossgapError(f"--steps must be at least 1; got {steps}.")
    check_policy(policy)
    reason, sent, tool = "time is up", 0, None
    try:
        _look(camera, limits, clock)
        tool = _start(arm, kinematics, clock)
        for _ in range(steps):
            started = clock.monotonic()
            frame, taken = _look(camera, limits, clock)
            action = policy.act(frame[None], scaled(goal)[None])[0]
            q = _angles(arm)
            tool = check_pose(kinematics, q)
            velocity = joint_velocities(kinematics, q, action, limits)
            _check_arm(arm, JOINT_VELOCITY)
            _check_age(taken, limits, clock)  # last, because a policy may be slow
            _told(arm.vc_set_joint_velocity(velocity.tolist(), is_radian=True, duration=limits.duration))
            sent += 1
            clock.sleep(max(0.0, started + limits.period - clock.monotonic()))
    except Unsafe as error:
        reason = str(error)
    except KeyboardInterrupt:
        reason = "interrupted"
    finally:
        halt(arm)
    return Outcome(reason, sent, tool, None if tool is None else float(np.linalg.norm(tool - goal)))


def halt(arm: Any) -> None:
    """Zero velocities, then the state in which nothing moves; each even if the one before it fails.

    Not the SDK's `emergency_stop`, which by its own documentation makes the arm ready to move again.
    """
    for order in (
        lambda: arm.vc_set_joint_velocity([0.0] * 7, is_radian=True, duration=0.1),
        lambda: arm.set_state(STOP),
    ):
        try:
            order()
        except (Exception, KeyboardInterrupt) as error:
            print(
                f"Could not tell the arm to stop ({error!r}): its last command ends by itself.",
                file=sys.stderr,
            )


def _start(arm: Any, kinematics: Kinematics, clock: TimeSource) -> np.ndarray:
    """Check everything, then make the arm ready; where the tool point is, (3,) metres."""
    if arm.axis != 7:
        raise Unsafe(f"The arm has {arm.axis} axes. Expected an xArm7.")
    if tuple(arm.version_number) < FIRMWARE:
        found, needed = (".".join(map(str, v)) for v in (arm.version_number, FIRMWARE))
        raise Unsafe(
            f"Firmware {found} does not end velocity commands by itself. Expected {needed} or newer."
        )
    _check_arm(arm, None)
    tool = check_pose(kinematics, _angles(arm))
    for code in (arm.motion_enable(True), arm.set_mode(JOINT_VELOCITY), arm.set_state(READY)):
        _told(code)
    clock.sleep(SETTLE)
    _check_arm(arm, JOINT_VELOCITY)
    return tool


def _check_arm(arm: Any, mode: int | None) -> None:
    """Errors have to be asked for: reading angles succeeds in spite of them."""
    code, found = arm.get_err_warn_code()
    _told(code)
    if found[0]:
        raise Unsafe(f"The arm reports error {found[0]}. Look it up and clear it in UFactory Studio.")
    if mode is not None and arm.mode != mode:
        raise Unsafe(f"The arm is in mode {arm.mode}, not {mode}: something else controls it.")


def _told(code: int) -> None:
    if code != 0:
        raise Unsafe(f"The arm's SDK answered with code {code}; its `xarm_api_code.md` says what that means.")


def _angles(arm: Any) -> np.ndarray:
    code, angles = arm.get_servo_angle(is_radian=True, is_real=True)
    _told(code)
    return np.asarray(angles, float)


def _look(camera: Camera, limits: Limits, clock: TimeSource) -> tuple[np.ndarray, float]:
    seen = camera()
    if seen is None:
        raise Unsafe("The camera gives no image.")
    frame, taken = seen
    if frame.shape != (SIZE, SIZE, 3) or frame.dtype != np.uint8:
        raise Unsafe(
            f"The camera's image is {frame.shape} {frame.dtype}. Expected ({SIZE}, {SIZE}, 3) uint8."
        )
    _check_age(taken, limits, clock)
    return frame, taken


def _check_age(taken: float, limits: Limits, clock: TimeSource) -> None:
    age = clock.monotonic() - taken
    if not 0 <= age <= limits.frame_age:
        raise Unsafe(f"The camera's image is {age:.2f} s old. Expected at most {limits.frame_age} s.")
