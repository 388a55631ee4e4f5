"""The rendered world of the Kinova Mico: set joint angles, get an image."""

from __future__ import annotations

import numpy as np

from crossgap.simulation.base.randomization import Fields
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.base.sharing import one_per_thread
from crossgap.simulation.mico.looks import get_mico_look
from crossgap.simulation.mico.model import JOINTS, mico_spec


class MicoScene(Scene):
    """A Kinova Mico on a table. Arguments as in `Scene`, the look by name."""

    def __init__(
        self, look: str = "mico_source", randomization: str = "none", size: int = 64,
        supersample: int = 1, seed: int = 0,
    ):  # fmt: skip
        dressed = get_mico_look(look)
        spec = mico_spec(dressed, size * supersample)
        super().__init__(spec, dressed, randomization, size, supersample, seed)
        self._joints = self._addresses(JOINTS)

    def render(self, q: np.ndarray, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8.

        Args:
            q: joint angles J1 to J6, (6,) radians.
            fields: the episode's appearance.
        """
        self._show(fields)
        self.data.qpos[self._joints] = q
        return self._image()


@one_per_thread
def shared_mico_scene(look: str, randomization: str, size: int) -> MicoScene:
    """One scene per look and size in a thread: its texture uploads and GL context are shared."""
    return MicoScene(look, randomization, size)
