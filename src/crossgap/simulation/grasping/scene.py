"""The rendered world of the bins: set arm, bins and what is in them, get the over-the-shoulder image."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import mujoco
import numpy as np

from crossgap.errors import CrossgapError
from crossgap.simulation.base.randomization import Fields, named
from crossgap.simulation.base.rendering import Renderer
from crossgap.simulation.base.room import CAMERA
from crossgap.simulation.base.scene import Scene
from crossgap.simulation.grasping.bins import FLOOR, HALF
from crossgap.simulation.grasping.kinematics import JOINTS
from crossgap.simulation.grasping.looks import LOOKS, GraspLook, Palette
from crossgap.simulation.grasping.model import AWAY, MOST_THINGS, grasp_spec
from crossgap.simulation.grasping.objects import PARTS, Parts

FINGERS = ("finger_-1", "finger_1")
NOTHING, ROBOT, BIN, FIRST_THING = 0, 1, 2, 3
"""Of a segmentation: anything else, the robot, the bins, and the first thing; the others follow."""


@dataclass(frozen=True)
class Arrangement:
    """What is to be seen."""

    q: np.ndarray
    """Joint angles, (7,) radians."""
    opening: float
    """Between the fingers, metres."""
    bins: np.ndarray
    """Middles of the bins, (b, 2) metres."""
    parts: Parts
    """Of what is in them."""
    positions: np.ndarray
    """Of the middle of every part, (p, 3) metres."""
    turns: np.ndarray
    """Of the parts, (p, 4)."""


class GraspScene(Scene):
    """A Kuka iiwa before bins. Arguments as in `Scene`."""

    looks, joints, spec = LOOKS, (*JOINTS, *FINGERS), staticmethod(grasp_spec)
    look: GraspLook

    def __init__(self, *dressed, **options):
        super().__init__(*dressed, **options)
        geom = mujoco.mjtObj.mjOBJ_GEOM
        self._thing_geoms = np.array(named(self.model, geom, "thing")).reshape(MOST_THINGS, PARTS)
        self._bins = named(self.model, mujoco.mjtObj.mjOBJ_BODY, "bin")
        self._hideable = [*self._bins, *self.model.geom_bodyid[self._thing_geoms.ravel()]]
        self._stickers = named(self.model, geom, "sticker")
        self._classes = np.full(self.model.ngeom + 1, NOTHING, np.uint8)  # the last is of no geom at all
        for prefix in ("base", "link", "bearing", "hand", "palm", "finger"):
            self._classes[named(self.model, geom, prefix)] = ROBOT
        self._classes[named(self.model, geom, "bin")] = BIN
        self._classes[self._thing_geoms] = FIRST_THING + np.arange(MOST_THINGS)[:, None]

    def render(self, arrangement: Arrangement, fields: Fields) -> np.ndarray:
        """The camera image, (size, size, 3) uint8."""
        self._arrange(arrangement, fields)
        return self._image()

    def segment(self, arrangement: Arrangement, fields: Fields) -> np.ndarray:
        """What the camera sees in every pixel, (size, size) uint8: `NOTHING`, `ROBOT`, `BIN`, or a thing.

        Raises:
            CrossgapError: the look is of another renderer than the classic one.
        """
        if not isinstance(self._renderer, Renderer):
            raise CrossgapError(
                f"Look '{self.look.name}' has no segmentation: Filament draws it. Expected a look that the "
                "classic renderer draws, such as target, which shows the same."
            )
        self._arrange(arrangement, fields)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        return self._classes[self._renderer.segment(self.data)]

    def seen_at(self, points: np.ndarray) -> np.ndarray:
        """Where in the image that was rendered last points (n, 3) metres are, (n, 2): to the right and
        downwards, from 0 to 1 in it."""
        camera = self.data.camera(CAMERA)
        away = (points - camera.xpos) @ camera.xmat.reshape(3, 3)  # to the right, up, backwards
        half = np.tan(np.deg2rad(self.model.camera(CAMERA).fovy) / 2)
        return 0.5 + 0.5 * away[:, :2] * [1, -1] / (-away[:, 2:] * half)

    def _arrange(self, arrangement: Arrangement, fields: Fields) -> None:
        self._show(fields)
        model = self.model
        self.data.qpos[self._joints] = *arrangement.q, *[arrangement.opening / 2] * 2
        model.body_pos[self._hideable] = AWAY
        model.body_pos[self._bins[: len(arrangement.bins)]] = [(*middle, 0) for middle in arrangement.bins]
        geoms = self._thing_geoms[tuple(arrangement.parts.slots.T)]
        model.geom_type[geoms], model.geom_size[geoms] = arrangement.parts.kinds, arrangement.parts.sizes
        bodies = model.geom_bodyid[geoms]
        model.body_pos[bodies], model.body_quat[bodies] = arrangement.positions, arrangement.turns

    def _randomize(self, fields: Fields, when: str, rng: np.random.Generator, strength: float) -> Fields:
        """As every scene's; and at the start of an episode things are painted, each in one colour."""
        if when != "reset":
            return super()._randomize(fields, when, rng, strength)
        fields = {name: array.copy() for name, array in fields.items()}
        for geoms in self._thing_geoms:
            self._paint(fields, geoms, self.look.objects, rng)
        self._stick(fields, rng)
        if self.look.bin_textures:
            texture = self.look.bin_textures[rng.integers(len(self.look.bin_textures))]
            bins = named(self.model, mujoco.mjtObj.mjOBJ_GEOM, "bin")
            fields["geom_matid"][bins] = self.model.material(f"bin_{texture}").id
        fields = super()._randomize(fields, when, rng, strength)
        colours = fields["geom_rgba"]
        colours[self._thing_geoms] = colours[self._thing_geoms[:, :1]]
        return fields

    def _paint(self, fields: Fields, geoms, palette: Palette, rng: np.random.Generator) -> None:
        colour = [rng.uniform(*within) for within in (palette.hue, palette.saturation, palette.value)]
        texture = palette.textures[rng.integers(len(palette.textures))]
        fields["geom_rgba"][geoms, :3] = colorsys.hsv_to_rgb(*colour)
        fields["geom_matid"][geoms] = -1 if texture is None else self.model.material(f"thing_{texture}").id

    def _stick(self, fields: Fields, rng: np.random.Generator) -> None:
        """Flat pictures anywhere on the floors of the bins, painted as things are."""
        for geom in self._stickers:
            self._paint(fields, geom, self.look.objects, rng)
            fields["geom_size"][geom, :2] *= rng.uniform(0.7, 1.3, 2)
            body, half = self.model.geom_bodyid[geom], rng.uniform(0, np.pi)
            fields["body_pos"][body, :2] = rng.uniform(-0.75 * HALF, 0.75 * HALF, 2)
            fields["body_pos"][body, 2] = FLOOR
            fields["body_quat"][body] = np.cos(half), 0, 0, np.sin(half)
