"""All looks as one picture: a row per look, the same moments in every row."""

from pathlib import Path

import numpy as np
from PIL import Image

from crossgap.base.signature import check_replaceable
from crossgap.data.contact_sheet import contact_sheet as rows_of_pictures
from crossgap.errors import CrossgapError
from crossgap.simulation.base.looks import RoomLook
from crossgap.simulation.base.vulkan import filament_problem
from crossgap.simulation.meshes import meshes_problem
from crossgap.simulation.registry import WORLDS, State, World

COLUMNS, SUPERSAMPLE = 8, 4


def contact_sheet(output: str | Path, size: int = 128) -> Path:
    """Draw every look, and full randomization, with the same episodes; write it as a PNG.

    A look whose renderer cannot start here, or whose meshes are not there, is left out: see `left_out`.

    Args:
        output: the picture to write.
        size: width and height of each image in pixels.

    Raises:
        CrossgapError: the size is below 1, the picture's name does not end in .png, or a picture is
            there that was not made here.
    """
    if size < 1:
        raise CrossgapError(f"--size must be at least 1; got {size}.")
    output = Path(output)
    if output.suffix.lower() != ".png":
        raise CrossgapError(f"{output} is no name for a PNG. Expected one that ends in .png.")
    check_replaceable(output, "The picture")
    rows = {
        f"{name}: {title}": _row(world, moments, look, randomization, size)
        for name, world in shown().items()
        for moments in [_moments(world)]
        for look, randomization, title in (
            *((look, "none", look) for look in _drawable(world)),
            (next(iter(world.looks)), "full", "randomization=full"),
        )
    }
    return rows_of_pictures(rows, output, size)


def shown() -> dict[str, World]:
    """The worlds by name, those left out that look like another."""
    return {name: world for name, world in WORLDS.items() if world.seen_in is None}


def left_out() -> dict[str, str]:
    """Why looks cannot be drawn here, and what to do, by world and look; empty where all can."""
    looks = {f"{name}: {look}": of for name, world in shown().items() for look, of in world.looks.items()}
    return {name: problem for name, look in looks.items() if (problem := _problem(look))}


def _problem(look: RoomLook) -> str | None:
    meshes = meshes_problem() if look.meshes else None
    return meshes or (filament_problem() if look.renderer == "filament" else None)


def _drawable(world: World) -> list[str]:
    return [name for name, look in world.looks.items() if not _problem(look)]


def _moments(world: World) -> list[State]:
    """What happens in each column, in every look of a world: a later moment of another episode each."""
    episodes = [world.episode(COLUMNS, 0.0, np.random.default_rng(column))[0] for column in range(COLUMNS)]
    return [states[column] for column, states in enumerate(episodes)]


def _row(
    world: World, moments: list[State], look: str, randomization: str, size: int
) -> np.ndarray:  # fmt: skip
    """(COLUMNS, size, size, 3) uint8."""
    images = []
    scene = world.scene.shared(look, randomization, SUPERSAMPLE * size)
    for column, state in enumerate(moments):
        appearance = scene.new_appearance(np.random.default_rng(column))
        images.append(Image.fromarray(scene.render(*state, appearance)).reduce(SUPERSAMPLE))
    return np.stack([np.asarray(image) for image in images])
