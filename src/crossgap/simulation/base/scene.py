"""Rendered worlds: set a state, get an image. No time passes in them."""

# mujoco ships no type information
# pyright: reportAttributeAccessIssue=false
from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from crossgap.errors import CrossgapError
from crossgap.simulation.base.filament import physical_quality
from crossgap.simulation.base.filament_process import RenewedFilamentRenderer
from crossgap.simulation.base.looks import RoomLook, get_look
from crossgap.simulation.base.randomization import FIELD_NAMES, Fields, get_randomization
from crossgap.simulation.base.rendering import Renderer
from crossgap.simulation.base.room import CAMERA
from crossgap.simulation.base.sharing import one_per_thread
from crossgap.simulation.reach3.model import JOINTS, reach3_spec

RENDERERS = {"opengl": Renderer, "filament": RenewedFilamentRenderer}
"""What a look's `renderer` stands for."""


class Scene:
    """A model in a look and one camera: the base of every rendered world.

    Args:
        spec: the model, dressed in the look.
        look: whose variation there is.
        randomization: name of a randomization, on top of the look's own variation.
        size: width and height of the images in pixels; the model's buffer is `supersample` times as large.
        supersample: antialiasing; 1 switches it off.
        seed: of what is randomized once, at `startup`.

    Raises:
        CrossgapError: an unknown look or randomization, or no OpenGL or Vulkan for its renderer.
    """

    def __init__(
        self, spec: mujoco.MjSpec, look: RoomLook, randomization: str, size: int, supersample: int, seed: int
    ):  # fmt: skip
        self.look = look
        self.variation, self.randomization = (
            get_randomization(look.variation),
            get_randomization(randomization),
        )
        if look.renderer == "filament":
            physical_quality(spec)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self._renderer = RENDERERS[look.renderer](self.model, CAMERA, size, supersample)
        self._default = {name: getattr(self.model, name).copy() for name in FIELD_NAMES}
        self._randomize(self._default, "startup", np.random.default_rng(seed))
        self._shown: Fields | None = None

    def _addresses(self, joints: Sequence[str]) -> list[int]:
        return [self.model.joint(name).qposadr[0] for name in joints]

    def _randomize(
        self, fields: Fields, when: str, rng: np.random.Generator, strength: float = 1.0
    ) -> Fields:  # fmt: skip
        for term in self.variation:
            if term.when == when:
                term.function(fields, self.model, rng, term.strength)
        for term in self.randomization:
            if term.when == when:
                term.function(fields, self.model, rng, strength * term.strength)
        return fields

    def new_appearance(self, rng: np.random.Generator, strength: float = 1.0) -> Fields:
        """What a new episode looks like: the look, varied by its randomizations.

        Args:
            rng: decides how.
            strength: factor on that of the randomization, not of the look's own variation: a curriculum
                begins with little of it.
        """
        fields = {name: array.copy() for name, array in self._default.items()}
        return self._randomize(fields, "reset", rng, strength)

    def next_appearance(self, fields: Fields, rng: np.random.Generator) -> Fields:
        """What it looks like one step later; `fields` itself where nothing changes in time."""
        if not any(term.when == "step" for term in self.variation + self.randomization):
            return fields
        return self._randomize(
            {name: array.copy() for name, array in fields.items()}, "step", rng
        )  # fmt: skip

    def _show(self, fields: Fields) -> None:
        """Give the model an episode's appearance; before anything of the state that is set in the model."""
        if fields is not self._shown:
            for name, array in fields.items():
                getattr(self.model, name)[:] = array
            self._shown = fields

    def _image(self) -> np.ndarray:
        """The camera image of the model's state, (size, size, 3) uint8."""
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        return self._renderer.render(self.data)

    def __reduce__(self) -> tuple:
        raise CrossgapError(
            "A scene holds its renderer and cannot be copied or pickled. Make another one; a Gymnasium "
            "environment can be copied."
        )

    def close(self) -> None:
        """Free what the renderer holds."""
        self._renderer.close()


class Reach3Scene(Scene):
    """The rendered world of `crossgap/Reach3-v0`: one arm and one cube. Arguments as in `Scene`, the look by
    name."""

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 64,
        supersample: int = 1, seed: int = 0,
    ):  # fmt: skip
        dressed = get_look(look)
        spec = reach3_spec(dressed, size * supersample)
        super().__init__(spec, dressed, randomization, size, supersample, seed)
        self._cube_body = self.model.body("cube").id
        self._joints = self._addresses(JOINTS)

    def render(self, q: np.ndarray, cube: np.ndarray, turn: float, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8.

        Args:
            q: joint angles, (3,) radians.
            cube: centre of the cube, (3,) metres.
            turn: the cube's turn about the vertical, radians.
            fields: the episode's appearance.
        """
        self._show(fields)
        self.model.body_pos[self._cube_body] = cube
        self.model.body_quat[self._cube_body] = np.cos(turn / 2), 0, 0, np.sin(turn / 2)
        self.data.qpos[self._joints] = q
        return self._image()


@one_per_thread
def shared_scene(look: str, randomization: str, size: int) -> Reach3Scene:
    """One scene per look and size in a thread: its texture uploads and GL context are shared."""
    return Reach3Scene(look, randomization, size)
