"""The UFactory xArm7: where its joints are, and the joint angles that bring its gripper to a point.

Joint angles q = (J1 … J7) in radians, by the manufacturer's convention. Positions are in metres, in the frame
of the base, whose z axis points up. The tool point lies between the fingertips.
"""

import math
from collections.abc import Sequence

import mujoco
import numpy as np

from crossgap.simulation.base.options import finite

PI = np.pi
ORIGINS = (
    ((0, 0, 0.267), 0.0),
    ((0, 0, 0), -PI / 2),
    ((0, -0.293, 0), PI / 2),
    ((0.0525, 0, 0), PI / 2),
    ((0.0775, -0.3425, 0), PI / 2),
    ((0, 0, 0), PI / 2),
    ((0.076, 0.097, 0), -PI / 2),
)
"""Of J1 to J7, in the frame before it: xyz in metres, and the roll about x in radians. Every joint turns
about its own z axis (the manufacturer's published parameters)."""
JOINTS = tuple(f"joint_{number}" for number in range(1, 8))
TOOL = 0.172
"""From J7's frame, the flange, to the tool point along the flange's z axis, metres: the gripper's length."""
LIMIT_LOW = np.array([-2 * PI, -2.059, -2 * PI, -0.19198, -2 * PI, -1.69297, -2 * PI])
LIMIT_HIGH = np.array([2 * PI, 2.0944, 2 * PI, 3.927, 2 * PI, PI, 2 * PI])
"""Published joint limits, radians."""
HOME = np.array([0, -0.247, 0, 0.909, 0, 1.15644, 0])
"""The published home position: the gripper points down."""
DOWN = (0.0, 0.0, -1.0)
"""Where the gripper points, which the inverse kinematics keeps."""
DAMPING = 0.03
"""How much the inverse kinematics shuns large motions near a singularity."""
DAMPED = DAMPING**2 * np.eye(6)
"""What that adds to the Jacobian's square."""
STRIDE = 0.1
"""How far it goes at once, metres: the arm bends, and farther ahead the Jacobian says nothing."""
POSTURE = 0.05
"""How fast the seventh joint, which the task leaves free, is drawn to `HOME`."""


def add_kinematics(spec: mujoco.MjSpec) -> list:
    """The arm's bodies and joints, without anything to see; a body per joint, and the site `tool`."""
    bodies, body = [], spec.worldbody
    for joint, (xyz, roll), low, high in zip(JOINTS, ORIGINS, LIMIT_LOW, LIMIT_HIGH, strict=True):
        turn = [np.cos(roll / 2), np.sin(roll / 2), 0, 0]
        body = body.add_body(
            name=joint, pos=xyz, quat=turn, mass=1.0, inertia=[0.01] * 3, explicitinertial=True
        )
        body.add_joint(
            name=joint, type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 0, 1], limited=True, range=[low, high]
        )
        bodies.append(body)
    body.add_site(name="tool", pos=[0, 0, TOOL])
    return bodies


class Kinematics:
    """Forward and inverse kinematics, computed by MuJoCo on a model of the joints alone."""

    def __init__(self) -> None:
        spec = mujoco.MjSpec()
        spec.compiler.degree = False
        add_kinematics(spec)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._site = self._model.site("tool").id
        self._q = self._data.qpos  # views of MuJoCo's own arrays: to ask for them takes as long as to compute
        self._position = self._data.site_xpos[self._site]
        self._pointing = self._data.site_xmat[self._site, 2::3]
        self._jacobian, self._error, self._weights = np.zeros((6, 7)), np.zeros(6), np.zeros(6)
        self._moves, self._turns = self._jacobian[:3], self._jacobian[3:]

    def __reduce__(self) -> tuple:
        return type(self), ()  # copied, the views would be arrays of their own, which nothing moves

    def tool(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the tool point is, (3,) metres, and where the gripper points, a unit vector (3,)."""
        self._q[:] = q
        mujoco.mj_kinematics(self._model, self._data)
        return self._position.copy(), self._pointing.copy()

    def inverse(
        self, q: np.ndarray, target: np.ndarray, iterations: int = 10, tolerance: float = 1e-4
    ) -> np.ndarray:
        """Joint angles within the limits that bring the tool point to `target`, the gripper pointing down.

        Damped least squares (Buss, "Introduction to Inverse Kinematics", 2004) from `q`, so that it stays
        near it. A target out of reach is approached as far as that goes.

        Args:
            q: where the arm is, (7,) radians.
            target: where the tool point should be, (3,) metres.
            iterations: at most.
            tolerance: error at which it stops, metres and radians.

        Returns:
            (7,) radians.

        Raises:
            ValueError: the target is not three finite numbers.
        """
        target = finite(target, 3, "A target is three finite coordinates in metres")
        q, jacobian = _limited(np.asarray(q, float)), self._jacobian
        for _ in range(iterations):
            error = self._errors(q, target)
            if max(map(abs, error.tolist())) < tolerance:
                break
            position = error[:3]
            position *= min(1.0, STRIDE / max(math.sqrt(position.dot(position)), 1e-9))
            mujoco.mj_comPos(self._model, self._data)
            mujoco.mj_jacSite(self._model, self._data, self._moves, self._turns, self._site)
            # `dot`, since `@` takes twice as long for so few numbers; likewise Cholesky below, not `solve`
            square, rest = jacobian.dot(jacobian.T) + DAMPED, POSTURE * (HOME - q)
            mujoco.mju_cholFactor(square, 0.0)
            mujoco.mju_cholSolve(self._weights, square, error - jacobian.dot(rest))
            q = _limited(q + self._weights.dot(jacobian) + rest)
        return q

    def _errors(self, q: np.ndarray, target: np.ndarray) -> np.ndarray:
        """What an arm with joint angles `q` lacks: (6,), metres to the target, radians to `DOWN`."""
        self._q[:] = q
        mujoco.mj_kinematics(self._model, self._data)
        np.subtract(target, self._position, self._error[:3])
        self._error[3:] = _cross(self._pointing.tolist(), DOWN)
        return self._error


def _limited(q: np.ndarray) -> np.ndarray:
    """Joint angles cut to the limits; numpy's `clip` takes several times as long for so few."""
    return np.minimum(np.maximum(q, LIMIT_LOW), LIMIT_HIGH)


def _cross(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float]:
    """Of two vectors (3,); numpy's own takes ten times as long."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
