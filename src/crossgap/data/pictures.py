"""Folders of pictures for models that learn images alone: of any size, brought to one, and in pairs by name.

A/1.jpg B/1.jpg …       two folders; in pairs where the names are the same
trainA/… trainB/…       such in one, as CycleGAN's data sets are
facades/train/1.jpg …   pictures side by side, as pix2pix's data sets are: A on the left, B on the right
"""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from crossgap.data.cells import Fit, Track, read_cells, untracked
from crossgap.data.folder import cells_in
from crossgap.data.image_file import read_image
from crossgap.data.images import LabelledImages
from crossgap.data.preparation import Preparation
from crossgap.data.prepared import AsTheyAre, Prepared
from crossgap.data.recording import Cell
from crossgap.data.sizes import as_size
from crossgap.errors import CrossgapError

SIDES = ("trainA", "trainB"), ("A/train", "B/train"), ("A", "B")
"""What the folders of both sides are called in one of both."""
LISTED = 3
"""Of names in an error."""
SQUARISH = 3 / 4, 4 / 3
"""Width over height of a half of two pictures side by side: data sets of such have squares, and a panorama
would be taken for a pair."""
LOOKED_AT = 16
"""Pictures that tell whether a folder's are pairs."""
ALIKE = 0.01
"""By which share the shapes of two pictures of a pair may differ: then their middles show the same."""


def read_pictures(
    path: str | Path, size: int | Fit | None = None, track: Track = untracked
) -> LabelledImages:
    """All pictures of a folder and of all in it, without labels, as in `read_unlabelled`.

    Args:
        path: the folder.
        size: what brings each to one size; a number scales and crops to squares; by default they have to be
            of one size.
        track: shows progress.

    Raises:
        CrossgapError: the folder or a picture is damaged, there is none, or they are not of one size.
    """
    return _read(Path(path), *cells_in(path), as_fit(size), track)


def as_fit(size: int | Fit | None) -> Fit:
    """What brings pictures to one size, of what the functions here take for it."""
    if isinstance(size, int):
        return Prepared(Preparation(as_size(size)), "data")
    return AsTheyAre() if size is None else size


def read_pairs(
    source: str | Path, target: str | Path, size: int | tuple[Fit, Fit] | None = None,
    track: Track = untracked,
) -> tuple[LabelledImages, LabelledImages]:  # fmt: skip
    """The pictures of two folders, those of one name beside each other; endings may differ.

    `size` as of `read_pictures`, of each folder where they are two.

    Raises:
        CrossgapError: as `read_pictures`; or the two have not the same names, or two of one name are of
            unlike shapes, so that their middles would not show the same.
    """
    cells, others, episodes = _paired(Path(source), Path(target))
    shapes: list[float] = []
    one, other = size if isinstance(size, tuple) else (as_fit(size), as_fit(size))
    images, counterparts = (
        _read(Path(path), files, episodes, noted(shapes, fit), track)
        for path, files, fit in ((source, cells, one), (target, others, other))
    )
    _check_shapes(cells, others, shapes)
    return images, counterparts


def read_counterparts(
    source: str | Path, target: str | Path, fit: Fit, shapes: list[float], track: Track = untracked
) -> LabelledImages:
    """The pictures of `target` alone, in the order of those of `source`, as `read_pairs` has them.

    Args:
        source: a folder that was read already, with `noted(shapes, …)`.
        target: the folder to read.
        fit: brings pictures to one size.
        shapes: of the pictures of `source`; those of `target` are noted, too.
        track: shows progress.

    Raises:
        CrossgapError: as there.
    """
    cells, others, episodes = _paired(Path(source), Path(target))
    found = _read(Path(target), others, episodes, noted(shapes, fit), track)
    _check_shapes(cells, others, shapes)
    return found


def noted(shapes: list[float], fit: Fit) -> Fit:
    """The same, and of each picture, or its region, its width over its height is added to `shapes`."""
    roi = fit.preparation.roi if isinstance(fit, Prepared) else None

    def fit_and_note(image: np.ndarray, file: Path) -> np.ndarray:
        width, height = roi[2:] if roi else (image.shape[1], image.shape[0])
        shapes.append(width / height)
        return fit(image, file)

    return fit_and_note


def _check_shapes(cells: list[Cell], others: list[Cell], shapes: list[float]) -> None:
    """Whether both pictures of each pair have one shape, of all first ones and then of all others."""
    here, there = shapes[: len(cells)], shapes[len(cells) :]
    for (file, _), (other, _), one, two in zip(cells, others, here, there, strict=True):
        if abs(one / two - 1) > ALIKE:
            raise CrossgapError(
                f"{file} is {one:.2f} times as wide as high, and its pair {other} {two:.2f} times. "
                "Expected pairs of one shape, so that scaled and cropped they show the same."
            )


def _paired(source: Path, target: Path) -> tuple[list[Cell], list[Cell], list[int]]:
    """The pictures of two folders by their names, row by row, and the episodes of those of `source`."""
    here, there = _by_name(source), _by_name(target)
    for one, other, a, b in ((here, there, source, target), (there, here, target, source)):
        if missing := [name for name in one if name not in other]:
            more = f" and {len(missing) - LISTED:,} more" if len(missing) > LISTED else ""
            raise CrossgapError(
                f"{b} lacks the pairs of {', '.join(missing[:LISTED])}{more} in {a}. Expected two pictures "
                "of every name, one in each folder."
            )
    cells, episodes = [cell for cell, _ in here.values()], [episode for _, episode in here.values()]
    return cells, [there[name][0] for name in here], episodes


def read_side_by_side(
    path: str | Path, size: int | tuple[Fit, Fit] | None = None, track: Track = untracked
) -> tuple[LabelledImages, LabelledImages]:
    """Pictures that hold a pair each: A, the left half, and B, the right.

    `size` as of `read_pictures`, of each half where they are two.

    Raises:
        CrossgapError: as `read_pictures`; or a picture cannot be two side by side.
    """
    fits = size if isinstance(size, tuple) else (as_fit(size), as_fit(size))
    both = _read(Path(path), *cells_in(path), partial(_fit_halves, fits), track)
    width = both.images.shape[2] // 2
    return _part(both, slice(width)), _part(both, slice(width, None))


def halves_in(path: str | Path) -> tuple[tuple[int, int], bool]:
    """What the pictures of a folder are as two side by side, as some of them show: width and height of a half
    of the first, and whether most look like single ones, whose left half goes on into the right one.

    Raises:
        CrossgapError: as `read_pictures`.
    """
    cells, _ = cells_in(path)
    looked_at = [read_image(file) for file, _ in cells[:: max(1, len(cells) // LOOKED_AT)][:LOOKED_AT]]
    height, width = looked_at[0].shape[:2]
    return (width // 2, height), sum(map(_goes_on, looked_at)) > len(looked_at) / 2


def _goes_on(image: np.ndarray) -> bool:
    """Whether the step from column to column in the middle of (H, W, 3) is as small as those beside it; no
    where these are of one colour."""
    middle = image.shape[1] // 2
    columns = image[:, max(0, middle - 6) : middle + 6].astype(float)
    steps = np.abs(np.diff(columns, axis=1)).mean((0, 2))
    across, beside = steps[len(steps) // 2], np.delete(steps, len(steps) // 2).mean()
    return bool(beside > 1 and across < 1.5 * beside)


def sides_in(path: Path) -> tuple[Path, Path] | None:
    """The folders of both sides in one, None where there are none, so that its pictures may be pairs.

    Raises:
        CrossgapError: one of them is missing.
    """
    for names in SIDES:
        one, other = (path / name for name in names)
        if one.is_dir() != other.is_dir():
            there, missing = (one, other) if one.is_dir() else (other, one)
            raise CrossgapError(f"There is {there}, but no {missing}. Expected both folders.")
        if one.is_dir():
            return one, other
    return None


def _fit_halves(fits: tuple[Fit, Fit], image: np.ndarray, file: Path) -> np.ndarray:
    height, width = image.shape[:2]
    if width % 2 or not SQUARISH[0] <= width / 2 / height <= SQUARISH[1]:
        raise CrossgapError(
            f"{file}: {width}×{height} pixels. Expected two pictures of one size side by side, each from 3:4 "
            "to 4:3; or give two folders, --source and --target, or one with trainA and trainB."
        )
    halves = image[:, : width // 2], image[:, width // 2 :]
    return np.concatenate([fit(half, file) for fit, half in zip(fits, halves, strict=True)], 1)


def _read(path: Path, cells: list[Cell], episodes: list[int], fit: Fit, track: Track) -> LabelledImages:
    images = read_cells(cells, path.name, track, fit)
    return LabelledImages(images, np.zeros((len(images), 0), np.float32), (), np.array(episodes))


def _part(both: LabelledImages, columns: slice) -> LabelledImages:
    images = np.ascontiguousarray(both.images[:, :, columns])
    return LabelledImages(images, both.labels, (), both.episodes)


def _by_name(path: Path) -> dict[str, tuple[Cell, int]]:
    """The pictures of a folder by their names from it on, without endings, with their episodes."""
    cells, episodes = cells_in(path)
    names = [_name(path, cell) for cell in cells]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise CrossgapError(f"{path} has several pictures called {twice[0]}. Expected one to a name.")
    return dict(zip(names, zip(cells, episodes, strict=True), strict=True))


def _name(root: Path, cell: Cell) -> str:
    file, frame = cell
    inside = file.relative_to(root) if file.is_relative_to(root) else file
    return inside.with_suffix("").as_posix() + ("" if frame is None else f"#{frame}")
