"""The image of each place that a data set names: a file, a frame of a strip or a video, a row of a Parquet or
an HDF5 file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import cast

import numpy as np

from crossgap.data.hdf5 import hdf5_frames, hdf5_of
from crossgap.data.image_file import more_than_bytes, read_images, read_values, values_of
from crossgap.data.parquet import damaged, open_parquet
from crossgap.data.recording import Cell
from crossgap.data.video import is_video, video_frames
from crossgap.errors import CrossgapError

Rows = Callable[[Path, Sequence[int]], Iterator[np.ndarray]]
"""A place that has many images, and which of them, to these."""


def read_frames(cells: Sequence[Cell], values: bool = False) -> Iterator[np.ndarray]:
    """The image of each cell, in order, (H, W, 3) uint8; with `values`, of more bits as `read_values` has it.

    Raises:
        CrossgapError: one is missing or damaged.
    """
    for reader, run in groupby(cells, key=lambda cell: _reader(cell[0])):
        if reader is None:
            yield from _image_files(list(run), values)
            continue
        for place, rows in groupby(run, key=lambda cell: cell[0]):
            numbers = [frame for _, frame in rows]
            if None in numbers:
                raise CrossgapError(
                    f"{place}: a video has many images. Expected {place.name}#0, #1, … instead."
                )
            for image, number in zip(reader(place, cast(list[int], numbers)), numbers, strict=True):
                if image.dtype != np.uint8 and not values:
                    raise more_than_bytes(f"{place}#{number}", image)
                yield image


def read_each(cells: Sequence[Cell], values: bool = False) -> Iterator[np.ndarray | CrossgapError]:
    """The same, and of each that is damaged what is wrong with it. After a damaged frame all further ones of
    its video, or of its camera in an HDF5 file, are damaged, too."""
    start = 0
    while start < len(cells):
        frames = read_frames(cells[start:], values)
        try:
            for image in frames:
                start += 1
                yield image
        except CrossgapError as error:
            yield error
            place, several = cells[start][0], _reader(cells[start][0]) in (video_frames, hdf5_frames)
            start += 1
            while several and start < len(cells) and cells[start][0] == place:
                start += 1
                yield error


def _reader(place: Path) -> Rows | None:
    """What reads the images of a place; None of image files."""
    if is_video(place):
        return video_frames
    if place.parent.suffix == ".parquet":
        return parquet_frames
    return hdf5_frames if hdf5_of(place) else None


def _image_files(cells: list[Cell], values: bool) -> Iterator[np.ndarray]:
    """Images of files, or square frames of strips; each file is read once in a row."""
    whole, opened = np.empty((0, 0, 3), np.uint8), None
    wholes = read_images((file for file, _ in groupby(file for file, _ in cells)), values)
    for file, frame in cells:  # one thread: for small images several only wait for each other
        if file != opened:
            opened, whole = file, next(wholes)
        yield whole if frame is None else _strip_frame(whole, frame, file)


def _strip_frame(strip: np.ndarray, frame: int, file: Path) -> np.ndarray:
    height, width = strip.shape[:2]
    if height % width:
        raise CrossgapError(
            f"{file}: {width}×{height} pixels. Expected a strip of square frames, one below the other."
        )
    last = height // width - 1
    if frame > last:
        raise CrossgapError(
            f"{file}: no frame {frame}, but labels.csv has a label for it. Available: 0 to {last}."
        )
    return strip[frame * width : (frame + 1) * width]


def parquet_frames(place: Path, wanted: Sequence[int]) -> Iterator[np.ndarray]:
    """Images of a column of encoded images, `file.parquet/observation.images.front`, by their rows.

    Raises:
        CrossgapError: the file or an image is damaged.
    """
    path, column = place.parent, place.name
    file = open_parquet(path)
    if column not in file.schema_arrow.names:
        raise CrossgapError(f"{path} has no column '{column}'. Expected images in it.")
    sizes = [file.metadata.row_group(index).num_rows for index in range(file.metadata.num_row_groups)]
    ends, group, images = np.cumsum(sizes), -1, []
    for row in wanted:
        found = int(np.searchsorted(ends, row, "right"))
        if found == len(sizes):
            raise CrossgapError(f"{path} has {sum(sizes)} rows, and an image in row {row} is asked for.")
        if found != group:
            group = found
            try:
                images = file.read_row_group(group, columns=[column]).column(column).to_pylist()
            except Exception as error:
                raise damaged(path, error) from error
        yield _decoded(path, column, row, images[row - int(ends[group]) + sizes[group]])


def _decoded(path: Path, column: str, row: int, value: object) -> np.ndarray:
    """The image of a cell: its bytes, or the path of a file."""
    content, name = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
    if isinstance(content, bytes):
        return values_of(io.BytesIO(content), f"{path}, row {row}, column '{column}'")
    if isinstance(name, str) and (beside := path.parents[2] / name).is_file():
        return read_values(beside)
    raise CrossgapError(f"{path}, row {row}, column '{column}': no image. Expected its bytes as PNG or JPEG.")
