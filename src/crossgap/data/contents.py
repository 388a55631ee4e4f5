"""What a folder of images holds, file by file, before anything of it is read."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from crossgap.data.folder import (
    cameras_in,
    files_in,
    image_folder,
    is_image,
    read_recording,
    strip_size,
)
from crossgap.data.image_file import image_size
from crossgap.data.rows import cell_of, read_rows
from crossgap.data.table import find_table
from crossgap.errors import CrossgapError, check_known


@dataclass(frozen=True)
class Contents:
    """The files of a folder by their paths below it, hidden ones left out."""

    images: dict[Path, bool]
    """Each image file, in order of name, and whether it is a strip of square frames."""
    others: tuple[Path, ...]
    """All other files: the table, and whatever else lies there."""


def contents(path: str | Path, cameras: Sequence[str] = ()) -> Contents:
    """Which files a folder has.

    An image file is a strip where `labels.csv` names it frame by frame, or `crossgap collect` made it one.

    Args:
        path: the folder.
        cameras: columns of its table; with such only the images that they name are images.

    Raises:
        CrossgapError: there is no image, one is of a format that is not read, or the table names one that is
            not there or not in the folder.
    """
    if read_recording(path):
        raise CrossgapError(
            f"{path} is a recording, whose images are no files. Expected a folder of them: `crossgap data "
            f"convert {path} FOLDER` makes one."
        )
    root = image_folder(path)
    files = [Path(os.path.relpath(file, root)) for file in files_in(root, set())]
    named = _named(root, cameras)
    images = {*named}
    if not cameras:
        images |= {file for file in files if file in named or is_image(root / file, root)}
    if not images:
        raise CrossgapError(f"{root} has no images.")
    found = {file: named[file] if file in named else _is_collected(root, file) for file in sorted(images)}
    return Contents(found, tuple(file for file in files if file not in images))


def _named(root: Path, cameras: Sequence[str]) -> dict[Path, bool]:
    """The image files that the table names, in some of its columns or in all, and whether any frame of them
    is named."""
    found: dict[Path, bool] = {}
    table = find_table(root)
    there = cameras_in(root) or ["image"]
    check_known(f"{root}: camera", cameras, there)
    rows = read_rows(root, table, there[0]) if table else []
    for row, camera in product(rows, cameras or there):
        file, frame = cell_of(root, row, camera)
        name = Path(os.path.relpath(file, root))
        if ".." in name.parts:
            raise CrossgapError(f"{row.where}: {file} lies outside of {root}. Expected images within it.")
        if not file.is_file():
            raise CrossgapError(f"{row.where}: no image {file}. Expected paths from the folder on.")
        found[name] = found.get(name, False) or frame is not None
    return found


def _is_collected(root: Path, file: Path) -> bool:
    """Whether `crossgap collect` made an image file a strip."""
    size = strip_size(root, (root / file).parent)
    return size is not None and image_size(root / file) == size
