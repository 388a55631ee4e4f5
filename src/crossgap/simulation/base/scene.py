"""Rendered worlds: set a state, get an image. No time passes in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import mujoco
import numpy as np

from crossgap.errors import CrossgapError, find
from crossgap.simulation.base.degradations import seen_in
from crossgap.simulation.base.filament import physical_quality
from crossgap.simulation.base.filament_process import RenewedFilamentRenderer
from crossgap.simulation.base.looks import RoomLook
from crossgap.simulation.base.randomization import FIELD_NAMES, WORKSPACE, Fields, get_randomization
from crossgap.simulation.base.rendering import Renderer
from crossgap.simulation.base.room import CAMERA
from crossgap.simulation.base.sharing import SceneHere, one_per_thread

RENDERERS = {"opengl": Renderer, "filament": RenewedFilamentRenderer}
"""What a look's `renderer` stands for."""
SEEDS = "seeds"
"""Of an appearance that is seen in a condition, (2,): what of it stays for the episode, and for the frame."""


class Scene:
    """A model in a look and one camera: the base of every rendered world.

    Args:
        look: name of its look.
        randomization: name of a randomization, on top of the look's own variation.
        size: width and height of the images in pixels; the model's buffer is `supersample` times as large.
        supersample: antialiasing; 1 switches it off.
        seed: of what is randomized once, at `startup`.

    Raises:
        CrossgapError: an unknown look or randomization, or no OpenGL or Vulkan for its renderer.
    """

    looks: ClassVar[Mapping[str, RoomLook]]
    """Every look by name, the source's first."""
    joints: ClassVar[Sequence[str]]
    """Names of the joints whose positions are set to render a state."""
    spec: ClassVar[staticmethod[[Any, int], mujoco.MjSpec]]
    """(look, width of the offscreen buffer in pixels) -> the model, dressed in the look."""
    render: Callable[..., np.ndarray]
    """(*state, appearance) -> the camera image, (size, size, 3) uint8."""

    def __init__(
        self, look: str = "source", randomization: str = "none", size: int = 64, supersample: int = 1,
        seed: int = 0,
    ):  # fmt: skip
        self.look = find("Look", look, self.looks)
        self.variation, self.randomization = map(get_randomization, (self.look.variation, randomization))
        spec = self.spec(self.look, size * supersample)
        spec.add_numeric(name=WORKSPACE, data=self.look.workspace, size=3)
        if self.look.renderer == "filament":
            physical_quality(spec)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self._renderer = RENDERERS[self.look.renderer](self.model, CAMERA, size, supersample)
        self._joints = [self.model.joint(name).qposadr[0] for name in self.joints]
        plain = {name: getattr(self.model, name) for name in FIELD_NAMES}
        self._default = self._randomize(plain, "startup", np.random.default_rng(seed), 1.0)
        self._shown: Fields | None = None

    @classmethod
    def shared(cls, look: str, randomization: str, size: int) -> Self:
        """The calling thread's one scene of that look, randomization and size."""
        return one_per_thread(cls, look, randomization, size)

    @classmethod
    def here(cls, look: str, randomization: str, size: int) -> SceneHere[Self]:
        """What gives an environment its scene in whichever thread it is asked for.

        Raises:
            CrossgapError: an unknown look or randomization.
        """
        find("Look", look, cls.looks)
        get_randomization(randomization)
        return SceneHere(cls, look, randomization, size)

    def _randomize(self, fields: Fields, when: str, rng: np.random.Generator, strength: float) -> Fields:
        """The fields' copies, changed by what there is for that moment."""
        fields = {name: array.copy() for name, array in fields.items()}
        varied = [(term, term.strength) for term in self.variation]
        for term, factor in varied + [(term, strength * term.strength) for term in self.randomization]:
            if term.when == when and factor:  # 0 is as if there was none, to the last digit
                term.function(fields, self.model, rng, factor)
        return fields

    def new_appearance(self, rng: np.random.Generator, strength: float = 1.0) -> Fields:
        """What a new episode looks like: the look, varied by its randomizations.

        Args:
            rng: decides how.
            strength: factor on that of the randomization, not of the look's own variation: a curriculum
                begins with little of it.
        """
        fields = self._randomize(self._default, "reset", rng, strength)
        if self.look.condition != "none":
            fields[SEEDS] = rng.integers(2**63, size=2)
        return fields

    def next_appearance(self, fields: Fields, rng: np.random.Generator, strength: float = 1.0) -> Fields:
        """What it looks like one step later; `fields` itself where nothing changes in time."""
        if any(term.when == "step" for term in self.variation + self.randomization):
            fields = self._randomize(fields, "step", rng, strength)
        if SEEDS in fields:
            fields = fields | {SEEDS: np.array([fields[SEEDS][0], rng.integers(2**63)])}
        return fields

    def _show(self, fields: Fields) -> None:
        """Give the model an episode's appearance; before anything of the state that is set in the model."""
        if fields is not self._shown:
            for name in FIELD_NAMES:
                getattr(self.model, name)[:] = fields[name]
            self._shown = fields

    def _place(self, body: str, position: np.ndarray, turn: Sequence[float] | np.ndarray) -> None:
        """Put a body of the world somewhere, (3,) metres; its turn is a unit quaternion (4,), w first."""
        index = self.model.body(body).id
        self.model.body_pos[index], self.model.body_quat[index] = position, turn

    def _image(self) -> np.ndarray:
        """The camera image of the model's state, (size, size, 3) uint8."""
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        if self._shown is None or SEEDS not in self._shown:
            return self._renderer.render(self.data)
        image, depth = self._renderer.render_with_depth(self.data, CAMERA)
        return seen_in(self.look.condition, image, depth, self._shown[SEEDS])

    def __reduce__(self) -> tuple:
        raise CrossgapError(
            "A scene holds its renderer and cannot be copied or pickled. Make another one; a Gymnasium "
            "environment can be copied."
        )

    def close(self) -> None:
        """Free what the renderer holds."""
        self._renderer.close()
