"""A data set on disk: a folder of images and a `labels.csv` that names them.

    my_data/labels.csv      image,episode,step,joint_velocity_1,joint_velocity_2,…
    my_data/images/*.png

`image` is a path relative to the folder; `episode` and `step` are optional; every other column is a
label. Images are PNG, JPEG or BMP, all of one size. `images/00012.bmp#3` is frame 3 of a strip: square
frames one below the other, counted from 0. One file per episode is several times faster to write and
read than one per image, and shows the whole episode at a glance.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from crossgap.data.image_file import image_size, read_image, save_image
from crossgap.data.images import LabelledImages
from crossgap.errors import CrossgapError
from crossgap.files import write_text, writing

LABELS = "labels.csv"
NOT_LABELS = ("image", "episode", "step")
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp")

Track = Callable[[Iterable, str, int], Iterable]
"""(items, description, total) -> the same items, shown as a progress bar."""


def _untracked(items: Iterable, description: str, total: int) -> Iterable:
    del description, total
    return items


def _folder(path: Path) -> Path:
    if not path.exists():
        raise CrossgapError(f"No folder at {path}. Expected a folder of images with a {LABELS}.")
    if not path.is_dir():
        raise CrossgapError(f"{path} is a file. Expected a folder of images with a {LABELS}.")
    if not any(path.iterdir()):
        raise CrossgapError(f"{path} is empty. Expected images and a {LABELS} in it.")
    return path


def _read_rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
            twice = {name for name in reader.fieldnames if reader.fieldnames.count(name) > 1}
            rows = list(reader)
    except FileNotFoundError:
        raise CrossgapError(f"No {LABELS} in {table.parent}. Expected one row per image.") from None
    except UnicodeDecodeError as error:
        raise CrossgapError(f"{table} is not a UTF-8 text file: {error}.") from error
    if not rows:
        raise CrossgapError(f"{table} has no rows. Expected a header and one row per image.")
    if twice := sorted(twice - {""}):
        raise CrossgapError(f"{table}, line 1: column '{twice[0]}' is there twice. Expected each once.")
    if "" in rows[0]:
        raise CrossgapError(f"{table}, line 1: a column without a name. Expected one for each (no index).")
    if "image" not in rows[0]:
        raise CrossgapError(f"{table} has no column 'image'. Available: {', '.join(filter(None, rows[0]))}.")
    seen: dict[str, tuple[int, dict[str, str]]] = {}
    for line, row in enumerate(rows, 2):
        if None in row:  # where csv puts the cells beyond the header
            raise CrossgapError(f"{table}, line {line}: expected {len(row) - 1} cells, found more.")
        if not row["image"]:
            raise CrossgapError(f"{table}, line {line}, column 'image': expected a file name, found none.")
        labels = {column: cell for column, cell in row.items() if column not in NOT_LABELS}
        first, known = seen.setdefault(row["image"], (line, labels))
        if known != labels:
            raise CrossgapError(
                f"{table}, line {line}: {row['image']} has other labels in line {first}. "
                "Expected one row per image."
            )
    return rows


def _number(row: dict[str, str], column: str, table: Path, line: int) -> float:
    text = row.get(column)
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        found = repr(text) if text else "nothing"
        hint = "" if column in NOT_LABELS else " --labels leaves out what is none; a class is a number, too."
        raise CrossgapError(
            f"{table}, line {line}, column '{column}': expected a finite number, found {found}.{hint}"
        )
    return value


def read_folder(
    path: str | Path, labels: Sequence[str] | None = None, track: Track = _untracked
) -> LabelledImages:
    """Read and check a data set.

    Args:
        path: the folder.
        labels: the label columns to use, in this order; all of them by default.
        track: shows progress.

    Raises:
        CrossgapError: whatever is wrong with it: the folder, the table, a label or an image.
    """
    root = _folder(Path(path))
    table = root / LABELS
    rows = _read_rows(table)
    available = _label_columns(rows)
    names = tuple(available if labels is None else labels)
    if len(set(names)) < len(names):
        raise CrossgapError(f"The labels {', '.join(names)} name a column twice. Expected each once.")
    for name in names:
        if name not in available:
            raise CrossgapError(
                f"{table} has no label column '{name}'. Available: {', '.join(available) or 'none'}."
            )
    values = [[_number(row, name, table, i + 2) for name in names] for i, row in enumerate(rows)]
    episodes = [
        int(_number(row, "episode", table, i + 2)) if row.get("episode") else i for i, row in enumerate(rows)
    ]
    cells = [_file_and_frame(root, row["image"]) for row in rows]
    _check_files(table, [file for file, _ in cells])
    _check_all_labelled(root, {file for file, _ in cells})
    return LabelledImages(
        images=_read_images(cells, root.name, track),
        labels=np.array(values, np.float32).reshape(len(rows), len(names)),
        label_names=names,
        episodes=np.array(episodes),
    )


def label_columns(path: str | Path) -> list[str]:
    """The label columns of a data set, in the order of its table.

    Raises:
        CrossgapError: the folder or its table is not there or not readable.
    """
    return _label_columns(_read_rows(_folder(Path(path)) / LABELS))


def _label_columns(rows: list[dict[str, str]]) -> list[str]:
    return [column for column in rows[0] if column not in NOT_LABELS]


def read_unlabelled(path: str | Path, track: Track = _untracked) -> LabelledImages:
    """Read a data set's images only: what its `labels.csv` names, if there is one, and all others.

    A file that it does not name, and that is a whole number of times as high as it is wide, is a strip of
    square frames: of an episode.

    Raises:
        CrossgapError: the folder, the table or an image is damaged, or there is no image.
    """
    root = _folder(Path(path))
    table = root / LABELS
    rows = _read_rows(table) if table.exists() else []
    named = [_file_and_frame(root, row["image"]) for row in rows]
    known = {file.resolve() for file, _ in named}
    there = [file for file in sorted(root.rglob("*")) if _is_image(root, file)]
    files = [file for file in there if file.resolve() not in known]
    if named and not files:
        return read_folder(root, (), track)
    _check_files(table, [file for file, _ in named])
    cells = named + [(file, frame) for file in files for frame in _frames(file)]
    if not cells:
        raise CrossgapError(f"{root} has no images. Expected {', '.join(EXTENSIONS)} files.")
    given = [row.get("episode") or "" for row in rows] + [""] * (len(cells) - len(rows))
    of_cell = [episode or str(file) for episode, (file, _) in zip(given, cells, strict=True)]
    episodes = np.unique(of_cell, return_inverse=True)[1]
    strips = len({file for file, frame in cells if frame is not None})
    images = _read_images(cells, root.name + (f" ({strips:,} strips)" if strips else ""), track)
    return LabelledImages(images, np.zeros((len(cells), 0), np.float32), (), episodes)


def _frames(file: Path) -> Sequence[int | None]:
    """The frames of a strip; of a single image, or what cannot be opened, None for all of it."""
    size = image_size(file)
    if size is None or size[1] <= size[0] or size[1] % size[0]:
        return (None,)
    return range(size[1] // size[0])


def _file_and_frame(root: Path, cell: str) -> tuple[Path, int | None]:
    """`a.png` is a whole image, `a.png#3` frame 3 of a strip; Windows writes `images\\a.png`."""
    cell = cell.replace("\\", "/")
    match = re.fullmatch(r"(.+\.\w+)#(\d+)", cell)
    return (root / match[1], int(match[2])) if match else (root / cell, None)


def _is_image(root: Path, file: Path) -> bool:
    """By its ending; what is hidden, such as a viewer's thumbnails, is nobody's data."""
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return file.suffix.lower() in EXTENSIONS and not hidden


def _check_files(table: Path, files: Sequence[Path]) -> None:
    """Every label has a file."""
    there = {file: file.exists() for file in set(files)}
    for line, file in enumerate(files, 2):
        if not there[file]:
            raise CrossgapError(f"{table}, line {line}: no image {file}. Expected paths from the folder on.")


def _check_all_labelled(root: Path, known: set[Path]) -> None:
    """Every image file has a label, whatever path the table names it by."""
    known = {file.resolve() for file in known}
    for file in sorted(root.rglob("*")):
        if _is_image(root, file) and file.resolve() not in known:
            raise CrossgapError(
                f"{file}: an image without a label. Expected a row for it in {LABELS}, or the image in "
                "another folder, for --unlabelled."
            )


def _frame(strip: np.ndarray, frame: int, file: Path) -> np.ndarray:
    height, width = strip.shape[:2]
    if height % width:
        raise CrossgapError(
            f"{file}: {width}×{height} pixels. Expected a strip of square frames, one below the other."
        )
    last = height // width - 1
    if frame > last:
        raise CrossgapError(
            f"{file}: no frame {frame}, but {LABELS} has a label for it. Available: 0 to {last}."
        )
    return strip[frame * width : (frame + 1) * width]


def _read_images(cells: list[tuple[Path, int | None]], name: str, track: Track) -> np.ndarray:
    images = whole = np.empty((0, 0, 0, 3), np.uint8)
    opened = None
    # One thread: for small images several only wait for each other.
    for index, (file, frame) in enumerate(track(cells, f"read {name}", len(cells))):
        if file != opened:
            opened, whole = file, read_image(file)
        image = whole if frame is None else _frame(whole, frame, file)
        if index == 0:
            images = np.empty((len(cells), *image.shape), np.uint8)
        if image.shape != images.shape[1:]:
            h, w, height, width = *image.shape[:2], *images.shape[1:3]
            raise CrossgapError(
                f"{file}: {w}×{h} pixels, but {cells[0][0].name} has {width}×{height}. Expected one size."
            )
        images[index] = image
    return images


def write_table(path: Path, label_names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a `labels.csv` of rows (image, episode, step, labels…) in one piece."""
    lines = [",".join((*NOT_LABELS, *label_names))]
    lines += [",".join(map(str, row)) for row in rows]
    write_text(path, "\n".join(lines) + "\n")


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
