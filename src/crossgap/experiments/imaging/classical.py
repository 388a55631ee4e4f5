"""What is done to poor pictures without learning: denoising and contrast, from scikit-image."""

import importlib
from typing import Any

import numpy as np

from crossgap.errors import CrossgapError

DENOISING, CLIP = 0.1, 0.01
"""Weight of the total variation (Chambolle 2004), and clip limit of CLAHE (Zuiderveld 1994): scikit-image's
defaults."""


def skimage(module: str) -> Any:
    """A module of scikit-image.

    Raises:
        CrossgapError: it is not installed.
    """
    try:
        return importlib.import_module(f"skimage.{module}")
    except ImportError as error:
        raise CrossgapError(
            "scikit-image, which the imaging studies need, was not found: pip install '.[imaging]'."
        ) from error


def cleaned(images: np.ndarray) -> np.ndarray:
    """Images (n, H, W, 3) uint8, each denoised by total variation and its contrast equalized by CLAHE."""
    restoration, exposure = skimage("restoration"), skimage("exposure")

    def one(image: np.ndarray) -> np.ndarray:
        smooth = restoration.denoise_tv_chambolle(image / 255, DENOISING, channel_axis=-1)
        return exposure.equalize_adapthist(np.clip(smooth, 0, 1), clip_limit=CLIP)

    return np.stack([np.round(255 * one(image)).astype(np.uint8) for image in images])
