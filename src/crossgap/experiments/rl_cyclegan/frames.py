"""A film's frame: panels side by side under their titles."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from crossgap.data.contact_sheet import label_font

SIDE, GAP = 256, 8
"""Width and height of a panel, and what is between two, pixels."""
HEAD, TITLE = 28, 24
"""Heights of the lines above panels, pixels."""
INK, GOOD, POOR = "#1f2430", "#078a68", "#cf4a0a"


def framed(
    head: str, panels: Mapping[str, np.ndarray], outcome: str = "", colour: str = INK
) -> np.ndarray:  # fmt: skip
    """A frame, (H, W, 3) uint8, both sides even.

    Args:
        head: what it is of.
        panels: images by title, (`SIDE`, `SIDE`, 3) uint8.
        outcome: what came of it, below the last panel's title.
        colour: of that, and of a line around the last panel; by default there is none.
    """
    width = len(panels) * (SIDE + GAP) + GAP
    frame = Image.new("RGB", (width, HEAD + TITLE + SIDE + GAP), "white")
    draw, top = ImageDraw.Draw(frame), HEAD + TITLE
    draw.text((GAP, 5), head, fill=INK, font=label_font(15))
    for index, (title, image) in enumerate(panels.items()):
        left = GAP + index * (SIDE + GAP)
        draw.text((left, HEAD + 2), title, fill="#5b6270", font=label_font(13))
        frame.paste(Image.fromarray(image), (left, top))
    if outcome:
        draw.text((width - GAP, HEAD + 2), outcome, fill=colour, font=label_font(13), anchor="ra")
        edge = (width - GAP - SIDE - 3, top - 3, width - GAP + 2, top + SIDE + 2)
        draw.rectangle(edge, outline=colour, width=3)
    return np.asarray(frame)
