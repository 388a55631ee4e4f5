"""From a policy's action to joint velocities that a real xArm7 may be given: limited, and refused in time.

A command is made to last: its velocities bring the arm to where it should be just when the command ends by
itself. So whatever fails in between, the arm comes to rest at a point that was looked at beforehand.
"""

from dataclasses import dataclass, fields

import numpy as np

from crossgap.errors import CrossgapError
from crossgap.simulation.xarm7.kinematics import DOWN, LIMIT_HIGH, LIMIT_LOW, Kinematics
from crossgap.simulation.xarm7.reach import MAX_DISPLACEMENT, WORKSPACE_HIGH, WORKSPACE_LOW

MARGIN = 0.01
"""How far inside the workspace's border the tool point is kept, metres: room for the arm to stop."""
TILT = np.deg2rad(10.0)
"""How far from straight down the gripper may point, radians."""
FORECAST = (0.25, 0.5, 0.75, 1.0)
"""At which parts of a command's time the tool point is looked at beforehand."""


class Unsafe(CrossgapError):
    """Why the arm must not move, or not go on."""


@dataclass(frozen=True)
class Limits:
    """How fast, and for how long at once."""

    period: float = 0.1
    """Between two commands, seconds: the environment's ten per second."""
    duration: float = 0.15
    """After which a command ends by itself, seconds; longer than the period, or the arm would stutter."""
    tool_speed: float = 0.10
    """Of the tool point at most, metres per second."""
    joint_speed: float = 0.5
    """Of every joint at most, radians per second; the arm's own limit is π."""
    frame_age: float = 0.3
    """How old a camera's image may be when a command made from it is sent, seconds."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (np.isfinite(value) and value > 0):
                raise CrossgapError(f"{field.name} = {value}. Expected a number above 0.")
        if not self.period < self.duration <= 3 * self.period:
            raise CrossgapError(
                f"duration = {self.duration} s. Expected more than the period, {self.period} s, and at "
                "most three of them: it is how long the arm moves on when commands stop."
            )
        if self.joint_speed > np.pi:
            raise CrossgapError(f"joint_speed = {self.joint_speed} rad/s. The arm's own limit is π.")


def check_pose(kinematics: Kinematics, q: np.ndarray) -> np.ndarray:
    """The tool point, (3,) metres, of an arm that may be moved; `q` are measured joint angles, (7,) radians.

    Raises:
        Unsafe: an angle is not a number or beyond its limit, the tool point is outside the workspace, or the
            gripper does not point down.
    """
    q = np.asarray(q, float)
    if q.shape != (7,) or not np.isfinite(q).all():
        raise Unsafe(f"Joint angles are {q}. Expected seven finite angles in radians.")
    beyond = np.flatnonzero((q < LIMIT_LOW) | (q > LIMIT_HIGH))
    if len(beyond):
        raise Unsafe(f"Joint {beyond[0] + 1} is at {q[beyond[0]]:.3f} rad, beyond its limit.")
    tool, pointing = kinematics.tool(q)
    if not _inside(tool):
        raise Unsafe(
            f"The tool point is at {_text(tool)} m, outside the workspace: expected it from "
            f"{_text(WORKSPACE_LOW)} to {_text(WORKSPACE_HIGH)} m. Bring it there in UFactory Studio."
        )
    tilt = np.arccos(np.clip(np.dot(pointing, DOWN), -1, 1))
    if tilt > TILT:
        raise Unsafe(
            f"The gripper points {np.rad2deg(tilt):.0f}° away from straight down. Expected at most "
            f"{np.rad2deg(TILT):.0f}°."
        )
    return tool


def joint_velocities(kinematics: Kinematics, q: np.ndarray, action: np.ndarray, limits: Limits) -> np.ndarray:
    """What carries out an action, (7,) radians per second.

    The action means what it means in `crossgap/XArm7Reach-v0`; a long way is cut to what `tool_speed` allows
    in a command's time. Held for `limits.duration`, the velocities end at a point of the workspace.

    Args:
        kinematics: of the arm.
        q: measured joint angles, (7,) radians.
        action: displacement of the tool point, (3,) in [-1, 1] times 5 cm; clipped to that.
        limits: speeds and times.

    Raises:
        Unsafe: the action is not three finite numbers, `check_pose` refuses, or the way would leave the
            workspace.
    """
    action = np.asarray(action, float)
    if action.shape != (3,) or not np.isfinite(action).all():
        raise Unsafe(f"The policy's action is {action}. Expected three finite displacements in [-1, 1].")
    tool = check_pose(kinematics, q)
    way = MAX_DISPLACEMENT * np.clip(action, -1, 1)
    target = np.clip(tool + way, WORKSPACE_LOW + MARGIN, WORKSPACE_HIGH - MARGIN)
    way = target - tool
    way *= min(1.0, limits.tool_speed * limits.duration / max(np.linalg.norm(way), 1e-9))
    velocity = (kinematics.inverse(q, tool + way) - q) / limits.duration
    velocity *= min(1.0, limits.joint_speed / max(np.abs(velocity).max(), 1e-9))
    for part in FORECAST:
        ahead = kinematics.tool(q + part * limits.duration * velocity)[0]
        if not _inside(ahead):
            raise Unsafe(
                f"The next command would bring the tool point to {_text(ahead)} m, out of the workspace."
            )
    return velocity


def _inside(point: np.ndarray) -> bool:
    return bool(((point >= WORKSPACE_LOW) & (point <= WORKSPACE_HIGH)).all())


def _text(point: np.ndarray) -> str:
    return f"({', '.join(f'{x:.3f}' for x in point)})"
