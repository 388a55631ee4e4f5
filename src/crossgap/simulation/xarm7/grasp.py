"""Contact physics of a gripper, a cube and a table: what an arm that follows exactly does not need, grasping
does."""

import mujoco
import numpy as np

CUBE = 0.05
"""Edge of the cube, metres (Gymnasium-Robotics' Fetch)."""
OPEN = 0.084
"""Between the fingers where the gripper is open, metres; the xArm gripper's stroke."""
FINGER = 0.013
"""Half thickness of a finger, and how far it reaches below the tool point, metres; as it is drawn."""
LENGTH = 0.10
"""Of a finger, metres."""
SECONDS, TIMESTEP = 0.1, 0.004
"""Of one step of the task, and of the physics."""
TRAVEL = 0.6
"""Share of a step in which the hand is led to its target; in the rest it comes to rest there."""
HAND_MASS, FINGER_MASS, CUBE_MASS = 1.0, 0.1, 0.1
"""Kilograms."""
HAND_GAIN, HAND_FORCE = 12_000.0, 100.0
"""N/m and N, along each axis: what holds the hand gives way when it pushes on the cube or the table."""
FINGER_GAIN, FINGER_FORCE = 600.0, 15.0
"""N/m and N of each finger."""
AXES = ("x", "y", "z")


def _spec() -> mujoco.MjSpec:
    spec = mujoco.MjSpec()
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0  # else a held cube slips slowly
    world, box = spec.worldbody, mujoco.mjtGeom.mjGEOM_BOX
    world.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 0.1])
    hand = world.add_body(name="hand", gravcomp=1.0)
    hand.mass, hand.inertia, hand.explicitinertial = HAND_MASS, [0.01] * 3, True
    for axis, direction in zip(AXES, np.eye(3), strict=True):
        hand.add_joint(name=axis, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction)
        _drive(spec, axis, HAND_GAIN, HAND_MASS + 2 * FINGER_MASS, HAND_FORCE)
    for name, side in (("left", 1), ("right", -1)):
        finger = hand.add_body(name=name, pos=[0, side * FINGER, 0], gravcomp=1.0)
        finger.add_joint(
            name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, side, 0], limited=True, range=[0, OPEN / 2]
        )
        finger.add_geom(
            name=name, type=box, size=[FINGER, FINGER, LENGTH / 2], pos=[0, 0, LENGTH / 2 - FINGER],
            mass=FINGER_MASS, condim=4, friction=[1.2, 0.02, 0.001],
        )  # fmt: skip
        _drive(spec, name, FINGER_GAIN, FINGER_MASS, FINGER_FORCE)
    both = spec.add_equality(name="both_fingers", type=mujoco.mjtEq.mjEQ_JOINT, name1="left", name2="right")
    both.data[:2] = 0, 1  # as one gear drives them: left = right
    cube = world.add_body(name="cube", pos=[0.4, 0, CUBE / 2])
    cube.add_freejoint(name="cube")
    cube.add_geom(name="cube", type=box, size=[CUBE / 2] * 3, mass=CUBE_MASS, condim=4)
    return spec


def _drive(spec: mujoco.MjSpec, joint: str, gain: float, mass: float, force: float) -> None:
    """A critically damped position drive of a joint."""
    actuator = spec.add_actuator(name=joint, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    actuator.set_to_position(kp=gain, kv=2 * np.sqrt(gain * mass))
    actuator.forcerange, actuator.forcelimited = [-force, force], True


class Grasp:
    """A gripper that points down, moved along three axes, and a cube on a table.

    The arm that carries the gripper is not part of it: it follows the gripper by its kinematics.
    """

    def __init__(self) -> None:
        self._model = _spec().compile()
        self._data = mujoco.MjData(self._model)
        self._steps = round(SECONDS / TIMESTEP)

    def reset(self, tool: np.ndarray, cube: np.ndarray) -> None:
        """Start at rest with the gripper open: tool point and centre of the cube, (3,) metres."""
        mujoco.mj_resetData(self._model, self._data)
        self._data.qpos[:3], self._data.qpos[3:5], self._data.qpos[5:8] = tool, OPEN / 2, cube
        mujoco.mj_forward(self._model, self._data)

    def step(self, target: np.ndarray, opening: float) -> None:
        """Lead the tool point towards `target`, (3,) metres, and the fingers to `opening` metres apart."""
        data, start, travel = self._data, self.tool, TRAVEL * self._steps
        data.ctrl[3:] = opening / 2
        for step in range(1, self._steps + 1):
            data.ctrl[:3] = start + min(1.0, step / travel) * (target - start)
            mujoco.mj_step(self._model, data)

    @property
    def tool(self) -> np.ndarray:
        """The tool point, (3,) metres."""
        return self._data.qpos[:3].copy()

    @property
    def opening(self) -> float:
        """Between the fingers, metres."""
        return float(self._data.qpos[3] + self._data.qpos[4])

    @property
    def cube(self) -> np.ndarray:
        """Centre of the cube, (3,) metres."""
        return self._data.qpos[5:8].copy()

    @property
    def turn(self) -> np.ndarray:
        """How the cube is turned, a unit quaternion (4,), w first."""
        return self._data.qpos[8:12].copy()
