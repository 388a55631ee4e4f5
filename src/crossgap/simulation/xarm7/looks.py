"""Looks of the xArm7's scene: a plain source, three targets that leave it step by step, and one that shows
the real arm's shapes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from crossgap.errors import CrossgapError, find
from crossgap.simulation.base.arm import ArmLook
from crossgap.simulation.base.looks import Colour, Light, Surface, Vector
from crossgap.simulation.meshes import meshes_problem

CENTRE = (0.30, 0.0, 0.28)
"""About the middle of where the gripper moves, metres; what lights and cameras are aimed at."""


@dataclass(frozen=True, kw_only=True)
class XArm7Look(ArmLook):
    """How the xArm7 and its room appear; `camera` is the camera `front`."""

    links: Colour
    """Colour of the links."""
    camera: Vector = (1.45, 0.0, 0.62)
    camera_target: Vector = CENTRE
    workspace: Vector = CENTRE
    side_camera: Vector = (0.62, -1.25, 0.62)
    """Position of the camera `side`, metres: it sees how far the arm reaches."""
    side_camera_target: Vector = CENTRE
    """The point in the middle of its image, metres."""
    cube: Colour = (0.78, 0.08, 0.68)
    """Colour of the cube, where a task has one."""


SOURCE = XArm7Look(
    name="source", base=(0.25, 0.26, 0.30), links=(0.93, 0.93, 0.94), joints=(0.20, 0.42, 0.72),
    hand=(0.18, 0.18, 0.20), fingers=(0.90, 0.28, 0.08),
    floor=Surface((0.46, 0.50, 0.55)), wall=Surface((0.66, 0.72, 0.78)),
    lights=(Light((0.9, -0.9, 1.8), colour=(0.45, 0.45, 0.45)),), ambient=0.5,
)  # fmt: skip
"""Plain and evenly lit; the white arm with a dark gripper as the real one is."""

TARGET_A = replace(
    SOURCE, name="target_a", links=(0.80, 0.78, 0.74), joints=(0.34, 0.36, 0.40), hand=(0.10, 0.10, 0.11),
    fingers=(0.64, 0.24, 0.14), cube=(0.60, 0.14, 0.50),
    floor=Surface((0.36, 0.42, 0.38)), wall=Surface((0.44, 0.42, 0.46)),
    lights=(Light((1.2, 1.0, 1.5), colour=(0.75, 0.70, 0.60), spot=True),), ambient=0.34,
)  # fmt: skip
"""Slightly other colours, and a warm spotlight from the other side."""

TARGET_B = replace(
    TARGET_A, name="target_b",
    floor=Surface((1.0, 1.0, 1.0), "wood", 1.5), wall=Surface((0.70, 0.66, 0.62), "speckle", 1.0),
    lights=(
        Light((1.1, 0.9, 1.4), colour=(0.62, 0.55, 0.42), spot=True),
        Light((-0.2, -1.2, 1.5), colour=(0.24, 0.26, 0.36)),
    ),
    ambient=0.30, camera=(1.42, 0.06, 0.66), side_camera=(0.66, -1.22, 0.66),
)  # fmt: skip
"""A wooden table and a mottled wall under a warm and a cold light, the cameras moved by a hand's breadth."""

TARGET_C = replace(
    TARGET_B, name="target_c", link_shape="box", thickness=1.15, variation="clutter_and_moving_light",
    camera=(1.40, 0.12, 0.70), side_camera=(0.72, -1.18, 0.70),
)  # fmt: skip
"""As b, with boxier, thicker links, the cameras moved further, clutter and a light that moves."""

CAMERA_MOVED = replace(
    SOURCE, name="camera_moved", camera=(1.38, 0.12, 0.70), side_camera=(0.74, -1.19, 0.70)
)
"""The source seen from a hand's length further on: "both the view of angle and the position of the camera are
changed"."""

CAMERA_FAR = replace(SOURCE, name="camera_far", camera=(1.31, 0.24, 0.78), side_camera=(0.86, -1.13, 0.78))
"""As camera_moved, twice as far."""

TARGET_MESH = replace(
    TARGET_B, name="target_mesh", meshes=True, base=(0.86, 0.86, 0.85), links=(0.86, 0.86, 0.85),
    hand=(0.80, 0.80, 0.79), fingers=(0.16, 0.16, 0.17),
    floor=Surface((1.0, 1.0, 1.0), "light-wood", 1.0), wall=Surface((0.80, 0.84, 0.90), "gray-plaster", 1.0),
    ambient=0.40,
)  # fmt: skip
"""The real arm and gripper by their meshes, in b's light, on photographed wood before plaster."""

_LOOKS = (SOURCE, CAMERA_MOVED, CAMERA_FAR, TARGET_A, TARGET_B, TARGET_C, TARGET_MESH)
LOOKS = {look.name: look for look in _LOOKS}
"""Every look of the xArm7's scene by name."""
get_look = partial(find, "Look", things=LOOKS)
"""(name) -> the look of that name; or a CrossgapError that lists those that exist."""


def check_meshes(looks: Iterable[str]) -> None:
    """Whether the real arm can be drawn, where one of these looks shows it.

    Raises:
        CrossgapError: its meshes are not there; the message says what fetches them.
    """
    shown = [name for name in looks if name in LOOKS and LOOKS[name].meshes]
    if shown and (problem := meshes_problem()):
        raise CrossgapError(problem)
