"""Looks: named appearances of one and the same scene. The gap between two looks is the gap to cross."""

from dataclasses import dataclass
from typing import Literal

Colour = tuple[float, float, float]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Surface:
    """A flat part of the room: floor or wall."""

    colour: Colour
    """Red, green, blue in [0, 1]; multiplies the texture where there is one."""
    texture: str | None = None
    """A name from `textures.TEXTURES`, beside meshes also from `meshes.PHOTOGRAPHS`; none: plain colour."""
    repeat: float = 1.0
    """How often the texture repeats over 2 m."""


@dataclass(frozen=True)
class Light:
    """A directional or spot light, aimed at the workspace."""

    position: Vector
    """Metres, in the world."""
    colour: Colour = (0.5, 0.5, 0.5)
    """Diffuse colour and strength."""
    spot: bool = False
    """Whether it is a cone that falls off to its side, or parallel light."""
    shadow: bool = False
    """Whether things cast shadows in it; each such light costs two more passes over the scene."""


@dataclass(frozen=True, kw_only=True)
class RoomLook:
    """How any scene appears: the room, its lights and the camera; what happens in it is the same in every
    look."""

    name: str
    """What `look=` and `--look` select it by."""
    floor: Surface
    """The floor."""
    wall: Surface
    """The walls behind."""
    lights: tuple[Light, ...]
    """At least one light."""
    ambient: float
    """Strength of the light that comes from everywhere, in [0, 1]."""
    camera: Vector
    """Camera position, metres."""
    camera_target: Vector
    """The point in the middle of the image, metres."""
    workspace: Vector
    """The middle of where things happen, metres; the same in all looks of a world. Lights shine on it, those
    that a randomization moves, too, and moved cameras stay aimed near it."""
    field_of_view: float = 42.0
    """Vertical, degrees."""
    variation: str = "none"
    """The randomization that belongs to the look: what changes in it by itself."""
    renderer: Literal["opengl", "filament"] = "opengl"
    """What draws it: MuJoCo's classic renderer, or its physically based one, which needs Vulkan."""
    meshes: bool = False
    """Whether it shows the real robot, by meshes that `meshes.COMMAND` fetches."""
    condition: str = "none"
    """What the picture is seen in: weather or a poor camera, one of `degradations.CONDITIONS`."""
