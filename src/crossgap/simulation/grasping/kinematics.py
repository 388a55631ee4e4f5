"""The Kuka LBR iiwa 14 R820: where its joints are, and the joint angles that bring its gripper to a pose.

Joint angles q = (J1 … J7) in radians, by the manufacturer's convention. Positions are in metres, in the frame
of the base, whose z axis points up. The tool point lies between the fingertips.
"""

import mujoco
import numpy as np

AXES = ((0, 0, 1), (0, 1, 0), (0, 0, 1), (0, -1, 0), (0, 0, 1), (0, 1, 0), (0, 0, 1))
"""What J1 to J7 turn about, where all angles are 0 and the arm points up."""
HEIGHTS = (0.1575, 0.2025, 0.2045, 0.2155, 0.1845, 0.2155, 0.081)
"""Of each joint above the one before it, metres, in that pose."""
FLANGE = 0.045
"""Of the flange above J7, metres."""
SHOULDER, UPPER, FORE, WRIST = 0.360, 0.420, 0.400, 0.126
"""Base to shoulder, to elbow, to wrist, to flange, metres: the data sheet's; those are their parts."""
JOINTS = tuple(f"joint_{number}" for number in range(1, 8))
LIMIT_HIGH = np.array([2.96706, 2.0944, 2.96706, 2.0944, 2.96706, 2.0944, 3.05433])
LIMIT_LOW = -LIMIT_HIGH
"""Published joint limits, radians."""
HOME = np.array([0, 0.785398, 0, -1.5708, 0, 0, 0])
"""The published home position."""
TOOL = 0.17
"""From the flange to the tool point along the flange's z axis, metres: the gripper's length."""
YAW = 2.0
"""How far the gripper may turn to either side, radians: more than the half turn that tells grasps apart."""
ELBOW = 0.5
"""How far the elbow is turned out of the upright plane, away from the camera, radians."""


def add_kinematics(spec: mujoco.MjSpec) -> list:
    """The arm's bodies and joints, without anything to see; a body per joint, and the site `tool`."""
    bodies, body = [], spec.worldbody
    for joint, axis, height, low, high in zip(JOINTS, AXES, HEIGHTS, LIMIT_LOW, LIMIT_HIGH, strict=True):
        body = body.add_body(
            name=joint, pos=[0, 0, height], mass=1.0, inertia=[0.01] * 3, explicitinertial=True
        )
        body.add_joint(
            name=joint, type=mujoco.mjtJoint.mjJNT_HINGE, axis=axis, limited=True, range=[low, high]
        )
        bodies.append(body)
    body.add_site(name="tool", pos=[0, 0, FLANGE + TOOL])
    return bodies


def joint_angles(tool: np.ndarray, yaw: float) -> np.ndarray:
    """The joint angles, (7,) radians, that bring the tool point to `tool`, the gripper pointing down.

    In closed form, as three axes meet in the shoulder and three in the wrist: the law of cosines gives the
    elbow, and what is left of the turn before and behind it are Euler angles z-y-z.

    Args:
        tool: (3,) metres.
        yaw: the gripper's turn about the upright axis, radians; at 0 its fingers close along y. Within
            ±`YAW` every joint keeps its limits where the hand may go.

    Raises:
        ValueError: the tool point is out of the arm's reach.
    """
    way = np.add(tool, (0, 0, TOOL + WRIST - SHOULDER))  # from the shoulder to the wrist
    distance = np.linalg.norm(way)
    bent = (distance**2 - UPPER**2 - FORE**2) / (2 * UPPER * FORE)
    if not -1 < bent < 1:
        raise ValueError(f"The tool point {tool} is out of reach: the wrist would be {distance:.3f} m away.")
    elbow = np.arccos(bent)
    raised = np.arctan2(FORE * np.sin(elbow), UPPER + FORE * bent)  # the upper arm above that way
    tilt = np.arctan2(np.hypot(way[0], way[1]), way[2]) - raised
    upper = _turn(way / distance, ELBOW) @ _about_z(np.arctan2(way[1], way[0])) @ _about_y(tilt)
    hand = _about_z(yaw) @ np.diag([-1.0, 1.0, -1.0])
    return np.array([*_euler(upper), -elbow, *_euler((upper @ _about_y(elbow)).T @ hand)])


def _euler(turn: np.ndarray) -> tuple[float, float, float]:
    """Angles (a, b, c) with b from 0 to π and R_z(a) R_y(b) R_z(c) the rotation."""
    return (
        np.arctan2(turn[1, 2], turn[0, 2]),
        np.arccos(np.clip(turn[2, 2], -1, 1)),
        np.arctan2(turn[2, 1], -turn[2, 0]),
    )


def _about_z(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _about_y(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _turn(axis: np.ndarray, angle: float) -> np.ndarray:
    """The rotation about a unit vector (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
