"""The MuJoCo model of the xArm7 with its gripper: published kinematics, and light geometry of our own or the
real arm's meshes."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from functools import partial

import mujoco
import numpy as np

from crossgap.simulation.base.looks import Colour
from crossgap.simulation.base.room import (
    Plane,
    add_camera,
    add_clutter,
    add_lights_and_camera,
    new_room,
    rgba,
)
from crossgap.simulation.base.textures import TEXTURES
from crossgap.simulation.meshes import PHOTOGRAPHS, photograph
from crossgap.simulation.xarm7.kinematics import ORIGINS, TOOL, add_kinematics
from crossgap.simulation.xarm7.looks import XArm7Look
from crossgap.simulation.xarm7.meshes import add_meshes

CAMERAS = ("front", "side")
"""What a look places: one before the arm, and one beside it, which sees how far it reaches."""
PLANES: tuple[Plane, ...] = (
    ("floor", (0, 0, 0), (0, 0, 1)),
    ("wall_back", (-0.7, 0, 0.6), (1, 0, 0)),
    ("wall_side", (0, 0.95, 0.6), (0, -1, 0)),
)
"""The table, and a wall behind the arm for each camera."""
RADII = (0.055, 0.050, 0.046, 0.046, 0.042, 0.040)
"""Of the links from J1 to J2 and so on, metres."""
BEARING, FLANGE = 0.052, 0.036
"""Radius of the bearings at J2, J4 and J6, and of the flange, metres."""
PALM, FINGER, APART = 0.07, 0.013, 0.045
"""Length of the gripper's body, half thickness of a finger, and how far a finger is from the axis, metres."""


def xarm7_spec(look: XArm7Look, buffer_size: int) -> mujoco.MjSpec:
    """The scene's model in a look.

    Args:
        look: its appearance.
        buffer_size: width and height of the offscreen buffer in pixels.

    Raises:
        CrossgapError: the look needs meshes that are not in the cache.
    """
    if look.meshes:
        photographs = {name: partial(photograph, name) for name in PHOTOGRAPHS}
        spec = new_room(look, buffer_size, PLANES, TEXTURES | photographs)
        spec.compiler.degree = False
        add_meshes(spec, add_kinematics(spec), look)
    else:
        spec = new_room(look, buffer_size, PLANES)
        spec.compiler.degree = False
        _add_arm(spec, look)
    add_clutter(spec)
    add_lights_and_camera(spec, look)
    add_camera(spec, "side", look.side_camera, look.side_camera_target, look.field_of_view)
    return spec


def _add_arm(spec: mujoco.MjSpec, look: XArm7Look) -> None:
    height = ORIGINS[0][0][2]
    spec.worldbody.add_geom(
        name="base", type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[0.063, height / 2, 0], pos=[0, 0, height / 2],
        rgba=rgba(look.base),
    )  # fmt: skip
    bodies = add_kinematics(spec)
    for index, (body, radius) in enumerate(zip(bodies, RADII, strict=False)):
        end = ORIGINS[index + 1][0]
        if np.any(end):
            _add_link(body, f"link_{index + 1}", (0, 0, 0), end, radius, look.links, look)
        if index in (1, 3, 5):
            body.add_geom(
                name=f"bearing_{index + 1}", type=mujoco.mjtGeom.mjGEOM_SPHERE, rgba=rgba(look.joints),
                size=[BEARING * look.thickness, 0, 0],
            )  # fmt: skip
    _add_gripper(bodies[-1], look)


def _add_gripper(flange, look: XArm7Look) -> None:
    _add_link(flange, "hand", (0, 0, -0.02), (0, 0, PALM), FLANGE, look.hand, look)
    for side in (-1, 1):
        start, end = (0, side * APART, PALM), (0, side * APART, TOOL)
        _add_link(flange, f"finger_{side}", start, end, FINGER, look.fingers, look)


def _add_link(
    body, name: str, start: tuple[float, float, float], end: tuple[float, float, float], radius: float,
    colour: Colour, look: XArm7Look,
) -> None:  # fmt: skip
    """A capsule, or a box as thick, from start to end, metres in the body's frame."""
    box = look.link_shape == "box"
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX if box else mujoco.mjtGeom.mjGEOM_CAPSULE,
        fromto=[*start, *end], size=[radius * look.thickness * (0.85 if box else 1)] * 3, rgba=rgba(colour),
    )  # fmt: skip
