"""The rendered world of the Kinova Mico: set joint angles, get an image."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

import mujoco
import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.mico.looks import LOOKS, MicoLook
from crossgap.simulation.mico.model import JOINTS, mico_spec


class MicoScene(Scene):
    """A Kinova Mico on a table. Arguments as in `Scene`."""

    looks, joints = LOOKS, JOINTS

    def spec(self, look: MicoLook, buffer_size: int) -> mujoco.MjSpec:
        """The model."""
        return mico_spec(look, buffer_size)

    def render(self, q: np.ndarray, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8.

        Args:
            q: joint angles J1 to J6, (6,) radians.
            fields: the episode's appearance.
        """
        self._show(fields)
        self.data.qpos[self._joints] = q
        return self._image()
