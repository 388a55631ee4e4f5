"""Things to grasp: boxes, cylinders, capsules, ellipsoids, and things that are made of several.

Those of `TRAINING` are learnt on; those of `UNSEEN` are of other families, for tests alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

PARTS = 3
"""Of a thing at most."""
SHAPES = mujoco.mjtGeom
BOX, CYLINDER, CAPSULE = SHAPES.mjGEOM_BOX, SHAPES.mjGEOM_CYLINDER, SHAPES.mjGEOM_CAPSULE
ELLIPSOID = SHAPES.mjGEOM_ELLIPSOID
ALONG_Y = (np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0)
"""The turn, a quaternion, of a part whose own axis, z, is to be along y."""


@dataclass(frozen=True)
class Part:
    """A convex part of a thing."""

    kind: int
    """Of `mujoco.mjtGeom`."""
    size: tuple[float, ...]
    """As MuJoCo has it, metres: half lengths of a box or an ellipsoid, radius and half length of others."""
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of its middle, in the thing's frame, metres."""
    turn: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0)
    """A unit quaternion, w first."""


Thing = tuple[Part, ...]
"""At most `PARTS` parts."""
Draw = Callable[[np.random.Generator], Thing]
"""A thing of a family, of random size."""


def box(rng: np.random.Generator) -> Thing:
    """A block about as wide as it is long."""
    return (Part(BOX, (rng.uniform(0.012, 0.024), rng.uniform(0.012, 0.024), rng.uniform(0.012, 0.022))),)


def bar(rng: np.random.Generator) -> Thing:
    """A block three times as long as wide."""
    return (Part(BOX, (rng.uniform(0.009, 0.015), rng.uniform(0.030, 0.050), rng.uniform(0.011, 0.020))),)


def cylinder(rng: np.random.Generator) -> Thing:
    """A standing cylinder."""
    return (Part(CYLINDER, (rng.uniform(0.013, 0.023), rng.uniform(0.012, 0.026))),)


def capsule(rng: np.random.Generator) -> Thing:
    """A lying capsule."""
    return (Part(CAPSULE, (rng.uniform(0.011, 0.018), rng.uniform(0.016, 0.035)), turn=ALONG_Y),)


def egg(rng: np.random.Generator) -> Thing:
    """A lying ellipsoid."""
    low, high = (0.014, 0.022, 0.013), (0.022, 0.036, 0.020)
    return (Part(ELLIPSOID, tuple(rng.uniform(low, high))),)


def angle(rng: np.random.Generator) -> Thing:
    """Two bars that form an L."""
    wide, long, high = rng.uniform(0.009, 0.013), rng.uniform(0.026, 0.038), rng.uniform(0.012, 0.019)
    foot = rng.uniform(0.010, 0.020)
    return (
        Part(BOX, (wide, long, high)),
        Part(BOX, (foot, wide, high), (wide + foot, long - wide, 0)),
    )


def tee(rng: np.random.Generator) -> Thing:
    """Two bars that form a T."""
    wide, long, high = rng.uniform(0.009, 0.013), rng.uniform(0.026, 0.038), rng.uniform(0.012, 0.019)
    foot = rng.uniform(0.012, 0.022)
    return Part(BOX, (wide, long, high)), Part(BOX, (foot, wide, high), (wide + foot, 0, 0))


def cross(rng: np.random.Generator) -> Thing:
    """Two bars that cross each other."""
    wide, long, high = rng.uniform(0.009, 0.013), rng.uniform(0.026, 0.040), rng.uniform(0.011, 0.018)
    return Part(BOX, (wide, long, high)), Part(BOX, (long * rng.uniform(0.7, 1), wide, high))


def hammer(rng: np.random.Generator) -> Thing:
    """A capsule for a handle, and a block across its end."""
    thick, long = rng.uniform(0.008, 0.011), rng.uniform(0.030, 0.042)
    head = rng.uniform((0.020, 0.010, 0.010), (0.028, 0.014, 0.014))
    return Part(CAPSULE, (thick, long), turn=ALONG_Y), Part(BOX, tuple(head), (0, long, 0))


def dumbbell(rng: np.random.Generator) -> Thing:
    """A capsule with an ellipsoid at each end."""
    long, ball = rng.uniform(0.022, 0.034), rng.uniform(0.014, 0.019)
    ends = (Part(ELLIPSOID, (ball, 0.8 * ball, ball), (0, side * long, 0)) for side in (-1, 1))
    return Part(CAPSULE, (rng.uniform(0.008, 0.010), long), turn=ALONG_Y), *ends


def bracket(rng: np.random.Generator) -> Thing:
    """Three bars that form a U."""
    wide, long, high = rng.uniform(0.008, 0.011), rng.uniform(0.024, 0.032), rng.uniform(0.011, 0.018)
    leg = rng.uniform(0.012, 0.020)
    legs = (Part(BOX, (leg, wide, high), (wide + leg, side * (long - wide), 0)) for side in (-1, 1))
    return Part(BOX, (wide, long, high)), *legs


def disc(rng: np.random.Generator) -> Thing:
    """A flat cylinder."""
    return (Part(CYLINDER, (rng.uniform(0.026, 0.034), rng.uniform(0.009, 0.014))),)


TRAINING: tuple[Draw, ...] = (box, bar, cylinder, capsule, egg, angle, tee)
"""Families that are learnt on."""
UNSEEN: tuple[Draw, ...] = (cross, hammer, dumbbell, bracket, disc)
"""Families that are met in tests alone."""


@dataclass(frozen=True)
class Parts:
    """All parts of many things, one thing's after the other's, as arrays."""

    slots: np.ndarray
    """Of which thing it is, and which part of it, (p, 2)."""
    kinds: np.ndarray
    """Of `mujoco.mjtGeom`, (p,)."""
    sizes: np.ndarray
    """As MuJoCo has them, (p, 3) metres."""


def parts_of(things: Sequence[Thing]) -> Parts:
    """The parts of things."""
    slots = [(index, part) for index, thing in enumerate(things) for part in range(len(thing))]
    parts = [part for thing in things for part in thing]
    sizes = [[*part.size, 0.0, 0.0][:3] for part in parts]
    return Parts(np.array(slots), np.array([part.kind for part in parts]), np.array(sizes))


def draw_things(families: tuple[Draw, ...], count: int, rng: np.random.Generator) -> list[Thing]:
    """That many random things."""
    return [families[rng.integers(len(families))](rng) for _ in range(count)]
