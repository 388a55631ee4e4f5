"""Depth as a stereo camera measures it: a simulation's is exact, and a policy learns to rely on that.

The seed had the "depth output of the Intel Realsense cameras", which "lacked the consistency and accuracy
required". The form of the errors is that of active stereo (Keselman et al. 2017, "Intel RealSense
Stereoscopic Depth Cameras"); their size is a choice of ours, for an arm of one colour close to a wall.
"""

import numpy as np
from PIL import Image

BASELINE, SENSOR_WIDTH = 0.050, 848
"""Between the two imagers, metres, and pixels in a row of one (RealSense D435)."""
DISPARITY_ERROR, DISPARITY_STEP = 1.0, 1 / 32
"""Standard deviation of the measured disparity on a surface with little texture, and the finest difference,
pixels of the sensor."""
HOLES, BLOTCH = 0.15, 7
"""Share of an image without any measurement, and how wide a connected error is, pixels of the image."""


def realsense_like(
    depth: np.ndarray, field_of_view: float, rng: np.random.Generator, strength: float = 1.0
) -> np.ndarray:
    """What a stereo camera measures of a depth image.

    Disparity is f × baseline / depth. It has errors that neighbours share and that differ from image to
    image, so an error in depth grows with its square. Nothing is measured, and the depth is 0, where only one
    imager sees the surface, which is left of whatever is nearer, and in blotches.

    Args:
        depth: (H, W) float, metres.
        field_of_view: vertical, degrees.
        rng: decides the errors.
        strength: factor on the errors and on the area of the holes; 0 gives the depth itself.

    Returns:
        (H, W) float32, metres, 0 where nothing was measured.
    """
    if not strength:
        return depth.astype(np.float32)
    focal = SENSOR_WIDTH / 2 / np.tan(np.deg2rad(field_of_view) / 2)
    exact = focal * BASELINE / depth
    noisy = exact + strength * DISPARITY_ERROR * _blotches(depth.shape, rng)
    measured = focal * BASELINE / np.maximum(np.round(noisy / DISPARITY_STEP), 1) / DISPARITY_STEP
    unseen = _occluded(exact * depth.shape[1] / SENSOR_WIDTH)
    blotches = _blotches(depth.shape, rng)
    unseen |= blotches < np.quantile(blotches, min(strength * HOLES, 1.0))
    return np.where(unseen, 0.0, measured).astype(np.float32)


def _occluded(disparity: np.ndarray) -> np.ndarray:
    """Where the second imager sees something nearer instead: (H, W) bool of disparities in image pixels."""
    there = np.arange(disparity.shape[1]) - disparity
    nearest = np.minimum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    occluded = np.zeros(disparity.shape, bool)
    occluded[:, :-1] = there[:, :-1] > nearest[:, 1:]
    return occluded


def _blotches(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(H, W) with standard deviation 1, smooth over `BLOTCH` pixels."""
    height, width = shape
    coarse = rng.standard_normal((height // BLOTCH + 2, width // BLOTCH + 2)).astype(np.float32)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    return (smooth - smooth.mean()) / smooth.std()
