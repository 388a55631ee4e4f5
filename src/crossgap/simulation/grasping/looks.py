"""Looks of the bins: a plain source, targets that stand for the real ones, and random ones."""

from dataclasses import dataclass, replace

import numpy as np

from crossgap.simulation.base.arm import ArmLook
from crossgap.simulation.base.looks import Colour, Light, Surface, Vector
from crossgap.simulation.base.textures import TEXTURES

CENTRE = (0.55, 0.0, 0.04)
"""The middle of where the hand may go, metres; what lights and camera are aimed at."""
Range = tuple[float, float]


@dataclass(frozen=True)
class Palette:
    """What colours things have: hue, saturation and value are drawn from these ranges, in [0, 1]."""

    hue: Range = (0.0, 1.0)
    saturation: Range = (0.75, 1.0)
    value: Range = (0.65, 1.0)
    textures: tuple[str | None, ...] = (None,)
    """One of these is drawn, too; None is plain."""


@dataclass(frozen=True, kw_only=True)
class GraspLook(ArmLook):
    """How robot, bins and what is in them appear."""

    links: Colour
    """Colour of the arm's links."""
    bin: Surface
    """Its floor and walls."""
    objects: Palette = Palette()
    """Of the things in it."""
    bin_textures: tuple[str | None, ...] = ()
    """Drawn anew for every episode, where there are any, in the place of the bin's own."""
    stickers: int = 0
    """Flat things on the floor of every bin, at most `model.STICKERS`, that look like what can be grasped."""
    camera: Vector = (0.06, -0.44, 0.80)
    camera_target: Vector = (0.56, 0.0, 0.05)
    workspace: Vector = CENTRE
    field_of_view: float = 25.0

    def pinhole(self) -> tuple[float, ...]:
        """The camera where nothing moves it, for networks that project points: its projection matrix (3, 4),
        row by row. It takes (x, y, z, 1), in metres, to (u w, v w, w), where u is to the right and v
        downwards, both from -1 to 1 in the image."""
        forward = np.subtract(self.camera_target, self.camera)
        right = np.cross(forward, [0, 0, 1])
        axes = np.array([right, np.cross(forward, right), forward])
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        axes[:2] /= np.tan(np.deg2rad(self.field_of_view) / 2)
        matrix = np.column_stack([axes, -axes @ self.camera])
        return tuple(float(number) for number in matrix.ravel())


SOURCE = GraspLook(
    name="source", base=(0.30, 0.31, 0.34), links=(0.93, 0.50, 0.12), joints=(0.22, 0.23, 0.26),
    hand=(0.20, 0.21, 0.24), fingers=(0.34, 0.35, 0.38),
    floor=Surface((0.90, 0.91, 0.92)), wall=Surface((0.70, 0.74, 0.80)), bin=Surface((0.62, 0.71, 0.82)),
    lights=(Light((0.1, -0.8, 1.6), colour=(0.45, 0.45, 0.45)),), ambient=0.5,
)  # fmt: skip
"""Plain and evenly lit, things in bright colours."""

TARGET = GraspLook(
    name="target", base=(0.50, 0.51, 0.52), links=(0.66, 0.67, 0.68), joints=(0.74, 0.40, 0.10),
    hand=(0.62, 0.62, 0.64), fingers=(0.10, 0.10, 0.11), link_shape="box", thickness=1.15,
    floor=Surface((0.42, 0.43, 0.42), "speckle", 3.0), wall=Surface((0.5, 0.5, 0.5), "speckle", 1.0),
    bin=Surface((0.95, 0.80, 0.62), "wood", 1.0),
    objects=Palette(saturation=(0.10, 0.70), value=(0.25, 0.75), textures=(None, "speckle", "stripes")),
    lights=(
        Light((-0.1, 0.75, 1.05), colour=(0.72, 0.64, 0.50), spot=True),
        Light((1.1, -0.7, 1.2), colour=(0.20, 0.23, 0.34)),
    ),
    ambient=0.42, camera=(0.075, -0.425, 0.815), camera_target=(0.567, 0.010, 0.047),
    variation="slight_lights",
)  # fmt: skip
"""What stands for the real world: a wooden bin on stone, dull and patterned things, a boxier arm and gripper,
a warm lamp and a cold window, the camera moved by two centimetres."""

TARGET_DIM = replace(
    TARGET, name="target_dim", bin=Surface((0.50, 0.44, 0.38), "wood", 1.0),
    objects=Palette(
        hue=(0.02, 0.13), saturation=(0.15, 0.50), value=(0.22, 0.46), textures=(None, "speckle", "wood")
    ),
)  # fmt: skip
"""The same with little contrast: things of the bin's own colours."""

TARGET_STICKERS = replace(TARGET, name="target_stickers", stickers=4)
"""The same with flat pictures of things on the floor of the bin, which cannot be grasped."""

TARGET_PBR = replace(TARGET, name="target_pbr", renderer="filament")
"""The target by a physically based renderer, with soft shadows: a gap that nobody tuned; for evaluation, as
it is slow."""

RANDOMIZED = replace(
    SOURCE, name="randomized", variation="colours+lights", bin_textures=(None, *TEXTURES),
    objects=Palette(saturation=(0.0, 1.0), value=(0.15, 1.0), textures=(None, *TEXTURES)),
)  # fmt: skip
"""The source with random colours, textures and lights; the camera stands still, so that a Q that knows where
it stands learns from it, and images pair pixel by pixel with the source's."""

LOOKS = {
    look.name: look for look in (SOURCE, TARGET, TARGET_DIM, TARGET_STICKERS, RANDOMIZED, TARGET_PBR)
}  # fmt: skip
"""Every look of the bins by name."""
