"""Large sets of images: read once, kept whole or not at all, mapped, and read anew where anything changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crossgap.base.files import cache_folder
from crossgap.data import LabelledImages, kept, read_folder, write_folder
from crossgap.data import frames as frames_module
from crossgap.data.preparation import Preparation
from crossgap.data.prepared import AsTheyAre, Prepared
from crossgap.errors import CrossgapError


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of the test's own, and sets of some images are large."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "LEAST", 1000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 48, 64, 3), np.uint8)
    labels = np.arange(6, dtype=np.float32)[:, None]
    write_folder(tmp_path / "set", LabelledImages(images, labels, ("angle",), np.arange(6)))
    return tmp_path / "set"


def folders() -> list[Path]:
    """What is kept."""
    return [path for path in (cache_folder() / "prepared").glob("*") if path.is_dir()]


def fit(size: int = 24, **more) -> Prepared:
    return Prepared(Preparation((size, size), **more), "source")


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every file that is read from now on."""
    found: list[Path] = []
    read = frames_module.read_images

    def noted(files, values=False):
        yield from read((found.append(file) or file for file in files), values)

    monkeypatch.setattr(frames_module, "read_images", noted)
    return found


def test_what_is_kept_is_what_would_be_read(folder: Path, monkeypatch, tmp_path: Path) -> None:
    first = read_folder(folder, fit=fit())
    assert isinstance(first.images, np.memmap)
    monkeypatch.setattr(kept, "LEAST", 10**9)
    plain = read_folder(folder, fit=fit())
    assert not isinstance(plain.images, np.memmap)
    assert np.array_equal(first.images, plain.images)
    monkeypatch.setattr(kept, "LEAST", 1000)
    reads = count_reads(monkeypatch)
    again = read_folder(folder, fit=fit())
    assert reads == []
    assert np.array_equal(again.images, plain.images)
    assert again.labels.tolist() == plain.labels.tolist()
    again.images[0] = 0  # a copy on write: nobody else sees it
    assert np.array_equal(read_folder(folder, fit=fit()).images, plain.images)
    assert len(folders()) == 1


def test_a_small_set_and_one_without_a_fit_are_not_kept(folder: Path, monkeypatch) -> None:
    read_folder(folder)
    monkeypatch.setattr(kept, "LEAST", 6 * 24 * 24 * 3 + 1)
    read_folder(folder, fit=fit())
    assert folders() == []
    monkeypatch.setattr(kept, "LEAST", 6 * 24 * 24 * 3)
    read_folder(folder, fit=fit())
    assert len(folders()) == 1


def test_another_size_or_file_is_another_set(folder: Path) -> None:
    read_folder(folder, fit=fit())
    assert read_folder(folder, fit=fit(28)).images.shape == (6, 28, 28, 3)
    assert read_folder(folder, fit=fit(roi=(0, 0, 32, 32))).images.shape == (6, 24, 24, 3)
    assert read_folder(folder, fit=AsTheyAre()).images.shape == (6, 48, 64, 3)
    assert len(folders()) == 4
    file = folder / "images" / "000000.png"
    other = folder / "images" / "000001.png"
    before = read_folder(folder, fit=fit()).images[0].copy()
    file.write_bytes(other.read_bytes())
    assert not np.array_equal(read_folder(folder, fit=fit()).images[0], before)


def test_a_region_knows_its_camera_again(folder: Path) -> None:
    for _ in range(2):
        preparing = fit(roi=(0, 0, 32, 32))
        read_folder(folder, fit=preparing)
        assert preparing.preparation.camera == (48, 64)


def test_what_cannot_be_read_is_told_again(folder: Path, monkeypatch) -> None:
    (folder / "images" / "000003.png").write_bytes(b"no")
    with pytest.raises(CrossgapError, match=r"000003\.png: damaged"):
        read_folder(folder, fit=fit())
    assert folders() == []
    told: list[str] = []
    monkeypatch.setattr("crossgap.data.cells.say", told.append)
    for _ in range(2):
        data = read_folder(folder, fit=fit(), skip_bad=True)
        assert data.labels[:, 0].tolist() == [0, 1, 2, 4, 5]
        assert data.images.shape == (5, 24, 24, 3)
    assert [("1 of 6" in text and "000003.png" in text) for text in told] == [True, True]
    assert len(folders()) == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "about", "shape"])
def test_what_is_damaged_is_read_anew(folder: Path, monkeypatch, damage: str) -> None:
    whole = read_folder(folder, fit=fit()).images.copy()
    (place,) = folders()
    images, about = place / kept.IMAGES, place / kept.ABOUT
    content = bytearray(images.read_bytes())
    if damage == "flip":
        content[-5] ^= 1
    if damage == "about":
        about.write_text(about.read_text()[:-20])
    elif damage == "shape":
        np.save(images, np.zeros((2, 2)))
    else:
        images.write_bytes(content[:-9] if damage == "cut" else content)
    told: list[str] = []
    monkeypatch.setattr(kept, "say", told.append)
    assert np.array_equal(read_folder(folder, fit=fit()).images, whole)
    assert "is damaged (" in told[0]
    assert "\n" not in told[0]


def test_a_full_disk_leaves_nothing(folder: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "write_json", full)
    with pytest.raises(CrossgapError, match=r"Could not write .*No space left"):
        read_folder(folder, fit=fit())
    assert folders() == []


def test_what_was_not_used_for_a_month_is_deleted(folder: Path) -> None:
    import os
    import time

    read_folder(folder, fit=fit())
    (old,) = folders()
    month_ago = time.time() - kept.MONTH - 10
    os.utime(old / kept.ABOUT, (month_ago, month_ago))
    read_folder(folder, fit=fit(28))
    assert len(folders()) == 1
    assert old not in folders()
