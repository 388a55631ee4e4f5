"""The images of a data set, read into one array; where that is asked, without those that cannot be read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from crossgap.base.progress import say
from crossgap.data.frames import read_each, read_frames
from crossgap.data.images import LabelledImages
from crossgap.data.kept import Keepable, is_large, kept_images
from crossgap.data.recording import Cell, Index
from crossgap.data.table import LABELS
from crossgap.errors import CrossgapError

STRIPS = (
    f"Only what {LABELS} names frame by frame (0.bmp#0, 0.bmp#1, …), or `crossgap collect` made, is cut into "
    "the square frames of a strip."
)
"""Said where an image may be one, but is not read as one."""

LISTED = 3
"""How many images that cannot be read a line names."""

Track = Callable[[Iterable, str, int], Iterable]
"""(items, description, total) -> the same items, shown as a progress bar."""
Fit = Callable[[np.ndarray, Path], np.ndarray]
"""An image as `read_values` has it and its file, for errors, to (h, w, 3) uint8 of the size of all."""


def untracked(items: Iterable, description: str, total: int) -> Iterable:
    del description, total
    return items


def strip_hint(height: int, width: int) -> str:
    """What an error on an image's size adds where it may be a strip that nobody said is one."""
    return f" {STRIPS}" if height > width and height % width == 0 else ""


def read_cells(
    cells: Sequence[Cell], name: str, track: Track = untracked, fit: Fit | None = None,
    bad: dict[int, str] | None = None,
) -> np.ndarray:  # fmt: skip
    """The images (n, H, W, 3) uint8 of some cells.

    Args:
        cells: where they are.
        name: of the data set, for the progress bar.
        track: shows progress.
        fit: brings each to the size of all; by default they have to be of one size. Where it can say what it
            does, large sets are kept, as of `kept`.
        bad: where images that cannot be read are to be left out: which these are comes here, by row, and what
            is wrong with each.

    Raises:
        CrossgapError: an image is damaged, or of another size than the first.
    """
    left_out: dict[int, str] = {}
    skip_bad = bad is not None
    read = _fitted(cells, track, name, fit, left_out if skip_bad else None)
    if isinstance(fit, Keepable) and is_large(cells, fit):
        images = kept_images(cells, fit, skip_bad, read, left_out, name)
    else:
        images = _in_memory(read, len(cells))
    if bad is not None:
        bad.update(left_out)
    return images


def _in_memory(read: Iterable[np.ndarray], count: int) -> np.ndarray:
    images, index = np.empty((0, 0, 0, 3), np.uint8), 0
    for image in read:
        if index == 0:
            images = np.empty((count, *image.shape), np.uint8)
        images[index], index = image, index + 1
    return images[:index]


def _fitted(
    cells: Sequence[Cell], track: Track, name: str, fit: Fit | None, bad: dict[int, str] | None
) -> Iterator[np.ndarray]:
    """Each image, of the size of all."""
    read, shape = read_frames if bad is None else read_each, None
    found = zip(cells, read(cells, values=fit is not None), strict=True)
    for row, ((file, _), image) in enumerate(track(found, f"read {name}", len(cells))):
        if isinstance(image, CrossgapError):
            assert bad is not None
            bad[row] = str(image)
            continue
        if fit is not None:
            image = fit(image, file)
        shape = shape or image.shape
        if image.shape != shape:
            h, w, height, width = *image.shape[:2], *shape[:2]
            raise CrossgapError(
                f"{file}: {w}×{h} pixels, but {cells[0][0].name} has {width}×{height}. Expected one size."
                + (strip_hint(h, w) or strip_hint(height, width))
            )
        yield image


def read_index(
    name: str, index: Index, track: Track = untracked, fit: Fit | None = None, skip_bad: bool = False
) -> LabelledImages:
    """The images of a data set, with what it holds beside them.

    Args:
        name: of the data set.
        index: what it holds.
        track: shows progress.
        fit: brings images to one size, as in `read_cells`.
        skip_bad: leave out images that cannot be read, and say which these are.

    Raises:
        CrossgapError: an image cannot be read, or with `skip_bad` none can.
    """
    bad: dict[int, str] | None = {} if skip_bad else None
    images = read_cells(index.cells, name, track, fit, bad)
    whole = np.ones(len(index.cells), bool)
    if bad:
        whole[list(bad)] = False
        texts = list(dict.fromkeys(bad.values()))
        more = f" And {len(texts) - LISTED:,} more." if len(texts) > LISTED else ""
        if not whole.any():
            raise CrossgapError(f"None of the {len(whole):,} images of {name} can be read. {texts[0]}")
        say(f"{len(bad):,} of {len(whole):,} images of {name} are left out: {' '.join(texts[:LISTED])}{more}")
    return LabelledImages(images, index.labels[whole], index.label_names, np.asarray(index.episodes)[whole])
