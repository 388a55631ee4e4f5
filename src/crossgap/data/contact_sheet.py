"""Rows of pictures beneath each other, as one PNG."""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crossgap.base.files import writing
from crossgap.base.signature import sign


def enlarge(image: np.ndarray, side: int) -> Image.Image:
    """(H, W, 3) uint8, every pixel a square, to about `side` pixels: never blurred, never shrunk."""
    zoom = max(1, side // image.shape[1])
    return Image.fromarray(image.repeat(zoom, 0).repeat(zoom, 1))


def label_font(size: int) -> ImageFont.FreeTypeFont:
    """A font with Greek letters, which Pillow's own has not, so many pixels high."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)


def contact_sheet(images: dict[str, np.ndarray], path: Path, side: int = 128) -> Path:
    """The rows of pictures as one PNG, each row under its label, which is readable and never cut off.

    Args:
        images: rows by label, each (n, H, W, 3) uint8.
        path: the PNG to write.
        side: about how many pixels wide each picture becomes.
    """
    rows = {label: [enlarge(image, side) for image in row] for label, row in images.items()}
    side, high = next(iter(rows.values()))[0].size
    font = label_font(max(10, side // 9))  # smaller ones cannot be read
    header, gap = max(18, side // 5), 4
    width = max(len(row) * (side + gap) - gap for row in rows.values())
    width = max(width, *(math.ceil(font.getlength(label)) for label in rows))
    sheet = Image.new("RGB", (width, len(rows) * (high + header)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (label, row) in enumerate(rows.items()):
        top = index * (high + header)
        draw.text((0, top + header // 6), label, fill="black", font=font)
        for column, image in enumerate(row):
            sheet.paste(image, (column * (side + gap), top + header))
    with writing(path) as temporary:
        sheet.save(temporary, "PNG", optimize=True)
        sign(temporary)
    return path
