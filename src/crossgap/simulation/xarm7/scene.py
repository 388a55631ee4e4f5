"""The rendered world of the xArm7: set joint angles, get images of its cameras; and with a cube to grasp."""

import mujoco
import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.rendering import Renderer
from crossgap.simulation.base.room import add_cube
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.xarm7.grasp import CUBE, FINGER
from crossgap.simulation.xarm7.kinematics import JOINTS
from crossgap.simulation.xarm7.looks import LOOKS, XArm7Look
from crossgap.simulation.xarm7.model import xarm7_spec


class XArm7Scene(Scene):
    """An xArm7 on a table. Arguments as in `Scene`."""

    looks, joints, spec = LOOKS, JOINTS, staticmethod(xarm7_spec)

    def pose(self, q: np.ndarray, fields: Fields) -> None:
        """Give the arm joint angles (7,) in radians, and the scene an episode's appearance."""
        self._show(fields)
        self.data.qpos[self._joints] = q
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    def render(self, q: np.ndarray, fields: Fields) -> np.ndarray:
        """The image of the camera `side`, (size, size, 3) uint8, at joint angles (7,) in radians."""
        self.pose(q, fields)
        return self.view("side")[0]

    def view(self, camera: str, depth: bool = False) -> tuple[np.ndarray, np.ndarray | None]:
        """What a camera sees of the last pose.

        Returns:
            Image (size, size, 3) uint8, and where asked for its depth (size, size) float32 in metres.
        """
        assert isinstance(self._renderer, Renderer)
        if depth:
            return self._renderer.render_with_depth(self.data, camera)
        return self._renderer.render(self.data, camera), None

    def pixel(self, point: np.ndarray, camera: str) -> np.ndarray:
        """Where a camera sees a point (3,) in metres, at the last pose: column and row, (2,) in pixels."""
        camera_id = self.model.camera(camera).id
        x, y, z = (point - self.data.cam_xpos[camera_id]) @ self.data.cam_xmat[camera_id].reshape(3, 3)
        size = self._renderer.size
        focal = size / 2 / np.tan(np.deg2rad(self.model.cam_fovy[camera_id]) / 2)
        return size / 2 + focal * np.array([x, -y]) / -z


class XArm7GraspScene(XArm7Scene):
    """The same, with fingers that move, and a cube on the table. Arguments as in `Scene`."""

    @staticmethod
    def spec(look: XArm7Look, buffer_size: int) -> mujoco.MjSpec:
        """The model, with a cube."""
        spec = xarm7_spec(look, buffer_size)
        add_cube(spec, CUBE, look.cube)
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
        self._place("cube", cube, turn)
        for side in (-1, 1):  # along the flange's y axis
            self.model.geom(f"finger_{side}").pos[1] = side * (opening / 2 + FINGER)
        self.pose(q, fields)
