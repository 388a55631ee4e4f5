"""The UFactory xArm7: where its joints are, and the joint angles that bring its gripper to a point.

Joint angles q = (J1 … J7) in radians, by the manufacturer's convention. Positions are in metres, in the frame
of the base, whose z axis points up. The tool point lies between the fingertips.
"""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

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
DOWN = np.array([0.0, 0.0, -1.0])
"""Where the gripper points, which the inverse kinematics keeps."""
DAMPING = 0.03
"""How much the inverse kinematics shuns large motions near a singularity."""
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
        self._jacobian = np.zeros((6, 7))

    def tool(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the tool point is, (3,) metres, and where the gripper points, a unit vector (3,)."""
        self._data.qpos[:] = q
        mujoco.mj_kinematics(self._model, self._data)
        return self._data.site_xpos[self._site].copy(), self._data.site_xmat[self._site, 2::3].copy()

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
        target = np.asarray(target, float)
        if target.shape != (3,) or not np.isfinite(target).all():
            raise ValueError(f"A target is three finite coordinates in metres; got {target}.")
        q = np.clip(np.asarray(q, float), LIMIT_LOW, LIMIT_HIGH)
        for _ in range(iterations):
            position, pointing = self.tool(q)
            error = np.concatenate([target - position, _cross(pointing, DOWN)])
            if np.abs(error).max() < tolerance:
                break
            error[:3] *= min(1.0, STRIDE / max(np.linalg.norm(error[:3]), 1e-9))
            mujoco.mj_comPos(self._model, self._data)
            jacobian = self._jacobian
            mujoco.mj_jacSite(self._model, self._data, jacobian[:3], jacobian[3:], self._site)
            inverse = np.linalg.solve(jacobian @ jacobian.T + DAMPING**2 * np.eye(6), jacobian).T
            rest = POSTURE * (HOME - q)
            q = np.clip(q + inverse @ (error - jacobian @ rest) + rest, LIMIT_LOW, LIMIT_HIGH)
        return q


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of two vectors (3,); numpy's own takes ten times as long."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
