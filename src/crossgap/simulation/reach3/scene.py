"""The rendered world of the 3-DoF arm: set joint angles and a cube, get an image."""

import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.reach3.looks import LOOKS
from crossgap.simulation.reach3.model import JOINTS, reach3_spec


class Reach3Scene(Scene):
    """An arm and a cube. Arguments as in `Scene`."""

    looks, joints, spec = LOOKS, JOINTS, staticmethod(reach3_spec)

    def render(self, q: np.ndarray, cube: np.ndarray, turn: float, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8.

        Args:
            q: joint angles, (3,) radians.
            cube: centre of the cube, (3,) metres.
            turn: the cube's turn about the vertical, radians.
            fields: the episode's appearance.
        """
        self._show(fields)
        cube_body = self.model.body("cube").id
        self.model.body_pos[cube_body] = cube
        self.model.body_quat[cube_body] = np.cos(turn / 2), 0, 0, np.sin(turn / 2)
        self.data.qpos[self._joints] = q
        return self._image()
