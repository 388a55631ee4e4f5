"""The rendered world of pick and place: the xArm7's, with fingers that move, and a cube."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
import mujoco
import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.room import rgba
from crossgap.simulation.xarm7.grasp import CUBE, FINGER
from crossgap.simulation.xarm7.looks import XArm7Look
from crossgap.simulation.xarm7.model import xarm7_spec
from crossgap.simulation.xarm7.scene import XArm7Scene

SIDES = (-1, 1)
"""Of the fingers, along the flange's y axis."""


class XArm7GraspScene(XArm7Scene):
    """An xArm7, its gripper and a cube on a table. Arguments as in `XArm7Scene`."""

    @staticmethod
    def spec(look: XArm7Look, buffer_size: int) -> mujoco.MjSpec:
        """The model, with a cube."""
        spec = xarm7_spec(look, buffer_size)
        cube = spec.worldbody.add_body(name="cube")
        cube.add_geom(name="cube", type=mujoco.mjtGeom.mjGEOM_BOX, size=[CUBE / 2] * 3, rgba=rgba(look.cube))
        return spec

    def arrange(
        self, q: np.ndarray, opening: float, cube: np.ndarray, turn: np.ndarray, fields: Fields
    ) -> None:  # fmt: skip
        """Set what is to be seen.

        Args:
            q: joint angles, (7,) radians.
            opening: between the fingers, metres.
            cube: its centre, (3,) metres.
            turn: how it is turned, a unit quaternion (4,), w first.
            fields: the episode's appearance.
        """
        self._show(fields)
        body = self.model.body("cube").id
        self.model.body_pos[body], self.model.body_quat[body] = cube, turn
        for side in SIDES:
            self.model.geom(f"finger_{side}").pos[1] = side * (opening / 2 + FINGER)
        self.pose(q, fields)
