"""The MuJoCo model of the 3-DoF arm, the cube and the room, dressed in a look."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from crossgap.simulation import filament, rendering
from crossgap.simulation.kinematics import CUBE_HALF, LINK, SHOULDER_HEIGHT
from crossgap.simulation.looks import Colour, Look, Surface
from crossgap.simulation.textures import SIZE, TEXTURES

CAMERA = "front"
JOINTS = ("yaw", "shoulder", "elbow")
CLUTTER = (
    ("sphere", (0.028, 0.028, 0.028), (0.15, 0.30, 0.75)),
    ("cylinder", (0.025, 0.035, 0.0), (0.20, 0.55, 0.25)),
    ("box", (0.035, 0.025, 0.03), (0.45, 0.28, 0.12)),
    ("capsule", (0.018, 0.03, 0.0), (0.85, 0.85, 0.80)),
)
"""Shape, size in metres and colour of the objects that a randomization may bring in."""
HIDDEN = 0.0
"""The opacity of a geom that MuJoCo does not draw at all."""


def reach3_spec(look: Look, buffer_size: int) -> mujoco.MjSpec:
    """The scene's model in a look.

    Args:
        look: its appearance.
        buffer_size: width and height of the offscreen buffer in pixels.
    """
    spec = mujoco.MjSpec()
    rendering.fast_quality(spec, buffer_size)
    headlight = spec.visual.headlight
    headlight.ambient, headlight.diffuse, headlight.specular = [look.ambient] * 3, [0] * 3, [0] * 3
    _add_textures(spec)
    _add_room(spec, look)
    _add_arm(spec, look)
    _add_objects(spec, look)
    _add_lights_and_camera(spec, look)
    if look.renderer == "filament":
        filament.physical_quality(spec)
    return spec


def _rgba(colour: Colour) -> list[float]:
    return [*colour, 1.0]


def _add_textures(spec: mujoco.MjSpec) -> None:
    for name, draw in TEXTURES.items():
        texture = spec.add_texture(
            name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=SIZE, height=SIZE, nchannel=3
        )
        texture.data = draw().tobytes()


def _add_materials(spec: mujoco.MjSpec, name: str, surface: Surface) -> str:
    """One material per texture, so that randomization can swap them; the name of the look's own."""
    for texture in (None, *TEXTURES):
        material = spec.add_material(
            name=f"{name}_{texture}", rgba=_rgba(surface.colour), specular=0.0,
            texrepeat=[surface.repeat, surface.repeat],
        )  # fmt: skip
        if texture is not None:
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture
    return f"{name}_{surface.texture}"


def _add_room(spec: mujoco.MjSpec, look: Look) -> None:
    floor, wall = _add_materials(spec, "floor", look.floor), _add_materials(spec, "wall", look.wall)
    for name, material, position, normal in (
        ("floor", floor, [0, 0, 0], [0, 0, 1]),
        ("wall_back", wall, [-0.75, 0, 0.6], [1, 0, 0]),
        ("wall_side", wall, [0, 0.95, 0.6], [0, -1, 0]),
    ):
        spec.worldbody.add_geom(
            name=name, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1.2, 1.2, 0.3], pos=position,
            zaxis=normal, material=material,
        )  # fmt: skip


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
                  pos=[0, 0, SHOULDER_HEIGHT / 2], rgba=_rgba(look.base))  # fmt: skip
    parent, height = base, SHOULDER_HEIGHT
    for joint, colour in (("shoulder", look.upper_arm), ("elbow", look.forearm)):
        body = parent.add_body(name=joint, pos=[0, 0, height])
        body.add_joint(name=joint, type=hinge, axis=[0, 1, 0])
        body.add_geom(name=f"link_{joint}", type=shape, size=size, pos=[0, 0, half],
                      rgba=_rgba(colour))  # fmt: skip
        body.add_geom(name=f"joint_{joint}", type=geom.mjGEOM_SPHERE, rgba=_rgba(look.joints),
                      size=[look.link_radius * 1.3, 0, 0])  # fmt: skip
        parent, height = body, LINK
    parent.add_geom(name="tip", type=geom.mjGEOM_SPHERE, size=[look.link_radius * 1.15, 0, 0],
                    pos=[0, 0, LINK], rgba=_rgba(look.tip))  # fmt: skip


def _add_objects(spec: mujoco.MjSpec, look: Look) -> None:
    cube = spec.worldbody.add_body(name="cube", pos=[0.4, 0, CUBE_HALF])
    cube.add_geom(name="cube", type=mujoco.mjtGeom.mjGEOM_BOX, size=[CUBE_HALF] * 3,
                  rgba=_rgba(look.cube))  # fmt: skip
    for shape, size, colour in CLUTTER:
        body = spec.worldbody.add_body(name=f"clutter_{shape}")
        body.add_geom(name=f"clutter_{shape}", size=size, rgba=[*colour, HIDDEN],
                      type=getattr(mujoco.mjtGeom, f"mjGEOM_{shape.upper()}"))  # fmt: skip


def _add_lights_and_camera(spec: mujoco.MjSpec, look: Look) -> None:
    for index, light in enumerate(look.lights):
        kind = mujoco.mjtLightType.mjLIGHT_SPOT if light.spot else (
            mujoco.mjtLightType.mjLIGHT_DIRECTIONAL)  # fmt: skip
        spec.worldbody.add_light(
            name=f"light_{index}", type=kind, castshadow=light.shadow, pos=light.position,
            dir=np.subtract(light.target, light.position), cutoff=60, exponent=4,
            diffuse=light.colour, ambient=[0] * 3, specular=[0.1] * 3,
        )  # fmt: skip
    forward = np.subtract(look.camera_target, look.camera)
    right = np.cross(forward, [0, 0, 1])
    up = np.cross(right, forward)
    spec.worldbody.add_camera(name=CAMERA, pos=look.camera, fovy=look.field_of_view, xyaxes=[*right, *up])
