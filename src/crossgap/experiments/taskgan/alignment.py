"""How well translated images are aligned with the true ones (TaskGAN, figure 7, as figures).

A simulation can draw the very moment that a target image shows in the source look as well. That true pair
is never trained on; it is what F(y) should have been.
"""

from collections.abc import Collection
from statistics import fmean
from typing import Any

import numpy as np

from crossgap.core.statistics import mean_interval
from crossgap.evaluation import figures
from crossgap.simulation.reach3.looks import Look

LANDMARKS = {"cube": (0, 75), "tip": (1, 20)}
"""What can be found by its colour alone, in the source look the only red and the only green thing: the
channel that stands out, and by how much of 255. (The yellow forearm's red stands out by 50.)"""


def landmarks_of(look: Look) -> tuple[str, ...]:
    """Which landmarks can be found by their colour in a look: not a tip that is black."""
    found = []
    for name, (channel, contrast) in LANDMARKS.items():
        others = list(getattr(look, name))
        if 255 * (others.pop(channel) - max(others)) > contrast:
            found.append(name)
    return tuple(found)


def find_landmark(images: np.ndarray, name: str) -> np.ndarray:
    """Where a patch stands out most in one colour channel.

    A patch, since what a generator draws is full of single pixels of every colour. Its centre is that of all
    around it that stands out at least half as much.

    Args:
        images: (n, H, W, 3) uint8, in a look that shows it by its colour (`landmarks_of`).
        name: a key of `LANDMARKS`.

    Returns:
        (n, 2) column and row in pixels; NaN where nothing stands out.
    """
    channel, contrast = LANDMARKS[name]
    height, width = images.shape[1:3]
    blurred = _patch_means(images, 2 * (height // 64) + 1)
    standing_out = blurred[..., channel] - np.delete(blurred, channel, axis=3).max(3)
    peak = standing_out.max((1, 2))
    row, column = np.unravel_index(standing_out.reshape(len(images), -1).argmax(1), (height, width))
    rows, columns = np.indices((height, width))
    away = np.maximum(abs(rows - row[:, None, None]), abs(columns - column[:, None, None]))
    mask = (standing_out >= peak[:, None, None] / 2) & (away <= height // 16)
    centre = np.stack([(mask * columns).sum((1, 2)), (mask * rows).sum((1, 2))], 1)
    return np.where(peak[:, None] > contrast, centre / mask.sum((1, 2))[:, None].clip(1), np.nan)


def _patch_means(images: np.ndarray, side: int) -> np.ndarray:
    """The mean of the square of `side` pixels around every pixel, (n, H, W, 3)."""
    border, (height, width) = side // 2, images.shape[1:3]
    padded = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)), mode="reflect")
    total = np.zeros(images.shape, np.float32)
    for row in range(side):
        for column in range(side):
            total += padded[:, row : row + height, column : column + width]
    return total / side**2


def pair_error(
    translated: np.ndarray, true: np.ndarray, episodes: np.ndarray, landmarks: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Error of translated images against their true pairs.

    Args:
        translated: F(y) or G(x), (n, H, W, 3) uint8.
        true: their true pairs, the same shape.
        episodes: (n,) int; the images of an episode are alike, so intervals are over episodes.
        landmarks: keys of `LANDMARKS` that can be found in the look of both (`landmarks_of`).

    Returns:
        `pair_l1`, mean absolute difference in [0, 1]. Of each landmark, over the images in which the true
        pair shows it: `tip_found`, the share in which it can be found; `tip_offset`, its distance in pixels
        from where it should be in those; and `tip_error`, the same over all of them, with half the image
        where it is not found.
    """
    difference = np.abs(translated.astype(float) - true.astype(float)).mean((1, 2, 3)) / 255
    result = {"pair_l1": _over_episodes(difference, episodes)}
    for name in landmarks:
        there = find_landmark(true, name)
        visible = ~np.isnan(there[:, 0])
        if not visible.any():
            continue
        offset = np.linalg.norm(find_landmark(translated, name) - there, axis=1)[visible]
        found, shown = ~np.isnan(offset), episodes[visible]
        error = np.where(found, offset, true.shape[1] / 2)
        result[f"{name}_error"] = _over_episodes(error, shown)
        result[f"{name}_found"] = _over_episodes(found.astype(float), shown)
        if found.any():
            result[f"{name}_offset"] = _over_episodes(offset[found], shown[found])
    return result


def _over_episodes(errors: np.ndarray, episodes: np.ndarray) -> dict[str, Any]:
    means = [errors[episodes == episode].mean() for episode in np.unique(episodes)]
    return figures(fmean(means), mean_interval(means), len(means))
