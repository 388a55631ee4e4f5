"""Images as callers have them, as arrays for the networks: where it is certain what is meant.

Colours are red, green, blue, wherever nothing else is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image, ImageOps

from crossgap.data.image_file import NUMBERS, bits_per_channel
from crossgap.data.preparation import Preparation
from crossgap.data.prepared import say_outside
from crossgap.data.sizes import Size, as_size
from crossgap.errors import CrossgapError, check_known

Images = np.ndarray | torch.Tensor | Image.Image | Sequence[np.ndarray | torch.Tensor | Image.Image]
"""One image or several: see `as_images`."""
Order = Literal["rgb", "bgr"]
"""Of the channels of an array: red, green, blue; or the other way round, as OpenCV has them."""
GREY_OR_COLOUR = ("RGB", "L")
"""Pillow's modes that are an image of 8 bits per channel as it looks; others need a decision."""

CHANNELS = 4
"""The most that an image has: no image is so narrow."""


def as_images(
    given: Any, size: int | Size, channels: int = 3, preparation: Preparation | None = None,
    order: Order = "rgb",
) -> np.ndarray:  # fmt: skip
    """Images as (n, h, w, channels) uint8 from 0 to 255.

    Args:
        given: such an array or tensor, on any device, also with channels first; a single image
            (h, w, channels); a Pillow image, grey or RGB; or a list of single ones, in which an array may
            have its channels first, too.
        size: height and width in pixels; one number for both.
        channels: 3 times the cameras, where these are colour cameras.
        preparation: what becomes of images of another size, and, with a range, of 16-bit and depth images
            (H, W) and (n, H, W); by default there may be none.
        order: of the channels of arrays; a Pillow image says its own.

    Raises:
        CrossgapError: it is something else, or what it means is uncertain: numbers that are no bytes, grey or
            transparent images as arrays; or the preparation is not for it.
    """
    check_known("Order of channels", (order,), ("rgb", "bgr"))
    return _Form(as_size(size), channels, preparation, order).batch(given)


@dataclass(frozen=True)
class _Form:
    """What images should be; fields as of `as_images`."""

    size: Size
    channels: int
    preparation: Preparation | None
    order: Order

    def batch(self, given: Any) -> np.ndarray:
        """One image or several as (n, h, w, channels)."""
        if isinstance(given, np.ndarray) and given.dtype == object and given.ndim:
            given = list(given)
        if isinstance(given, (list, tuple)):
            images = [self._one(image, f"image {i} is ") for i, image in enumerate(given)]
            return np.stack(images) if images else np.empty((0, *self.size, self.channels), np.uint8)
        array = self._array(given, "")
        if array.dtype != np.uint8:
            return self._of_numbers(array, "")
        if array.ndim == 4 and self._is_image(array.shape[1:]):
            return self._prepared(array)
        if array.ndim == 4 and self._is_image((*array.shape[2:], array.shape[1])):
            return self._prepared(array.transpose(0, 2, 3, 1))
        if array.ndim == 3 and self._is_image(array.shape):
            return self._prepared(array[None])
        raise self._wrong(array, "")

    def _one(self, given: Any, which: str) -> np.ndarray:
        """A single image (h, w, channels)."""
        array = self._array(given, which)
        if array.dtype != np.uint8:
            images = self._of_numbers(array, which)
            if len(images) == 1 and array.ndim < 4:
                return images[0]
        elif array.ndim == 3 and self._is_image(array.shape):
            return self._prepared(array[None])[0]
        elif array.ndim == 3 and self._is_image((*array.shape[1:], array.shape[0])):
            return self._prepared(array.transpose(1, 2, 0)[None])[0]
        raise self._wrong(array, which)

    def _is_image(self, shape: tuple[int, ...]) -> bool:
        """Whether (H, W, channels) is that of an image, of the network's size or of a camera."""
        sized = shape[:2] == self.size or (self.preparation is not None and min(shape[:2]) > self.channels)
        return sized and shape[2] == self.channels

    def _prepared(self, images: np.ndarray) -> np.ndarray:
        """(n, H, W, channels) of either order to (n, h, w, channels), red first."""
        if self.order == "bgr":
            turned = images.reshape(*images.shape[:3], -1, 3)[..., ::-1]
            images = np.ascontiguousarray(turned).reshape(images.shape)
        if images.shape[1:3] == self.size:
            return images
        assert self.preparation is not None
        seen = [self.preparation.prepare(image) for image in images]
        return np.stack(seen) if seen else np.empty((0, *self.size, self.channels), np.uint8)

    def _of_numbers(self, array: np.ndarray, which: str) -> np.ndarray:
        """(H, W), (H, W, 1) or several of them, of 16 bits or depth, to (n, h, w, 3)."""
        assert self.preparation is not None
        if array.ndim > 2 and 1 < array.shape[-1] <= CHANNELS:  # else H images of W × 3 pixels
            raise CrossgapError(
                f"{self._expected()} {which}{array.shape} {array.dtype}. Images of 16 bits and of depth have "
                "one channel, (H, W) or (n, H, W): images[..., 0], if all channels are the same."
            )
        array = array[..., 0] if array.ndim > 2 and array.shape[-1] == 1 else array
        several = array[None] if array.ndim == 2 else array
        if several.ndim != 3:
            raise self._wrong(array, which)
        for image in several:
            say_outside(self.preparation, image)
        seen = [self.preparation.prepare(image) for image in several]
        return np.stack(seen) if seen else np.empty((0, *self.size, self.channels), np.uint8)

    def _array(self, given: Any, which: str) -> np.ndarray:
        """What is given, of any shape, as uint8; or as numbers where a range is for them."""
        numbers = self.preparation is not None and self.preparation.value_range is not None
        if isinstance(given, Image.Image):
            if numbers and given.mode in NUMBERS:
                return np.array(ImageOps.exif_transpose(given))
            return self._of_pillow(given, which)
        if isinstance(given, torch.Tensor):
            given = given.detach().cpu()
            given = (given.float() if given.dtype == torch.bfloat16 else given).numpy()
        try:
            array = np.asarray(given)
        except (ValueError, TypeError):  # lists of unequal length
            array = np.empty((), object)
        if array.dtype != np.uint8 and not (numbers and array.dtype.kind in "iuf"):
            kind = type(given).__name__ if array.dtype.kind not in "buif" else ""
            raise self._wrong(array, which, kind)
        return array

    def _of_pillow(self, image: Image.Image, which: str) -> np.ndarray:
        if image.mode not in GREY_OR_COLOUR:
            raise CrossgapError(
                f"{self._expected()} {which}a Pillow image of mode {image.mode}. Make it an opaque "
                "one of 8 bits per channel: image.convert('RGB')."
            )
        if (bits := bits_per_channel(image)) > 8:
            raise CrossgapError(
                f"{self._expected()} {which}a Pillow image of {bits} bits per channel, of which it keeps the "
                "upper half. Scale its values to 0 to 255 before it is saved."
            )
        found = np.array(ImageOps.exif_transpose(image).convert("RGB"))
        return found if self.order == "rgb" else found[..., ::-1]  # turned back with the arrays

    def _expected(self) -> str:
        h, w = self.size
        camera = "" if self.preparation is None else ", or of the camera (n, H, W, 3)"
        return f"Expected images (n, {h}, {w}, {self.channels}) uint8{camera}; got"

    def _wrong(self, array: np.ndarray, which: str, kind: str = "") -> CrossgapError:
        """What is expected, what was found, and how the one becomes the other."""
        shape: tuple[int, ...] = array.shape
        found, colour = kind or f"{shape} {array.dtype}", self.channels == 3
        if kind:
            hint = "Open a file with PIL.Image.open." if kind == "str" or kind.endswith("Path") else ""
        elif array.dtype.kind == "f" and array.size:
            low, high = array.min(), array.max()
            found += f" from {low:.3g} to {high:.3g}"
            signed, span = -1 <= low < 0, "1" if high <= 1 else "255"
            scaled = "(127.5 * (images + 1))" if signed else "(255 * images)" if high <= 1 else "images"
            hint = f"If they are from {'-1' if signed else '0'} to {span}: {scaled}.round(), as uint8."
        elif array.dtype != np.uint8:
            wide = array.dtype.itemsize > 1 and array.size and array.max() > 255
            hint = "If 65535 is white: (images / 257).round(), as uint8." if wide else "Convert to uint8."
        elif colour and len(shape) == 3 and shape[0] == 3 and self._is_image((*shape[1:], 3)):
            hint = "One image with channels first is images[None]; grey ones images[..., None].repeat(3, -1)."
        elif colour and len(shape) > 1 and self._is_image((*shape[-2:], 3)):
            hint = "Grey images have three equal channels: images[..., None].repeat(3, -1)."
        elif colour and shape[-1:] == (4,):
            hint = "Opaque images lose nothing without their alpha channel: images[..., :3]."
        elif shape[-1:] == (self.channels,) and len(shape) in (3, 4):
            hint = "Crop and resize them as the training images were."
        else:
            hint = ""
        return CrossgapError(f"{self._expected()} {which}{found}. {hint}".rstrip())
