"""One image file: read as a viewer shows it, refused where it holds what cannot be read; and written."""

import io
import struct
from collections.abc import Iterable, Iterator
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

from crossgap.errors import CrossgapError

MAX_PIXELS = 250_000_000
"""Of one file, such as a strip: 0.75 GB, while it is read three times that. Larger ones are refused."""
PNG = b"\x89PNG\r\n\x1a\n"
FORMATS = {PNG: PngImageFile, b"\xff\xd8\xff": JpegImageFile, b"BM": BmpImageFile}
"""How a file of each format begins, and what opens it. `Image.open` also opens others, of which some lose
bits on the way to RGB, and refuses long strips."""
EIGHT_BIT = ("RGB", "RGBA", "L", "LA", "P", "PA", "1")
"""Pillow's modes that become RGB as they look; inks (CMYK) do not, 16 bits lose their lower half."""
LOOKED_AT, LISTED = 500, 3
"""How many files after one that cannot be read are looked at, too; of how many names an error has."""
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, struct.error,
)  # fmt: skip
"""What Pillow raises at one damage or another."""


def read_image(path: Path) -> np.ndarray:
    """One image file, upright, as (H, W, 3) uint8.

    Raises:
        CrossgapError: it is damaged, truncated or not an image, or it holds what RGB of 8 bits cannot: more
            bits, transparent pixels, an animation.
    """
    try:
        with path.open("rb") as file:
            image = _open(path, file)
            if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
                image = ImageOps.exif_transpose(image)
            if image.has_transparency_data:
                image = _opaque(path, image)
            return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    except DAMAGE as error:
        raise CrossgapError(
            f"{path}: damaged or truncated image ({error}). Expected a whole PNG, JPEG or BMP."
        ) from error


def read_images(files: Iterable[Path]) -> Iterator[np.ndarray]:
    """`read_image` of each file.

    Raises:
        CrossgapError: one or several cannot be read: the first one's message, and the names of some others.
    """
    files = iter(files)
    for file in files:
        try:
            yield read_image(file)
        except CrossgapError as error:
            wrong = [other for other in islice(files, LOOKED_AT) if not _is_whole(other)]
            raise CrossgapError(f"{error}{_named(wrong)}") from error


def _is_whole(file: Path) -> bool:
    with suppress(CrossgapError):
        read_image(file)
        return True
    return False


def _named(files: list[Path]) -> str:
    """A sentence on further files that are wrong; nothing of none."""
    more = f" and {len(files) - LISTED:,} more" if len(files) > LISTED else ""
    names = ", ".join(str(file) for file in files[:LISTED])
    return f" Nor can these be read: {names}{more}." if files else ""


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height as stored, without reading the pixels; None of what cannot be opened."""
    try:
        with path.open("rb") as file:
            return _open(path, file).size
    except (CrossgapError, *DAMAGE):
        return None


def _open(path: Path, file: IO[bytes]) -> ImageFile:
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
    if image.mode not in EIGHT_BIT:
        raise CrossgapError(f"{path}: pixels of mode {image.mode}. Expected 8 bits per channel, RGB or grey.")
    if head.startswith(PNG) and head[12:16] != b"IHDR":
        raise ValueError("a PNG without its header")
    if head.startswith(PNG) and head[24] > 8:
        raise CrossgapError(  # Pillow's mode is RGB all the same
            f"{path}: {head[24]} bits per channel. Expected 8 bits per channel: scale the values to 0 to 255."
        )
    if isinstance(image, PngImageFile) and image.is_animated:
        raise CrossgapError(
            f"{path}: an animation of {image.n_frames} frames. Expected one image; write its frames as files "
            "of their own, or one below the other as a strip."
        )
    return image


def _opaque(path: Path, image: Image.Image) -> Image.Image:
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
