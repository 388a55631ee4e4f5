"""One image file: read as a viewer shows it, refused where it holds what cannot be read; and written."""

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile

from crossgap.errors import CrossgapError

MAX_PIXELS = 250_000_000
"""Of one file, such as a strip: 0.75 GB, while it is read three times that. Larger ones are refused."""
PNG = b"\x89PNG\r\n\x1a\n"
FORMATS = {
    PNG: PngImageFile, b"\xff\xd8\xff": JpegImageFile, b"BM": BmpImageFile, b"II*\0": TiffImageFile,
    b"MM\0*": TiffImageFile,
}  # fmt: skip
"""How a file of each format begins, and what opens it. `Image.open` also opens others, of which some lose
bits on the way to RGB, and refuses long strips."""
EIGHT_BIT = ("RGB", "RGBA", "L", "LA", "P", "PA", "1")
"""Pillow's modes that become RGB as they look; inks (CMYK) do not, 16 bits lose their lower half."""
NUMBERS = ("I;16", "I;16L", "I;16B", "I", "F")
"""Pillow's modes of grey with more than 8 bits, or of depth."""
ON_ITS_SIDE = (5, 6, 7, 8)
"""EXIF's orientations of images that are stored with their height as their width."""
REMEDY = "Say which value is black and which is white, LOW,HIGH: --source-range or --target-range."
"""Of an image that has more than 8 bits, where no range maps them."""
LOOKED_AT, LISTED = 500, 3
"""How many files after one that cannot be read are looked at, too; of how many names an error has."""
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error,
)  # fmt: skip
"""What Pillow raises at one damage or another."""


def read_image(path: Path) -> np.ndarray:
    """One image file, upright, as (H, W, 3) uint8, red, green, blue.

    Raises:
        CrossgapError: it is damaged, truncated or not an image, or it holds what RGB of 8 bits cannot: more
            bits, transparent pixels, an animation.
    """
    image = read_values(path)
    if image.dtype != np.uint8:
        raise more_than_bytes(path, image)
    return image


def more_than_bytes(path: Path | str, image: np.ndarray) -> CrossgapError:
    """What is wrong with values that no range maps: the lower half of 16 bits would be lost, unnoticed."""
    finite = image[np.isfinite(image)]
    values = f", from {finite.min():g} to {finite.max():g}" if len(finite) else ""
    kind = "16 bits per channel" if image.dtype == np.uint16 else f"{image.dtype} numbers"
    return CrossgapError(f"{path}: {kind}{values}. Expected 8 bits per channel. {REMEDY}")


def read_values(path: Path) -> np.ndarray:
    """One image file, upright, as what it is: (H, W, 3) uint8, red, green, blue; or of grey with more than 8
    bits and of depth its numbers, (H, W) uint16, int32 or float32.

    Raises:
        CrossgapError: as `read_image`, but for grey of more bits.
    """
    try:
        with path.open("rb") as file:
            return values_of(file, path)
    except OSError as error:
        raise _damaged(path, error) from error


def values_of(file: IO[bytes], path: Path | str) -> np.ndarray:
    """The same of an image that lies within another file; `path` is what errors call it."""
    try:
        image = _open(path, file)
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            image = ImageOps.exif_transpose(image)
        if image.mode in NUMBERS:
            numbers = np.asarray(image)
            return numbers.astype(numbers.dtype.newbyteorder("="))
        if image.has_transparency_data:
            image = _opaque(path, image)
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    except DAMAGE as error:
        raise _damaged(path, error) from error


def _damaged(path: Path | str, error: Exception) -> CrossgapError:
    return CrossgapError(
        f"{path}: damaged or truncated image ({error}). Expected a whole PNG, JPEG, BMP or TIFF."
    )


def read_images(files: Iterable[Path], values: bool = False) -> Iterator[np.ndarray]:
    """`read_image` of each file, or `read_values`.

    Raises:
        CrossgapError: one or several cannot be read: the first one's message, and the names of some others.
    """
    files, read = iter(files), read_values if values else read_image
    for file in files:
        try:
            yield read(file)
        except CrossgapError as error:
            wrong = [other for other in islice(files, LOOKED_AT) if not _is_whole(other, read)]
            raise CrossgapError(f"{error}{_named(wrong)}") from error


def _is_whole(file: Path, read: Callable[[Path], np.ndarray]) -> bool:
    with suppress(CrossgapError):
        read(file)
        return True
    return False


def _named(files: list[Path]) -> str:
    """A sentence on further files that are wrong; nothing of none."""
    more = f" and {len(files) - LISTED:,} more" if len(files) > LISTED else ""
    names = ", ".join(str(file) for file in files[:LISTED])
    return f" Nor can these be read: {names}{more}." if files else ""


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height once it is upright, as `read_image` has it, without reading the pixels; None of what
    cannot be opened."""
    try:
        with path.open("rb") as file:
            image = _open(path, file)
            width, height = image.size
            # that of a PNG's own class reads the pixels; a TIFF's size is that of the upright image already
            turn = Image.Image.getexif(image).get(ExifTags.Base.Orientation)
            turned = turn in ON_ITS_SIDE and not isinstance(image, TiffImageFile)
            return (height, width) if turned else (width, height)
    except (CrossgapError, *DAMAGE):
        return None


def _open(path: Path | str, file: IO[bytes]) -> ImageFile:
    """What the file's beginning says, checked; its pixels are not read yet."""
    head = file.read(32)
    file.seek(0)
    opener = next((opener for start, opener in FORMATS.items() if head.startswith(start)), None)
    if opener is None:
        raise ValueError("its beginning is that of none of these" if head else "it is empty")
    image = opener(file)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise CrossgapError(
            f"{path}: {width}×{height} pixels. Expected at most {MAX_PIXELS:,} in a file; split a long strip."
        )
    if image.mode not in (*EIGHT_BIT, *NUMBERS):
        raise CrossgapError(f"{path}: pixels of mode {image.mode}. Expected 8 bits per channel, RGB or grey.")
    if head.startswith(PNG) and head[12:16] != b"IHDR":
        raise ValueError("a PNG without its header")
    if (bits := bits_per_channel(image)) > 8 and image.mode not in NUMBERS:
        raise CrossgapError(
            f"{path}: {bits} bits per channel. Expected 8 bits per channel, or grey: scale the values to "
            "0 to 255."
        )
    if isinstance(image, PngImageFile | TiffImageFile) and image.is_animated:
        raise CrossgapError(
            f"{path}: an animation of {image.n_frames} frames. Expected one image; write its frames as files "
            "of their own, or one below the other as a strip."
        )
    return image


def bits_per_channel(image: Image.Image) -> int:
    """Of an image as its file has it, where Pillow still knows: its mode is RGB also of 16 bits in colour, of
    which it keeps the upper half. 8 of others, and of a PNG once its pixels were read."""
    if isinstance(image, TiffImageFile):
        return max(image.tag_v2.get(BITSPERSAMPLE, (1,)))
    if isinstance(image, PngImageFile) and image.tile:
        return 16 if ";16" in str(image.tile[0].args) else 8
    return 8


def _opaque(path: Path | str, image: Image.Image) -> Image.Image:
    """Without an alpha channel that hides nothing. Under transparent pixels there may be any colour: none
    that a viewer, or a camera, would show."""
    image = image.convert("RGBA")
    least, _ = image.getchannel("A").getextrema()
    if least < 255:  # type: ignore[operator]
        raise CrossgapError(
            f"{path}: transparent pixels. Expected an opaque image: put it on the background that it is "
            "meant to have, and save it without an alpha channel."
        )
    return image


WRITTEN: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 1, "compress_type": 3}), ".bmp": ("BMP", {}),
    **dict.fromkeys((".tif", ".tiff"), ("TIFF", {})),
    **dict.fromkeys((".jpg", ".jpeg"), ("JPEG", {"quality": 95, "subsampling": 0})),
}  # fmt: skip
"""By ending, Pillow's name of a format and how it is written: PNG with zlib's fastest useful settings, JPEG
in quality 95 with all of its colours."""


def save_image(image: np.ndarray, path: Path, ending: str = "") -> None:
    """Write (H, W, 3) uint8 in the format of the path's ending, and read the file back.

    Args:
        image: what to write.
        path: the file.
        ending: such as `.png`, of a path whose own is none, as a temporary's.

    Raises:
        OSError: the disk is full, or the file does not hold what was written.
    """
    kind, settings = WRITTEN[(ending or path.suffix).lower()]
    encoded = io.BytesIO()  # Pillow, writing to a file itself, does not notice a disk that fills up
    Image.fromarray(image).save(encoded, kind, **settings)
    path.write_bytes(encoded.getbuffer())
    if path.read_bytes() != encoded.getbuffer():
        raise OSError(f"{path} reads back differently from what was written")
