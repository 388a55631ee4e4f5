"""The yaw–shoulder–elbow arm: where its tip is, how it reaches a point, and what a teacher would do.

Joint angles q = (yaw, shoulder, elbow) in radians, all zero with the arm stretched straight up.
A positive shoulder leans the arm forward, a positive elbow bends the forearm further forward.
"""

import numpy as np

LINK = 0.30
"""Length of each of the two links, metres."""
SHOULDER_HEIGHT = 0.16
"""Height of the shoulder above the floor, metres."""
CUBE_HALF = 0.04
"""Half the edge of the cube, metres."""
HOVER = 0.05
"""How far above the cube's centre the demonstrator brings the tip, metres."""
SUCCESS_DISTANCE = 0.1
"""Tip–cube distance below which an episode is a success, metres (TaskGAN, section 4.1.1)."""
JOINT_LOW = np.array([-2.0, -0.6, 0.0])
JOINT_HIGH = np.array([2.0, 1.8, 2.7])
"""Joint limits, radians."""


def tip_position(q: np.ndarray) -> np.ndarray:
    """Tip of the arm in metres, (…, 3) from joint angles (…, 3)."""
    yaw, shoulder, elbow = np.moveaxis(np.asarray(q), -1, 0)
    reach = LINK * (np.sin(shoulder) + np.sin(shoulder + elbow))
    height = SHOULDER_HEIGHT + LINK * (np.cos(shoulder) + np.cos(shoulder + elbow))
    return np.stack([reach * np.cos(yaw), reach * np.sin(yaw), height], -1)


def inverse_kinematics(point: np.ndarray) -> np.ndarray:
    """Joint angles (3,) that bring the tip to `point` (3,) metres, elbow up, clipped to the limits.

    A point out of reach is replaced by the nearest one on the reachable sphere.
    """
    x, y, z = point
    radius, height = np.hypot(x, y), z - SHOULDER_HEIGHT
    distance = min(np.hypot(radius, height), 2 * LINK)
    elbow = 2 * np.arccos(distance / (2 * LINK))
    shoulder = np.arctan2(radius, height) - elbow / 2
    return np.clip([np.arctan2(y, x), shoulder, elbow], JOINT_LOW, JOINT_HIGH)


def goal_angles(cube: np.ndarray) -> np.ndarray:
    """Joint angles (3,) with the tip `HOVER` above the centre `cube` (3,)."""
    return inverse_kinematics(cube + np.array([0.0, 0.0, HOVER]))


def damped_velocity(q: np.ndarray, cube: np.ndarray) -> np.ndarray:
    """The demonstrator's label φ, (…, 3) from joint angles (…, 3): direction × tip–target distance.

    "We further normalize the joint velocities using the absolute norm and multiply them by a
    damping factor […] the distance between the tip and target" (TaskGAN, section 4.1.1).
    """
    difference = goal_angles(cube) - q
    norm = np.abs(difference).sum(-1, keepdims=True)
    target = cube + np.array([0.0, 0.0, HOVER])
    distance = np.linalg.norm(tip_position(q) - target, axis=-1, keepdims=True)
    return difference / np.maximum(norm, 1e-9) * distance


def sample_start(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """A random start: joint angles (3,), the cube's centre (3,) in metres and its turn in radians."""
    q = np.array([rng.uniform(-1.3, 1.3), rng.uniform(-0.3, 0.9), rng.uniform(0.3, 2.0)])
    angle, radius = rng.uniform(-1.1, 1.1), rng.uniform(0.28, 0.52)
    cube = np.array([radius * np.cos(angle), radius * np.sin(angle), CUBE_HALF])
    return q, cube, rng.uniform(0, np.pi / 2)


def demonstrate(
    q: np.ndarray, cube: np.ndarray, steps: int, perturbation: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One demonstration: a straight path in joint space from `q` to the goal.

    Args:
        q: start, (3,) radians.
        cube: centre of the cube, (3,) metres.
        steps: number of states, the first at the start and the last at the goal.
        perturbation: standard deviation of a disturbance of every state but the first, radians; the
            label is what the demonstrator does from the disturbed state. 0 is the paper's set-up.
        rng: source of the disturbance.

    Returns:
        Joint angles (steps, 3) and labels φ (steps, 3).
    """
    path = q + np.linspace(0, 1, steps)[:, None] * (goal_angles(cube) - q)
    path[1:] += perturbation * rng.standard_normal((steps - 1, 3))
    path = np.clip(path, JOINT_LOW, JOINT_HIGH)
    return path, damped_velocity(path, cube)
