"""What a data set is like, looked at image by image: sizes, colours, copies, and what cannot be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from crossgap.data.folder import cells_in, has_labels, index_of
from crossgap.data.frames import read_each
from crossgap.data.images import LabelledImages, image_digests
from crossgap.data.neighbours import nearest
from crossgap.data.preparation import Preparation, mapped
from crossgap.data.recording import Index
from crossgap.data.sizes import Size
from crossgap.errors import CrossgapError

THUMBNAIL = 48
"""Width and height of what is kept of an image to compare it with others."""
COMPARED = 1000
"""Images of a set, evenly spread, that are compared with each other."""
NEAR = 2.0
"""Root mean square difference of thumbnails, in levels, below which two images show the same."""


@dataclass
class Survey:
    """A data set as it was found."""

    path: Path
    """The folder or file."""
    index: Index
    """Its labels, and where its images are."""
    sizes: Counter[Size] = field(default_factory=Counter)
    """How many images there are of each height and width."""
    deep: int = 0
    """How many have more than 8 bits, or are of depth."""
    damaged: dict[int, str] = field(default_factory=dict)
    """By row, what is wrong with its image."""
    colours: np.ndarray = field(default_factory=lambda: np.empty((0, 3), np.float32))
    """(m, 3) mean red, green and blue of each image that can be read, in levels."""
    contrast: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    """(m,) standard deviation of each one's grey, in levels."""
    brightest: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    """(m,) the grey that 1 % of each one's pixels exceed, in levels: light strokes on black are no black
    image, a dead pixel is no stroke."""
    digests: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))
    """(m,) of each one's pixels."""
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    """(c,) the rows of the images that are compared."""
    thumbnails: np.ndarray = field(default_factory=lambda: np.empty((0, THUMBNAIL, THUMBNAIL, 3), np.uint8))
    """(c, 48, 48, 3) uint8 of these."""

    def __len__(self) -> int:
        return len(self.index.episodes)


def survey(
    path: Path, labels: tuple[str, ...] | None = None, camera: str | None = None,
    track: Callable[..., Iterable] = lambda items, *_: items,
) -> Survey:  # fmt: skip
    """Look at every image of a data set; labels where it has such.

    Raises:
        CrossgapError: it has no images, or something is wrong with its table.
    """
    if has_labels(path):
        index = index_of(path, labels, camera)
    else:
        cells, episodes = cells_in(path, camera)
        index = Index(cells, np.zeros((len(cells), 0), np.float32), (), np.array(episodes))
    images = track(read_each(index.cells, values=True), f"look at {path.name}", len(index.cells))
    return _look(Survey(path, index), images)


def survey_of(data: LabelledImages, path: Path) -> Survey:
    """The same of images that were read already, and are of one size; `path` says where from."""
    return _look(Survey(path, Index([], data.labels, data.label_names, data.episodes)), data.images)


def _look(found: Survey, images: Iterable[np.ndarray | CrossgapError]) -> Survey:
    """Fill in what images are like."""
    n = len(found)
    wanted = set(np.unique(np.linspace(0, n - 1, COMPARED).round().astype(int)).tolist())
    small = Preparation((THUMBNAIL, THUMBNAIL), "stretch")
    colours, contrast, brightest, digests, rows, thumbnails = [], [], [], [], [], []
    for row, image in enumerate(images):
        if isinstance(image, CrossgapError):
            found.damaged[row] = str(image)
            continue
        found.sizes[image.shape[:2]] += 1
        if image.dtype != np.uint8:
            found.deep += 1
            finite = image[np.isfinite(image)]
            low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
            image = mapped(image, low, max(high, low + 1e-9))
        digests.append(image_digests(image[None])[0])
        step = max(1, min(image.shape[:2]) // 64)  # a tenth of the time, and as good
        part = image[::step, ::step].astype(np.float32)
        colours.append(part.mean((0, 1)))
        contrast.append(part.mean(2).std())
        brightest.append(np.quantile(part.mean(2), 0.99))
        if row in wanted:
            rows.append(row)
            thumbnails.append(small.prepare(image))
    if colours:
        found.colours, found.contrast = np.stack(colours), np.array(contrast)
        found.brightest = np.array(brightest)
        found.digests = np.array(digests, np.uint64)
    if rows:
        found.rows, found.thumbnails = np.array(rows), np.stack(thumbnails)
    return found


def copies_within(one: Survey) -> int:
    """How many images are, pixel by pixel, some earlier image of the set."""
    return len(one.digests) - len(np.unique(one.digests))


def copies_between(one: Survey, other: Survey) -> int:
    """How many images of the second are, pixel by pixel, in the first."""
    return int(np.isin(other.digests, one.digests).sum())


def alike_in_other_episodes(one: Survey) -> int:
    """How many of the compared images look like one of another episode: a split by episodes would have the
    same picture on both sides."""
    if len(one.rows) < 2:
        return 0
    distance, nearest_row = nearest(one.thumbnails, one.thumbnails, np.arange(len(one.rows)))
    episodes = one.index.episodes[one.rows]
    return int(((distance < NEAR) & (episodes != episodes[nearest_row])).sum())


def alike_between(one: Survey, other: Survey) -> int:
    """How many of the compared images of the second look like one of the first's."""
    if not len(one.rows) or not len(other.rows):
        return 0
    distance, _ = nearest(other.thumbnails, one.thumbnails)
    return int((distance < NEAR).sum())
