"""A robot arm: how it looks, and the light geometry that it is drawn with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import mujoco

from crossgap.simulation.base.looks import Colour, RoomLook
from crossgap.simulation.base.room import rgba


@dataclass(frozen=True, kw_only=True)
class ArmLook(RoomLook):
    """How a robot arm with a gripper and its room appear."""

    base: Colour
    """Colour of the base."""
    joints: Colour
    """Colour of the bearings between the links."""
    hand: Colour
    """Colour of the gripper's body."""
    fingers: Colour
    """Colour of its fingers."""
    link_shape: Literal["capsule", "box"] = "capsule"
    """Shape of all links and fingers, where they are not meshes."""
    thickness: float = 1.0
    """Factor on the thickness of links and gripper."""


def add_base(spec: mujoco.MjSpec, radius: float, height: float, colour: Colour) -> None:
    """An upright cylinder that the arm stands on, metres."""
    spec.worldbody.add_geom(
        name="base", type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[radius, height / 2, 0],
        pos=[0, 0, height / 2], rgba=rgba(colour),
    )  # fmt: skip


def add_bearing(body, radius: float, look: ArmLook) -> None:
    """A ball at the joint of a body, named by it; metres, times the look's thickness."""
    body.add_geom(
        name=f"bearing_{body.name}", type=mujoco.mjtGeom.mjGEOM_SPHERE, rgba=rgba(look.joints),
        size=[radius * look.thickness, 0, 0],
    )  # fmt: skip


def add_link(
    body, name: str, start: Sequence[float], end: Sequence[float], radius: float, colour: Colour,
    look: ArmLook,
) -> None:  # fmt: skip
    """A capsule, or a box as thick, from start to end, metres in the body's frame; by the look's shape, and
    times its thickness."""
    box = look.link_shape == "box"
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX if box else mujoco.mjtGeom.mjGEOM_CAPSULE,
        fromto=[*start, *end], size=[radius * look.thickness * (0.85 if box else 1)] * 3, rgba=rgba(colour),
    )  # fmt: skip
