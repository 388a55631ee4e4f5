"""The MuJoCo model of the 3-DoF arm, the cube and the room, dressed in a look."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
import mujoco

from crossgap.simulation.base.room import Plane, add_clutter, add_lights_and_camera, new_room, rgba
from crossgap.simulation.reach3.kinematics import CUBE_HALF, LINK, SHOULDER_HEIGHT
from crossgap.simulation.reach3.looks import Look

JOINTS = ("yaw", "shoulder", "elbow")
PLANES: tuple[Plane, ...] = (
    ("floor", (0, 0, 0), (0, 0, 1)),
    ("wall_back", (-0.75, 0, 0.6), (1, 0, 0)),
    ("wall_side", (0, 0.95, 0.6), (0, -1, 0)),
)
"""Floor and the two walls behind."""


def reach3_spec(look: Look, buffer_size: int) -> mujoco.MjSpec:
    """The scene's model in a look.

    Args:
        look: its appearance.
        buffer_size: width and height of the offscreen buffer in pixels.
    """
    spec = new_room(look, buffer_size, PLANES)
    _add_arm(spec, look)
    _add_objects(spec, look)
    add_lights_and_camera(spec, look)
    return spec


def _add_arm(spec: mujoco.MjSpec, look: Look) -> None:
    geom, hinge = mujoco.mjtGeom, mujoco.mjtJoint.mjJNT_HINGE
    box = look.link_shape == "box"
    shape = geom.mjGEOM_BOX if box else geom.mjGEOM_CAPSULE
    half = LINK / 2
    size = [look.link_radius * 0.85, look.link_radius * 0.85, half] if box else [
        look.link_radius, half, 0]  # fmt: skip

    base = spec.worldbody.add_body(name="base")
    base.add_joint(name="yaw", type=hinge, axis=[0, 0, 1])
    base.add_geom(name="pedestal", type=geom.mjGEOM_CYLINDER, size=[0.055, SHOULDER_HEIGHT / 2, 0],
                  pos=[0, 0, SHOULDER_HEIGHT / 2], rgba=rgba(look.base))  # fmt: skip
    parent, height = base, SHOULDER_HEIGHT
    for joint, colour in (("shoulder", look.upper_arm), ("elbow", look.forearm)):
        body = parent.add_body(name=joint, pos=[0, 0, height])
        body.add_joint(name=joint, type=hinge, axis=[0, 1, 0])
        body.add_geom(name=f"link_{joint}", type=shape, size=size, pos=[0, 0, half],
                      rgba=rgba(colour))  # fmt: skip
        body.add_geom(name=f"joint_{joint}", type=geom.mjGEOM_SPHERE, rgba=rgba(look.joints),
                      size=[look.link_radius * 1.3, 0, 0])  # fmt: skip
        parent, height = body, LINK
    parent.add_geom(name="tip", type=geom.mjGEOM_SPHERE, size=[look.link_radius * 1.15, 0, 0],
                    pos=[0, 0, LINK], rgba=rgba(look.tip))  # fmt: skip


def _add_objects(spec: mujoco.MjSpec, look: Look) -> None:
    cube = spec.worldbody.add_body(name="cube", pos=[0.4, 0, CUBE_HALF])
    cube.add_geom(name="cube", type=mujoco.mjtGeom.mjGEOM_BOX, size=[CUBE_HALF] * 3,
                  rgba=rgba(look.cube))  # fmt: skip
    add_clutter(spec)
