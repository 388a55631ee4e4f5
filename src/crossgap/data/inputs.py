"""Images as callers have them, as arrays for the networks: where it is certain what is meant."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from crossgap.errors import CrossgapError

Images = np.ndarray | torch.Tensor | Image.Image | Sequence[np.ndarray | torch.Tensor | Image.Image]
"""One image or several: see `as_images`."""
GREY_OR_COLOUR = ("RGB", "L")
"""Pillow's modes that are an image of 8 bits per channel as it looks; others need a decision."""


def as_images(given: Any, size: int, channels: int = 3) -> np.ndarray:
    """Images as (n, size, size, channels) uint8 from 0 to 255.

    Args:
        given: such an array or tensor, on any device, also with channels first; a single image
            (size, size, channels); a Pillow image, grey or RGB; or a list of single ones, in which an array
            may have its channels first, too. Colours are red, green, blue.
        size: width and height in pixels.
        channels: 3 times the cameras, where these are colour cameras.

    Raises:
        CrossgapError: it is something else, or what it means is uncertain: numbers that are no bytes, grey or
            transparent images as arrays.
    """
    if isinstance(given, np.ndarray) and given.dtype == object and given.ndim:
        given = list(given)
    if isinstance(given, (list, tuple)):
        images = [_one(image, size, channels, f"image {i} is ") for i, image in enumerate(given)]
        return np.stack(images) if images else np.empty((0, size, size, channels), np.uint8)
    array = _bytes(given, size, channels, "")
    single, first = (size, size, channels), (channels, size, size)
    if array.shape == single:
        return array[None]
    if array.ndim == 4 and array.shape[1:] == single:
        return array
    if array.ndim == 4 and array.shape[1:] == first:
        return array.transpose(0, 2, 3, 1)
    raise _wrong(array, size, channels, "")


def _one(given: Any, size: int, channels: int, which: str) -> np.ndarray:
    """A single image (size, size, channels)."""
    array = _bytes(given, size, channels, which)
    if array.shape == (size, size, channels):
        return array
    if array.shape == (channels, size, size):
        return array.transpose(1, 2, 0)
    raise _wrong(array, size, channels, which)


def _bytes(given: Any, size: int, channels: int, which: str) -> np.ndarray:
    """What is given, of any shape, as uint8."""
    if isinstance(given, Image.Image):
        if given.mode not in GREY_OR_COLOUR:
            raise CrossgapError(
                f"{_expected(size, channels)} {which}a Pillow image of mode {given.mode}. Make it an opaque "
                "one of 8 bits per channel: image.convert('RGB')."
            )
        return np.array(ImageOps.exif_transpose(given).convert("RGB"))
    if isinstance(given, torch.Tensor):
        given = given.detach().cpu()
        given = (given.float() if given.dtype == torch.bfloat16 else given).numpy()
    try:
        array = np.asarray(given)
    except (ValueError, TypeError):  # lists of unequal length
        array = np.empty((), object)
    if array.dtype != np.uint8:
        kind = type(given).__name__ if array.dtype.kind not in "buif" else ""
        raise _wrong(array, size, channels, which, kind)
    return array


def _expected(size: int, channels: int) -> str:
    return f"Expected images (n, {size}, {size}, {channels}) uint8; got"


def _wrong(array: np.ndarray, size: int, channels: int, which: str, kind: str = "") -> CrossgapError:
    """What is expected, what was found, and how the one becomes the other."""
    found, shape = kind or f"{array.shape} {array.dtype}", array.shape
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
        hint = "If 65535 is white: (images / 257).round(), as uint8." if wide else "Convert them to uint8."
    elif channels == 3 and shape == (3, size, size):
        hint = "One image with channels first is images[None]; grey ones are images[..., None].repeat(3, -1)."
    elif channels == 3 and shape[-2:] == (size, size):
        hint = "Grey images have three equal channels: images[..., None].repeat(3, -1)."
    elif channels == 3 and shape[-1:] == (4,):
        hint = "Opaque images lose nothing without their alpha channel: images[..., :3]."
    elif len(shape) in (3, 4) and shape[-1] == channels:
        hint = "Crop and resize them as the training images were."
    else:
        hint = ""
    return CrossgapError(f"{_expected(size, channels)} {which}{found}. {hint}".rstrip())
