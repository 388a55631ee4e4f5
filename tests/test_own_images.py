"""Own images of any size, from the command line to a model that takes them as the camera gives them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.base.files import read_json
from crossgap.cli import main
from crossgap.data.preparation import Preparation
from crossgap.deploy.adapted import AdaptedModel

Run = Callable[..., tuple[int, str]]
COUNT = 8
STEPS = "--source.steps", 2, "--fine-tuning.steps", 2


@pytest.fixture
def crossgap(monkeypatch, capsys) -> Run:
    """`crossgap(arguments…)`: exit code, and what it said."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        shown = capsys.readouterr()
        return code, " ".join((shown.err + shown.out).split())

    return run


def write(folder: Path, images: list[np.ndarray], ending: str = "png", turned: bool = False) -> Path:
    """Images with a label, and an episode each; turned ones lie on their side, and say so."""
    folder.mkdir(parents=True)
    rows = ["image,episode,x"]
    for index, image in enumerate(images):
        name = f"{index}.{ending}"
        picture = Image.fromarray(np.rot90(image).copy() if turned else image)
        exif = picture.getexif()
        if turned:
            exif[0x0112] = 6  # to be shown a quarter turn clockwise
        picture.save(folder / name, **({"exif": exif, "quality": 95} if ending == "jpg" else {}))
        rows.append(f"{name},{index},{index % 5}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return folder


def pictures(height: int, width: int, seed: int, count: int = COUNT) -> list[np.ndarray]:
    """Coarse random ones, which a JPEG keeps."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 8, 3), np.uint8)
    return [
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC)) for one in coarse
    ]


def train(
    crossgap: Run, method: str, source: Path, target: Path, output: Path, *options: object
) -> AdaptedModel:
    folders = "--source", source, "--target", target, "--output", output, "--device", "cpu"
    code, said = crossgap("train", method, *folders, *options)
    assert code == 0, said
    return AdaptedModel.load(output / "models" / method)


def test_turned_photographs_of_another_shape(crossgap: Run, tmp_path: Path, monkeypatch) -> None:
    sim = write(tmp_path / "sim", pictures(32, 32, 0))
    real = write(tmp_path / "real", pictures(480, 640, 1), "jpg", turned=True)
    seen = []
    monkeypatch.setattr("crossgap.methods.methods.Methods.__init__", _noting(seen))
    model = train(crossgap, "fine_tuned", sim, real, tmp_path / "run", *STEPS, "--size", "24")
    assert model.preparation == Preparation((24, 24))
    (trained, *_) = seen
    assert trained.shape == (COUNT, 24, 24, 3)
    files = [Image.open(real / f"{index}.jpg") for index in range(COUNT)]
    assert files[0].size == (480, 640)  # as stored
    np.testing.assert_array_equal(model.translate(files), trained)  # what predict shows the task model
    arrays = [np.asarray(Image.open(real / f"{index}.jpg").convert("RGB")) for index in range(COUNT)]
    upright = np.stack([np.rot90(array, -1) for array in arrays])
    np.testing.assert_array_equal(model.predict(upright), model.predict(trained))
    np.testing.assert_array_equal(model.predict(upright[..., ::-1], channels="bgr"), model.predict(trained))
    path = tmp_path / "run" / "models" / "fine_tuned"
    code, said = crossgap(
        "evaluate", path, "--data", real, "--output", tmp_path / "e.json", "--device", "cpu"
    )
    assert code == 0, said
    assert "is of the run of" in said  # the very pixels
    settings = read_json(tmp_path / "run" / "config.json")
    assert settings["size"] == 24
    assert "preparation" not in settings["target"]


def _noting(seen: list) -> Callable:
    from crossgap.methods.methods import Methods

    whole = Methods.__init__

    def note(self, source, target, *arguments, **named) -> None:
        seen.append(target.images)
        whole(self, source, target, *arguments, **named)

    return note


def test_a_translator_prepares_as_its_training_did(crossgap: Run, tmp_path: Path) -> None:
    sim, real = write(tmp_path / "sim", pictures(32, 32, 0)), tmp_path / "real"
    write(real, pictures(480, 640, 1), "jpg", turned=True)
    options = "--size", "24x32", "--fit", "pad", "--cyclegan.steps", 2, "--cyclegan.width", 2
    options += "--cyclegan.discriminator-width", 2, "--cyclegan.batch", 2
    train(crossgap, "cyclegan", sim, real, tmp_path / "run", *options)
    path = tmp_path / "run" / "models" / "cyclegan_inverse"
    model = AdaptedModel.load(path)
    assert model.preparation == Preparation((24, 32), "pad")
    files = [Image.open(real / f"{index}.jpg") for index in range(COUNT)]
    wanted = model.translate(files)
    assert wanted.shape == (COUNT, 24, 32, 3)
    code, said = crossgap("translate", path, real, tmp_path / "out", "--device", "cpu")
    assert code == 0, said
    for index, one in enumerate(wanted):
        found = np.asarray(Image.open(tmp_path / "out" / f"{index}.jpg")).astype(int)
        assert found.shape == (24, 32, 3)
        assert np.abs(found - one).mean() < 8  # JPEG
    code, said = crossgap("translate", path, real / "0.jpg", tmp_path / "one.png", "--device", "cpu")
    assert code == 0, said
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "one.png")), wanted[0])


@pytest.mark.parametrize("method", ["taskgan_inverse_refined", "cut", "pix2pix"])
def test_networks_that_are_no_squares(crossgap: Run, tmp_path: Path, method: str) -> None:
    sim, real = (write(tmp_path / name, pictures(96, 128, seed)) for name, seed in (("sim", 0), ("real", 1)))
    options = {
        "taskgan_inverse_refined": (
            *("--translator.steps", 2, "--translator.batch", 2, "--refinement.steps", 2),
            *STEPS[:2],
        ),
        "cut": ("--cut.steps", 2, "--cut.width", 2, "--cut.batch", 1, "--cut.patches", 16),
        "pix2pix": ("--pix2pix.steps", 2, "--pix2pix.width", 2, "--pix2pix.batch", 2),
    }[method]
    model = train(crossgap, method, sim, real, tmp_path / "run", *options)  # as they are: no --size
    assert (model.size, model.preparation) == ((96, 128), None)
    assert read_json(tmp_path / "run" / "models" / method / "adapted.json")["size"] == [96, 128]
    assert model.translate(np.stack(pictures(96, 128, 2))).shape == (COUNT, 96, 128, 3)


def test_a_region_and_depth_of_two_cameras(crossgap: Run, tmp_path: Path) -> None:
    depth = [(10.0 * one[..., 0]).astype(np.uint16) for one in pictures(40, 60, 0)]
    metres = [one[..., 0].astype(np.float32) / 100 for one in pictures(48, 64, 1)]
    sim, real = write(tmp_path / "sim", depth), write(tmp_path / "real", metres, "tif")
    options = "--size", "24", "--source-range", "0,2550", "--target-range", "0,2", "--target-roi", "8,4,40,40"
    model = train(crossgap, "fine_tuned", sim, real, tmp_path / "run", *STEPS, *options)
    about = Preparation((24, 24), "crop", (8, 4, 40, 40), (48, 64), (0.0, 2.0))
    assert model.preparation == about
    expected = np.stack([about.prepare(one) for one in metres])
    np.testing.assert_array_equal(model.predict(metres), model.predict(expected))
    settings = read_json(tmp_path / "run" / "config.json")
    assert settings["target"]["preparation"] == about.to_json()
    assert settings["source"]["preparation"] == {"size": 24, "fit": "crop", "value_range": [0, 2550]}
    path = tmp_path / "run" / "models" / "fine_tuned"
    code, said = crossgap("evaluate", path, "--data", real, "--device", "cpu")
    assert code == 0, said
    write(tmp_path / "other", [one[:40] for one in metres], "tif")
    code, said = crossgap("evaluate", path, "--data", tmp_path / "other", "--device", "cpu")
    assert code == 2
    assert "0.tif: An image of 64×40 pixels does not fit the region of interest 8,4,40,40, for images" in said
    other = train(crossgap, "source_only", sim, real, tmp_path / "run", *STEPS[:2], *options)
    assert other.preparation == about  # it, too, is for the target
    code, said = crossgap(
        "train", "fine_tuned", "--source", sim, "--target", real, "--output", tmp_path / "run", *STEPS,
        *options[:-1], "9,4,40,40",
    )  # fmt: skip
    assert code == 2  # another run


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "real/0.png: 80×60 pixels, but"),
        (("--fit", "pad"), "--fit needs --size"),
        (("--target-roi", "0,0,9,9"), "--target-roi needs --size"),
        (("--size", "24", "--target-roi", "0,0,9"), "--target-roi 0,0,9: expected x,y,width,height"),
        (("--size", "24", "--target-roi", "0,0,0,9"), "--target-roi: A region of interest is x, y, width"),
        (("--size", "24", "--source-roi", "0,0,70,9"), "--source-roi: The region 0,0,70,9 ends at 70,9"),
        (("--size", "24", "--source-range", "a,b"), "--source-range a,b: expected LOW,HIGH"),
        (
            ("--size", "24", "--source-range", "2,1"),
            "--source-range: A range is the value that becomes black",
        ),
        (("--size", "24", "--source-range", "1,2"), "sim/0.png: 8 bits per channel. --source-range is for"),
        (("--size", "24x"), "--size 24x: expected one number"),
    ],
)
def test_bad_options_in_one_line(crossgap: Run, tmp_path: Path, options: tuple, told: str) -> None:
    sim = write(tmp_path / "sim", pictures(32, 32, 0, 2))
    real = write(tmp_path / "real", [*pictures(60, 80, 1, 2), *pictures(40, 80, 2, 1)])
    folders = "--source", sim, "--target", real, "--output", tmp_path / "run"
    code, said = crossgap("train", "fine_tuned", *folders, *options)
    assert code == 2
    assert (
        told.replace("real/0.png: 80×60 pixels, but", "real/2.png: 80×40 pixels, but 0.png has 80×60") in said
    )
    assert not (tmp_path / "run").exists()


def test_a_budget_on_photographs(crossgap: Run, tmp_path: Path) -> None:
    sim = write(tmp_path / "sim", pictures(32, 32, 0))
    real = write(tmp_path / "real", pictures(60, 80, 1), "jpg", turned=True)
    folders = "--source", sim, "--target", real, "--output", tmp_path / "run", "--device", "cpu"
    options = "--methods", "fine_tuned", "--counts", 3, "--spread", "images", *STEPS, "--size", "24x32"
    code, said = crossgap("budget", *folders, *options)
    assert code == 0, said
    (model,) = tmp_path.glob("run/*/models/fine_tuned")
    assert AdaptedModel.load(model).preparation == Preparation((24, 32))
