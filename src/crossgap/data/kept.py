"""Large sets of images, kept at the size at which they are used, and mapped into memory: a file is read and
scaled once, and a set may be larger than the memory.

    <cache>/prepared/<key>/images.npy   (n, h, w, 3) uint8
    <cache>/prepared/<key>/about.json   its digest, what was decided while reading, what could not be read

The key is of the files, by their paths, sizes and times of change, and of how they are prepared; so a changed
file, another size or another region is another set. What was not used for a month is deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from crossgap.base.files import alone, cache_folder, read_json, remove, write_json, writing
from crossgap.base.progress import say
from crossgap.data.recording import Cell
from crossgap.data.sizes import Size
from crossgap.errors import CrossgapError

LEAST = 512 * 2**20
"""Bytes of a set's images from which on it is kept; smaller ones are read anew, into memory."""
IMAGES, ABOUT = "images.npy", "about.json"
SHAPE = {"images": int, "digest": str, "bad": {...: str}, "before": dict, "after": dict}
MONTH = 30 * 86_400.0
"""Seconds after which what was not used is deleted."""
BLOCK = 2**26
"""Bytes that are digested at a time."""


@runtime_checkable
class Keepable(Protocol):
    """A `Fit` whose images may be kept: it says what it does, and comes back to what it found out."""

    def shape(self, file: Path) -> Size | None:
        """Height and width of what it makes of a set whose first file is that one; None where only reading it
        shows."""
        ...

    def state(self) -> dict[str, Any]:
        """What it does to every image, and what it found out from those that it saw, as JSON."""
        ...

    def restore(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """As if it had seen the images between these two states."""
        ...


def is_large(cells: Sequence[Cell], fit: object) -> bool:
    """Whether a set's images, as they are used, are so many that they are kept."""
    if not isinstance(fit, Keepable) or not cells:
        return False
    size = fit.shape(cells[0][0])
    return size is not None and 3 * size[0] * size[1] * len(cells) >= LEAST


def kept_folder(cells: Sequence[Cell], fit: Keepable, skip_bad: bool) -> Path:
    """Where the images of a set are kept.

    Args:
        cells: where they are.
        fit: what becomes of each.
        skip_bad: whether those that cannot be read are left out.
    """
    found = hashlib.sha256(json.dumps([fit.state(), skip_bad], sort_keys=True).encode())
    known: dict[Path, str] = {}
    for place, frame in cells:
        if place not in known:
            known[place] = _file(place)
        found.update(f"{known[place]}#{frame}\n".encode())
    return cache_folder() / "prepared" / found.hexdigest()[:24]


def _file(place: Path) -> str:
    """A file by its path, size and time of change; of a place within one, the file's."""
    for path in (place, *place.parents):
        try:
            about = os.stat(path)
        except OSError:
            continue
        return f"{place.absolute()}:{about.st_size}:{about.st_mtime_ns}"
    return str(place)


def load(folder: Path, fit: Keepable | None) -> tuple[np.ndarray, dict[int, str]] | None:
    """The images (n, h, w, 3) uint8 that are kept there, mapped into memory, and by row what could not be
    read; None where there are none, or damaged ones. `fit` is told what it would have found out."""
    if not (folder / ABOUT).is_file():
        return None
    try:
        about = read_json(folder / ABOUT, "description of images", SHAPE)
        images = np.load(folder / IMAGES, mmap_mode="c", allow_pickle=False)  # changes stay in memory
        if images.ndim != 4 or images.dtype != np.uint8 or len(images) < about["images"]:
            raise ValueError(f"an array {images.shape} {images.dtype}")
        if digest_of_images(images := images[: about["images"]]) != about["digest"]:
            raise ValueError("another digest")
    except (CrossgapError, OSError, ValueError, EOFError) as error:
        say(f"{folder} is damaged ({error}): its images are read anew.")
        remove(folder)
        return None
    os.utime(folder / ABOUT)
    if fit is not None:
        fit.restore(about["before"], about["after"])
    return images, {int(row): text for row, text in about["bad"].items()}


def keep(folder: Path, images: Iterable[np.ndarray], count: int, fit: Keepable, bad: dict[int, str]) -> None:
    """Write images, one after the other, in one piece; nothing of them stays in memory.

    Args:
        folder: where, as of `kept_folder`.
        images: each (h, w, 3) uint8, all of one shape; they need not be as many as `count`.
        count: at most how many there are.
        fit: what they went through.
        bad: by row, what could not be read, once `images` is at its end.

    Raises:
        CrossgapError: the disk is full, or an image is wrong.
    """
    _sweep(folder.parent)
    before = fit.state()
    with writing(folder) as temporary:
        temporary.mkdir(parents=True)
        found, written = hashlib.blake2b(digest_size=16), 0
        with (temporary / IMAGES).open("wb") as file:
            for image in images:
                if not written:
                    shape = (count, *image.shape)
                    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(file, header)
                    start = file.tell()
                content = np.ascontiguousarray(image).data
                file.write(content)
                found.update(content)
                written += 1
            if written:
                file.truncate(start + int(np.prod(shape)))
        about = {"images": written, "digest": found.hexdigest(), "bad": bad}
        write_json(temporary / ABOUT, about | {"before": before, "after": fit.state()})


def digest_of_images(images: np.ndarray) -> str:
    """Of all pixels, (n, h, w, 3) uint8, block by block."""
    found = hashlib.blake2b(digest_size=16)
    step = max(1, BLOCK // max(1, images[:1].size))
    for start in range(0, len(images), step):
        found.update(np.ascontiguousarray(images[start : start + step]).data)
    return found.hexdigest()


def _sweep(folder: Path) -> None:
    """Delete what was not used for a month."""
    for about in folder.glob(f"*/{ABOUT}"):
        if time.time() - about.stat().st_mtime > MONTH:
            remove(about.parent)


def kept_images(
    cells: Sequence[Cell], fit: Keepable, skip_bad: bool, read: Iterator[np.ndarray], bad: dict[int, str],
    name: str,
) -> np.ndarray:  # fmt: skip
    """The images of a set, mapped from where they are kept; read first where they are not.

    Args:
        cells: where they are.
        fit: what becomes of each.
        skip_bad: whether those that cannot be read are left out.
        read: reads them, fitted; not asked for anything where they are kept.
        bad: what could not be read comes here, by row.
        name: of the set.

    Raises:
        CrossgapError: an image cannot be read, or the disk is full.
    """
    folder = kept_folder(cells, fit, skip_bad)
    with alone(folder):
        found = load(folder, fit)
        if found is None:
            keep(folder, read, len(cells), fit, bad)
            found = load(folder, None)
            assert found is not None, "what was just written is whole"
            say(f"{name}: kept in {folder}, {found[0].nbytes / 2**30:.1f} GiB, for the next time.")
        else:
            say(f"{name}: {len(found[0]):,} images as kept in {folder}.")
    bad.update(found[1])
    return found[0]
