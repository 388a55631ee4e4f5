"""What every built-in world has: textures, a floor, walls, lights and a camera, dressed in a look."""

from collections.abc import Callable, Mapping

import mujoco
import numpy as np

from crossgap.simulation.base import rendering
from crossgap.simulation.base.looks import Colour, RoomLook, Surface, Vector
from crossgap.simulation.base.textures import SIZE, TEXTURES

CAMERA = "front"

CLUTTER = (
    ("sphere", (0.028, 0.028, 0.028), (0.15, 0.30, 0.75)),
    ("cylinder", (0.025, 0.035, 0.0), (0.20, 0.55, 0.25)),
    ("box", (0.035, 0.025, 0.03), (0.45, 0.28, 0.12)),
    ("capsule", (0.018, 0.03, 0.0), (0.85, 0.85, 0.80)),
)
"""Shape, size in metres and colour of the objects that a randomization may bring in."""
HIDDEN = 0.0
"""The opacity of a geom that MuJoCo does not draw at all."""

Textures = Mapping[str, Callable[[], np.ndarray]]
"""What draws each, (SIZE, SIZE, 3) uint8, by its name in a look."""


def new_room(
    look: RoomLook, buffer_size: int, back: float, side: float, textures: Textures = TEXTURES
) -> mujoco.MjSpec:  # fmt: skip
    """An empty room in a look.

    Args:
        look: its appearance.
        buffer_size: width and height of the offscreen buffer in pixels.
        back: how far behind the origin a wall is, metres, which faces along the x axis.
        side: how far beside it another one is, along the y axis.
        textures: what its surfaces, and randomizations of them, can choose from.
    """
    spec = mujoco.MjSpec()
    rendering.fast_quality(spec, buffer_size)
    headlight = spec.visual.headlight
    headlight.ambient, headlight.diffuse, headlight.specular = [look.ambient] * 3, [0] * 3, [0] * 3
    for name, draw in textures.items():
        texture = spec.add_texture(
            name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=SIZE, height=SIZE, nchannel=3
        )
        texture.data = draw().tobytes()
    floor = add_materials(spec, "floor", look.floor, textures)
    wall = add_materials(spec, "wall", look.wall, textures)
    for name, material, position, normal in (
        ("floor", floor, (0, 0, 0), (0, 0, 1)),
        ("wall_back", wall, (-back, 0, 0.6), (1, 0, 0)),
        ("wall_side", wall, (0, side, 0.6), (0, -1, 0)),
    ):
        spec.worldbody.add_geom(
            name=name, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1.2, 1.2, 0.3], pos=position,
            zaxis=normal, material=material,
        )  # fmt: skip
    return spec


def rgba(colour: Colour) -> list[float]:
    """A colour that nothing shines through."""
    return [*colour, 1.0]


def add_materials(spec: mujoco.MjSpec, name: str, surface: Surface, textures: Textures) -> str:
    """One material per texture, so that randomization can swap them; the name of the look's own."""
    for texture in (None, *textures):
        material = spec.add_material(
            name=f"{name}_{texture}", rgba=rgba(surface.colour), specular=0.0,
            texrepeat=[surface.repeat, surface.repeat],
        )  # fmt: skip
        if texture is not None:
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture
    return f"{name}_{surface.texture}"


def add_cube(spec: mujoco.MjSpec, edge: float, colour: Colour, position: Vector = (0, 0, 0)) -> None:
    """A cube, `edge` metres wide, that a scene places; by where it is first MuJoCo sets the depth of view."""
    cube = spec.worldbody.add_body(name="cube", pos=position)
    cube.add_geom(name="cube", type=mujoco.mjtGeom.mjGEOM_BOX, size=[edge / 2] * 3, rgba=rgba(colour))


def add_clutter(spec: mujoco.MjSpec) -> None:
    """The objects that a randomization may bring in, hidden until it does."""
    for shape, size, colour in CLUTTER:
        body = spec.worldbody.add_body(name=f"clutter_{shape}")
        body.add_geom(name=f"clutter_{shape}", size=size, rgba=[*colour, HIDDEN],
                      type=getattr(mujoco.mjtGeom, f"mjGEOM_{shape.upper()}"))  # fmt: skip


def add_lights_and_camera(spec: mujoco.MjSpec, look: RoomLook) -> None:
    """The look's lights, and its camera `front`."""
    for index, light in enumerate(look.lights):
        kind = mujoco.mjtLightType.mjLIGHT_SPOT if light.spot else mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
        spec.worldbody.add_light(
            name=f"light_{index}", type=kind, castshadow=light.shadow, pos=light.position,
            dir=np.subtract(look.workspace, light.position), cutoff=60, exponent=4,
            diffuse=light.colour, ambient=[0] * 3, specular=[0.1 if any(light.colour) else 0] * 3,
        )  # fmt: skip
    add_camera(spec, CAMERA, look.camera, look.camera_target, look.field_of_view)


def add_camera(
    spec: mujoco.MjSpec, name: str, position: Vector, target: Vector, field_of_view: float
) -> None:  # fmt: skip
    """An upright camera at a position, metres. `target` is the point in the middle of its image, metres; its
    field of view is the vertical one, degrees."""
    forward = np.subtract(target, position)
    right = np.cross(forward, [0, 0, 1])
    up = np.cross(right, forward)
    spec.worldbody.add_camera(name=name, pos=position, fovy=field_of_view, xyaxes=[*right, *up])
