"""What becomes of a camera's image before a network sees it: cut out, scaled, and its values mapped to bytes.

It is decided once for a set of images, kept with the model, and done again wherever the model is given an
image of the camera.

    camera (480, 640) ──roi──▶ (h, w) ──fit──▶ size
                                        crop     scaled until it covers the size, and its middle
                                        pad      scaled until it fits in, and black beside it
                                        stretch  each side by itself
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from PIL import Image

from crossgap.base.records import mismatch
from crossgap.data.sizes import Size, as_size, shown, written
from crossgap.errors import CrossgapError

Fit = Literal["crop", "pad", "stretch"]
"""How an image of one shape becomes one of another: its middle, all of it with black bars, or distorted."""
SHAPE = {
    "size": (range(1, 10_000), [range(1, 10_000)]), "fit": str, "roi": ([range(100_000)], None),
    "camera": ([range(1, 100_000)], None), "value_range": ([float], None),
}  # fmt: skip
"""Of its JSON."""


class Placement(NamedTuple):
    """Where an image comes to lie in what the network sees."""

    scaled: Size
    """Its height and width once it is scaled."""
    top: int
    """The row of its first one: negative where rows are cut off, positive below a black bar."""
    left: int
    """The same of columns."""


@dataclass(frozen=True)
class Preparation:
    """How the images of one set become those of a network."""

    size: Size
    """Height and width in pixels of what the network sees."""
    fit: Fit = "crop"
    """How another shape becomes that one."""
    roi: tuple[int, int, int, int] | None = None
    """(x, y, width, height) in the camera's pixels of what is used of its image; None for all of it."""
    camera: Size | None = None
    """Height and width of the camera's images, where `roi` is of such."""
    value_range: tuple[float, float] | None = None
    """Which values of 16-bit and depth images become black and white; None of images of bytes."""

    def __post_init__(self) -> None:
        if self.fit not in get_args(Fit):
            raise CrossgapError(f"There is no fit '{self.fit}'. Available: {', '.join(get_args(Fit))}.")
        if self.roi is not None and (min(self.roi[:2]) < 0 or min(self.roi[2:]) < 1):
            raise CrossgapError(
                f"A region of interest is x, y, width and height in pixels of the camera; got {self.roi}."
            )
        if self.value_range is not None:
            low, high = self.value_range
            if not (isfinite(low) and isfinite(high) and low < high):
                raise CrossgapError(
                    f"A range is the value that becomes black and a higher one that becomes white; got "
                    f"{low:g}, {high:g}."
                )
        if self.roi is not None and self.camera is not None:
            x, y, width, height = self.roi
            if y + height > self.camera[0] or x + width > self.camera[1]:
                raise CrossgapError(
                    f"The region {x},{y},{width},{height} ends at {x + width},{y + height}, outside of "
                    f"images of {shown(self.camera)} pixels. Expected x,y,width,height inside."
                )

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """An image of the camera as the network takes it, (h, w, 3) uint8.

        What is of the network's own size already, and of bytes, stays as it is.

        Args:
            image: (H, W, 3) uint8; with a `value_range` (H, W) of any numbers, of which those outside become
                black or white, and those that are no number black (`outside` counts them).

        Raises:
            CrossgapError: it is of another camera than `roi` is for, or of bytes where a range maps others,
                or the other way round.
        """
        if image.dtype == np.uint8 and image.shape[:2] == self.size:
            return image
        image = self._of_bytes(self._region(image))
        place = self.placed(*image.shape[:2])
        return _put(_scaled(image, place.scaled), place, self.size)

    def placed(self, height: int, width: int) -> Placement:
        """Where an image of that size, or the region of one, comes to lie."""
        if self.fit == "stretch":
            return Placement(self.size, 0, 0)
        (h, w), scales = self.size, (self.size[0] / height, self.size[1] / width)
        if self.fit == "crop":  # at least the size, whatever is rounded
            scale = max(scales)
            large = max(h, round(height * scale)), max(w, round(width * scale))
            return Placement(large, -((large[0] - h) // 2), -((large[1] - w) // 2))
        scale = min(scales)
        small = min(h, max(1, round(height * scale))), min(w, max(1, round(width * scale)))
        return Placement(small, (h - small[0]) // 2, (w - small[1]) // 2)

    def outside(self, image: np.ndarray) -> int:
        """How many pixels of what is used of an image are outside of the range, or no number."""
        if self.value_range is None or image.dtype == np.uint8:
            return 0
        low, high = self.value_range
        used = self._region(image)
        return int(used.size - ((used >= low) & (used <= high)).sum())

    def _region(self, image: np.ndarray) -> np.ndarray:
        """What is used of an image; of one of the network's own size, which was cut out already, all."""
        found = image.shape[:2]
        if self.roi is None or found == self.size:
            return image
        x, y, width, height = self.roi
        if found != (self.camera or found) or y + height > found[0] or x + width > found[1]:
            wanted = "" if self.camera is None else f", for images of {shown(self.camera)} pixels"
            raise CrossgapError(
                f"An image of {shown(found)} pixels does not fit the region of interest {x},{y},{width},"
                f"{height}{wanted}. Expected the camera's own images, or such of {shown(self.size)} pixels, "
                "cut out and scaled already."
            )
        return image[y : y + height, x : x + width]

    def _of_bytes(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 of what is that, or of other values by the range."""
        if (image.dtype == np.uint8) != (self.value_range is None):
            if self.value_range is None:
                raise CrossgapError(
                    f"An image of {image.dtype} values. Expected 8 bits per channel, or a range: which value "
                    "is black and which is white."
                )
            low, high = self.value_range
            raise CrossgapError(
                f"An image of bytes. Expected 16 bits or numbers of depth, from {low:g} to {high:g}: the "
                "range is for these."
            )
        return image if self.value_range is None else mapped(image, *self.value_range)

    def to_json(self) -> dict[str, Any]:
        """As `of_json` reads it; what is not decided is left out."""
        found: dict[str, Any] = {"size": written(self.size), "fit": self.fit}
        if self.roi is not None:
            found["roi"] = list(self.roi)
        if self.camera is not None:
            found["camera"] = list(self.camera)
        if self.value_range is not None:
            found["value_range"] = list(self.value_range)
        return found

    @staticmethod
    def of_json(fields: Any) -> Preparation:
        """Back from `to_json`.

        Raises:
            CrossgapError: a field is missing, or none that can be; the message says which.
        """
        whole: dict[str, Any] = {"roi": None, "camera": None, "value_range": None}
        whole |= fields if isinstance(fields, dict) else {}
        if problem := mismatch(whole, SHAPE):
            raise CrossgapError(problem)
        lengths = {"size": 2, "roi": 4, "camera": 2, "value_range": 2}
        for name, length in lengths.items():
            if isinstance(whole[name], list) and len(whole[name]) != length:
                raise CrossgapError(f"'{name}' has {len(whole[name])} numbers, expected {length}")
        roi, camera, low_high = (
            None if whole[key] is None else tuple(whole[key]) for key in ("roi", "camera", "value_range")
        )
        return Preparation(as_size(whole["size"]), whole["fit"], roi, camera, low_high)


def mapped(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values (H, W) as grey (H, W, 3) uint8: `low` is 0, `high` 255, linear between; what is no number, 0."""
    level = 255 * (values.astype(np.float64) - low) / (high - low)
    grey = np.nan_to_num(level, nan=0, posinf=255, neginf=0).clip(0, 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, -1)


def _scaled(image: np.ndarray, size: Size) -> np.ndarray:
    """(H, W, 3) uint8 scaled with Lanczos."""
    if image.shape[:2] == size:
        return image
    resized = Image.fromarray(np.ascontiguousarray(image)).resize(
        (size[1], size[0]), Image.Resampling.LANCZOS
    )
    return np.asarray(resized)


def _put(image: np.ndarray, place: Placement, size: Size) -> np.ndarray:
    """What the network sees of a scaled image, black where there is none."""
    if image.shape[:2] == size:
        return image
    top, left = max(0, -place.top), max(0, -place.left)
    seen = image[top : top + size[0], left : left + size[1]]
    if seen.shape[:2] == size:
        return seen
    canvas = np.zeros((*size, 3), np.uint8)
    down, right = max(0, place.top), max(0, place.left)
    canvas[down : down + seen.shape[0], right : right + seen.shape[1]] = seen
    return canvas
