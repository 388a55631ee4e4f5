"""From one form of data set to another: whatever is read as a recording, and whatever one is written as."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from crossgap.data.folder import folder_recording, read_recording
from crossgap.data.frames import read_frames
from crossgap.data.lerobot.writer import LeRobotWriter, Storage
from crossgap.data.recorded_folder import write_recorded
from crossgap.data.recording import ACTION, Recording

Form = Literal["lerobot", "folder"]


def open_recording(source: Path, feature: str = ACTION, fps: float = 10.0) -> tuple[Recording, Form]:
    """Any data set as a recording, and the form that it most likely is to become: a folder of a LeRobot data
    set, and one of these of all others.

    Args:
        source: a LeRobot data set, a file of demonstrations, or a folder of images and a table.
        feature: what the labels of a folder become.
        fps: its frames per second.

    Raises:
        CrossgapError: something is missing or damaged.
    """
    found = read_recording(source)
    if found is None:
        return folder_recording(source, feature, fps), "lerobot"
    return found, "folder" if found.path.is_dir() else "lerobot"


def write_lerobot(
    recording: Recording, path: Path, storage: Storage = "image",
    track: Callable[..., Iterable] = lambda items, *_: items,
) -> int:  # fmt: skip
    """Write a recording as a new LeRobot data set, with all of its cameras, in one piece.

    Args:
        recording: what to write; its numbers keep their types.
        path: the new folder.
        storage: each image as a PNG, or videos.
        track: shows progress.

    Returns:
        How many frames it has.

    Raises:
        CrossgapError: the folder exists, or an image is damaged or of another size.
    """
    names = {
        key: None if all(name.isdigit() for name in item.names) else list(item.names)
        for key, item in recording.features.items()
    }
    numbers = np.unique(recording.episodes)
    robot = recording.about.get("robot_type")
    with LeRobotWriter(
        path, recording.fps, names, recording.cameras, storage, robot if isinstance(robot, str) else None
    ) as to:
        by_episode = np.argsort(recording.episodes, kind="stable")
        streams = {  # each read once from its beginning to its end: a video of many episodes is not sought in
            camera: read_frames([cells[int(row)] for row in by_episode])
            for camera, cells in recording.cameras.items()
        }
        for number in track(numbers, f"write {path.name}", len(numbers)):
            rows = np.flatnonzero(recording.episodes == number)
            values = {
                key: item.values[rows].reshape(len(rows), *item.shape)
                for key, item in recording.features.items()
            }
            frames = {camera: islice(stream, len(rows)) for camera, stream in streams.items()}
            to.add_episode(values, frames, _tasks(recording, rows))
    return len(recording)


def _tasks(recording: Recording, rows: np.ndarray) -> list[str]:
    if recording.task_indices is None:
        return [recording.tasks[0]] * len(rows)
    return [recording.tasks[index] for index in recording.task_indices[rows]]


def convert(
    source: Path, output: Path, form: Form | None = None, camera: str | None = None,
    storage: Storage = "image", feature: str = ACTION, fps: float = 10.0,
    track: Callable[..., Iterable] = lambda items, *_: items,
) -> tuple[int, Form]:  # fmt: skip
    """Convert a data set.

    Args:
        source: as of `open_recording`.
        output: the new folder.
        form: of it; by default as of `open_recording`.
        camera: which one a folder has; by default all, a column for each.
        storage: how a LeRobot data set keeps images.
        feature: what the labels of a folder become.
        fps: its frames per second.
        track: shows progress.

    Returns:
        How many frames it has, and the form.

    Raises:
        CrossgapError: as `open_recording`, `write_recorded` and `write_lerobot`.
    """
    recording, likely = open_recording(source, feature, fps)
    form = form or likely
    if form == "folder":
        return write_recorded(recording, output, camera, track), form
    return write_lerobot(recording, output, storage, track), form
