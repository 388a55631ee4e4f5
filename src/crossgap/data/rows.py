"""The rows of a folder's table, and the images that they name."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crossgap.data.recording import Cell
from crossgap.data.table import SESSION, Row, cameras_of, label_names, read_table
from crossgap.data.video import count_frames, is_video
from crossgap.errors import CrossgapError


def read_rows(root: Path, table: Path, camera: str | None = None) -> list[Row]:
    """The rows of a folder's table, which may be those of its only video's frames.

    Raises:
        CrossgapError: as `read_table`, whose `camera` it is; or the video has other frames.
    """
    videos = [file for file in listed(root) if is_video(file)]
    if len(videos) != 1:
        return read_table(table, camera=camera)
    rows = read_table(table, videos[0].name, camera)
    own = all(row.cells["image"] == f"{videos[0].name}#{index}" for index, row in enumerate(rows))
    if own and (count := count_frames(videos[0])) != len(rows):
        raise CrossgapError(
            f"{table} has {len(rows)} rows, {videos[0]} {count} frames. Expected one per frame."
        )
    return rows


def listed(folder: Path) -> list[Path]:
    """What is in a folder, by name.

    Raises:
        CrossgapError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise CrossgapError(
            f"{folder} cannot be read: {error.strerror}. Expected a folder of images."
        ) from error


def cell_of(root: Path, row: Row, column: str = "image") -> Cell:
    """What a column names: `a.png` is a whole image, `a.png#3` frame 3 of a strip; Windows writes
    `images\\a.png`."""
    text = row.cells[column].replace("\\", "/")
    match = re.fullmatch(r"(.+\.\w+)#(\d+)", text)
    return (root / match[1], int(match[2])) if match else (root / text, None)


def cells_of(root: Path, rows: Sequence[Row]) -> tuple[list[Cell], set[Path]]:
    """The images of a table, and where their files are, resolved: every row has one, and no image has two
    rows of different labels, whatever paths name it. Those of other cameras' columns are among the files."""
    cells = [cell_of(root, row) for row in rows]
    resolved = {file: file.resolve() for file in {file for file, _ in cells} if file.is_file()}
    first: dict[Cell, tuple[Row, list[str]]] = {}
    columns = label_names(rows) if rows else []
    for row, (file, frame) in zip(rows, cells, strict=True):
        if file not in resolved:
            raise CrossgapError(f"{row.where}: no image {file}. Expected paths from the folder on.")
        labels = [row.cells[column] for column in columns]
        known, same = first.setdefault((resolved[file], frame), (row, labels))
        if same != labels:
            raise CrossgapError(
                f"{row.where}: {row.cells['image']} has other labels in {known.where.rpartition(', ')[2]}. "
                "Expected one row per image."
            )
    others = (
        [cell_of(root, row, camera)[0] for camera in cameras_of(rows[0].cells) for row in rows]
        if rows
        else []
    )
    return cells, {*resolved.values(), *(file.resolve() for file in others if file.is_file())}


def episodes_of(rows: Sequence[Row]) -> list[int]:
    """The episode of each row, or its session where there is such a column; a row without is by itself."""
    given = [(row.whole("episode"), row.whole("step"))[0] for row in rows]
    if any(row.cells.get(SESSION) for row in rows):
        sessions = [row.cells.get(SESSION) or "" for row in rows]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(filter(None, sessions)))}
        given = [numbers.get(name) for name in sessions]
    new = max((episode for episode in given if episode is not None), default=-1) + 1
    return [new + index if episode is None else episode for index, episode in enumerate(given)]


def recordings_of(rows: Sequence[Row]) -> list[int]:
    """The recorded episode of each row, in which one frame follows the other: as of `episodes_of`, but where
    rows name episodes as well as sessions each episode of a session by itself."""
    if all(row.whole("episode") is None for row in rows):
        return episodes_of(rows)
    alone = episodes_of([replace(row, cells={**row.cells, SESSION: ""}) for row in rows])
    sessions = [row.cells.get(SESSION) or "" for row in rows]
    pairs = list(zip(sessions, alone, strict=True))
    if len({*pairs}) == len({*alone}):  # no number is used again in another session
        return alone
    first = {name: place for place, name in enumerate(dict.fromkeys(sessions))}
    order = sorted({*pairs}, key=lambda pair: (first[pair[0]], pair[1]))
    numbers = {pair: number for number, pair in enumerate(order)}
    return [numbers[pair] for pair in pairs]


def by_step(rows: Sequence[Row], recordings: Sequence[int]) -> list[int]:
    """The order of rows by recording and `step`: a table may have them by file name, 0, 1, 10, 11, 2. Without
    steps those of a recording stay in the order of the table.

    Raises:
        CrossgapError: a recording has a step twice, or rows with one and rows without.
    """
    steps = [row.whole("step") for row in rows]
    known: dict[tuple[int, int | None], Row] = {}
    stepped = {of for of, step in zip(recordings, steps, strict=True) if step is not None}
    for row, of, step in zip(rows, recordings, steps, strict=True):
        if of in stepped and step is None:
            raise row.error("step", "a whole number, as in other rows of its episode")
        if step is not None and (of, step) in known:
            raise CrossgapError(
                f"{row.where}, column 'step': {step} is in {known[of, step].where.rpartition(', ')[2]}, too. "
                "Expected each step of an episode once; a column 'episode' tells recordings apart."
            )
        known[of, step] = row
    return sorted(range(len(rows)), key=lambda index: (recordings[index], steps[index] or 0))
