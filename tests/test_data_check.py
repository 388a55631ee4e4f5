"""`crossgap data check`: what would be refused and what looks wrong is said, and nothing of what is right."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.cli import main
from crossgap.data import LabelledImages, read_folder, read_unlabelled, write_folder
from crossgap.data.findings import Finding, alone, together, units_apart
from crossgap.data.survey import survey
from crossgap.errors import CrossgapError


def random_set(n: int = 12, size: int = 24, seed: int = 0) -> LabelledImages:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, size, size, 3), np.uint8)
    return LabelledImages(images, rng.random((n, 2), np.float32), ("angle", "force"), np.arange(n) // 3)


def texts(findings: list[Finding], refused: bool) -> str:
    return " | ".join(one.text for one in findings if one.refused == refused)


def found(tmp_path: Path, data: LabelledImages, name: str = "target") -> list[Finding]:
    """What is said of a set alone."""
    write_folder(tmp_path / name, data)
    return alone(survey(tmp_path / name), name, name == "source")


def test_of_sets_that_are_fine_nothing_is_said(tmp_path: Path) -> None:
    assert found(tmp_path, random_set(), "source") == []
    assert found(tmp_path, random_set(seed=1)) == []
    both = together(survey(tmp_path / "source"), survey(tmp_path / "target"))
    assert "outside of the source's range" in texts(both, False) or both == []
    assert texts(both, True) == ""


def test_what_would_be_refused_of_one_set(tmp_path: Path) -> None:
    data = random_set()
    constant = replace(data, labels=np.ones_like(data.labels))
    assert "label 'angle' is 1 everywhere" in texts(found(tmp_path, constant, "source"), True)
    small = replace(data, images=data.images[:, :18, :18])
    assert "Images are 18×18 pixels. Expected a height" in texts(found(tmp_path, small), True)
    large = replace(data, images=np.repeat(np.repeat(data.images, 16, 1), 20, 2))
    assert "480×384 pixels are many to learn from. --size 64" in texts(found(tmp_path / "a", large), True)


def test_files_that_cannot_be_read_are_all_named_and_skipped(tmp_path: Path) -> None:
    write_folder(tmp_path / "set", random_set())
    for number in (2, 7):
        file = tmp_path / "set" / "images" / f"{number:06d}.png"
        file.write_bytes(file.read_bytes()[:90])
    said = texts(alone(survey(tmp_path / "set"), "source", True), True)
    assert "2 of 12 images cannot be read; --skip-bad leaves them out." in said
    assert "000002.png" in said
    assert "000007.png" in said
    with pytest.raises(CrossgapError, match=r"000002\.png: damaged or truncated"):
        read_folder(tmp_path / "set")
    kept = [row for row in range(12) if row not in (2, 7)]
    for data in (
        read_folder(tmp_path / "set", skip_bad=True),
        read_unlabelled(tmp_path / "set", skip_bad=True),
    ):
        assert np.array_equal(data.images, random_set().images[kept])
        assert data.episodes.tolist() == (np.arange(12) // 3)[kept].tolist()
    assert np.array_equal(read_folder(tmp_path / "set", skip_bad=True).labels, random_set().labels[kept])


def test_a_set_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    write_folder(tmp_path / "set", random_set(2))
    for file in (tmp_path / "set" / "images").iterdir():
        file.write_bytes(b"")
    with pytest.raises(CrossgapError, match=r"None of the 2 images of set can be read\. .*000000\.png"):
        read_folder(tmp_path / "set", skip_bad=True)


def test_copies_within_a_set(tmp_path: Path) -> None:
    data = random_set()
    images = data.images.copy()
    images[5] = images[0]  # of another episode
    said = texts(found(tmp_path, replace(data, images=images)), False)
    assert "1 images are there twice, pixel by pixel" in said
    assert "2 of 12 images compared look like one of another episode" in said
    images[5] = np.clip(images[0].astype(int) + 1, 0, 255)
    said = texts(found(tmp_path / "b", replace(data, images=images)), False)
    assert "twice" not in said
    assert "2 of 12 images compared look like one of another episode" in said


def test_dark_and_covered(tmp_path: Path) -> None:
    data = random_set()
    dark = replace(data, images=data.images // 32)
    assert "12 images are nearly black" in texts(found(tmp_path, dark), False)
    images = data.images.copy()
    images[:3] = 127
    assert "3 images are of nearly one colour" in texts(
        found(tmp_path / "b", replace(data, images=images)), False
    )


def test_light_strokes_on_black_are_no_black_images(tmp_path: Path) -> None:
    """As scanned digits are: 3 % of the pixels are white, a mean of 7.8 levels; a dead pixel is none."""
    data = random_set()
    images = np.zeros_like(data.images)
    images[:, 4:21, 10] = 255
    images[np.arange(12), 0, np.arange(12)] = 9  # no two alike
    assert images[0].mean() < 12
    assert texts(found(tmp_path, replace(data, images=images)), False).count("black") == 0
    images[:4, 4:20] = 0
    assert "4 images are nearly black" in texts(found(tmp_path / "b", replace(data, images=images)), False)


def compared(tmp_path: Path, source: LabelledImages, target: LabelledImages) -> list[Finding]:
    write_folder(tmp_path / "x", source)
    write_folder(tmp_path / "y", target)
    return together(survey(tmp_path / "x"), survey(tmp_path / "y"))


def test_two_sets_that_do_not_fit(tmp_path: Path) -> None:
    source, target = random_set(20), random_set(12, seed=1)
    names = compared(tmp_path / "a", source, replace(target, label_names=("angle", "torque")))
    assert "Source labels are angle, force, target labels angle, torque." in texts(names, True)
    size = compared(tmp_path / "b", source, random_set(12, 28, seed=1))
    assert "different sizes, 24×24 and 28×28. --size 64 brings both to one" in texts(size, True)
    same = compared(tmp_path / "c", source, source)
    assert "20 of the 20 target images are in the source, pixel by pixel" in texts(same, True)
    part = compared(tmp_path / "d", source, source.select(slice(4)))
    assert "4 of the 4 target images are in the source" in texts(part, False)
    assert "target: 4 images are few" in texts(part, False)
    swapped = compared(tmp_path / "e", target, source)
    assert "20 target images and 12 source images: swapped?" in texts(swapped, False)


def test_labels_in_other_units_or_out_of_range(tmp_path: Path) -> None:
    source, target = random_set(20), random_set(12, seed=1)
    degrees = replace(source, images=source.images[::-1], labels=source.labels * np.float32(180 / np.pi))
    said = texts(compared(tmp_path / "a", source, degrees), False)
    assert "label angle: the target's spreads 57.3 times as wide: degrees against radians?" in said
    assert "degrees against radians?" in said
    labels = target.labels.copy()
    labels[:2, 0] = 1.4
    said = texts(compared(tmp_path / "b", source, replace(target, labels=labels)), False)
    assert "label angle: " in said
    assert "of 12 target images are outside of the source's range" in said


@pytest.mark.parametrize(("factor", "words"), [(1, ""), (3, ""), (57.3, "degrees"), (1e-3, "millimetres")])
def test_units_by_their_spread(factor: float, words: str) -> None:
    values = np.random.default_rng(0).normal(size=100)
    assert words in units_apart(values, factor * values)
    assert bool(words) == bool(units_apart(values, factor * values))


def test_the_verb(monkeypatch, capsys, tmp_path: Path) -> None:
    write_folder(tmp_path / "x", random_set(20))
    write_folder(tmp_path / "y", random_set(12, seed=1))
    sheet = tmp_path / "sheet.png"

    def run(*arguments: object) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", "data", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    code, said = run(tmp_path / "x", tmp_path / "y", "--output", sheet)
    assert code == 0
    assert "source: 20 images in 7 episodes, 24×24 pixels; mean red" in said
    assert "angle" in said
    assert sheet.exists()
    sides = f"--source {tmp_path / 'x'} --target {tmp_path / 'y'}"
    assert f"crossgap adapt {sides}" in " ".join(said.split())
    (tmp_path / "x" / "images" / "000001.png").write_bytes(b"no")
    code, said = run(tmp_path / "x", "--output", sheet)
    assert code == 1
    assert "Would be refused:\n- source: 1 of 20 images cannot be read" in said


def cameras(root: Path, n: int = 12, seed: int = 0) -> Path:
    """A folder with two cameras, each its own size, and a state."""
    rng = np.random.default_rng(seed)
    lines = ["episode;front;wrist;reach;angle"]
    for row in range(n):
        for camera, shape in (("front", (24, 32, 3)), ("wrist", (28, 28, 3))):
            (root / camera).mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(root / camera / f"{row}.png")
        lines.append(f"{row // 3};front/{row}.png;wrist/{row}.png;{rng.random()};{rng.random()}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return root


def test_each_camera_of_a_table_is_looked_at(monkeypatch, capsys, tmp_path: Path) -> None:
    x, y = cameras(tmp_path / "x"), cameras(tmp_path / "y", seed=1)
    (x / "wrist" / "3.png").write_bytes(b"no")

    def run(*arguments: object) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", "data", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    code, said = run(x, y, "--output", tmp_path / "sheet.png")
    assert code == 1
    assert "source, camera front: 12 images in 4 episodes, 32×24 pixels" in said
    assert "source, camera wrist: 12 images in 4 episodes, 28×28 pixels" in said
    assert "target, camera wrist: 12 images" in said
    assert "- source, camera wrist: 1 of 12 images cannot be read" in said
    assert "A training takes one, --camera front; goggles take all, or --cameras front wrist" in said
    assert (tmp_path / "sheet.png").exists()
    code, said = run(x, y, "--camera", "front", "--output", tmp_path / "one.png")
    assert code == 0
    assert "wrist" not in said
    assert read_folder(x, camera="front").label_names == ("reach", "angle")
    assert read_folder(y, camera="wrist").images.shape == (12, 28, 28, 3)
    assert len(read_unlabelled(y, camera="front")) == 12
    with pytest.raises(CrossgapError, match=r"2 columns of images.*--camera: front, wrist"):
        read_folder(x)
    with pytest.raises(CrossgapError, match=r"no column of images 'top'. Available: front, wrist"):
        read_folder(x, camera="top")
