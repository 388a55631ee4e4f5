"""The rendered world of the Kinova Mico on a table: published kinematics, light geometry of our own."""

import mujoco
import numpy as np

from crossgap.simulation.base.arm import add_base, add_bearing, add_link
from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.room import add_lights_and_camera, new_room
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.mico.kinematics import LIMIT_HIGH, LIMIT_LOW, ORIGINS, rotation
from crossgap.simulation.mico.looks import LOOKS, MicoLook

JOINTS = tuple(f"joint_{number}" for number in range(1, 7))
RADII = (0.054, 0.042, 0.042, 0.040, 0.040)
"""Of shoulder, upper arm, forearm and the two wrist links, metres."""
BASE_RADIUS, JOINT_RADIUS, PALM_RADIUS, FINGER_RADIUS = 0.064, 0.052, 0.042, 0.019
"""Of the other parts, metres."""
PALM_END, FINGER_END, FINGER_APART = 0.07, 0.18, 0.048
"""Where palm and fingers end, along the hand, and how far each finger is from its axis, metres."""


class MicoScene(Scene):
    """A Kinova Mico on a table. Arguments as in `Scene`."""

    looks, joints = LOOKS, JOINTS

    @staticmethod
    def spec(look: MicoLook, buffer_size: int) -> mujoco.MjSpec:
        """The model: table and arm."""
        spec = new_room(look, buffer_size, back=1.0, side=1.0)
        spec.compiler.degree = False
        add_base(spec, BASE_RADIUS, ORIGINS[0, 0, 2], look.base)
        _add_arm(spec, look)
        add_lights_and_camera(spec, look)
        return spec

    def render(self, q: np.ndarray, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8, at joint angles J1 to J6, (6,) radians."""
        self._show(fields)
        self.data.qpos[self._joints] = q
        return self._image()


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
            add_link(body, f"link_{joint}", [0, 0, 0], end, RADII[index], look.links[index], look)
        if joint in ("joint_2", "joint_3"):
            add_bearing(body, JOINT_RADIUS, look)
    add_link(body, "hand", [0, 0, 0], [0, 0, -PALM_END], PALM_RADIUS, look.hand, look)
    for side in (-1, 1):
        start, end = [side * FINGER_APART / 2, 0, -PALM_END], [side * FINGER_APART, 0, -FINGER_END]
        add_link(body, f"finger_{side}", start, end, FINGER_RADIUS, look.fingers, look)
