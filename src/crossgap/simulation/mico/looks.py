"""Looks of the Mico arm: a source that is easy to draw, and a target that shares nothing but the pose."""

from dataclasses import dataclass

from crossgap.simulation.base.arm import ArmLook
from crossgap.simulation.base.looks import Colour, Light, Surface, Vector

CENTRE = (0.0, 0.0, 0.42)
"""About the middle of where the arm moves, metres; what lights and camera are aimed at."""


@dataclass(frozen=True, kw_only=True)
class MicoLook(ArmLook):
    """How the Mico arm and its room appear."""

    links: tuple[Colour, Colour, Colour, Colour, Colour]
    """Colours of shoulder, upper arm, forearm and the two wrist links."""
    camera: Vector = (1.35, -0.95, 1.20)
    camera_target: Vector = CENTRE
    workspace: Vector = CENTRE
    field_of_view: float = 35.0


SOURCE = MicoLook(
    name="mico_source", base=(0.16, 0.16, 0.20),
    links=(
        (0.55, 0.20, 0.75), (0.10, 0.35, 0.85), (0.98, 0.78, 0.10), (0.85, 0.10, 0.10), (0.10, 0.62, 0.25),
    ),
    joints=(0.10, 0.10, 0.12), hand=(0.95, 0.45, 0.05), fingers=(0.05, 0.70, 0.80),
    floor=Surface((0.86, 0.87, 0.89)), wall=Surface((0.70, 0.74, 0.80)),
    lights=(Light((0.8, -1.0, 2.0), colour=(0.45, 0.45, 0.45)),), ambient=0.5,
)  # fmt: skip
"""Plain, evenly lit, every link in a colour of its own: easy to see in and easy to draw."""

TARGET = MicoLook(
    name="mico_target", base=(0.08, 0.08, 0.09),
    links=(
        (0.11, 0.11, 0.12), (0.16, 0.16, 0.18), (0.09, 0.09, 0.10), (0.46, 0.46, 0.48), (0.20, 0.20, 0.22),
    ),
    joints=(0.72, 0.72, 0.74), hand=(0.56, 0.56, 0.58), fingers=(0.10, 0.10, 0.11), link_shape="box",
    thickness=1.2,
    floor=Surface((1.0, 1.0, 1.0), "wood", 1.0), wall=Surface((0.92, 0.88, 0.78), "speckle", 1.0),
    lights=(
        Light((1.3, 0.9, 1.6), colour=(0.62, 0.55, 0.42), spot=True),
        Light((-0.4, -1.2, 1.6), colour=(0.22, 0.24, 0.34)),
    ),
    ambient=0.38, camera=(1.33, -0.97, 1.22), camera_target=(0.01, 0.0, 0.415),
)  # fmt: skip
"""As a real Mico is: dark all over, with boxier links, on a wooden table, under a warm and a cold light."""

LOOKS = {look.name: look for look in (SOURCE, TARGET)}
"""Every look of the Mico arm by name."""
