"""The xArm7 and its gripper as the real meshes show them, on our kinematics."""

import mujoco
import numpy as np

from crossgap.simulation.base.looks import Colour, Vector
from crossgap.simulation.base.room import rgba
from crossgap.simulation.meshes import LINKS, mesh
from crossgap.simulation.xarm7.looks import XArm7Look

GRIP = 0.36
"""How far the gripper is closed, radians of its driver of 0.85: then its fingertips are around the tool
point, 56 mm apart."""
KNUCKLE, INNER, FINGER = (0.035, 0.059098), (0.020, 0.074098), (0.035465, 0.042039)
"""Where the left side's parts hinge, y and z in metres: outer and inner knuckle in the gripper's frame, the
finger in the outer knuckle's. The right side is its mirror image (UFactory's published model)."""


def add_meshes(spec: mujoco.MjSpec, bodies: list, look: XArm7Look) -> None:
    """Dress the bodies of `add_kinematics`, J1's to J7's, in the look's colours.

    Raises:
        CrossgapError: the meshes are not in the cache.
    """
    _add(spec, spec.worldbody, "link_base", look.base)
    for body, name in zip(bodies, LINKS[1:], strict=True):
        _add(spec, body, name, look.links)
    flange = bodies[-1]
    spec.site("tool").rgba = [0, 0, 0, 0]  # MuJoCo would draw it, and no camera on a real arm sees it
    _add(spec, flange, "base_link", look.hand)
    for side, sign in (("left", 1), ("right", -1)):
        turn = sign * GRIP  # about x
        knuckle = np.array([0, sign * KNUCKLE[0], KNUCKLE[1]])
        y, z = sign * FINGER[0], FINGER[1]
        turned = np.array([0, np.cos(turn) * y - np.sin(turn) * z, np.sin(turn) * y + np.cos(turn) * z])
        _add(spec, flange, f"{side}_outer_knuckle", look.fingers, knuckle, turn)
        _add(spec, flange, f"{side}_inner_knuckle", look.fingers, (0, sign * INNER[0], INNER[1]), turn)
        _add(spec, flange, f"{side}_finger", look.fingers, knuckle + turned, geom=f"finger_{sign}")


def _add(
    spec: mujoco.MjSpec, body, name: str, colour: Colour, position: Vector | np.ndarray = (0, 0, 0),
    turn: float = 0.0, geom: str | None = None,
) -> None:  # fmt: skip
    """A mesh in the body's frame, turned about x; its geom bears its name unless given another."""
    vertices, faces = mesh(name)
    spec.add_mesh(
        name=name, uservert=vertices.ravel(), userface=faces.ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,  # the only one that open meshes have
    )  # fmt: skip
    body.add_geom(
        name=geom or name, type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, rgba=rgba(colour), contype=0,
        conaffinity=0, pos=position, quat=[np.cos(turn / 2), np.sin(turn / 2), 0, 0],
    )  # fmt: skip
