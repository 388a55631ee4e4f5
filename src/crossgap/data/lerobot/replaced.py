"""A LeRobot data set with other images: whatever is no image of these cameras stays as it is, byte for byte.

Files in which nothing changes are copied. In the others only the columns of images change, and what tells of
images: their shape, codec and statistics. Where episodes are left out, the others are numbered anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from crossgap.base.files import attempt, read_json, write_json, writing
from crossgap.data.frames import read_frames
from crossgap.data.lerobot.info import INFO, Info, read_info
from crossgap.data.lerobot.stats import Levels, number_stats
from crossgap.data.lerobot.writer import png
from crossgap.data.parquet import open_parquet, optional, read_parquet
from crossgap.data.recording import Recording
from crossgap.data.video import CODECS, VideoWriter

Change = Callable[[Iterable[np.ndarray]], Iterator[np.ndarray]]
"""Images (H, W, 3) uint8 of one camera, in order, to as many others, all of one size."""
STATS = Path("meta", "stats.json")


@dataclass
class _Copy:
    """A data set on its way to another."""

    recording: Recording
    info: Info
    folder: Path
    """Where the new one is written."""
    changes: Mapping[str, Change]
    numbers: dict[int, int]
    """The episodes that stay, and their new numbers."""
    arrow: Any
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Height and width of the new images, by camera."""
    levels: dict[str, dict[int, Levels]] = field(default_factory=dict)
    """How they look, by camera and episode."""
    times: dict[str, dict[int, float]] = field(default_factory=dict)
    """When each episode begins in its video, by camera, where videos have changed: seconds."""
    done: set[Path] = field(default_factory=set)
    """Files below the folder that are not copied."""

    @property
    def dropped(self) -> bool:
        return len(self.numbers) < len(np.unique(self.recording.episodes))

    def look(self, camera: str, episode: int, image: np.ndarray) -> np.ndarray:
        """An image, noted in the statistics."""
        self.sizes[camera] = image.shape[0], image.shape[1]
        self.levels.setdefault(camera, {}).setdefault(episode, Levels()).add(image)
        return image


def replace_images(
    recording: Recording, path: Path, changes: Mapping[str, Change], kept: Iterable[int],
    advance: Callable[[int], None] = lambda count: None,
) -> None:  # fmt: skip
    """Write a LeRobot data set once more, with other images of some cameras, in one piece.

    Args:
        recording: as `read_lerobot` has it.
        path: the new folder.
        changes: by camera, what becomes of its images.
        kept: the episodes that stay; a video camera that is not changed is then encoded once more.
        advance: is told how many images have been changed.

    Raises:
        CrossgapError: an image is missing or damaged, or the disk is full.
    """
    info = read_info(recording.path)
    with writing(path) as temporary:
        told = {camera: _counted(change, advance) for camera, change in changes.items()}
        numbers = {int(old): new for new, old in enumerate(sorted(kept))}
        arrow = optional("pyarrow", "lerobot", "A LeRobot data set")
        copy = _Copy(recording, info, temporary, told, numbers, arrow)
        videos = [key for key in info.cameras if info.features[key]["dtype"] == "video"]
        for camera in videos:
            if camera in changes or copy.dropped:
                _films(copy, camera)
        images = [camera for camera in changes if camera not in videos]
        if images or copy.dropped:
            _data(copy, images)
        _episodes(copy)
        _description(copy)
        _others(copy)


def _counted(change: Change, advance: Callable[[int], None]) -> Change:
    def counted(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for image in change(images):
            advance(1)
            yield image

    return counted


def _films(copy: _Copy, camera: str) -> None:
    """A camera's videos, each with the frames of the episodes that stay."""
    cells, episodes = copy.recording.cameras[camera], copy.recording.episodes
    about = copy.info.features[camera]
    codec = next((told.get("video.codec") for told in _told(about)), None)
    files = dict.fromkeys(file for file, _ in cells)
    for file in files:
        below = file.relative_to(copy.recording.path)
        rows = [row for row, (one, _) in enumerate(cells) if one == file]
        stay = [row for row in rows if int(episodes[row]) in copy.numbers]
        copy.done.add(below)
        if not stay:
            continue
        (copy.folder / below).parent.mkdir(parents=True, exist_ok=True)
        frames = read_frames([cells[row] for row in stay], values=camera in copy.changes)
        if camera in copy.changes:
            frames = copy.changes[camera](frames)
        begun = copy.times.setdefault(camera, {})
        with VideoWriter(copy.folder / below, copy.info.fps, codec if codec in CODECS else "h264") as film:
            for row, image in zip(stay, frames, strict=True):
                begun.setdefault(int(episodes[row]), film.frames / copy.info.fps)
                if camera in copy.changes:
                    image = copy.look(camera, int(episodes[row]), image)
                film.add([image])


def _told(about: dict[str, Any]) -> list[dict[str, Any]]:
    """What a feature says of its videos, under either name that LeRobot has for it."""
    return [about[key] for key in ("info", "video_info") if isinstance(about.get(key), dict)]


def _data(copy: _Copy, cameras: list[str]) -> None:
    """The files of rows: without episodes that do not stay, with other images."""
    parquet = optional("pyarrow.parquet", "lerobot", "A LeRobot data set")
    row, index = 0, 0
    for file in _data_files(copy):
        below = file.relative_to(copy.recording.path)
        source, writer = open_parquet(file), None
        copy.done.add(below)
        for group in range(source.metadata.num_row_groups):
            table = source.read_row_group(group)
            rows = np.arange(row, row + len(table))
            row += len(table)
            stays = np.isin(copy.recording.episodes[rows], list(copy.numbers))
            table, rows = table.filter(copy.arrow.array(stays)), rows[stays]
            if not len(rows):
                continue
            if copy.dropped:
                new = [copy.numbers[int(copy.recording.episodes[one])] for one in rows]
                table = _with(copy, table, "episode_index", new)
                table = _with(copy, table, "index", list(range(index, index + len(rows))))
            index += len(rows)
            for camera in cameras:
                table = _with_images(copy, table, camera, rows)
            if writer is None:
                (copy.folder / below).parent.mkdir(parents=True, exist_ok=True)
                writer = parquet.ParquetWriter(copy.folder / below, table.schema, compression="snappy")
            writer.write_table(table)
        if writer is not None:
            writer.close()


def _data_files(copy: _Copy) -> list[Path]:
    """The files of rows, in the order of the recording's."""
    columns = ["episode_index", "data/chunk_index", "data/file_index"]
    rows = sorted(
        row for file in _episode_files(copy) for row in zip(
            *(read_parquet(file, columns).column(name).to_pylist() for name in columns), strict=True
        )
    )  # fmt: skip
    places = dict.fromkeys((chunk, file) for _, chunk, file in rows)
    return [copy.info.file(copy.info.data_path, chunk_index=chunk, file_index=file) for chunk, file in places]


def _with(copy: _Copy, table: Any, name: str, values: list[Any]) -> Any:
    """A table with other values in a column, of its type."""
    at = table.schema.get_field_index(name)
    if at < 0:
        return table
    column = copy.arrow.array(values, table.schema.field(at).type)
    return table.set_column(at, table.schema.field(at), column)


def _with_images(copy: _Copy, table: Any, camera: str, rows: np.ndarray) -> Any:
    """A table with other images of a camera, each a PNG; what they are called stays, but for the ending."""
    cells = copy.recording.cameras[camera]
    new = copy.changes[camera](read_frames([cells[int(row)] for row in rows], values=True))
    values: list[Any] = []
    for row, image, old in zip(rows, new, table.column(camera).to_pylist(), strict=True):
        content = png(copy.look(camera, int(copy.recording.episodes[row]), image))
        if isinstance(old, dict):
            name = old.get("path")
            path = PurePath(name).with_suffix(".png").name if isinstance(name, str) and name else None
            values.append({"bytes": content, "path": path})
        else:
            values.append(content)
    return _with(copy, table, camera, values)


def _episode_files(copy: _Copy) -> list[Path]:
    return sorted((copy.recording.path / "meta" / "episodes").glob("*/*.parquet"))


def _episodes(copy: _Copy) -> None:
    """`meta/episodes`: where episodes are now, and how their images look."""
    parquet = optional("pyarrow.parquet", "lerobot", "A LeRobot data set")
    lengths = dict(zip(*np.unique(copy.recording.episodes, return_counts=True), strict=True))
    stay = sorted(copy.numbers)
    begins = dict(zip(stay, np.cumsum([0, *(lengths[one] for one in stay)]).tolist(), strict=False))
    for file in _episode_files(copy):
        table = read_parquet(file)
        stays = [one in copy.numbers for one in table.column("episode_index").to_pylist()]
        table = table.filter(copy.arrow.array(stays, copy.arrow.bool_()))
        episodes = table.column("episode_index").to_pylist()
        for camera, begun in copy.times.items():
            ends = {one: start + int(lengths[one]) / copy.info.fps for one, start in begun.items()}
            for name, times in (("from_timestamp", begun), ("to_timestamp", ends)):
                table = _with(copy, table, f"videos/{camera}/{name}", [times[one] for one in episodes])
        for camera, levels in copy.levels.items():
            table = _with_stats(copy, table, camera, [levels[one].stats() for one in episodes])
        if copy.dropped:
            table = _renumbered(copy, table, episodes, begins, lengths)
        below = file.relative_to(copy.recording.path)
        copy.done.add(below)
        if episodes:
            (copy.folder / below).parent.mkdir(parents=True, exist_ok=True)
            parquet.write_table(table, copy.folder / below)


def _renumbered(
    copy: _Copy, table: Any, episodes: list[int], begins: dict[int, int], lengths: dict[Any, Any]
) -> Any:
    """Rows of `meta/episodes` with the numbers that these episodes have now."""
    first = [begins[one] for one in episodes]
    spans = [np.arange(start, start + lengths[one]) for one, start in zip(episodes, first, strict=True)]
    new = [copy.numbers[one] for one in episodes]
    table = _with(copy, table, "episode_index", new)
    table = _with(copy, table, "dataset_from_index", first)
    table = _with(copy, table, "dataset_to_index", [int(span[-1]) + 1 for span in spans])
    table = _with_stats(copy, table, "index", [number_stats(span) for span in spans])
    numbered = [number_stats(np.full(len(span), one)) for one, span in zip(new, spans, strict=True)]
    return _with_stats(copy, table, "episode_index", numbered)


def _with_stats(copy: _Copy, table: Any, key: str, stats: list[dict[str, Any]]) -> Any:
    """A table with other statistics of a feature, where it has such."""
    for name in stats[0] if stats else ():
        table = _with(copy, table, f"stats/{key}/{name}", [one[name] for one in stats])
    return table


def _description(copy: _Copy) -> None:
    """`meta/info.json` and `meta/stats.json`."""
    root, stay = copy.recording.path, np.isin(copy.recording.episodes, list(copy.numbers))
    info = read_json(root / INFO, "data set description", dict)
    for camera, (h, w) in copy.sizes.items():
        about = info["features"][camera]
        first = (about.get("names") or [""])[0] in ("channel", "channels")
        about["shape"] = [3, h, w] if first else [h, w, 3]
        for told in _told(about):
            codec = told.get("video.codec")
            told["video.codec"] = codec if codec in CODECS else "h264"
            new = {"video.height": h, "video.width": w, "video.channels": 3, "video.pix_fmt": "yuv420p"}
            told.update({key: value for key, value in new.items() if key in told})
    if copy.dropped:
        videos = sum(about["dtype"] == "video" for about in info["features"].values())
        totals = {"total_episodes": len(copy.numbers), "total_frames": int(stay.sum())}
        totals |= {"total_videos": videos * len(copy.numbers)} if "total_videos" in info else {}
        info |= totals | {"splits": {"train": f"0:{len(copy.numbers)}"}}
    write_json(copy.folder / INFO, info)
    copy.done |= {INFO, STATS}
    if not (root / STATS).is_file():
        return
    stats = read_json(root / STATS, "statistics", dict)
    for camera, levels in copy.levels.items():
        whole = Levels()
        for one in levels.values():
            whole.merge(one)
        stats[camera] = whole.stats()
    if copy.dropped:
        features = copy.recording.features.items()
        stats |= {key: number_stats(item.values[stay].reshape(-1, *item.shape)) for key, item in features}
        stats |= {key: number_stats(values) for key, values in _indices(copy, stay).items()}
    write_json(copy.folder / STATS, stats)


def _indices(copy: _Copy, stay: np.ndarray) -> dict[str, np.ndarray]:
    """The columns that say which frame a row is, as they are now."""
    old = copy.recording.episodes[stay]
    new = np.array([copy.numbers[int(one)] for one in old])
    steps = np.concatenate([np.arange(count) for count in np.unique(new, return_counts=True)[1]])
    found = {"episode_index": new, "index": np.arange(len(new)), "frame_index": steps}
    found["timestamp"] = (steps / copy.info.fps).astype(np.float32)
    if copy.recording.task_indices is not None:
        found["task_index"] = copy.recording.task_indices[stay]
    return found


def _others(copy: _Copy) -> None:
    """All other files but hidden ones, as they are."""
    for file in sorted(copy.recording.path.rglob("*")):
        below = file.relative_to(copy.recording.path)
        if below in copy.done or not file.is_file() or any(part.startswith(".") for part in below.parts):
            continue
        (copy.folder / below).parent.mkdir(parents=True, exist_ok=True)
        with attempt(f"copy {file}"):
            shutil.copyfile(file, copy.folder / below)
