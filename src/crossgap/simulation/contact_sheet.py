"""All looks as one picture: a row per look, the same moments in every row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crossgap.files import writing
from crossgap.simulation.kinematics import demonstrate, sample_start
from crossgap.simulation.looks import LOOKS
from crossgap.simulation.scene import Reach3Scene
from crossgap.simulation.vulkan import filament_problem

COLUMNS = 8
MARGIN = 4


def contact_sheet(output: str | Path, size: int = 128) -> Path:
    """Draw every look, and full randomization, with the same episodes; write it as a PNG.

    A look whose renderer cannot start here is left out.

    Args:
        output: the picture to write.
        size: width and height of each image in pixels.
    """
    drawable = [name for name, look in LOOKS.items() if look.renderer == "opengl" or not filament_problem()]
    rows = [(look, "none", look) for look in drawable] + [("source", "full", "randomization=full")]
    label = max(20, size // 7)
    sheet = Image.new(
        "RGB", (COLUMNS * (size + MARGIN) + MARGIN, len(rows) * (size + label + MARGIN)), "white"
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(label * 0.7)
    for index, (look, randomization, title) in enumerate(rows):
        top = index * (size + label + MARGIN)
        draw.text((MARGIN, top + label * 0.1), title, fill="black", font=font)
        for column, image in enumerate(_row(look, randomization, size)):
            sheet.paste(Image.fromarray(image), (MARGIN + column * (size + MARGIN), top + label))
    output = Path(output)
    with writing(output) as temporary:
        sheet.save(temporary, "PNG")
    return output


def _row(look: str, randomization: str, size: int) -> list[np.ndarray]:
    scene = Reach3Scene(look, randomization, size, supersample=4)
    images = []
    for column in range(COLUMNS):
        rng = np.random.default_rng(column)
        q, cube, turn = sample_start(rng)
        path, _ = demonstrate(q, cube, COLUMNS, 0.0, rng)
        appearance = scene.new_appearance(np.random.default_rng(column))
        images.append(scene.render(path[column], cube, turn, appearance))
    scene.close()
    return images
