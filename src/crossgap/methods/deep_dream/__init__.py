"""DeepDream: a picture in which a network sees more of what its layers look for. Imports no torch."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DreamConfig:
    """How a picture is changed."""

    objective: Literal["square", "mean"] = "square"
    """what of the layers' activations is raised: their mean square, or their mean."""
    octaves: int = 4
    """sizes at which the picture is changed, the smallest first."""
    scale: float = 1.3
    """between one size and the next."""
    steps: int = 25
    """of gradient ascent at each size."""
    rate: float = 0.012
    """mean change of a pixel in a step; pixels are from -1 to 1."""
    jitter: int = 32
    """pixels by which the picture is rolled at most before each step, so that no border leaves its trace."""
    tile: int = 512
    """width and height in pixels above which the gradient is computed tile by tile."""
