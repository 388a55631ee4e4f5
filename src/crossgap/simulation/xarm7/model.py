"""The MuJoCo model of the xArm7 with its gripper: published kinematics, and light geometry of our own or the
real arm's meshes."""

from functools import partial

import mujoco
import numpy as np

from crossgap.simulation.base.arm import add_base, add_bearing, add_link
from crossgap.simulation.base.room import add_camera, add_clutter, add_lights_and_camera, new_room
from crossgap.simulation.base.textures import TEXTURES
from crossgap.simulation.meshes import PHOTOGRAPHS, photograph
from crossgap.simulation.xarm7.kinematics import ORIGINS, TOOL, add_kinematics
from crossgap.simulation.xarm7.looks import XArm7Look
from crossgap.simulation.xarm7.meshes import add_meshes

CAMERAS = ("front", "side")
"""What a look places: one before the arm, and one beside it, which sees how far it reaches."""
BACK, SIDE = 0.7, 0.95
"""Where the walls are that the cameras see behind the arm, metres."""
RADII = (0.055, 0.050, 0.046, 0.046, 0.042, 0.040)
"""Of the links from J1 to J2 and so on, metres."""
BEARING, FLANGE = 0.052, 0.036
"""Radius of the bearings at J2, J4 and J6, and of the flange, metres."""
PALM, FINGER, APART = 0.07, 0.013, 0.045
"""Length of the gripper's body, half thickness of a finger, and how far a finger is from the axis, metres."""


def xarm7_spec(look: XArm7Look, buffer_size: int) -> mujoco.MjSpec:
    """The scene's model in a look; `buffer_size` is the offscreen buffer's width and height in pixels.

    Raises:
        CrossgapError: the look needs meshes that are not in the cache.
    """
    photographs = {name: partial(photograph, name) for name in PHOTOGRAPHS if look.meshes}
    spec = new_room(look, buffer_size, BACK, SIDE, TEXTURES | photographs)
    spec.compiler.degree = False
    if look.meshes:
        add_meshes(spec, add_kinematics(spec), look)
    else:
        _add_arm(spec, look)
    add_clutter(spec)
    add_lights_and_camera(spec, look)
    add_camera(spec, "side", look.side_camera, look.side_camera_target, look.field_of_view)
    return spec


def _add_arm(spec: mujoco.MjSpec, look: XArm7Look) -> None:
    add_base(spec, 0.063, ORIGINS[0][0][2], look.base)
    bodies = add_kinematics(spec)
    for index, (body, radius) in enumerate(zip(bodies, RADII, strict=False)):
        end = ORIGINS[index + 1][0]
        if np.any(end):
            add_link(body, f"link_{index + 1}", (0, 0, 0), end, radius, look.links, look)
        if index in (1, 3, 5):
            add_bearing(body, BEARING, look)
    flange = bodies[-1]
    add_link(flange, "hand", (0, 0, -0.02), (0, 0, PALM), FLANGE, look.hand, look)
    for side in (-1, 1):
        start, end = (0, side * APART, PALM), (0, side * APART, TOOL)
        add_link(flange, f"finger_{side}", start, end, FINGER, look.fingers, look)
