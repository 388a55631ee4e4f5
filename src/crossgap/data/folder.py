"""A data set on disk: a folder of images and a `labels.csv` that names them.

    my_data/labels.csv      image,episode,step,joint_velocity_1,joint_velocity_2,…
    my_data/images/*.png

`image` is a path relative to the folder; `episode` and `step`, whole numbers, are optional, and so is
`session`, any text, by which images are then held out together; every other column is a label. Images are
PNG, JPEG or BMP, all of one size. `images/00012.bmp#3` is frame 3 of a strip: square frames one below the
other, counted from 0. One file per episode is several times faster to write and read than one per image, and
shows the whole episode at a glance.

`labels.tsv`, `.jsonl` and `.parquet` do as well, and so does `metadata.csv` or `.jsonl` with a column
`file_name` (see `table`). `run.mp4#3` is frame 3 of a video; where a folder has one video and no column names
an image, there is a row for each of its frames.

A LeRobot data set, which is a folder with `meta/info.json`, and demonstrations in HDF5 are read as well.

Folders of images may be links; what is hidden (`.thumbs`) is nobody's data.
"""

import os
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import read_json, writing
from crossgap.data.cells import Fit, Track, read_index, untracked
from crossgap.data.hdf5 import is_demonstrations, read_demonstrations
from crossgap.data.image_file import image_size, save_image
from crossgap.data.images import LabelledImages
from crossgap.data.lerobot import is_lerobot, read_lerobot
from crossgap.data.recorded_folder import as_recording, feature_columns, named_columns
from crossgap.data.recording import ACTION, Cell, Index, Recording
from crossgap.data.rows import cell_of, cells_of, episodes_of, listed, read_rows, recordings_of
from crossgap.data.table import (
    LABELS,
    Row,
    find_table,
    label_names,
    no_table,
    table_cameras,
    write_table,
)
from crossgap.data.video import count_frames, is_video
from crossgap.errors import CrossgapError

ABOUT = "dataset.json"
"""What `crossgap collect` writes beside its images: how it made them."""
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
UNREAD = (
    ".webp", ".gif", ".heic", ".heif", ".avif", ".jp2", ".jfif", ".ppm", ".pgm", ".pnm", ".tga", ".exr",
    ".hdr", ".dng",
)  # fmt: skip
"""Endings of images that nobody should take for read."""


def read_folder(
    path: str | Path, labels: Sequence[str] | None = None, track: Track = untracked, fit: Fit | None = None,
    camera: str | None = None, skip_bad: bool = False,
) -> LabelledImages:  # fmt: skip
    """Read and check a data set.

    Args:
        path: the folder; or a file of demonstrations, HDF5.
        labels: the label columns to use, in this order; all of them by default, of a recording those of its
            action, also where it became a folder. Of both also whole features, such as `observation.state`.
        track: shows progress.
        fit: brings images to one size, as in `read_cells`.
        camera: which one, of a recording or of the columns that name images; by default the only one.
        skip_bad: leave out images that cannot be read, and say which these are.

    Raises:
        CrossgapError: whatever is wrong with it: the folder, the table, a label or an image.
    """
    return read_index(Path(path).name, index_of(path, labels, camera), track, fit, skip_bad)


def index_of(path: str | Path, labels: Sequence[str] | None = None, camera: str | None = None) -> Index:
    """What `read_folder` reads, without the images.

    Raises:
        CrossgapError: whatever is wrong with it, but for what only reading an image shows.
    """
    if recording := read_recording(path):
        names, cells = recording.chosen(labels), recording.cameras[recording.camera(camera)]
        return Index(list(cells), recording.labels(names), names, recording.episodes)
    root = image_folder(path, labelled=True)
    rows = _labelled_rows(root, camera)
    table = rows[0].table
    available = label_names(rows)
    features = feature_columns(root, available)
    names = tuple(
        features.get(ACTION, available) if labels is None else named_columns(labels, features, available)
    )
    if len(set(names)) < len(names):
        raise CrossgapError(f"The labels {', '.join(names)} name a column twice. Expected each once.")
    for name in names:
        if name not in available:
            raise CrossgapError(
                f"{table} has no label column '{name}'. Available: {', '.join(available) or 'none'}."
            )
    values = [[row.number(name) for name in names] for row in rows]
    cells, known = cells_of(root, rows)
    for file in _others(root, known):
        raise CrossgapError(
            f"{file}: an image without a label. Expected a row for it in {table.name}, or the image in "
            "another folder, for --unlabelled."
        )
    found = np.array(values, np.float32).reshape(len(rows), len(names))
    return Index(cells, found, names, np.array(episodes_of(rows)))


def read_recording(path: str | Path) -> Recording | None:
    """What a LeRobot data set or a file of demonstrations holds, without its images; None of a folder.

    Raises:
        CrossgapError: something is missing or damaged.
    """
    path = Path(path)
    if is_lerobot(path):
        return read_lerobot(path)
    return read_demonstrations(path) if is_demonstrations(path) else None


def folder_recording(path: Path, feature: str = ACTION, fps: float = 10.0) -> Recording:
    """A folder of images and a table as a recording, as of `as_recording`.

    Raises:
        CrossgapError: something is wrong with the folder, its table or a label.
    """
    root = image_folder(path, labelled=True)
    cameras = cameras_in(root)
    rows = _labelled_rows(root, next(iter(cameras), None))
    cells_of(root, rows)
    cells = {camera: [cell_of(root, row, camera) for row in rows] for camera in cameras or ("image",)}
    return as_recording(root, rows, cells, recordings_of(rows), feature, fps)


def is_data_set(path: Path) -> bool:
    """Whether something may be a data set: a folder, or a file of demonstrations."""
    return path.is_dir() or is_demonstrations(path)


def has_labels(path: Path) -> bool:
    """Whether a data set has labels: a table, or it is a recording.

    Raises:
        CrossgapError: it has several tables.
    """
    return is_demonstrations(path) or is_lerobot(path) or find_table(path) is not None


def label_columns(path: str | Path) -> list[str]:
    """The label columns of a data set, in the order of its table; all that a recording has.

    Raises:
        CrossgapError: the folder or its table is not there or not readable.
    """
    if recording := read_recording(path):
        return list(recording.columns())
    root = image_folder(path, labelled=True)
    return label_names(_labelled_rows(root, next(iter(cameras_in(root)), None)))


def cameras_in(path: str | Path) -> list[str]:
    """The cameras of a data set: of a recording, or the columns of its table that name images; none of a
    folder without a table.

    Raises:
        CrossgapError: it, or its table, is damaged.
    """
    if recording := read_recording(path):
        return list(recording.cameras)
    table = find_table(Path(path))
    return table_cameras(table) if table else []


def _labelled_rows(root: Path, camera: str | None = None) -> list[Row]:
    """The rows of a folder's table.

    Raises:
        CrossgapError: there is none, or something is wrong with it.
    """
    if (table := find_table(root)) is None:
        raise no_table(root)
    return read_rows(root, table, camera)


def read_unlabelled(
    path: str | Path, track: Track = untracked, fit: Fit | None = None, camera: str | None = None,
    skip_bad: bool = False,
) -> LabelledImages:  # fmt: skip
    """Read a data set's images only: what its `labels.csv` names, if there is one, and all others.

    A file that it does not name is one image, and an episode of its own; in a folder that `crossgap collect`
    made, it is a strip of square frames. Of a folder of videos alone each is an episode; of a recording, the
    images of a camera are read. `fit` brings images to one size, as in `read_cells`.

    Raises:
        CrossgapError: the folder, the table or an image is damaged, or there is no image.
    """
    cells, episodes = cells_in(path, camera)
    several = len({file for file, frame in cells if frame is not None})
    name = Path(path).name + (f" ({several:,} strips)" if several else "")
    index = Index(cells, np.zeros((len(cells), 0), np.float32), (), np.array(episodes))
    return read_index(name, index, track, fit, skip_bad)


def cells_in(path: str | Path, camera: str | None = None) -> tuple[list[Cell], list[int]]:
    """Where all images of a data set are, and each one's episode, as in `read_unlabelled`.

    Raises:
        CrossgapError: the folder or the table is damaged, or there is no image.
    """
    if recording := read_recording(path):
        return list(recording.cameras[recording.camera(camera)]), recording.episodes.tolist()
    root = image_folder(path)
    table = find_table(root)
    rows = read_rows(root, table, camera) if table else []
    cells, known = cells_of(root, rows)
    files, episodes = _others(root, known), episodes_of(rows)
    if not cells and not files:
        files = [file for file in files_in(root, set()) if is_video(file)]
    strips = {folder: strip_size(root, folder) for folder in {file.parent for file in files}}
    for episode, file in enumerate(files, max(episodes, default=-1) + 1):
        frames = _frames(file, strips[file.parent])
        cells += [(file, frame) for frame in frames]
        episodes += [episode] * len(frames)
    if not cells:
        raise CrossgapError(f"{root} has no images. Expected {', '.join(EXTENSIONS)} files.")
    return cells, episodes


def image_folder(path: str | Path, labelled: bool = False) -> Path:
    """A folder that has something in it; `labelled` says that labels are needed, too.

    Raises:
        CrossgapError: there is none, or nothing in it.
    """
    path = Path(path)
    if not path.exists():
        raise CrossgapError(f"No folder at {path}. Expected a folder of images.")
    if not path.is_dir():
        raise CrossgapError(f"{path} is a file. Expected a folder of images.")
    if not listed(path):
        raise CrossgapError(
            f"{path} is empty. Expected images{f' and a {LABELS}' if labelled else ''} in it."
        )
    return path


def _others(root: Path, known: Set[Path]) -> list[Path]:
    """The image files of a folder and of all in it, by their ending, each once, without those that are known,
    resolved."""
    found: dict[Path, Path] = {}
    for file in files_in(root, set()):
        if (resolved := file.resolve()) not in known and is_image(file, root):
            found.setdefault(resolved, file)
    return list(found.values())


def is_image(file: Path, root: Path) -> bool:
    """Whether a file of a folder is an image, by its ending.

    Raises:
        CrossgapError: it is one of a format that is not read: it would be missing, unnoticed.
    """
    if file.suffix.lower() in UNREAD:
        raise CrossgapError(
            f"{file}: an image of a format that is not read. Expected {', '.join(EXTENSIONS)}: convert "
            f"it, or move it out of {root}."
        )
    return file.suffix.lower() in EXTENSIONS


def files_in(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """All files below a folder but hidden ones, like `Path.rglob`, but through links: into each folder once,
    so that none leads round and round."""
    resolved = folder.resolve()
    if resolved in seen:
        return
    seen.add(resolved)
    for item in listed(folder):
        if item.name.startswith("."):
            continue
        if item.is_symlink() and not item.exists():
            raise CrossgapError(
                f"{item} is a link to {os.readlink(item)}, which is not there. Expected images: delete the "
                "link, or bring back what it leads to."
            )
        if item.is_dir():
            yield from files_in(item, seen)
        else:
            yield item


def strip_size(root: Path, folder: Path) -> tuple[int, int] | None:
    """Width and height of the strips in a folder, in `root`, that `crossgap collect` made; None of others.

    `root` may be its folder `images`, so what describes them may lie one above.
    """
    inside = [folder, *folder.parents]
    for parent in inside[: inside.index(root) + 2]:
        if about := collected(parent):
            size, steps = about.get("size"), about.get("steps")
            return (size, size * steps) if isinstance(size, int) and isinstance(steps, int) else None
    return None


def collected(folder: Path, remedy: str = "") -> dict[str, Any]:
    """How `crossgap collect` made a folder; nothing of others, which may have a file of that name, too.

    Args:
        folder: of images.
        remedy: what to do where the description is damaged, a sentence.

    Raises:
        CrossgapError: the description is not JSON.
    """
    path = folder / ABOUT
    found = read_json(path, "data set description", remedy=remedy) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _frames(file: Path, strip: tuple[int, int] | None) -> Sequence[int | None]:
    """The frames of a video, or of a file of that width and height; None, for all of it, of any other."""
    if is_video(file):
        return range(count_frames(file))
    return range(strip[1] // strip[0]) if strip and image_size(file) == strip else (None,)


def write_folder(path: str | Path, data: LabelledImages) -> None:
    """Write a data set as a new folder, in one piece; an existing folder is never overwritten.

    Raises:
        CrossgapError: the folder exists, or the disk is full.
    """
    path = Path(path)
    if path.exists():
        raise CrossgapError(f"{path} exists already. Expected a new folder to write to.")
    with writing(path) as temporary:
        (temporary / "images").mkdir(parents=True)
        rows = []
        for index, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
            name = f"images/{index:06d}.png"
            save_image(image, temporary / name)
            step = int(np.sum(data.episodes[:index] == data.episodes[index]))
            rows.append((name, int(data.episodes[index]), step, *map(float, label)))
        write_table(temporary / LABELS, data.label_names, rows)
