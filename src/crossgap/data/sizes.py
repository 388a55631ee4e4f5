"""Sizes of images in pixels, (height, width); squares are written as one number."""

import re
from collections.abc import Sequence

from crossgap.errors import CrossgapError

Size = tuple[int, int]
"""Height and width in pixels."""
SMALLEST = 24
"""Height and width in pixels that the networks take at least."""


def as_size(given: int | Sequence[int]) -> Size:
    """(height, width) of one number for both, or of both."""
    height, width = (given, given) if isinstance(given, int) else given
    return int(height), int(width)


def written(size: Size) -> int | list[int]:
    """A size as JSON has it: one number for a square, [height, width] else."""
    return size[0] if size[0] == size[1] else list(size)


def shown(size: Size) -> str:
    """A size in words, as cameras say it: width×height."""
    return f"{size[1]}×{size[0]}"


def said(size: Size) -> str:
    """A size as `--size` takes it: 64, or 96x128 of 96 rows and 128 columns."""
    return str(size[0]) if size[0] == size[1] else f"{size[0]}x{size[1]}"


def parse_size(text: str) -> Size:
    """What `--size` says: 64, or HEIGHTxWIDTH.

    Raises:
        CrossgapError: it is neither, or the networks cannot take such images.
    """
    match = re.fullmatch(r"(\d{1,5})(?:[x×](\d{1,5}))?", text.strip().lower())
    if not match:
        raise CrossgapError(f"--size {text}: expected one number, such as 64, or HEIGHTxWIDTH: 96x128.")
    size = int(match[1]), int(match[2] or match[1])
    if min(size) < SMALLEST:
        raise CrossgapError(f"--size must be at least {SMALLEST}; got {text}.")
    if problem := misfit(size):
        raise CrossgapError(f"--size {text}: {problem}")
    return size


def misfit(size: Size) -> str:
    """Why the networks cannot take images of that size, a sentence; empty where they can."""
    if size[0] % 4 or size[1] % 4 or min(size) < SMALLEST:
        return (
            f"Images are {shown(size)} pixels. Expected a height and a width that are multiples of 4 and at "
            f"least {SMALLEST}."
        )
    return ""
