"""Whether an exported graph computes what torch does."""

import numpy as np
import torch
from torch import nn

from crossgap.errors import CrossgapError

TOLERANCE = 1e-4
"""Largest difference of a label, relative to its spread, or of a score, relative to that of all scores."""
PIXELS = 1e-2
"""Largest share of a picture's bytes that may be rounded the other way, by one level."""


def scenes(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Images (count, height, width, 3) uint8 with what photographs have: light that changes slowly, detail
    that is weaker the finer it is (amplitude 1/f), things with edges, and the camera's noise."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1.0
    images = []
    for _ in range(count):
        waves = rng.standard_normal((3, 2, *frequency.shape)) / frequency
        surface = np.fft.irfft2(waves[:, 0] + 1j * waves[:, 1], (height, width)).transpose(1, 2, 0)
        image = 128 + rng.uniform(20, 60) * surface / surface.std()
        for _ in range(6):
            top, left = rng.integers(0, (height, width))
            tall, wide = rng.integers(1, (height // 2 + 1, width // 2 + 1))
            image[top : top + tall, left : left + wide] += rng.uniform(-100, 100, 3)
        images.append(image + rng.normal(0, 3, image.shape))
    return np.clip(np.stack(images), 0, 255).astype(np.uint8)


def outputs_in_torch(graph: nn.Module, images: np.ndarray) -> list[np.ndarray]:
    """What a graph of `graph_of` makes of images in torch, in float32."""
    with torch.inference_mode():
        found = graph(torch.from_numpy(np.ascontiguousarray(images)))
    return [part.numpy() for part in (found if isinstance(found, tuple) else (found,))]


def difference(expected: list[np.ndarray], found: list[np.ndarray], spread: np.ndarray) -> float:
    """How far outputs are from each other: of labels the largest difference over their `spread`, (k,); of
    scores over that of all expected scores; of pictures the share of bytes that differ.

    Raises:
        CrossgapError: shapes or kinds are others, a byte differs by more than rounding can, or a class
            by more than two scores that are as good as equal.
    """
    for one, other in zip(expected, found, strict=True):
        if one.shape != other.shape or one.dtype != other.dtype:
            raise _differs(f"{other.shape} {other.dtype} instead of {one.shape} {one.dtype}")
    first, other = expected[-1], found[-1]
    if not np.isfinite(other).all():
        raise _differs("numbers that are not finite")
    if first.dtype == np.uint8:
        apart = np.abs(first.astype(int) - other)
        if apart.max(initial=0) > 1:
            raise _differs(f"a byte by {apart.max()} levels")
        return float(apart.mean())
    if len(expected) == 1:
        return float((np.abs(first - other) / spread).max())
    scale = max(float(first.std()), 1e-6)
    ordered = np.sort(first, 1)
    clear = ordered[:, -1] - ordered[:, -2] > 2 * TOLERANCE * scale
    if (expected[0] != found[0])[clear].any():
        raise _differs("a class")
    return float(np.abs(first - other).max() / scale)


def check(value: float, picture: bool) -> None:
    """Whether a difference is small enough.

    Raises:
        CrossgapError: it is not.
    """
    most, of = (PIXELS, "of all bytes") if picture else (TOLERANCE, "of the labels' spread")
    if not value <= most:
        raise _differs(f"{value:.2g} {of}; expected at most {most:g}")


def _differs(how: str) -> CrossgapError:
    return CrossgapError(
        f"The exported graph does not compute what torch does: it differs by {how}. Nothing was written. "
        "Another version of torch, onnxscript or onnxruntime may export this network exactly."
    )
