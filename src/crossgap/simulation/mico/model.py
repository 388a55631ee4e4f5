"""The MuJoCo model of the Kinova Mico on a table: published kinematics, light geometry of our own."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
import mujoco
import numpy as np

from crossgap.simulation.base.looks import Colour
from crossgap.simulation.base.room import Plane, add_lights_and_camera, new_room, rgba
from crossgap.simulation.mico.kinematics import LIMIT_HIGH, LIMIT_LOW, ORIGINS, rotation
from crossgap.simulation.mico.looks import MicoLook

JOINTS = tuple(f"joint_{number}" for number in range(1, 7))
PLANES: tuple[Plane, ...] = (
    ("floor", (0, 0, 0), (0, 0, 1)),
    ("wall_back", (-1.0, 0, 0.6), (1, 0, 0)),
    ("wall_side", (0, 1.0, 0.6), (0, -1, 0)),
)
"""The table, and the two walls behind it."""
RADII = (0.054, 0.042, 0.042, 0.040, 0.040)
"""Of shoulder, upper arm, forearm and the two wrist links, metres."""
BASE_RADIUS, JOINT_RADIUS, PALM_RADIUS, FINGER_RADIUS = 0.064, 0.052, 0.042, 0.019
"""Of the other parts, metres."""
PALM_END, FINGER_END, FINGER_APART = 0.07, 0.18, 0.048
"""Where palm and fingers end, along the hand, and how far each finger is from its axis, metres."""


def mico_spec(look: MicoLook, buffer_size: int) -> mujoco.MjSpec:
    """The scene's model in a look.

    Args:
        look: its appearance.
        buffer_size: width and height of the offscreen buffer in pixels.
    """
    spec = new_room(look, buffer_size, PLANES)
    spec.compiler.degree = False
    height = ORIGINS[0, 0, 2]
    spec.worldbody.add_geom(
        name="base", type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[BASE_RADIUS, height / 2, 0],
        pos=[0, 0, height / 2], rgba=rgba(look.base),
    )  # fmt: skip
    _add_arm(spec, look)
    add_lights_and_camera(spec, look)
    return spec


def _add_arm(spec: mujoco.MjSpec, look: MicoLook) -> None:
    body = spec.worldbody
    for index, joint in enumerate(JOINTS):
        xyz, rpy = ORIGINS[index]
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, rotation(rpy).ravel())
        body = body.add_body(name=joint, pos=xyz, quat=quaternion)
        limited = bool(np.isfinite(LIMIT_LOW[index]))
        body.add_joint(
            name=joint, type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 0, 1], limited=limited,
            range=[LIMIT_LOW[index], LIMIT_HIGH[index]] if limited else [0, 0],
        )  # fmt: skip
        if index < len(RADII):  # a link reaches to the next joint
            end = ORIGINS[index + 1, 0]
            _add_link(body, f"link_{joint}", [0, 0, 0], end, RADII[index], look.links[index], look)
        if joint in ("joint_2", "joint_3"):
            body.add_geom(
                name=f"bearing_{joint}", type=mujoco.mjtGeom.mjGEOM_SPHERE, rgba=rgba(look.joints),
                size=[JOINT_RADIUS * look.thickness, 0, 0],
            )  # fmt: skip
    _add_link(body, "hand", [0, 0, 0], [0, 0, -PALM_END], PALM_RADIUS, look.hand, look)
    for side in (-1, 1):
        start, end = [side * FINGER_APART / 2, 0, -PALM_END], [side * FINGER_APART, 0, -FINGER_END]
        _add_link(body, f"finger_{side}", start, end, FINGER_RADIUS, look.fingers, look)


def _add_link(
    body, name: str, start: list[float], end: np.ndarray | list[float], radius: float, colour: Colour,
    look: MicoLook,
) -> None:  # fmt: skip
    """A capsule, or a box as thick, from start to end, metres in the body's frame."""
    box = look.link_shape == "box"
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX if box else mujoco.mjtGeom.mjGEOM_CAPSULE,
        fromto=[*start, *end], size=[radius * look.thickness * (0.85 if box else 1)] * 3,
        rgba=rgba(colour),
    )  # fmt: skip
