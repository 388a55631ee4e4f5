"""Domain randomization: one small function per MuJoCo field, all with the same signature.

A function changes `fields`, copies of a model's arrays, in place. What an episode looks like is thus
one dictionary of arrays, and many episodes can share one compiled model and one renderer.
"""

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np

from crossgap.errors import find

Fields = dict[str, np.ndarray]
"""Copies of MjModel arrays by the name of the field."""

FIELD_NAMES = (
    "geom_rgba", "geom_type", "geom_size", "geom_matid", "mat_rgba", "body_pos", "body_quat",
    "light_pos", "light_dir", "light_diffuse", "cam_pos", "cam_quat", "cam_fovy",
)  # fmt: skip
"""Every field that a look's episode may change."""

WORKSPACE = "workspace"
"""The model's own number of that name: the point that moved lights stay aimed at, and moved cameras near,
(3,) metres."""

Randomize = Callable[[Fields, mujoco.MjModel, np.random.Generator, float], None]
"""(fields, model, rng, strength) -> None; strength 0 changes nothing, but for a last digit."""


def workspace(model: mujoco.MjModel) -> np.ndarray:
    """The middle of where things happen in a scene's model, (3,) metres."""
    return model.numeric(WORKSPACE).data


def named(model: mujoco.MjModel, kind: mujoco.mjtObj, prefix: str) -> list[int]:
    """Indices of all objects of a kind whose name starts with `prefix`."""
    counts = {mujoco.mjtObj.mjOBJ_GEOM: model.ngeom, mujoco.mjtObj.mjOBJ_BODY: model.nbody}
    names = [mujoco.mj_id2name(model, kind, i) or "" for i in range(counts.get(kind, model.nmat))]
    return [index for index, name in enumerate(names) if name.startswith(prefix)]


def geom_rgba(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Mix every colour of the arm and the clutter with a random one; the cube stays reddish."""
    colour = fields["geom_rgba"]
    cube = named(model, mujoco.mjtObj.mjOBJ_GEOM, "cube")  # none in a world without one
    red = colour[cube, :3].copy()
    colour[:, :3] += strength * (rng.random((len(colour), 3)) - colour[:, :3])
    colour[cube, :3] = np.clip(red * rng.uniform(1 - 0.4 * strength, 1 + 0.15 * strength), 0, 1)


def mat_rgba(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Mix the colours of floor and walls with random ones."""
    del model
    colour = fields["mat_rgba"]
    colour[:, :3] += strength * (rng.random((len(colour), 3)) - colour[:, :3])


def geom_matid(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Give floor and walls, with probability `strength`, the material of a random texture."""
    for surface in ("floor", "wall"):
        materials = named(model, mujoco.mjtObj.mjOBJ_MATERIAL, f"{surface}_")
        if rng.random() < strength and materials:  # none in a scene that is no room
            fields["geom_matid"][named(model, mujoco.mjtObj.mjOBJ_GEOM, surface)] = rng.choice(materials)


def geom_size(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Scale the thickness of the links by up to ±30 % × strength."""
    links = named(model, mujoco.mjtObj.mjOBJ_GEOM, "link")
    fields["geom_size"][links, 0] *= rng.uniform(1 - 0.3 * strength, 1 + 0.3 * strength)


def light_pos(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Move every light by a normal step of 0.6 m × strength, still aimed at the workspace."""
    position = fields["light_pos"]
    position += rng.normal(0, 0.6 * strength, position.shape)
    position[:, 2] = np.clip(position[:, 2], 0.8, 2.2)
    _aim_lights(fields, model)


def light_turn(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Lead every light around the workspace by up to 360° × strength, each second one the other way."""
    position, centre = fields["light_pos"], workspace(model)
    angle = 2 * np.pi * strength * rng.random(len(position)) * (-1.0) ** np.arange(len(position))
    x, y = position[:, 0] - centre[0], position[:, 1] - centre[1]
    position[:, 0] = centre[0] + np.cos(angle) * x - np.sin(angle) * y
    position[:, 1] = centre[1] + np.sin(angle) * x + np.cos(angle) * y
    _aim_lights(fields, model)


def _aim_lights(fields: Fields, model: mujoco.MjModel) -> None:
    aim = workspace(model) - fields["light_pos"]
    fields["light_dir"][:] = aim / np.linalg.norm(aim, axis=1, keepdims=True)


def light_hue(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Turn every light's hue by up to 360° × strength; a grey light has none and stays as it is."""
    del model
    turns = strength * rng.random(len(fields["light_pos"]))
    for colour, turn in zip(fields["light_diffuse"], turns, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        colour[:] = colorsys.hsv_to_rgb((hue + turn) % 1.0, saturation, value)


def light_diffuse(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Scale the strength and tint of every light by up to ±40 % × strength."""
    del model
    diffuse = fields["light_diffuse"]
    diffuse *= rng.uniform(1 - 0.4 * strength, 1 + 0.4 * strength, diffuse.shape)


def camera(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Shift the camera by a normal step of 4 cm and turn it by 2° per axis, × strength."""
    del model
    fields["cam_pos"] += rng.normal(0, 0.04 * strength, fields["cam_pos"].shape)
    for quaternion in fields["cam_quat"]:
        turn = np.empty(4)
        mujoco.mju_axisAngle2Quat(turn, np.eye(3)[rng.integers(3)], rng.normal(0, 0.035) * strength)
        mujoco.mju_mulQuat(quaternion, quaternion.copy(), turn)


def viewpoint(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Move every camera by a normal step of 17 cm per axis × strength, still aimed at the same point: that of
    its axis which is nearest to the workspace. Whoever moves a camera points it at the robot again.
    The shortest turn rolls it a little, by about 2° (standard deviation, xArm7)."""
    for position, quaternion in zip(fields["cam_pos"], fields["cam_quat"], strict=True):
        axis, turn = np.empty(3), np.empty(4)
        mujoco.mju_rotVecQuat(axis, np.array([0.0, 0.0, -1.0]), quaternion)
        aim = position + axis * (workspace(model) - position).dot(axis)
        position += rng.normal(0, 0.17 * strength, 3)
        direction = (aim - position) / np.linalg.norm(aim - position)
        turn[:] = 1 + axis.dot(direction), *np.cross(axis, direction)  # the shortest turn
        mujoco.mju_normalize4(turn)
        mujoco.mju_mulQuat(quaternion, turn, quaternion.copy())


def clutter(fields: Fields, model: mujoco.MjModel, rng: np.random.Generator, strength: float):
    """Show each clutter object with probability `strength`, somewhere on the floor."""
    for body in named(model, mujoco.mjtObj.mjOBJ_BODY, "clutter"):
        geom = model.body_geomadr[body]
        angle, radius = rng.uniform(-1.5, 1.5), rng.uniform(0.30, 0.75)
        half = rng.uniform(0, np.pi)
        if rng.random() < strength:
            height = model.geom_size[geom, 0]
            fields["geom_rgba"][geom, 3] = 1.0
            fields["body_pos"][body] = radius * np.cos(angle), radius * np.sin(angle), height
            fields["body_quat"][body] = np.cos(half), 0, 0, np.sin(half)


@dataclass(frozen=True)
class Term:
    """One function at one moment."""

    function: Randomize
    """Which field it changes, and how."""
    strength: float = 1.0
    """0 changes nothing."""
    when: Literal["startup", "reset", "step"] = "reset"
    """Once for a scene, at the start of every episode, or at every step of it."""


RANDOMIZATIONS: dict[str, tuple[Term, ...]] = {
    "none": (),
    "clutter_and_moving_light": (
        Term(clutter, 0.75), Term(light_pos, 0.5), Term(light_diffuse, 0.5),
        Term(light_pos, 0.07, when="step"),
    ),
    "light_effects": (
        Term(clutter, 0.75), Term(light_turn), Term(light_hue), Term(light_diffuse, 0.3),
        Term(light_turn, 0.06, when="step"), Term(light_hue, 0.04, when="step"),
    ),
    "lights": (Term(light_pos), Term(light_diffuse)),
    "slight_camera": (Term(camera, 0.35),),
    "slight_lights": (Term(light_pos, 0.1), Term(light_diffuse, 0.25)),
    "slight_viewpoint": (Term(viewpoint, 0.3),),
    "colours": (Term(geom_rgba), Term(mat_rgba), Term(geom_matid)),
    "full": (
        Term(geom_rgba), Term(mat_rgba), Term(geom_matid), Term(geom_size), Term(light_pos),
        Term(light_diffuse), Term(camera), Term(clutter, 0.6),
    ),
}  # fmt: skip
"""Every built-in randomization by name."""


FUNCTIONS: tuple[Randomize, ...] = (
    geom_rgba, mat_rgba, geom_matid, geom_size, light_pos, light_turn, light_hue, light_diffuse, camera,
    viewpoint, clutter,
)  # fmt: skip
"""Every function; each is a randomization of its own, by its name."""
BY_NAME = RANDOMIZATIONS | {function.__name__: (Term(function),) for function in FUNCTIONS}
"""What a randomization's name stands for."""


def get_randomization(name: str) -> tuple[Term, ...]:
    """The terms of that name; `camera+lights` is both, so that each can be switched on alone.

    Raises:
        CrossgapError: there is none; the message lists those that exist.
    """
    return tuple(term for part in str(name).split("+") for term in find("Randomization", part, BY_NAME))
