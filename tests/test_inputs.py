"""What `predict`, `translate` and `act` take for images, and what they refuse with a way out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from crossgap.data.inputs import as_images
from crossgap.data.preparation import Preparation
from crossgap.errors import CrossgapError

SIZE = 24
IMAGES = np.random.default_rng(0).integers(0, 255, (3, SIZE, SIZE, 3), np.uint8)
FLOATS = IMAGES.astype(np.float32)


def objects(images: np.ndarray) -> np.ndarray:
    """An array of arrays."""
    array = np.empty(len(images), object)
    array[:] = list(images)
    return array


def turned(image: np.ndarray) -> Image.Image:
    """A Pillow image that is stored on its side and says so, as cameras do."""
    stored = Image.fromarray(np.rot90(image).copy())
    stored.getexif()[0x0112] = 6  # to be shown a quarter turn clockwise
    return stored


@pytest.mark.parametrize(
    "form",
    [
        lambda images: images,
        lambda images: list(images),
        lambda images: tuple(images),
        objects,
        lambda images: np.ascontiguousarray(images.transpose(0, 3, 1, 2)),
        lambda images: torch.from_numpy(images),
        lambda images: torch.from_numpy(images).permute(0, 3, 1, 2),
        lambda images: list(torch.from_numpy(images).permute(0, 3, 1, 2)),
        lambda images: [Image.fromarray(image) for image in images],
        lambda images: [turned(images[0]), torch.from_numpy(images[1]), images[2]],
    ],
)
def test_forms_of_the_same_images(form: Callable) -> None:
    seen = as_images(form(IMAGES), SIZE)
    assert seen.dtype == np.uint8
    np.testing.assert_array_equal(seen, IMAGES)


@pytest.mark.parametrize(
    "one",
    [IMAGES[0], torch.from_numpy(IMAGES[0]), Image.fromarray(IMAGES[0]), [IMAGES[0]], IMAGES[:1]],
)
def test_a_single_image_is_a_set_of_one(one: object) -> None:
    np.testing.assert_array_equal(as_images(one, SIZE), IMAGES[:1])


def test_no_images_are_a_set_of_none() -> None:
    assert as_images([], SIZE).shape == as_images(IMAGES[:0], SIZE).shape == (0, SIZE, SIZE, 3)


def test_a_grey_pillow_image_has_three_equal_channels() -> None:
    grey = IMAGES[0, :, :, 0]
    np.testing.assert_array_equal(as_images(Image.fromarray(grey), SIZE)[0], np.dstack([grey] * 3))


def test_as_many_channels_as_the_cameras_have() -> None:
    two = np.concatenate([IMAGES, IMAGES[::-1]], 3)
    np.testing.assert_array_equal(as_images(two.transpose(0, 3, 1, 2), SIZE, 6), two)
    with pytest.raises(CrossgapError, match=r"\(n, 24, 24, 6\) uint8; got \(3, 24, 24, 3\) uint8\.$"):
        as_images(IMAGES, SIZE, 6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            FLOATS / 255,
            r"got \(3, 24, 24, 3\) float32 from 0 to 0.996. If they are from 0 to 1: \(255 \* images\)",
        ),
        (FLOATS, r"float32 from 0 to 254. If they are from 0 to 255: images\.round\(\), as uint8"),
        (FLOATS / 127.5 - 1, r"from -1 to 0.992. If they are from -1 to 1: \(127.5 \* \(images \+ 1\)\)"),
        (torch.from_numpy(FLOATS / 255).bfloat16(), r"float32 from 0 to 0\.\d+. If they are from 0 to 1"),
        (IMAGES.astype(np.uint16) * 257, r"uint16. If 65535 is white: \(images / 257\)"),
        (IMAGES.astype(np.int64), "int64. Convert to uint8"),
        (IMAGES.tolist(), r"got image 0 is \(24, 24, 3\) int64. Convert"),
        (IMAGES[..., 0], r"got \(3, 24, 24\) uint8. One image with channels first is images\[None\]; grey"),
        (IMAGES[:2, ..., 0], r"got \(2, 24, 24\) uint8. Grey images have three equal channels"),
        (IMAGES[0, ..., 0], r"got \(24, 24\) uint8. Grey images have three equal channels"),
        (np.concatenate([IMAGES, IMAGES[..., :1]], 3), r"got \(3, 24, 24, 4\) uint8. Opaque images"),
        (Image.fromarray(IMAGES[0]).convert("RGBA"), "got a Pillow image of mode RGBA"),
        (IMAGES[:, :20], r"got \(3, 20, 24, 3\) uint8. Crop and resize them"),
        ([IMAGES[0], IMAGES[1, :20]], r"got image 1 is \(20, 24, 3\) uint8. Crop and resize"),
        ([IMAGES], r"got image 0 is \(3, 24, 24, 3\) uint8"),
        ("image.png", r"got str. Open a file with PIL.Image.open"),
        (None, r"got NoneType\.$"),
        ([[1, 2], [3]], r"got image 0 is \(2,\) int64"),
    ],
)
def test_what_is_uncertain_is_refused_with_a_way_out(wrong: object, message: str) -> None:
    with pytest.raises(CrossgapError, match=message) as error:
        as_images(wrong, SIZE)
    assert "Expected images (n, 24, 24, 3) uint8; got" in str(error.value)
    assert "\n" not in str(error.value)


NUMBERS = Preparation((SIZE, SIZE), value_range=(0, 1000))


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(48, 64, 3), (48, 64, 4), (2, 48, 64, 3)])
def test_an_image_of_numbers_in_colour_is_not_many_of_depth(shape: tuple[int, ...], kind: type) -> None:
    """It gave a prediction for each of its rows."""
    values = np.full(shape, 500, kind)
    for given, which in ((values, ""), ([values], "image 0 is "), (torch.from_numpy(values), "")):
        with pytest.raises(
            CrossgapError, match=rf"got {which}\({shape[0]}, .*one channel, \(H, W\)"
        ) as error:
            as_images(given, SIZE, preparation=NUMBERS)
        assert "\n" not in str(error.value)
    for one in (values[..., 0], values[..., :1]):
        seen = as_images(one, SIZE, preparation=NUMBERS)
        assert seen.shape == (2 if len(shape) == 4 else 1, SIZE, SIZE, 3)
        assert (seen == 128).all()
