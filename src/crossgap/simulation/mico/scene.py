"""The rendered world of the Kinova Mico: set joint angles, get an image."""

import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.mico.looks import LOOKS
from crossgap.simulation.mico.model import JOINTS, mico_spec


class MicoScene(Scene):
    """A Kinova Mico on a table. Arguments as in `Scene`."""

    looks, joints, spec = LOOKS, JOINTS, staticmethod(mico_spec)

    def render(self, q: np.ndarray, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8.

        Args:
            q: joint angles J1 to J6, (6,) radians.
            fields: the episode's appearance.
        """
        self._show(fields)
        self.data.qpos[self._joints] = q
        return self._image()
