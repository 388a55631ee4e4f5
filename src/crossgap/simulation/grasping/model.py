"""The MuJoCo model that is seen: the arm by its published kinematics, bins, and parts of things."""

import mujoco

from crossgap.simulation.base.arm import add_base, add_bearing, add_link
from crossgap.simulation.base.room import add_lights_and_camera, add_materials, new_room, rgba
from crossgap.simulation.base.textures import TEXTURES
from crossgap.simulation.grasping.bins import FLOOR, MOST_BINS
from crossgap.simulation.grasping.kinematics import FLANGE, HEIGHTS, TOOL, add_kinematics
from crossgap.simulation.grasping.looks import GraspLook
from crossgap.simulation.grasping.objects import PARTS
from crossgap.simulation.grasping.physics import LONG, OPEN, THICK, WIDE, bin_boxes

MOST_THINGS = 18
"""That can be seen."""
STICKERS = 6
"""On the floor of a bin at most."""
BACK, SIDE = 1.0, 1.0
"""Where the walls are, metres."""
RADII = (0.078, 0.074, 0.066, 0.064, 0.056, 0.052, 0.044)
"""Of the links from J1 to J2 and so on, the last one from J7 to the flange, metres."""
BEARING, PALM = 0.07, 0.036
"""Radius of the bearings at J2, J4 and J6, and of the gripper's body, metres."""
AWAY = (0.0, 0.0, -1.0)
"""Where what is not to be seen is, below the floor, metres."""


def grasp_spec(look: GraspLook, buffer_size: int) -> mujoco.MjSpec:
    """The scene's model in a look; `buffer_size` is the offscreen buffer's width and height in pixels."""
    spec = new_room(look, buffer_size, BACK, SIDE)
    spec.compiler.degree = False
    _add_arm(spec, look)
    _add_bins(spec, look)
    for texture in TEXTURES:  # a geom's own colour tints it
        material = spec.add_material(name=f"thing_{texture}", specular=0.0)
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture
    for thing in range(MOST_THINGS):
        for part in range(PARTS):
            body = spec.worldbody.add_body(name=f"thing_{thing}_{part}", pos=AWAY)
            body.add_geom(name=body.name, type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.02] * 3, rgba=[1, 1, 1, 1])
    add_lights_and_camera(spec, look)
    return spec


def _add_bins(spec: mujoco.MjSpec, look: GraspLook) -> None:
    material = add_materials(spec, "bin", look.bin, TEXTURES)
    for index in range(MOST_BINS):
        body = spec.worldbody.add_body(name=f"bin_{index}", pos=AWAY)
        for side, (position, size) in enumerate(bin_boxes()):
            body.add_geom(
                name=f"bin_{index}_{side}", type=mujoco.mjtGeom.mjGEOM_BOX, pos=position, size=size,
                material=material,
            )  # fmt: skip
        for sticker in range(look.stickers):
            flat = body.add_body(name=f"sticker_{index}_{sticker}", pos=[0, 0, FLOOR])
            flat.add_geom(
                name=flat.name, type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.014, 0.03, 0.0008], rgba=[1, 1, 1, 1]
            )


def _add_arm(spec: mujoco.MjSpec, look: GraspLook) -> None:
    add_base(spec, 0.09, HEIGHTS[0], look.base)
    bodies = add_kinematics(spec)
    for index, (body, radius) in enumerate(zip(bodies, RADII, strict=True)):
        end = HEIGHTS[index + 1] if index + 1 < len(HEIGHTS) else FLANGE
        add_link(body, f"link_{index + 1}", (0, 0, 0), (0, 0, end), radius, look.links, look)
        if index in (1, 3, 5):
            add_bearing(body, BEARING, look)
    flange, knuckle = bodies[-1], FLANGE + TOOL - LONG
    add_link(flange, "hand", (0, 0, FLANGE), (0, 0, knuckle - 0.02), PALM, look.hand, look)
    flange.add_geom(
        name="palm", type=mujoco.mjtGeom.mjGEOM_BOX, rgba=rgba(look.hand), pos=[0, 0, knuckle - 0.006],
        size=[0.016 * look.thickness, OPEN / 2 + 2 * THICK, 0.012],
    )  # fmt: skip
    for side in (-1, 1):
        finger = flange.add_body(name=f"finger_{side}", pos=[0, side * THICK, knuckle])
        finger.add_joint(name=f"finger_{side}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, side, 0])
        _add_finger(finger, side, look)


def _add_finger(body, side: int, look: GraspLook) -> None:
    """A plate in the source, as the physics has it; a hooked one, half as wide, in looks of boxes."""
    box, colour = mujoco.mjtGeom.mjGEOM_BOX, rgba(look.fingers)
    hooked = look.link_shape == "box"
    wide = WIDE / 2 if hooked else WIDE
    body.add_geom(
        name=body.name, type=box, rgba=colour, size=[wide, THICK, LONG / 2], pos=[0, 0, LONG / 2],
    )  # fmt: skip
    if hooked:
        body.add_geom(
            name=f"{body.name}_pad", type=box, rgba=colour, size=[1.4 * WIDE, THICK, 0.012],
            pos=[0, side * 0.001, LONG - 0.014],
        )  # fmt: skip
