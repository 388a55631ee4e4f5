"""Demonstrations in HDF5, as robomimic and Isaac Lab write them.

data/demo_0/actions           (steps, k)
data/demo_0/obs/<camera>      (steps, H, W, 3) uint8: an image
data/demo_0/obs/<others>      (steps, …) numbers: state

An image's place is a path through the file: `demos.hdf5/data/demo_0/obs/front`, frame 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.data.parquet import optional
from crossgap.data.recording import ACTION, Feature, Recording
from crossgap.errors import CrossgapError

ENDINGS = (".hdf5", ".h5")
SMALLEST = 16
"""Pixels on a side, from which on two numbers of a step are those of an image."""


def is_demonstrations(path: Path) -> bool:
    """Whether a path is such a file, by its ending."""
    return path.suffix.lower() in ENDINGS and path.is_file()


def hdf5_of(place: Path) -> Path | None:
    """The file that a path leads through; None of other paths."""
    return next((parent for parent in place.parents if is_demonstrations(parent)), None)


def read_demonstrations(path: Path) -> Recording:
    """What a file holds, without its images.

    Raises:
        CrossgapError: it is damaged, has no demonstrations, or these have not the same cameras and numbers,
            or not as many steps everywhere.
    """
    with opened(path) as file:
        try:
            demos = demonstrations(path, file)
            parts = [_parts(path, name, demo) for name, demo in demos.items()]
        except (OSError, RuntimeError, KeyError) as error:
            raise damaged(path, error) from error
    (_, first_images, first_values), *_ = parts
    for name, images, values in parts:
        if images != first_images or values.keys() != first_values.keys():
            other = sorted({*images} ^ {*first_images} or {*values} ^ {*first_values})
            raise CrossgapError(
                f"{path}: data/{name} and data/{parts[0][0]} do not both have {', '.join(other)}. Expected "
                "the same in every demonstration."
            )
    lengths = [len(values[next(iter(values))]) for _, _, values in parts]
    cameras = {
        camera: [
            (path / "data" / name / "obs" / camera, step)
            for (name, _, _), length in zip(parts, lengths, strict=True)
            for step in range(length)
        ]
        for camera in sorted(first_images)
    }
    features = {}
    for key in first_values:
        whole = [values[key] for _, _, values in parts]
        if len({(one.shape[1:], one.dtype) for one in whole}) > 1:
            raise CrossgapError(f"{path}: '{key}' has not one shape and type in all demonstrations.")
        features[key] = Feature.of(np.concatenate(whole))
    return Recording(path, cameras, features, np.repeat(np.arange(len(parts)), lengths))


def opened(path: Path) -> Any:
    """An `h5py.File` to read.

    Raises:
        CrossgapError: h5py is not installed, or the file is damaged.
    """
    h5py = optional("h5py", "hdf5", f"{path}: HDF5")
    try:
        return h5py.File(path, "r")
    except (OSError, RuntimeError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> CrossgapError:
    """What is said of a file that cannot be read, in one line."""
    text = " ".join(str(error).split())[:200]
    return CrossgapError(f"{path} is damaged or no HDF5 file ({text}). Expected a whole copy of it.")


def demonstrations(path: Path, file: Any) -> dict[str, Any]:
    """The demonstrations, in the order of their numbers.

    Raises:
        CrossgapError: there are none.
    """
    group = file.get("data")
    names = [name for name in group if hasattr(group[name], "keys")] if hasattr(group, "keys") else []
    if not names:
        raise CrossgapError(
            f"{path} has no demonstrations. Expected groups data/demo_0, data/demo_1, … with actions and "
            "obs, as robomimic and Isaac Lab write them."
        )
    order = sorted(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)] or [0])
    return {name: group[name] for name in order}


def _parts(path: Path, name: str, demo: Any) -> tuple[str, set[str], dict[str, np.ndarray]]:
    """A demonstration's name, its cameras, and its numbers (steps, …) by feature."""
    if "actions" not in demo or "obs" not in demo or not hasattr(demo["obs"], "keys"):
        raise CrossgapError(f"{path}: data/{name} has no 'actions' or no 'obs'. Expected both.")
    values, cameras = {ACTION: np.asarray(demo["actions"])}, set()
    steps = len(values[ACTION])
    for key, item in demo["obs"].items():
        if not hasattr(item, "shape"):
            continue
        if _is_camera(item):
            cameras.add(key)
        elif item.dtype.kind in "fiub" and item.ndim < 4:
            values[f"observation.{key}"] = np.asarray(item)
        else:
            continue
        if len(item) != steps:
            raise CrossgapError(
                f"{path}: data/{name}/obs/{key} has {len(item)} steps, its actions {steps}. Expected as many."
            )
    return name, cameras, values


def _is_camera(item: Any) -> bool:
    """Whether an observation is an image of every step, in colour, grey or depth."""
    if item.ndim == 4:
        return (item.shape[3] == 3 and item.dtype == np.uint8) or item.shape[3] == 1
    return item.ndim == 3 and min(item.shape[1:]) >= SMALLEST


def hdf5_frames(place: Path, wanted: Sequence[int]) -> Iterator[np.ndarray]:
    """Images of a camera, each (H, W, 3) uint8, or of depth its numbers (H, W).

    Raises:
        CrossgapError: the file is damaged.
    """
    path = hdf5_of(place)
    assert path is not None
    with opened(path) as file:
        try:
            images = file[place.relative_to(path).as_posix()]
            for number in wanted:
                yield image_of(images[number])
        except (OSError, RuntimeError, KeyError, ValueError, IndexError) as error:
            raise damaged(path, error) from error


def image_of(found: np.ndarray) -> np.ndarray:
    """A step's image (H, W, 3) uint8, of depth its numbers (H, W)."""
    if found.ndim == 3 and found.shape[2] == 1:
        found = found[..., 0]
    return np.repeat(found[..., None], 3, -1) if found.dtype == np.uint8 and found.ndim == 2 else found
