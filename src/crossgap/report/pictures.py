"""Pictures and animations as `data:` URIs, small enough to stay inside one file."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crossgap.base.files import writing
from crossgap.evaluation import ClosedLoop

PICTURE_SIDE, ANIMATION_SIDE = 256, 192
"""About how many pixels wide pictures and animations are stored."""
ANIMATION_FRAMES = 50
"""About how many frames of an episode an animation shows."""
FRAME_MS, LAST_FRAME_MS = 80, 1600
"""How long a frame, and the last one, is shown."""


def data_uri(data: bytes, mime: str = "image/webp") -> str:
    """Bytes as the address of themselves."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def enlarge(image: np.ndarray, side: int) -> Image.Image:
    """(H, W, 3) uint8, every pixel a square, to about `side` pixels: never blurred, never shrunk."""
    zoom = max(1, side // image.shape[1])
    return Image.fromarray(image.repeat(zoom, 0).repeat(zoom, 1))


def picture(image: np.ndarray, side: int = PICTURE_SIDE) -> str:
    """One (H, W, 3) uint8 image, lossless."""
    out = io.BytesIO()
    enlarge(image, side).save(out, "WEBP", lossless=True, quality=60, method=3)
    return data_uri(out.getvalue())


def animation_steps(count: int) -> np.ndarray:
    """Which of `count` images an animation shows: evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, ANIMATION_FRAMES)).round().astype(int))


def animation(images: np.ndarray) -> str:
    """One episode (steps + 1, H, W, 3) uint8 as a looping WebP that rests on its last frame."""
    frames = [enlarge(images[step], ANIMATION_SIDE) for step in animation_steps(len(images))]
    out = io.BytesIO()
    frames[0].save(
        out, "WEBP", save_all=True, append_images=frames[1:], loop=0, quality=85, method=2,
        duration=[FRAME_MS] * (len(frames) - 1) + [LAST_FRAME_MS],
    )  # fmt: skip
    return data_uri(out.getvalue())


def typical_start(played: dict[str, ClosedLoop], recorded: int) -> tuple[int, int]:
    """Which of the first `recorded` starts to show: where most methods do what they do in most starts.

    Among equals, the one where final distances differ most between methods.

    Returns:
        Index of the start, and how many methods do there what they do in most starts.
    """

    def key(start: int) -> tuple[int, float]:
        usual = [
            loop.success[start] == (sum(loop.success) * 2 >= len(loop.success)) for loop in played.values()
        ]
        distances = [loop.final_distance[start] for loop in played.values()]
        return sum(usual), max(distances) - min(distances)

    start = max(range(recorded), key=key)
    return start, key(start)[0]


def gallery(images: dict[str, np.ndarray], path: Path, side: int = 128) -> Path:
    """The rows of pictures as one PNG, each row under its label.

    Args:
        images: rows by label, each (n, H, W, 3) uint8.
        path: the PNG to write.
        side: about how many pixels wide each picture becomes.
    """
    import matplotlib

    rows = {label: [enlarge(image, side) for image in row] for label, row in images.items()}
    side = next(iter(rows.values()))[0].width
    # Pillow's own font has no Greek letters
    font = ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), side // 9)
    header, gap = side // 5, 4
    columns = max(map(len, rows.values()))
    sheet = Image.new("RGB", (columns * (side + gap) - gap, len(rows) * (side + header)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (label, row) in enumerate(rows.items()):
        top = index * (side + header)
        draw.text((0, top + header // 6), label, fill="black", font=font)
        for column, image in enumerate(row):
            sheet.paste(image, (column * (side + gap), top + header))
    with writing(path) as temporary:
        sheet.save(temporary, "PNG", optimize=True)
    return path
