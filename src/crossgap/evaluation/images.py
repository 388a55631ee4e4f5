"""How near images are to their true counterparts: PSNR and SSIM, one figure per image."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from crossgap.core.statistics import bootstrap_mean
from crossgap.errors import CrossgapError
from crossgap.evaluation.rows import figures

LEVELS = 255.0
"""From black to white."""
ROUNDING = 10 * np.log10(12 * LEVELS**2)
"""PSNR of the mean squared error, 1/12 level², that rounding to bytes leaves by itself: 58.9 dB. No image is
measured to be nearer, and equal images, whose PSNR would be infinite, have this one."""
WINDOW = 11
"""Width of SSIM's Gaussian window, of σ 1.5 pixels (Wang et al. 2004, section III.B): the least image."""
BATCH = 64


def psnr(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each image: 10 log₁₀(255² / MSE) dB, at most `ROUNDING`.

    Args:
        images: (n, H, W, 3) uint8.
        truth: what each should be, the same shape.

    Returns:
        (n,) in dB; higher is nearer.

    Raises:
        CrossgapError: the two are not of one shape.
    """

    def of(images: Tensor, truth: Tensor) -> Tensor:
        return peak_signal_noise_ratio(images, truth, data_range=LEVELS, reduction="none", dim=(1, 2, 3))

    return np.minimum(_per_image(of, images, truth), ROUNDING)


def ssim(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Structural similarity of each image (Wang et al. 2004, equation 13): the mean over pixels and colours.

    Args:
        images: (n, H, W, 3) uint8, H and W at least `WINDOW`.
        truth: what each should be, the same shape.

    Returns:
        (n,), at most 1, which equal images have.

    Raises:
        CrossgapError: the two are not of one shape, or too small.
    """
    if min(np.shape(images)[1:3], default=0) < WINDOW:
        raise CrossgapError(
            f"SSIM needs images of {WINDOW}×{WINDOW} pixels at least; got {np.shape(images)}."
        )

    def of(images: Tensor, truth: Tensor) -> Tensor:
        return torch.as_tensor(
            structural_similarity_index_measure(images, truth, data_range=LEVELS, reduction="none")
        )

    return _per_image(of, images, truth)


def mean_over_images(values: np.ndarray, episodes: np.ndarray | None = None) -> dict[str, Any]:
    """`figures` of a metric that each image has, (n,), with a bootstrap interval over images; or over
    episodes, (n,), where images of an episode are alike: its n is then the number of episodes."""
    found = bootstrap_mean(values, episodes)
    n = len(values) if episodes is None else len(np.unique(episodes))
    return figures(found["value"], (found["low"], found["high"]), n)


def _per_image(
    metric: Callable[[Tensor, Tensor], Tensor], images: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """A metric of (b, 3, H, W) from 0 to 255, for all images, (n,) float64."""
    if images.shape != truth.shape:
        raise CrossgapError(f"Images and their true counterparts differ: {images.shape} and {truth.shape}.")
    found = [metric(*pair).reshape(-1) for pair in zip(_batches(images), _batches(truth), strict=True)]
    return torch.cat(found).numpy() if found else np.zeros(0)


def _batches(images: np.ndarray) -> Iterator[Tensor]:
    """(b, 3, H, W) float64: in float32 SSIM's variances are off in the third digit."""
    for start in range(0, len(images), BATCH):
        yield torch.from_numpy(images[start : start + BATCH].astype(float)).permute(0, 3, 1, 2)
