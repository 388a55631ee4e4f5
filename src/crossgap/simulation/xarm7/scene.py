"""The rendered world of the xArm7: set joint angles, get images of its cameras."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.rendering import Renderer
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.base.sharing import one_per_thread
from crossgap.simulation.xarm7.kinematics import JOINTS
from crossgap.simulation.xarm7.looks import XArm7Look, get_xarm7_look
from crossgap.simulation.xarm7.model import xarm7_spec


class XArm7Scene(Scene):
    """An xArm7 on a table. Arguments as in `Scene`, the look by name."""

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 84,
        supersample: int = 1, seed: int = 0,
    ):  # fmt: skip
        dressed = get_xarm7_look(look)
        spec = self._spec(dressed, size * supersample)
        super().__init__(spec, dressed, randomization, size, supersample, seed)
        self._joints = self._addresses(JOINTS)

    def _spec(self, look: XArm7Look, buffer_size: int) -> mujoco.MjSpec:
        return xarm7_spec(look, buffer_size)

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


@one_per_thread
def shared_xarm7_scene(look: str, randomization: str, size: int) -> XArm7Scene:
    """One scene per look and size in a thread: its texture uploads and GL context are shared."""
    return XArm7Scene(look, randomization, size)
