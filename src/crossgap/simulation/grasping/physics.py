"""Contact physics of a gripper, bins and what is in them.

The arm that carries the gripper is no part of it: it follows the gripper by its kinematics.
"""

from collections.abc import Callable, Sequence

import mujoco
import numpy as np

from crossgap.simulation.grasping.bins import FLOOR, HALF, HEIGHT, WALL
from crossgap.simulation.grasping.objects import Parts, Thing, parts_of

OPEN = 0.085
"""Between the fingers where the gripper is open, metres."""
CLOSED = -0.03
"""What a closed gripper's drive is led to, metres: so that it squeezes whatever is between the fingers."""
THICK, WIDE, LONG = 0.005, 0.012, 0.07
"""Half thickness of a finger along the way that it closes, half of its width, and its length, metres."""
TIMESTEP = 0.005
"""Of the physics, seconds."""
TRAVEL = 0.75
"""Share of a motion in which the hand is led to its target; in the rest it comes to rest there."""
HAND_MASS, FINGER_MASS, DENSITY = 1.0, 0.08, 1200.0
"""Kilograms, and kilograms per cubic metre of what is grasped."""
HAND_GAIN, HAND_FORCE = 12_000.0, 40.0
"""N/m and N, along each axis: what holds the hand gives way when it pushes on something."""
YAW_GAIN, YAW_FORCE, YAW_INERTIA = 60.0, 8.0, 0.012
"""N m/rad, N m, and kg m² of the hand with its fingers."""
FINGER_GAIN, FINGER_FORCE, FINGER_SPEED = 1000.0, 10.0, 0.35
"""N/m, N and m/s of each finger at most: faster ones go a way into what they meet, and slip over it."""
HARD = (0.01, 1.0), (0.95, 0.99, 0.001, 0.5, 2.0)
"""`solref` and `solimp` of fingers and things: as hard as the time step allows, or a squeeze goes through."""
AXES = ("x", "y", "z")
HAND, FINGERS = slice(0, 4), slice(4, 6)
"""Of the positions and the drives: x, y, z and yaw; and the fingers."""
SETTLE = 110
"""Steps in which what falls into a bin comes to rest."""
SPREAD = 0.08
"""How far from a bin's middle things fall into it, metres."""
AGAIN, RETRIES = 60, 5
"""Steps in which what missed the bin and is dropped again comes to rest; and how often that is tried."""
DROP = 0.055
"""How much higher each one starts than the one before, metres, for none to start inside another."""
CLEAR = 0.08
"""How much higher it starts then, above what lies there, metres."""
HELD_HEIGHT, HELD_NEAR = 0.10, 0.08
"""How high above the floor a thing that is held is at least, and how near to the tool point, metres."""


class GraspPhysics:
    """A gripper that points down, moved along three axes and turned about the upright one, over bins."""

    model: mujoco.MjModel
    data: mujoco.MjData
    parts: Parts
    """Of what is in the bins."""
    watch: Callable[[], None] | None = None
    """What is called after every step in which the hand moves, such as to film it; it changes nothing."""

    def reset(
        self, bins: np.ndarray, things: Sequence[Thing], hand: np.ndarray, rng: np.random.Generator
    ) -> None:  # fmt: skip
        """Fill the bins anew.

        Args:
            bins: middles, (b, 2) metres.
            things: what falls into them, into one after the other.
            hand: where the open hand waits: tool point and yaw, (4,) metres and radians.
            rng: where they fall, and how they are turned.
        """
        self.parts, starts = parts_of(things), _starts(bins, len(things), rng)
        self.model = _spec(bins, things, starts).compile()
        self.data = mujoco.MjData(self.model)
        self.put(hand)
        self._settle(SETTLE)
        for _ in range(RETRIES):
            if not (missed := np.flatnonzero(~_inside(self.poses, bins))).size:
                break
            again = self.data.qpos[6:].reshape(-1, 7)  # a view
            again[missed] = _starts(bins, len(things), rng)[missed] + [0, 0, CLEAR, 0, 0, 0, 0]
            self._settle(AGAIN)
        self.data.qvel[:] = 0  # what still rolls would be elsewhere than it was seen

    def _settle(self, steps: int) -> None:
        for _ in range(steps):
            mujoco.mj_step(self.model, self.data)

    def put(self, hand: np.ndarray) -> None:
        """Put the open hand somewhere at once, at rest: tool point and yaw, (4,) metres and radians."""
        data = self.data
        data.qpos[HAND], data.qpos[FINGERS], data.qvel[:6] = hand, OPEN / 2, 0
        data.ctrl[HAND], data.ctrl[FINGERS] = hand, OPEN / 2
        mujoco.mj_forward(self.model, data)

    def move(self, hand: np.ndarray, opening: float, steps: int) -> None:
        """Lead the hand to a tool point and yaw, (4,) metres and radians, and the fingers to an opening."""
        data, start = self.data, self.data.ctrl[HAND].copy()
        data.ctrl[FINGERS] = opening / 2
        for step in range(1, steps + 1):
            data.ctrl[HAND] = start + min(1.0, step / (TRAVEL * steps)) * (hand - start)
            mujoco.mj_step(self.model, data)
            if self.watch:
                self.watch()

    @property
    def hand(self) -> np.ndarray:
        """Tool point and yaw, (4,) metres and radians."""
        return self.data.qpos[HAND].copy()

    @property
    def opening(self) -> float:
        """Between the fingers, metres."""
        return float(self.data.qpos[FINGERS].sum())

    @property
    def poses(self) -> np.ndarray:
        """Of every thing its position and its turn, a unit quaternion, (n, 7) metres."""
        return self.data.qpos[6:].reshape(-1, 7).copy()

    @property
    def placed(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions (p, 3) metres and turns (p, 4) of `parts`."""
        mujoco.mj_kinematics(self.model, self.data)  # a step leaves places as they were before it
        turns = np.empty((len(self.parts.kinds), 4))
        last = slice(-len(turns), None)  # what is in the bins comes after all else in the model
        for turn, matrix in zip(turns, self.data.geom_xmat[last], strict=True):
            mujoco.mju_mat2Quat(turn, matrix)
        return self.data.geom_xpos[last].copy(), turns

    @property
    def held(self) -> int | None:
        """The thing that the gripper holds up above the bin, the highest of them; None without one."""
        position = self.poses[:, :3]
        up = position[:, 2] >= FLOOR + HELD_HEIGHT
        near = np.linalg.norm(position - self.hand[:3], axis=1) <= HELD_NEAR
        if not (up & near).any():
            return None
        return int(np.argmax(np.where(up & near, position[:, 2], -np.inf)))


def _starts(bins: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Where things begin to fall, position and turn, (count, 7)."""
    starts = np.zeros((count, 7))
    for index, start in enumerate(starts):
        place, layer = bins[index % len(bins)], index // len(bins)
        yaw = rng.uniform(-np.pi, np.pi)
        start[:3] = *(place + rng.uniform(-SPREAD, SPREAD, 2)), FLOOR + 0.04 + DROP * layer
        start[3:] = np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)
    return starts


def _inside(poses: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Which things (n, 7) are in any of the bins, (n,)."""
    away = np.abs(poses[:, None, :2] - bins).max(2).min(1)
    return (away < HALF) & (poses[:, 2] > FLOOR) & (poses[:, 2] < FLOOR + HEIGHT + CLEAR)


def _spec(bins: np.ndarray, things: Sequence[Thing], starts: np.ndarray) -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    spec.memory = 2**21
    option = spec.option
    option.timestep, option.integrator = TIMESTEP, mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # from 60 degrees of freedom on it would be sparse; with this integrator MuJoCo 4.0.0 then throws things
    # away at 50 m/s now and then
    option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    option.cone, option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 5.0  # else what is held slips slowly
    spec.worldbody.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1])
    for index, middle in enumerate(bins):
        body = spec.worldbody.add_body(name=f"bin_{index}", pos=[*middle, 0])
        for position, size in bin_boxes():
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, pos=position, size=size, condim=4)
    _add_hand(spec)
    for index, (thing, start) in enumerate(zip(things, starts, strict=True)):
        body = spec.worldbody.add_body(name=f"thing_{index}", pos=start[:3], quat=start[3:])
        body.add_freejoint()
        for part in thing:
            size = [*part.size, 0, 0][:3]
            body.add_geom(
                type=part.kind, size=size, pos=part.position, quat=part.turn, density=DENSITY,
                condim=4, friction=[1.0, 0.01, 0.001], solref=HARD[0], solimp=HARD[1],
            )  # fmt: skip
    return spec


def bin_boxes() -> list[tuple[list[float], list[float]]]:
    """A bin's floor and walls: middles and half lengths, in its frame, metres."""
    outer, half = HALF + WALL, WALL / 2
    boxes = [([0, 0, half], [outer, outer, half])]
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        size = [half if x else outer, half if y else outer, (FLOOR + HEIGHT) / 2]
        boxes.append(([x * (HALF + half), y * (HALF + half), (FLOOR + HEIGHT) / 2], size))
    return boxes


def _add_hand(spec: mujoco.MjSpec) -> None:
    hand = spec.worldbody.add_body(name="hand", gravcomp=1.0)
    hand.mass, hand.inertia, hand.explicitinertial = HAND_MASS, [0.01] * 3, True
    for axis, direction in zip(AXES, np.eye(3), strict=True):
        hand.add_joint(name=axis, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction)
        _drive(spec, axis, HAND_GAIN, _critical(HAND_GAIN, HAND_MASS + 2 * FINGER_MASS), HAND_FORCE)
    hand.add_joint(name="yaw", type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 0, 1])
    _drive(spec, "yaw", YAW_GAIN, _critical(YAW_GAIN, YAW_INERTIA), YAW_FORCE)
    for name, side in (("left", 1), ("right", -1)):
        finger = hand.add_body(name=name, pos=[0, side * THICK, 0], gravcomp=1.0)
        joint = finger.add_joint(
            name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, side, 0], limited=True, range=[0, OPEN / 2]
        )
        joint.solref_limit, joint.solimp_limit = [0.01, 1], [0.95, 0.99, 0.001, 0.5, 2]
        finger.add_geom(
            name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=[WIDE, THICK, LONG / 2], pos=[0, 0, LONG / 2],
            mass=FINGER_MASS, condim=4, friction=[1.5, 0.03, 0.001], solref=HARD[0], solimp=HARD[1],
        )  # fmt: skip
        _drive(spec, name, FINGER_GAIN, FINGER_FORCE / FINGER_SPEED, FINGER_FORCE)
    # a hard squeeze on nothing would drive them through each other
    spec.add_exclude(name="fingers", bodyname1="left", bodyname2="right")
    both = spec.add_equality(name="fingers", type=mujoco.mjtEq.mjEQ_JOINT, name1="left", name2="right")
    both.data[:2] = 0, 1  # as one gear drives them: left = right


def _drive(spec: mujoco.MjSpec, joint: str, gain: float, damping: float, force: float) -> None:
    """A position drive of a joint."""
    actuator = spec.add_actuator(name=joint, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    actuator.set_to_position(kp=gain, kv=damping)
    actuator.forcerange, actuator.forcelimited = [-force, force], True


def _critical(gain: float, inertia: float) -> float:
    """The damping with which a drive comes to rest soonest without swinging."""
    return 2 * np.sqrt(gain * inertia)
