"""What is done to pictures without learning, most of it by scikit-image."""

import importlib
from typing import Any

import numpy as np

from crossgap.errors import CrossgapError

DENOISING, CLIP = 0.1, 0.01
"""Weight of the total variation (Chambolle 2004), and clip limit of CLAHE (Zuiderveld 1994): scikit-image's
defaults."""
LUMINANCE = 0.299, 0.587, 0.114
"""Of red, green and blue (ITU-R BT.601)."""
THIN = 0.7
"""Standard deviation of the blur before Canny's edges, pixels."""


def equalized(images: np.ndarray) -> np.ndarray:
    """Images (n, H, W, 3) uint8, each denoised, and its contrast equalized by CLAHE."""
    equalize = skimage("exposure").equalize_adapthist
    return np.stack([_bytes(equalize(_denoised(image), clip_limit=CLIP)) for image in images])


def matched(images: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Images (n, H, W, 3) uint8, each denoised, and its colours' histograms made those of clear images (m, H,
    W, 3) uint8."""
    match, reference = skimage("exposure").match_histograms, np.concatenate(list(clear)) / 255
    return np.stack([_bytes(match(_denoised(image), reference, channel_axis=-1)) for image in images])


def _denoised(image: np.ndarray) -> np.ndarray:
    denoise = skimage("restoration").denoise_tv_chambolle
    return np.clip(denoise(image / 255, DENOISING, channel_axis=-1), 0, 1)


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.round(255 * image).astype(np.uint8)


def grey(images: np.ndarray) -> np.ndarray:
    """(n, H, W, 3) uint8 without their colours."""
    luminance = np.round(images @ np.array(LUMINANCE)).astype(np.uint8)
    return np.repeat(luminance[..., None], 3, -1)


def sketched(images: np.ndarray) -> np.ndarray:
    """(n, H, W, 3) uint8 as line drawings: Canny's edges of each, black on white."""
    canny = skimage("feature").canny
    edges = np.stack([canny(image[..., 0] / 255, sigma=THIN) for image in grey(images)])
    return np.repeat(np.where(edges, 0, 255).astype(np.uint8)[..., None], 3, -1)


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
