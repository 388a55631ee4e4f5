"""The Kinova Mico arm (m1n6s200): where its joints are, which angles are drawn, and how they become labels.

Joint angles q = (J1 … J6) in radians, by the manufacturer's convention: J2 = J3 = π is the arm stretched up.
"""

import numpy as np

PI = np.pi
ORIGINS = np.array([
    [[0, 0, 0.15675], [0, PI, 0]],
    [[0, 0.0016, -0.11875], [-PI / 2, 0, PI]],
    [[0, -0.290, 0], [0, PI, 0]],
    [[0, 0.1231, -0.0086], [-PI / 2, 0, PI]],
    [[0, -0.03703, -0.06414], [PI / 3, 0, PI]],
    [[0, -0.03703, -0.06414], [PI / 3, 0, PI]],
    [[0, 0, -0.160], [PI, 0, PI / 2]],
])  # fmt: skip
"""Of J1 to J6 and of the end effector, in the frame before it: xyz in metres; roll, pitch, yaw in radians.

Every joint turns about its own z axis (the manufacturer's published robot description)."""
LIMIT_LOW = np.deg2rad([-np.inf, 50, 35, -np.inf, -np.inf, -np.inf])
LIMIT_HIGH = np.deg2rad([np.inf, 310, 325, np.inf, np.inf, np.inf])
"""Published joint limits, radians; J1, J4, J5 and J6 turn without end."""
DRAWN_LOW = np.deg2rad([-180, 205, 90, -180, -180, -180])
DRAWN_HIGH = np.deg2rad([180, 250, 270, 180, 180, 180])
"""Angles are drawn between these, radians. The paper says only "randomly chosen".

J2 leans to one side: with the other one, (J1 + 180°, 360° − J2, 360° − J3, J4 + 180°) would put every link
where it is already, and no image could tell the two apart, as with the gripper's half turn. 25° from the
vertical J1 can still be seen, and at 70° nearly all of the arm is still in the image. J3 stays within a right
angle of straight."""
HOME = np.deg2rad([60, 228, 180, 0, 0, 0])
"""A configuration in the middle of the drawn ranges, seen from the side."""
LABELLED = 5
"""J1 to J5 are labels. J6 is drawn too, but half a turn of the gripper looks the same (section 4.2.1)."""
LABEL_NAMES = tuple(f"joint_{joint}_{part}" for joint in range(1, LABELLED + 1) for part in ("sin", "cos"))
"""Two labels for each angle, see `encode_angles`."""
FLOOR_CLEARANCE, ARM_CLEARANCE, BASE_RADIUS = 0.06, 0.09, 0.09
"""How far wrist and hand stay from the floor, from the upper arm and from the base's axis, metres."""


def rotation(rpy: np.ndarray) -> np.ndarray:
    """The rotation matrix (3, 3) of fixed-axis roll, pitch, yaw (3,) in radians."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    roll = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    pitch = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    yaw = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return yaw @ pitch @ roll


def joint_positions(q: np.ndarray) -> np.ndarray:
    """Where J1 to J6 and the end effector are, (…, 7, 3) metres from joint angles (…, 6) radians."""
    q = np.asarray(q, float)
    position, turn = np.zeros((*q.shape[:-1], 3)), np.broadcast_to(np.eye(3), (*q.shape[:-1], 3, 3))
    positions = []
    for joint, (xyz, rpy) in enumerate(ORIGINS):
        position = position + turn @ xyz
        turn = turn @ rotation(rpy)
        positions.append(position)
        if joint < q.shape[-1]:
            turn = turn @ _about_z(q[..., joint])
    return np.stack(positions, -2)


def _about_z(angle: np.ndarray) -> np.ndarray:
    sin, cos = np.sin(angle), np.cos(angle)
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[..., 0, 0], matrix[..., 0, 1] = cos, -sin
    matrix[..., 1, 0], matrix[..., 1, 1] = sin, cos
    matrix[..., 2, 2] = 1
    return matrix


def is_possible(q: np.ndarray) -> np.ndarray:
    """Whether a real arm could be there, (…) bool from joint angles (…, 6) radians.

    Wrist and hand keep clear of the floor, of the base and of the upper arm.
    """
    positions = joint_positions(q)
    shoulder, elbow, outer = positions[..., 1, :], positions[..., 2, :], positions[..., 3:, :]
    middle = (outer[..., 1:, :] + outer[..., :-1, :]) / 2
    outer = np.concatenate([outer, middle], -2)
    along = (elbow - shoulder)[..., None, :]
    share = ((outer - shoulder[..., None, :]) * along).sum(-1) / (along**2).sum(-1)
    nearest = shoulder[..., None, :] + np.clip(share, 0, 1)[..., None] * along
    from_arm = np.linalg.norm(outer - nearest, axis=-1)
    beside_base = np.hypot(outer[..., 0], outer[..., 1]) > BASE_RADIUS
    above_base = outer[..., 2] > shoulder[..., None, 2]
    clear = (outer[..., 2] > FLOOR_CLEARANCE) & (from_arm > ARM_CLEARANCE) & (beside_base | above_base)
    return clear.all(-1)


def sample_angles(rng: np.random.Generator, count: int, spread: float | None = None) -> np.ndarray:
    """Random configurations, (count, 6) radians; impossible ones are drawn again, and those out of range.

    Args:
        rng: where they come from.
        count: how many.
        spread: standard deviation around `HOME`, radians; by default uniform in the drawn ranges.
    """
    found = np.empty((0, 6))
    while len(found) < count:
        if spread is None:
            drawn = rng.uniform(DRAWN_LOW, DRAWN_HIGH, (2 * count, 6))
        else:
            drawn = HOME + spread * rng.standard_normal((2 * count, 6))
        inside = ((drawn >= DRAWN_LOW) & (drawn <= DRAWN_HIGH)).all(1)
        found = np.concatenate([found, drawn[inside & is_possible(drawn)]])
    return found[:count]


def encode_angles(q: np.ndarray) -> np.ndarray:
    """Labels (…, 10) of joint angles (…, 5 or 6) radians: sine and cosine of J1 to J5.

    J1, J4 and J5 turn without end, so −179° and 179° show the same arm. A network that predicts the angle
    itself would be asked to jump by 358° there, and between the two it would learn their mean, 0°. Sine and
    cosine have no jump. J2 and J3 need none of this; they are encoded alike to have one rule.
    """
    q = np.asarray(q)[..., :LABELLED]
    return np.stack([np.sin(q), np.cos(q)], -1).reshape(*q.shape[:-1], 2 * LABELLED)


def decode_angles(labels: np.ndarray) -> np.ndarray:
    """Joint angles (…, 5) in [−π, π] of labels (…, 10), whose sine and cosine need not fit together."""
    pairs = np.asarray(labels, float).reshape(*np.shape(labels)[:-1], LABELLED, 2)
    return np.arctan2(pairs[..., 0], pairs[..., 1])


def wrapped(difference: np.ndarray) -> np.ndarray:
    """A difference of angles the short way round, in [−π, π) radians."""
    return (np.asarray(difference) + PI) % (2 * PI) - PI
