"""A new LeRobot data set, episode by episode: written whole, or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from PIL import Image

from crossgap.base.files import write_json, writing
from crossgap.data.lerobot.info import DATA_PATH, EPISODES_PATH, INDICES, INFO, VERSION, VIDEO_PATH
from crossgap.data.lerobot.stats import Levels, number_stats
from crossgap.data.parquet import optional
from crossgap.data.video import CODECS, VideoWriter
from crossgap.errors import CrossgapError

CHUNK = 1000
"""Files in a folder."""
DATA_MB, VIDEO_MB = 100, 200
"""About how large a file becomes before another is begun."""
INDEX_TYPES = {"timestamp": "float32"} | dict.fromkeys(INDICES[1:], "int64")
Storage = Literal["image", "h264", "av1"]
"""How images are kept: each as a PNG, or as frames of a video."""


@dataclass
class _Place:
    """The file that is written to now."""

    number: int = -1
    size: int = 0

    @property
    def indices(self) -> dict[str, int]:
        return {"chunk_index": self.number // CHUNK, "file_index": self.number % CHUNK}

    def next_if_full(self, limit_mb: int) -> bool:
        """Begin another file, where there is none or it is full."""
        if self.number >= 0 and self.size < limit_mb * 2**20:
            return False
        self.number, self.size = self.number + 1, 0
        return True


class LeRobotWriter:
    """Writes a data set; the folder is there once the block ends without an error.

    Args:
        root: the new folder.
        fps: frames per second, a whole number as LeRobot has it.
        names: by numeric feature, what its numbers are called; None where they have no names.
        cameras: what the cameras are called.
        storage: how images are kept.
        robot_type: of the robot.

    Raises:
        CrossgapError: the folder is there already, or pyarrow or pandas are not installed.
    """

    def __init__(
        self, root: str | Path, fps: float, names: Mapping[str, list[str] | None], cameras: Iterable[str],
        storage: Storage = "image", robot_type: str | None = None,
    ):  # fmt: skip
        self.root, self.names, self.cameras = Path(root), dict(names), list(cameras)
        if self.root.exists():
            raise CrossgapError(f"{root} exists already. Expected a new folder to write to.")
        if storage != "image" and storage not in CODECS:
            raise CrossgapError(
                f"Images cannot be kept as '{storage}'. Available: image, {', '.join(CODECS)}."
            )
        for key in (*self.names, *self.cameras):
            if "/" in key or key in INDICES:
                raise CrossgapError(f"A feature cannot be called '{key}' in a LeRobot data set.")
        self._arrow = optional("pyarrow", "lerobot", "A LeRobot data set")
        self._parquet = optional("pyarrow.parquet", "lerobot", "A LeRobot data set")
        self._pandas = optional("pandas", "lerobot", "A LeRobot data set")
        self.fps = int(fps) if float(fps).is_integer() else fps
        self.storage, self.robot_type = storage, robot_type

    def __enter__(self) -> Self:
        self._writing = writing(self.root)
        self._folder = self._writing.__enter__()
        self._folder.mkdir(parents=True)
        self._rows = 0
        self._episodes: list[dict[str, Any]] = []
        self._tasks: dict[str, int] = {}
        self._types: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._numbers: dict[str, list[np.ndarray]] = {key: [] for key in (*INDICES, *self.names)}
        self._levels = {camera: Levels() for camera in self.cameras}
        self._sizes: dict[str, tuple[int, ...]] = {}
        self._data, self._table = _Place(), None
        self._films = {camera: _Place() for camera in self.cameras}
        self._open: dict[str, VideoWriter] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close()
            if kind is None:
                self._finish()
        except BaseException as failed:
            if not self._writing.__exit__(type(failed), failed, failed.__traceback__):
                raise
        else:
            self._writing.__exit__(kind, error, trace)

    def add_episode(
        self, values: Mapping[str, np.ndarray], frames: Mapping[str, Iterable[np.ndarray]],
        tasks: str | list[str] = "",
    ) -> None:  # fmt: skip
        """Add an episode.

        Args:
            values: by numeric feature (steps, …), kept in the type that they have.
            frames: by camera, images (H, W, 3) uint8, one per step.
            tasks: what the robot was told to do, in all steps or in each.

        Raises:
            CrossgapError: features, cameras, sizes or lengths do not fit.
        """
        if values.keys() != self.names.keys() or frames.keys() != set(self.cameras):
            raise CrossgapError(
                f"An episode needs the features {', '.join([*self.names, *self.cameras])}; got "
                f"{', '.join([*values, *frames])}."
            )
        lengths = {len(value) for value in values.values()} | (
            {len(tasks)} if isinstance(tasks, list) else set()
        )
        if len(lengths) != 1 or 0 in lengths:
            raise CrossgapError(
                f"An episode's features have {sorted(lengths)} steps. Expected one number, from 1."
            )
        (steps,) = lengths
        self._check_types(values)
        told = [tasks] * steps if isinstance(tasks, str) else tasks
        columns = self._index_columns(steps, told) | {key: np.asarray(value) for key, value in values.items()}
        images, levels, row = {}, {}, {}
        for camera in self.cameras:
            images[camera], levels[camera], place = self._add_images(camera, frames[camera], steps)
            row |= place
        self._write_rows(columns, {key: value for key, value in images.items() if value is not None})
        for key, value in columns.items():
            self._numbers[key].append(value)
        stats = {key: number_stats(value) for key, value in columns.items()}
        for camera in self.cameras:
            stats[camera] = levels[camera].stats()
            self._levels[camera].merge(levels[camera])
        self._episodes.append({
            "episode_index": len(self._episodes), "tasks": list(dict.fromkeys(told)), "length": steps,
            **{f"data/{name}": number for name, number in self._data.indices.items()},
            "dataset_from_index": self._rows, "dataset_to_index": self._rows + steps, **row,
            **{f"stats/{key}/{name}": value for key, found in stats.items() for name, value in found.items()},
        })  # fmt: skip
        self._rows += steps

    def _check_types(self, values: Mapping[str, np.ndarray]) -> None:
        for key, value in values.items():
            array = np.asarray(value)
            if array.dtype.kind not in "biuf":
                raise CrossgapError(f"'{key}' is of {array.dtype}. Expected numbers.")
            about = (array.dtype.name, array.shape[1:])
            if self._types.setdefault(key, about) != about:
                raise CrossgapError(f"'{key}' is {about}, in episodes before {self._types[key]}.")

    def _index_columns(self, steps: int, told: list[str]) -> dict[str, np.ndarray]:
        number = np.arange(steps)
        for task in told:
            self._tasks.setdefault(task, len(self._tasks))
        return {
            "timestamp": (number / self.fps).astype(np.float32), "frame_index": number,
            "episode_index": np.full(steps, len(self._episodes)), "index": self._rows + number,
            "task_index": np.array([self._tasks[task] for task in told]),
        }  # fmt: skip

    def _add_images(
        self, camera: str, frames: Iterable[np.ndarray], steps: int
    ) -> tuple[list[bytes] | None, Levels, dict[str, Any]]:
        """An episode's images: as PNGs, or None where they are in a video; how they look; which video."""
        levels, encoded, count = Levels(), [], 0

        def counted() -> Iterable[np.ndarray]:
            nonlocal count
            for image in frames:
                if image.dtype != np.uint8 or image.shape != self._sizes.setdefault(camera, image.shape):
                    raise CrossgapError(
                        f"'{camera}': an image {image.shape} {image.dtype}. Expected "
                        f"{self._sizes[camera]} uint8."
                    )
                levels.add(image)
                count += 1
                yield image

        if self.storage == "image":
            encoded = [png(image) for image in counted()]
            place: dict[str, Any] = {}
        else:
            place = self._film(camera, counted())
        if count != steps:
            raise CrossgapError(f"'{camera}' has {count} images in an episode of {steps} steps.")
        return (encoded if self.storage == "image" else None), levels, place

    def _film(self, camera: str, frames: Iterable[np.ndarray]) -> dict[str, Any]:
        """Add frames to a camera's video; which one, and from when to when."""
        place = self._films[camera]
        path = self._folder / VIDEO_PATH.format(video_key=camera, **place.indices)
        place.size = path.stat().st_size if path.exists() else 0
        if place.next_if_full(VIDEO_MB):
            if camera in self._open:
                self._open.pop(camera).close()
            path = self._folder / VIDEO_PATH.format(video_key=camera, **place.indices)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[camera] = VideoWriter(path, self.fps, self.storage)
        film = self._open[camera]
        start = film.frames
        film.add(frames)
        about = {**place.indices, "from_timestamp": start / self.fps, "to_timestamp": film.frames / self.fps}
        return {f"videos/{camera}/{name}": value for name, value in about.items()}

    def _write_rows(self, columns: Mapping[str, np.ndarray], images: Mapping[str, list[bytes]]) -> None:
        """A row group of an episode's frames."""
        arrow = self._arrow
        arrays = {key: self._array(value) for key, value in columns.items()}
        kind = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
        for camera, pngs in images.items():
            named = [{"bytes": png, "path": f"{camera}-{step:06d}.png"} for step, png in enumerate(pngs)]
            arrays[camera] = arrow.array(named, kind)
        table = arrow.table(arrays)
        if self._data.next_if_full(DATA_MB):
            if self._table is not None:
                self._table.close()
            path = self._folder / DATA_PATH.format(**self._data.indices)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._table = self._parquet.ParquetWriter(path, table.schema, compression="snappy")
        assert self._table is not None
        self._table.write_table(table)
        self._data.size += table.nbytes

    def _array(self, value: np.ndarray) -> Any:
        """(n, …) as a column: a number, a list, or lists of lists. One number in a list of its own is, as
        LeRobot has it, a number."""
        flat = self._arrow.array(np.ascontiguousarray(value).reshape(-1))
        if value.ndim <= 2 and value[0].size == 1:
            return flat
        for size in value.shape[:0:-1]:
            flat = self._arrow.FixedSizeListArray.from_arrays(flat, size)
        return flat

    def _close(self) -> None:
        """Close what is open, whether all went well or not."""
        for film in self._open.values():
            film.close()
        if self._table is not None:
            self._table.close()

    def _finish(self) -> None:
        """Write `meta`."""
        if not self._episodes:
            raise CrossgapError(f"{self.root}: no episode was added. Expected at least one.")
        path = self._folder / EPISODES_PATH.format(chunk_index=0, file_index=0)
        path.parent.mkdir(parents=True)
        place = {"meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0}
        rows = [{**episode, **place} for episode in self._episodes]
        self._parquet.write_table(self._arrow.Table.from_pylist(rows), path)
        index = self._pandas.Index(list(self._tasks), name="task")
        table = self._pandas.DataFrame({"task_index": list(self._tasks.values())}, index=index)
        table.to_parquet(self._folder / "meta" / "tasks.parquet")
        stats = {key: number_stats(np.concatenate(values)) for key, values in self._numbers.items()}
        stats |= {camera: levels.stats() for camera, levels in self._levels.items()}
        write_json(self._folder / "meta" / "stats.json", stats)
        write_json(self._folder / INFO, self._info())

    def _info(self) -> dict[str, Any]:
        features: dict[str, Any] = {}
        for key, (kind, shape) in self._types.items():
            features[key] = {"dtype": kind, "shape": list(shape) or [1], "names": self.names[key]}
        for camera in self.cameras:
            features[camera] = self._camera_info(self._sizes[camera])
        for key, kind in INDEX_TYPES.items():
            features[key] = {"dtype": kind, "shape": [1], "names": None}
        return {
            "codebase_version": VERSION, "robot_type": self.robot_type, "total_episodes": len(self._episodes),
            "total_frames": self._rows, "total_tasks": len(self._tasks), "chunks_size": CHUNK,
            "data_files_size_in_mb": DATA_MB, "video_files_size_in_mb": VIDEO_MB, "fps": self.fps,
            "splits": {"train": f"0:{len(self._episodes)}"}, "data_path": DATA_PATH,
            "video_path": None if self.storage == "image" else VIDEO_PATH, "features": features,
        }  # fmt: skip

    def _camera_info(self, size: tuple[int, ...]) -> dict[str, Any]:
        names = ["height", "width", "channels"]
        if self.storage == "image":
            return {"dtype": "image", "shape": list(size), "names": names}
        height, width, _ = size
        info = {
            "video.height": height, "video.width": width, "video.codec": self.storage,
            "video.pix_fmt": "yuv420p", "video.is_depth_map": False, "video.fps": self.fps,
            "video.channels": 3, "has_audio": False,
        }  # fmt: skip
        return {"dtype": "video", "shape": list(size), "names": names, "info": info}


def png(image: np.ndarray) -> bytes:
    """An image (H, W, 3) uint8 as a PNG, quickly rather than small."""
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()
