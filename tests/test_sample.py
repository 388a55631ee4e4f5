"""`crossgap sample`: the sheet, the files, how near training images are, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossgap.cli import main
from crossgap.data import Classes, LabelScale
from crossgap.data.image_file import read_image, save_image
from crossgap.deploy.adapted import AdaptedModel
from crossgap.networks import DCGANGenerator, Generator, TaskModel


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one step, with its pictures beside it."""
    root = tmp_path_factory.mktemp("dcgan")
    rng = np.random.default_rng(0)
    (root / "pictures").mkdir()
    for index in range(12):
        picture = np.full((40, 48, 3), rng.integers(0, 256, 3), np.uint8)
        save_image(picture, root / "pictures" / f"{index}.png")
    words = f"train dcgan --data {root}/pictures --size 32 --output {root}/run --device cpu"
    _run(f"{words} --precision 32-true --dcgan.steps 1 --dcgan.batch 4 --dcgan.width 2")
    return root


def _run(words: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["crossgap", *words.split()])
        main()


def said(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_a_sheet_files_and_how_near(trained: Path, tmp_path: Path, capsys) -> None:
    model = trained / "run" / "models" / "dcgan"
    words = f"sample {model} --count 11 --seed 3 --output {tmp_path}/a.png --folder {tmp_path}/files"
    _run(words)
    told = said(capsys)
    assert f"11 images of 32×32 pixels: {tmp_path}/a.png" in told
    assert "Distance to the nearest training image, in pixel space" in told
    assert "a training image and the nearest other one:" in told
    assert "Closer than 50% of that average are 0 of 11 images, 0.0%; of training images" in told
    assert "No sign that it copies." in told
    width, height = Image.open(tmp_path / "a.png").size
    assert width == 8 * 132 - 4
    assert height == (2 + 3 + 2) * (128 + 25)  # samples, ways, the nearest and what they are near to
    files = sorted((tmp_path / "files").iterdir())
    drawn = AdaptedModel.load(model).sample(11, 3)
    np.testing.assert_array_equal([read_image(file) for file in files], drawn)


def test_what_copies_its_training_images_is_said(trained: Path, tmp_path: Path, capsys) -> None:
    model = trained / "run" / "models" / "dcgan"
    drawn = AdaptedModel.load(model).sample(3, 0)
    (tmp_path / "copied").mkdir()
    others = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
    for index, image in enumerate([*others, *drawn]):
        save_image(image, tmp_path / "copied" / f"{index}.png")
    _run(f"sample {model} --count 3 --output {tmp_path}/a.png --images {tmp_path}/copied --interpolate 0")
    told = said(capsys)
    assert "copied does not hold the very images that the model was trained on" in told
    assert "0.0 on average, 0.0 at least" in told
    assert (
        "are 3 of 3 images, 100.0%; of training images, to another one, 20.0%. It has learnt some by" in told
    )
    sheet = np.asarray(Image.open(tmp_path / "a.png"))
    assert len(sheet) == 3 * (128 + 25)
    _, nearest, training = (part[25:] for part in np.split(sheet, 3))
    np.testing.assert_array_equal(nearest, training)  # below each what it is a copy of


def test_what_draws_the_same_whatever_the_noise_is_said(trained: Path, tmp_path: Path, capsys) -> None:
    generator = DCGANGenerator(32, 5, 2)
    for weight in generator.parameters():
        torch.nn.init.zeros_(weight)
    AdaptedModel(None, None, (), 32, sampler=generator).save(tmp_path / "grey")
    words = f"sample {tmp_path}/grey --images {trained}/pictures --output {tmp_path}/a.png"
    _run(f"{words} --count 9")
    told = said(capsys)
    assert "All are nearly alike: they are 0.0 from their mean, training images " in told
    _run(f"{words} --count 1")
    assert "nearly alike" not in said(capsys)  # of one there is nothing to say


def test_a_model_that_is_in_no_run(trained: Path, tmp_path: Path, capsys) -> None:
    torch.manual_seed(0)
    AdaptedModel(None, None, (), 32, sampler=DCGANGenerator(32, 5, 2)).save(tmp_path / "alone")
    _run(f"sample {tmp_path}/alone --count 1 --output {tmp_path}/a.png")
    told = said(capsys)
    assert "Its training images are unknown" in told
    assert "--images says where they are" in told
    assert Image.open(tmp_path / "a.png").size[1] == (1 + 3) * (128 + 25)


def test_training_images_that_are_no_longer_fit(trained: Path, tmp_path: Path, capsys) -> None:
    """Images are drawn all the same."""
    pictures, hidden = trained / "pictures", trained / "elsewhere"
    pictures.rename(hidden)
    save_image(np.zeros((40, 40, 3), np.uint8), _new(pictures) / "0.png")
    _run(f"sample {trained}/run/models/dcgan --count 1 --output {tmp_path}/a.png --interpolate 0")
    told = said(capsys)
    assert "pictures has 1 image of 32×32 pixels. Expected at least 2" in told
    assert "How near the nearest training image is cannot be told" in told
    assert Image.open(tmp_path / "a.png").size[1] == 128 + 25
    (pictures / "0.png").unlink()
    pictures.rmdir()
    hidden.rename(pictures)


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_how_many_classes_are_drawn(trained: Path, tmp_path: Path, capsys) -> None:
    judge = TaskModel(3, 32, 2, 4)
    for weight in judge.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        judge.head.bias[1] = 1  # every image is of class 1
    AdaptedModel(judge, Classes(3), ("kind",), 32, method="source_only").save(tmp_path / "judge")
    words = f"sample {trained}/run/models/dcgan --count 5 --output {tmp_path}/a.png"
    _run(f"{words} --classifier {tmp_path}/judge")
    told = said(capsys)
    assert "1 of 3 classes are drawn, each by at least 3.33% of the images, as source_only sees them" in told
    assert "(0: 0, 1: 5, 2: 0)" in told
    AdaptedModel(judge, LabelScale((0.0,) * 3, (1.0,) * 3), ("x", "y", "z"), 32).save(tmp_path / "numbers")
    with pytest.raises(SystemExit):
        _run(f"{words} --classifier {tmp_path}/numbers")
    assert "numbers predicts x, y, z of 32×32 pixels. Expected a model that predicts classes" in said(capsys)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--count 0", "images to draw must be at least 1; got 0"),
        ("--seed -1", "seed must be 0 or more; got -1"),
        ("--interpolate 1", "--interpolate must be 0, for none, or at least 2; got 1"),
        ("--output {root}/a.jpg", "a.jpg is no name for a PNG"),
        ("--folder {root}/pictures", "pictures exists already. Expected a new folder"),
        ("--images {root}/nothing", "--images: no folder"),
        ("--images {root}/run/samples", "at least 2 of 32|Expected squares"),
    ],
)
def test_what_cannot_be(trained: Path, tmp_path: Path, capsys, options: str, problem: str) -> None:
    out = "" if "--output" in options else f" --output {tmp_path}/a.png"
    with pytest.raises(SystemExit) as end:
        _run(f"sample {trained}/run/models/dcgan {options.format(root=trained)}{out}")
    assert end.value.code == 2
    message = said(capsys)
    assert any(one in message for one in problem.split("|")), message
    assert not list(tmp_path.iterdir())


def test_a_picture_that_the_command_did_not_make_is_left(trained: Path, tmp_path: Path, capsys) -> None:
    words = f"sample {trained}/run/models/dcgan --count 1 --interpolate 0 --output {tmp_path}"
    save_image(np.zeros((4, 4, 3), np.uint8), tmp_path / "mine.png")
    before = (tmp_path / "mine.png").read_bytes()
    with pytest.raises(SystemExit):
        _run(f"{words}/mine.png")
    assert "mine.png is there, and was not made by" in said(capsys)
    assert (tmp_path / "mine.png").read_bytes() == before
    _run(f"{words}/new.png")
    first = (tmp_path / "new.png").read_bytes()
    _run(f"{words}/new.png --seed 1")  # its own it makes anew
    assert (tmp_path / "new.png").read_bytes() != first


def test_a_model_without_a_sampler(tmp_path: Path, capsys) -> None:
    AdaptedModel(None, None, (), 24, Generator(4, 1), method="cyclegan").save(tmp_path / "model")
    with pytest.raises(SystemExit):
        _run(f"sample {tmp_path}/model --output {tmp_path}/a.png")
    assert "is a translator alone: it has no sampler, and draws nothing from noise" in said(capsys)
