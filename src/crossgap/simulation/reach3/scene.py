"""The rendered world of the 3-DoF arm: set joint angles and a cube, get an image."""

import mujoco
import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.room import add_clutter, add_cube, add_lights_and_camera, new_room, rgba
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.reach3.kinematics import CUBE_HALF, LINK, SHOULDER_HEIGHT
from crossgap.simulation.reach3.looks import LOOKS, Look


class Reach3Scene(Scene):
    """An arm and a cube. Arguments as in `Scene`."""

    looks, joints = LOOKS, ("yaw", "shoulder", "elbow")

    @staticmethod
    def spec(look: Look, buffer_size: int) -> mujoco.MjSpec:
        """The model: arm, cube and room."""
        spec = new_room(look, buffer_size, back=0.75, side=0.95)
        _add_arm(spec, look)
        add_cube(spec, 2 * CUBE_HALF, look.cube, (0.4, 0, CUBE_HALF))
        add_clutter(spec)
        add_lights_and_camera(spec, look)
        return spec

    def render(self, q: np.ndarray, cube: np.ndarray, turn: float, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8.

        Args:
            q: joint angles, (3,) radians.
            cube: centre of the cube, (3,) metres.
            turn: the cube's turn about the vertical, radians.
            fields: the episode's appearance.
        """
        self._show(fields)
        self._place("cube", cube, (np.cos(turn / 2), 0, 0, np.sin(turn / 2)))
        self.data.qpos[self._joints] = q
        return self._image()


def _add_arm(spec: mujoco.MjSpec, look: Look) -> None:
    geom, hinge = mujoco.mjtGeom, mujoco.mjtJoint.mjJNT_HINGE
    box = look.link_shape == "box"
    shape = geom.mjGEOM_BOX if box else geom.mjGEOM_CAPSULE
    half = LINK / 2
    size = [look.link_radius * 0.85, look.link_radius * 0.85, half] if box else [look.link_radius, half, 0]

    base = spec.worldbody.add_body(name="base")
    base.add_joint(name="yaw", type=hinge, axis=[0, 0, 1])
    base.add_geom(name="pedestal", type=geom.mjGEOM_CYLINDER, size=[0.055, SHOULDER_HEIGHT / 2, 0],
                  pos=[0, 0, SHOULDER_HEIGHT / 2], rgba=rgba(look.base))  # fmt: skip
    parent, height = base, SHOULDER_HEIGHT
    for joint, colour in (("shoulder", look.upper_arm), ("elbow", look.forearm)):
        body = parent.add_body(name=joint, pos=[0, 0, height])
        body.add_joint(name=joint, type=hinge, axis=[0, 1, 0])
        body.add_geom(name=f"link_{joint}", type=shape, size=size, pos=[0, 0, half], rgba=rgba(colour))
        body.add_geom(name=f"joint_{joint}", type=geom.mjGEOM_SPHERE, rgba=rgba(look.joints),
                      size=[look.link_radius * 1.3, 0, 0])  # fmt: skip
        parent, height = body, LINK
    parent.add_geom(name="tip", type=geom.mjGEOM_SPHERE, size=[look.link_radius * 1.15, 0, 0],
                    pos=[0, 0, LINK], rgba=rgba(look.tip))  # fmt: skip
