"""A LeRobot data set as a recording: all numbers, and where each image is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from crossgap.data.lerobot.info import INDICES, REMEDY, Info, read_info
from crossgap.data.parquet import damaged, read_parquet
from crossgap.data.recording import Cell, Feature, Recording
from crossgap.data.video import count_frames
from crossgap.errors import CrossgapError

NUMBERS = "biuf"
"""Kinds of NumPy's types that are numbers."""


def read_lerobot(root: Path) -> Recording:
    """What a data set holds, without its images.

    Raises:
        CrossgapError: it is of another version than v3.0, or something is missing or damaged.
    """
    info = read_info(root)
    episodes = _episodes(root)
    files = list(dict.fromkeys(zip(episodes["data/chunk_index"], episodes["data/file_index"], strict=True)))
    places = [info.file(info.data_path, chunk_index=chunk, file_index=file) for chunk, file in files]
    keys = _numeric(info)
    rows = [_rows(place, info, keys) for place in places]
    joined = {key: np.concatenate([part[key] for part in rows]) for key in (*INDICES, *keys)}
    _check_episodes(root, episodes, joined["episode_index"], joined["frame_index"])
    tasks = _tasks(root)
    if len(joined["task_index"]) and not 0 <= joined["task_index"].min() <= joined["task_index"].max() < len(
        tasks
    ):
        raise CrossgapError(
            f"{root}: a frame is of task {joined['task_index'].max()}, of {len(tasks)}. {REMEDY}"
        )
    cameras = {}
    for key in info.cameras:
        if info.features[key]["dtype"] == "video":
            cameras[key] = _video_cells(info, key, episodes)
        else:
            cameras[key] = [(place / key, row) for place, part in zip(places, rows, strict=True)
                            for row in range(len(part["index"]))]  # fmt: skip
    features = {key: Feature.of(joined[key], info.names(key)) for key in keys}
    about = {"robot_type": info.robot_type}
    return Recording(
        root, cameras, features, joined["episode_index"], tasks, joined["task_index"], info.fps, about
    )


def _numeric(info: Info) -> list[str]:
    """The features that are numbers."""
    others = ("string", "language", "image", "video")
    return [
        key for key, about in info.features.items() if about["dtype"] not in others and key not in INDICES
    ]


def _episodes(root: Path) -> dict[str, list[Any]]:
    """The columns of `meta/episodes`, in the order of the episodes, without statistics.

    Raises:
        CrossgapError: there are none, or they lack a column.
    """
    files = sorted((root / "meta" / "episodes").glob("*/*.parquet"))
    if not files:
        raise CrossgapError(f"No {root}/meta/episodes/chunk-000/file-000.parquet. {REMEDY}")
    found: dict[str, list[Any]] = {}
    for file in files:
        table = read_parquet(file)
        names = [name for name in table.column_names if not name.startswith("stats/")]
        for needed in ("episode_index", "length", "data/chunk_index", "data/file_index"):
            if needed not in names:
                raise CrossgapError(f"{file} has no column '{needed}'. {REMEDY}")
        for name in names:
            found.setdefault(name, []).extend(table.column(name).to_pylist())
    if len({len(column) for column in found.values()}) > 1:
        raise CrossgapError(f"{root}/meta/episodes: its files have not the same columns. {REMEDY}")
    for needed in ("episode_index", "length", "data/chunk_index", "data/file_index"):
        if not all(isinstance(value, int) and value >= 0 for value in found[needed]):
            raise CrossgapError(
                f"{root}/meta/episodes: '{needed}' is not a whole number everywhere. {REMEDY}"
            )
    order = np.argsort(found["episode_index"], kind="stable")
    return {name: [column[index] for index in order] for name, column in found.items()}


def _rows(place: Path, info: Info, keys: list[str]) -> dict[str, np.ndarray]:
    """The numbers of a data file by feature, (rows, …)."""
    table = read_parquet(place, [*INDICES, *keys])
    return {key: _values(place, key, table.column(key), info.features.get(key)) for key in (*INDICES, *keys)}


def _values(place: Path, key: str, column: Any, about: dict[str, Any] | None) -> np.ndarray:
    """A column as an array (rows, …) of the type in which it is kept.

    Raises:
        CrossgapError: there is a gap, it holds no numbers, or not as many in each row as `about` says.
    """
    rows, flat, depth = len(column), column.combine_chunks(), 0
    try:
        while hasattr(flat, "storage"):  # the extension types of `datasets`, for arrays of arrays
            flat = flat.storage
        while hasattr(flat, "flatten") and str(flat.type).startswith(
            ("list", "fixed_size_list", "large_list")
        ):
            flat, depth = flat.flatten(), depth + 1
        values = flat.to_numpy(zero_copy_only=False)
    except Exception as error:
        raise damaged(place, error) from error
    if column.null_count or flat.null_count or values.dtype.kind not in NUMBERS:
        found = "a gap" if column.null_count or flat.null_count else str(flat.type)
        raise CrossgapError(f"{place}, column '{key}': expected numbers in each row, found {found}. {REMEDY}")
    shape = tuple(about["shape"]) if about else (1,)
    count = int(np.prod(shape, dtype=np.int64))
    if depth == 0:
        shape, count = (), 1
    if len(values) != rows * count:
        raise CrossgapError(
            f"{place}, column '{key}': expected {count} numbers in each of {rows} rows, found "
            f"{len(values)} in all. {REMEDY}"
        )
    return values.reshape(rows, *shape)


def _check_episodes(
    root: Path, episodes: dict[str, list[Any]], found: np.ndarray, frames: np.ndarray
) -> None:
    """Whether the rows are those that `meta/episodes` tells of, in its order."""
    told = np.repeat(episodes["episode_index"], episodes["length"])
    if len(told) != len(found):
        raise CrossgapError(
            f"{root}: meta/episodes tells of {len(told)} frames, its data files have {len(found)}. {REMEDY}"
        )
    steps = np.concatenate([np.arange(length) for length in episodes["length"]] or [np.arange(0)])
    if len(wrong := np.flatnonzero((told != found) | (steps != frames))):
        row = int(wrong[0])
        raise CrossgapError(
            f"{root}: row {row} of its data is frame {frames[row]} of episode {found[row]}; meta/episodes "
            f"has frame {steps[row]} of episode {told[row]} there. {REMEDY}"
        )


def _tasks(root: Path) -> tuple[str, ...]:
    """What the robot was told to do, by number."""
    table = read_parquet(file := root / "meta" / "tasks.parquet")
    names = [name for name in table.column_names if name != "task_index"]
    if "task_index" not in table.column_names or not names:
        raise CrossgapError(
            f"{file} has the columns {', '.join(table.column_names)}. Expected task_index and task."
        )
    numbers, texts = table.column("task_index").to_pylist(), table.column(names[-1]).to_pylist()
    by_number = dict(zip(numbers, texts, strict=True))
    if sorted(map(str, by_number)) != sorted(map(str, range(len(by_number)))):
        raise CrossgapError(f"{file}: tasks are not numbered from 0 on. {REMEDY}")
    return tuple(str(by_number[number]) for number in range(len(by_number)))


def _video_cells(info: Info, key: str, episodes: dict[str, list[Any]]) -> list[Cell]:
    """Where each frame of a camera is: episodes follow each other in a file, and one begins at its
    `from_timestamp`.

    Raises:
        CrossgapError: a video has other frames than its episodes, so that images would belong to other rows.
    """
    columns = [f"videos/{key}/{name}" for name in ("chunk_index", "file_index", "from_timestamp")]
    for column in columns:
        if column not in episodes or None in episodes[column]:
            raise CrossgapError(f"{info.root}/meta/episodes has no '{column}' for every episode. {REMEDY}")
    cells: list[Cell] = []
    ends: dict[Path, int] = {}
    for chunk, file, start, length in zip(
        *(episodes[column] for column in columns), episodes["length"], strict=True
    ):
        path = info.file(info.video_path, video_key=key, chunk_index=chunk, file_index=file)
        first = round(float(start) * info.fps)
        cells += [(path, frame) for frame in range(first, first + length)]
        ends[path] = max(ends.get(path, 0), first + length)
    for path, end in ends.items():
        if (count := count_frames(path)) != end:
            raise CrossgapError(
                f"{path} has {count} frames, its episodes {end} at {info.fps:g} per second: images would not "
                f"belong to their actions. {REMEDY}"
            )
    return cells
