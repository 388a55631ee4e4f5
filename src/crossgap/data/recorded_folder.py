"""A folder of images and `labels.csv` as a recording, and a recording as such a folder.

`recording.json` beside the table says what no table can: types, frames per second, tasks. With it a data set
that went from LeRobot to a folder and back is the same, byte by byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import read_json, write_json, writing
from crossgap.data.frames import read_frames
from crossgap.data.image_file import save_image
from crossgap.data.recording import ACTION, Cell, Feature, Recording
from crossgap.data.rows import by_step
from crossgap.data.table import LABELS, Row, label_names, write_table
from crossgap.errors import CrossgapError

ABOUT = "recording.json"
SHAPE = {
    "fps": float, "robot_type": (str, None), "camera": str, "tasks": [str], "task_indices": [int],
    "features": {...: {"dtype": str, "shape": [int], "names": [str]}},
}  # fmt: skip
SEVERAL = {"cameras": {...: str}}
"""Of a folder of several cameras: what each of its columns was called."""
IMAGES = "observation.images."
CAMERA = f"{IMAGES}camera"
"""What the only camera of a folder is called; of several each as its column, after `IMAGES`."""
REMEDY = "Put a whole copy there, or delete it: then labels are of one feature."


def columns_of(feature: str, names: Sequence[str]) -> list[str]:
    """What a feature's columns are called in a table: as of `Recording.columns`."""
    blank = Feature(np.empty((0, len(names))), tuple(names), (len(names),))
    return list(Recording(Path(), {}, {feature: blank}, np.empty(0, int)).columns())


def feature_columns(root: Path, available: Sequence[str]) -> dict[str, list[str]]:
    """By feature, its columns in the table of a folder that was a recording: of features that it still has
    whole; nothing of other folders.

    Args:
        root: the folder.
        available: the label columns of its table.

    Raises:
        CrossgapError: `recording.json` is damaged.
    """
    about = read_about(root) or {"features": {}}
    columns = {key: columns_of(key, each["names"]) for key, each in about["features"].items()}
    return {key: names for key, names in columns.items() if names and {*names} <= {*available}}


def named_columns(
    names: Sequence[str], features: Mapping[str, Sequence[str]], available: Sequence[str]
) -> list[str]:
    """The columns that are meant, of which those of a whole feature may be named by it, as in
    `Recording.chosen`.

    Args:
        names: of columns and of features.
        features: as of `feature_columns`.
        available: the label columns of the table.
    """
    return [
        column for name in names for column in ([name] if name in available else features.get(name, [name]))
    ]


def read_about(root: Path) -> dict[str, Any] | None:
    """What `recording.json` says; None where there is none.

    Raises:
        CrossgapError: it is damaged.
    """
    path = root / ABOUT
    if not path.is_file():
        return None
    found = read_json(path, "description of a recording", dict, REMEDY)
    return read_json(
        path, "description of a recording", SHAPE | (SEVERAL if "cameras" in found else {}), REMEDY
    )


def as_recording(
    root: Path, rows: Sequence[Row], cells: Mapping[str, Sequence[Cell]], episodes: Sequence[int],
    feature: str = ACTION, fps: float = 10.0,
) -> Recording:  # fmt: skip
    """A folder's rows as a recording, sorted by episode and step.

    Args:
        root: the folder.
        rows: of its table.
        cells: by camera, where each row's image is.
        episodes: (n,) the episode of each row, not its session.
        feature: what all its labels become, float32, where no `recording.json` says.
        fps: frames per second, where it does not say.

    Raises:
        CrossgapError: a cell of the table is no number of its feature's type, an episode has a step twice, or
            `recording.json` is not of this table.
    """
    order = by_step(rows, episodes)
    if not label_names(rows):
        raise CrossgapError(f"{rows[0].table} has no label column. Expected at least one.")
    rows, about, camera = [rows[index] for index in order], read_about(root), CAMERA
    _, numbered = np.unique([episodes[index] for index in order], return_inverse=True)
    available = label_names(rows)
    if about is None:
        kept = {feature: {"dtype": "float32", "shape": [len(available)], "names": _plain(feature, available)}}
        by_feature = {feature: available}
    else:
        kept, fps, camera = about["features"], about["fps"], about["camera"]
        by_feature = {key: columns_of(key, each["names"]) for key, each in kept.items()}
        if missing := [name for names in by_feature.values() for name in names if name not in available]:
            raise CrossgapError(
                f"{root / ABOUT} tells of a column '{missing[0]}', and the table has none. {REMEDY}"
            )
    features = {}
    for key, columns in by_feature.items():
        values = _numbers(rows, columns, _type(root, key, kept[key]["dtype"]))
        features[key] = Feature(values, tuple(kept[key]["names"]), tuple(kept[key]["shape"]))
    tasks, indices = ("",), None
    if about is not None:
        tasks, indices = tuple(about["tasks"]), np.array(about["task_indices"])
        if len(indices) != len(rows) or not len(tasks) > indices.max() >= 0:
            raise CrossgapError(
                f"{root / ABOUT} tells of {len(indices)} frames, the table of {len(rows)}. {REMEDY}"
            )
    told = (about or {}).get("cameras", {})
    called = {name: told.get(name, f"{IMAGES}{name}") if len(cells) > 1 else camera for name in cells}
    seen = {called[name]: [each[index] for index in order] for name, each in cells.items()}
    return Recording(
        root, seen, features, numbered, tasks, indices, fps,
        {"robot_type": about and about["robot_type"]},
    )  # fmt: skip


def _numbers(rows: Sequence[Row], columns: Sequence[str], kind: np.dtype) -> np.ndarray:
    """(n, k) of a type: whole numbers by no detour, which would change those above 2^53.

    Raises:
        CrossgapError: a cell is no such number.
    """
    if kind.kind in "iu":
        about = np.iinfo(kind)
        whole = [[row.integer(column, int(about.min), int(about.max)) for column in columns] for row in rows]
        return np.array(whole, kind).reshape(len(rows), len(columns))
    values = [[row.value(column) for column in columns] for row in rows]
    return np.array(values, float).reshape(len(rows), len(columns)).astype(kind)


def _plain(feature: str, columns: Sequence[str]) -> list[str]:
    """A feature's names in a data set of the columns' names in a table: numbers where they are numbered."""
    numbered = [f"{feature}_{index}" for index in range(len(columns))]
    return list(map(str, range(len(columns)))) if list(columns) == numbered else list(columns)


def _type(root: Path, key: str, name: str) -> np.dtype:
    if not re.fullmatch(r"bool|u?int(8|16|32|64)|float(16|32|64)", name):
        raise CrossgapError(
            f"{root / ABOUT}: '{key}' is of type '{name}'. Expected numbers, such as float32. {REMEDY}"
        )
    return np.dtype(name)


def write_recorded(
    recording: Recording,
    path: Path,
    camera: str | None = None,
    track: Callable[..., Iterable] = lambda it, *_: it,
) -> int:
    """Write a recording as a new folder of PNGs, in one piece: a column for each camera.

    Args:
        recording: what to write.
        path: the new folder.
        camera: which camera; by default all.
        track: shows progress.

    Returns:
        How many frames it has.

    Raises:
        CrossgapError: the folder exists, there is no such camera, a label is called as a camera's column, or
            an image is damaged.
    """
    if path.exists():
        raise CrossgapError(f"{path} exists already. Expected a new folder to write to.")
    several = camera is None and len(recording.cameras) > 1
    cameras = _columns(recording) if several else {"image": recording.camera(camera)}
    columns = recording.columns()
    if both := cameras.keys() & columns.keys():
        raise CrossgapError(
            f"{recording.path}: '{min(both)}' is a camera and a number. Expected one camera, with --camera."
        )
    with writing(path) as temporary:
        folders = {name: f"images/{name}" if several else "images" for name in cameras}
        for folder in folders.values():
            (temporary / folder).mkdir(parents=True)
        rows, step = [], 0
        frames = zip(*(read_frames(recording.cameras[name]) for name in cameras.values()), strict=True)
        for index, images in enumerate(track(frames, f"write {path.name}", len(recording))):
            step = step + 1 if index and recording.episodes[index] == recording.episodes[index - 1] else 0
            files = [f"{folder}/{index:06d}.png" for folder in folders.values()]
            for image, file in zip(images, files, strict=True):
                save_image(image, temporary / file)
            numbers = [_exact(recording.features[key].values[index, at]) for key, at in columns.values()]
            rows.append((*files, int(recording.episodes[index]), step, *numbers))
        write_table(temporary / LABELS, list(columns), rows, list(cameras))
        about = _about(recording, next(iter(cameras.values())))
        write_json(temporary / ABOUT, about | ({"cameras": cameras} if several else {}))
    return len(recording)


def _columns(recording: Recording) -> dict[str, str]:
    """By what its column is called, and its folder, each camera: the end of its name where that tells it from
    the others. A name is a file's content, and must lead nowhere."""
    ends = {re.sub(r"[^\w-]", "_", name.rpartition(".")[2]): name for name in recording.cameras}
    if len(ends) == len(recording.cameras) and "" not in ends:
        return ends
    return {f"camera_{number}": name for number, name in enumerate(recording.cameras)}


def _exact(value: np.generic) -> object:
    """A number that reads back as the same."""
    return int(value) if value.dtype.kind in "biu" else float(value)


def _about(recording: Recording, camera: str) -> dict[str, Any]:
    indices = np.zeros(len(recording), int) if recording.task_indices is None else recording.task_indices
    return {
        "fps": recording.fps, "robot_type": recording.about.get("robot_type"), "camera": camera,
        "tasks": list(recording.tasks), "task_indices": indices.tolist(),
        "features": {
            key: {"dtype": item.values.dtype.name, "shape": list(item.shape), "names": list(item.names)}
            for key, item in recording.features.items()
        },
    }  # fmt: skip
