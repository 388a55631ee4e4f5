"""Pictures and animations as `data:` URIs, small enough to stay inside one file."""

import base64
import io

import numpy as np

from crossgap.data.contact_sheet import enlarge
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
