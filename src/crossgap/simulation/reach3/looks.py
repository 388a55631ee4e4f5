"""Looks of the 3-DoF arm's scene: a plain source, and targets that leave it step by step."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from crossgap.errors import find
from crossgap.simulation.base.looks import Colour, Light, RoomLook, Surface, Vector


@dataclass(frozen=True, kw_only=True)
class Look(RoomLook):
    """How the scene of `crossgap/Reach3-v0` appears."""

    base: Colour
    """Colour of the pedestal."""
    upper_arm: Colour
    """Colour of the first link."""
    forearm: Colour
    """Colour of the second link."""
    joints: Colour
    """Colour of shoulder and elbow."""
    tip: Colour
    """Colour of the tip."""
    cube: Colour
    """Colour of the cube to reach."""
    link_shape: Literal["capsule", "box"] = "capsule"
    """Shape of both links."""
    link_radius: float = 0.035
    """Half thickness of the links, metres."""
    camera: Vector = (1.12, -0.62, 0.78)
    camera_target: Vector = (0.20, 0.03, 0.17)
    workspace: Vector = (0.25, 0.0, 0.1)


SOURCE = Look(
    name="source", base=(0.20, 0.20, 0.24), upper_arm=(0.10, 0.35, 0.85), forearm=(0.95, 0.75, 0.10),
    joints=(0.10, 0.10, 0.12), tip=(0.10, 0.65, 0.25), cube=(0.90, 0.08, 0.08),
    floor=Surface((0.86, 0.87, 0.89)), wall=Surface((0.70, 0.74, 0.80)),
    lights=(Light((0.6, -0.8, 1.6), colour=(0.45, 0.45, 0.45)),), ambient=0.5,
)  # fmt: skip
"""Plain, evenly lit, every part in a colour of its own: easy to see in and easy to draw."""

TARGET_A = replace(
    SOURCE, name="target_a", base=(0.10, 0.09, 0.10), upper_arm=(0.22, 0.26, 0.50),
    forearm=(0.78, 0.46, 0.16), joints=(0.06, 0.06, 0.07), tip=(0.16, 0.42, 0.30), cube=(0.68, 0.10, 0.18),
    floor=Surface((0.42, 0.52, 0.46)), wall=Surface((0.22, 0.24, 0.32)),
    lights=(Light((1.2, 0.9, 1.3), colour=(0.75, 0.72, 0.62), spot=True),), ambient=0.32,
)  # fmt: skip
"""Slightly other colours, and a warm spotlight from the other side (TaskGAN, figure 4)."""

TARGET_B = replace(
    SOURCE, name="target_b", base=(0.10, 0.10, 0.12), upper_arm=(0.24, 0.32, 0.46),
    forearm=(0.72, 0.68, 0.22), joints=(0.06, 0.06, 0.06), tip=(0.14, 0.14, 0.14), cube=(0.78, 0.12, 0.10),
    floor=Surface((1.0, 1.0, 1.0), "wood", 1.5), wall=Surface((0.62, 0.56, 0.52), "wood", 1.0),
    lights=(
        Light((1.1, 0.9, 1.2), colour=(0.62, 0.55, 0.42), spot=True),
        Light((-0.4, -1.0, 1.4), colour=(0.22, 0.24, 0.34)),
    ),
    ambient=0.30,
)  # fmt: skip
"""A wooden floor and wall under a warm and a cold light."""

TARGET_C = replace(
    TARGET_B, name="target_c", link_shape="box", link_radius=0.045, camera=(1.06, -0.70, 0.84),
    camera_target=(0.21, 0.02, 0.16), variation="clutter_and_moving_light",
)  # fmt: skip
"""As b, with box-shaped thicker links, a moved camera, clutter and a light that moves."""

TARGET_D = replace(
    TARGET_C, name="target_d", variation="light_effects", ambient=0.26,
    lights=(
        Light((0.95, -0.40, 1.25), colour=(0.62, 0.58, 0.50), spot=True, shadow=True),
        Light((0.10, 0.80, 1.00), colour=(0.60, 0.12, 0.50), spot=True),
        Light((0.80, -0.65, 0.95), colour=(0.08, 0.35, 0.60), spot=True),
    ),
)  # fmt: skip
"""As c, under three lights that circle the arm and change colour; one of them casts shadows."""

TARGET_PBR = replace(
    SOURCE, name="target_pbr", lights=(replace(SOURCE.lights[0], shadow=True),), renderer="filament"
)
"""The source's own scene through another renderer: physically based materials and light, soft shadows."""

NIGHT = replace(
    SOURCE, name="night", ambient=0.05, variation="light_pos",
    lights=(
        Light((0.6, -0.8, 1.6), colour=(0.08, 0.10, 0.18)),
        Light((0.9, 0.5, 1.3), colour=(0.42, 0.34, 0.20), spot=True, shadow=True),
    ),
)  # fmt: skip
"""The source by night: the moon, and a lamp somewhere that throws shadows."""

WEATHER = tuple(
    replace(SOURCE, name=condition, condition=condition)
    for condition in ("rain", "haze", "motion_blur", "sensor_noise")
)
"""The source through what `degradations.CONDITIONS` makes of a picture."""

LABEL_MAP = Look(
    name="label_map", base=(1.0, 0.0, 1.0), upper_arm=(0.0, 0.0, 1.0), forearm=(1.0, 1.0, 0.0),
    joints=(0.0, 1.0, 1.0), tip=(0.0, 1.0, 0.0), cube=(1.0, 0.0, 0.0),
    floor=Surface((1.0, 1.0, 1.0)), wall=Surface((0.0, 0.0, 0.0)),
    lights=(replace(SOURCE.lights[0], colour=(0.0, 0.0, 0.0)),), ambient=1.0,
)  # fmt: skip
"""Every part in one flat colour, as a segmentation has it: no light but that from everywhere."""

LOOKS = {
    look.name: look
    for look in (
        SOURCE, TARGET_A, TARGET_B, TARGET_C, TARGET_D, TARGET_PBR, NIGHT, *WEATHER, LABEL_MAP
    )
}  # fmt: skip
"""Every built-in look by name."""
get_look = partial(find, "Look", things=LOOKS)
"""(name) -> the look of that name; or a CrossgapError that lists those that exist."""
get_target_look = partial(find, "Target look", things={n: look for n, look in LOOKS.items() if n != "source"})
"""The same of any look but the source's own."""
