"""The images of one set, file by file: prepared as was decided for it, or as they are, where that will do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.progress import say
from crossgap.data.cells import strip_hint
from crossgap.data.image_file import image_size, more_than_bytes
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import SMALLEST, Size, misfit, said, shown
from crossgap.errors import CrossgapError

LARGE = 256 * 256
"""Pixels of an image that is no square, above which nobody means to train on all of them unasked."""
SIDES = 64, 72, 80, 88, 96
"""Shorter sides among which one is suggested."""


class Prepared:
    """A set's `Fit`: prepares each image, and counts what falls outside of its range.

    Args:
        preparation: what was decided; with a region and no camera yet, the first image says its size.
        name: of the set, as its options begin: `target`.
    """

    def __init__(self, preparation: Preparation, name: str):
        self.preparation, self.name = preparation, name
        self._first = True
        self._outside = self._pixels = 0

    def __call__(self, image: np.ndarray, file: Path) -> np.ndarray:
        """An image as `read_values` has it, and its file, to (h, w, 3) uint8.

        Raises:
            CrossgapError: it is of another camera than the set's first one, or of bytes where a range maps
                others, or the other way round.
        """
        about = self.preparation
        if image.dtype != np.uint8 and about.value_range is None:
            raise more_than_bytes(file, image)
        if image.dtype == np.uint8 and about.value_range is not None:
            raise CrossgapError(
                f"{file}: 8 bits per channel. --{self.name}-range is for images of 16 bits and of depth: "
                "leave it out."
            )
        if self._first:
            self._first = False
            self._look(image, file)
        if about.roi is not None and image.shape[:2] != (camera := self.preparation.camera):
            assert camera is not None
            raise CrossgapError(
                f"{file}: {shown(image.shape[:2])} pixels, but --{self.name}-roi is for images of "
                f"{shown(camera)}, as the first one is. Expected one camera in a set."
            )
        if about.value_range is not None:
            self._outside += self.preparation.outside(image)
            self._pixels += image.size
        return self.preparation.prepare(image)

    def _look(self, image: np.ndarray, file: Path) -> None:
        """What the first image says of all: the camera's size; a word where --size may be the wrong way."""
        found: Size = image.shape[:2]
        about = self.preparation
        if about.roi is not None and about.camera is None:
            if found == about.size:
                raise CrossgapError(
                    f"{file}: {shown(found)} pixels, which is --size already: what has that size is taken "
                    f"for cut out. Expected another --size with --{self.name}-roi."
                )
            try:
                self.preparation = replace(about, camera=found)
            except CrossgapError as error:
                raise CrossgapError(f"--{self.name}-roi: {error}") from None
        h, w = found if about.roi is None else (about.roi[3], about.roi[2])
        if (h - w) * (about.size[0] - about.size[1]) < 0:
            turned = said((about.size[1], about.size[0]))
            say(
                f"--size {said(about.size)} is {about.size[0]} pixels high and {about.size[1]} wide; what is "
                f"used of {file.name} is {w} wide and {h} high: --size {turned}?"
            )

    def shape(self, file: Path) -> Size | None:
        """Height and width of what becomes of every image."""
        return self.preparation.size

    def state(self) -> dict[str, Any]:
        """As of `kept.Keepable`."""
        return self.preparation.to_json() | {"outside": self._outside, "pixels": self._pixels}

    def restore(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """As of `kept.Keepable`."""
        self._first = False
        self._outside += after["outside"] - before["outside"]
        self._pixels += after["pixels"] - before["pixels"]
        self.preparation = Preparation.of_json(
            {k: v for k, v in after.items() if k not in ("outside", "pixels")}
        )

    def report(self) -> None:
        """Say how much of the set fell outside of its range; nothing where nothing did."""
        if self._outside and self.preparation.value_range is not None:
            low, high = self.preparation.value_range
            say(
                f"--{self.name}-range {low:g},{high:g}: {self._outside:,} of {self._pixels:,} pixels "
                f"({self._outside / self._pixels:.1%}) are outside, or no number: they become black or white."
            )


_SAID: set[Preparation] = set()
"""Of which it was said that images have values outside of their range."""


def say_outside(preparation: Preparation, image: np.ndarray, name: str | Path = "An image") -> None:
    """Say, once for a preparation, how much of an image that a model is given is outside of its range."""
    if preparation not in _SAID and (count := preparation.outside(image)):
        _SAID.add(preparation)
        low, high = preparation.value_range or (0, 0)
        say(
            f"{name}: {count:,} of {image.size:,} pixels are outside of the range from {low:g} to {high:g}, "
            "or no number: they become black or white. Of others this is not said again."
        )


class AsTheyAre:
    """The `Fit` of a set without `--size`: images stay as they are, where the networks can take them."""

    def __init__(self) -> None:
        self._first: tuple[Path, Size] | None = None

    def __call__(self, image: np.ndarray, file: Path) -> np.ndarray:
        """An image as `read_values` has it, and its file, to the same.

        Raises:
            CrossgapError: it is of more than 8 bits, of another size than the first, or of a size that
                networks do not take, or should not unasked; the message says what to type.
        """
        if image.dtype != np.uint8:
            raise more_than_bytes(file, image)
        found: Size = image.shape[:2]
        first, size = self._first = self._first or (file, found)
        hint = strip_hint(*found) or strip_hint(*size)
        if found != size:
            raise CrossgapError(
                f"{file}: {shown(found)} pixels, but {first.name} has {shown(size)}. Expected one size."
                + (hint or f" {remedy(size)}")
            )
        if file == first and (problem := misfit(size)):
            raise CrossgapError(f"{file}: {problem}" + (hint or f" {remedy(size)}"))
        if size[0] != size[1] and size[0] * size[1] > LARGE:
            raise CrossgapError(
                f"{file}: {shown(size)} pixels, and no --size. Networks for all of them would be slow."
                + (hint or f" {remedy(size)} --size {said(size)} is for images as they are.")
            )
        return image

    def shape(self, file: Path) -> Size | None:
        """Height and width of the set's first image."""
        found = image_size(file)
        return (found[1], found[0]) if found else None

    def state(self) -> dict[str, Any]:
        """As of `kept.Keepable`."""
        return {"as": "they are"}

    def restore(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """As of `kept.Keepable`."""


def remedy(size: Size) -> str:
    """What to type for images of a size, a sentence."""
    if max(size) < 2 * SMALLEST:
        return "--size 64 scales each."
    side = min(SIDES, key=lambda side: abs(_other(side, size) - side * max(size) / min(size)))
    other = _other(side, size)
    whole = (other, side) if size[0] > size[1] else (side, other)
    all_of_it = "" if size[0] == size[1] else f"; --size {said(whole)} takes all of it"
    return f"--size 64 scales each to a shorter side of 64 pixels and crops the middle{all_of_it}."


def _other(side: int, size: Size) -> int:
    """The longer side, of a shorter one, to a multiple of 4."""
    return 4 * round(side * max(size) / min(size) / 4)
