"""`crossgap export`: what the file computes is what torch computes, or there is no file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

pytest.importorskip("onnxruntime", reason="extra `export` is not installed")
pytest.importorskip("onnxscript", reason="extra `export` is not installed")

from crossgap.cli import main
from crossgap.data import Classes, LabelledImages, LabelScale, write_folder
from crossgap.data.images import LabelCoding
from crossgap.data.preparation import Preparation
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.onnx import OnnxModel, export_onnx, parity
from crossgap.deploy.onnx.parity import difference, scenes
from crossgap.deploy.onnx.resize import Prepare
from crossgap.errors import CrossgapError
from crossgap.networks import Generator, TaskModel, register_network

SIZE = 32
ALONE = """
import runpy, sys
for name in ("torch", "crossgap", "onnx"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a script where these packages are not."""
IMAGES = scenes(6, SIZE, SIZE, seed=7)
SCALE = LabelScale((1.0, -200.0), (0.5, 30.0))


def adapted(norm: str = "instance", coding: LabelCoding = SCALE, translator: bool = True) -> AdaptedModel:
    torch.manual_seed(0)
    names = ("x", "y") if isinstance(coding, LabelScale) else ("kind",)
    F = Generator(8, 1) if translator else None
    return AdaptedModel(
        TaskModel(coding.outputs, SIZE, 8, 16, norm), coding, names, SIZE, F, "taskgan_inverse"
    )


def test_labels_in_their_own_units(tmp_path: Path) -> None:
    model = adapted()
    done = export_onnx(model, tmp_path / "m.onnx")
    assert done.difference <= 1e-4
    found = OnnxModel(done.path)
    off = np.abs(found.predict(IMAGES) - model.predict(IMAGES)) / SCALE.spread
    assert off.max() <= 1e-4
    assert found.about["label_names"] == ["x", "y"]
    assert model.predict(IMAGES).std(0).max() > 1e-3, "all images alike would prove nothing"
    one = found._session.run(None, {"image": IMAGES[:1]})[0]
    assert one.shape == (1, 2)
    assert one.dtype == np.float32
    many = found._session.run(None, {"image": IMAGES})[0]
    np.testing.assert_allclose(many, found.predict(IMAGES), rtol=1e-5)


def test_a_class_and_its_scores(tmp_path: Path) -> None:
    model = adapted("group", Classes(5), translator=False)
    found = OnnxModel(export_onnx(model, tmp_path / "m.onnx").path)
    label, scores = found.run(IMAGES)
    assert label.dtype == np.int64
    np.testing.assert_array_equal(found.predict(IMAGES), model.predict(IMAGES))
    np.testing.assert_array_equal(label[:, 0], scores.argmax(1))


def test_the_picture_that_the_task_model_would_see(tmp_path: Path) -> None:
    model = adapted()
    found = OnnxModel(export_onnx(model, tmp_path / "m.onnx", picture=True).path)
    apart = np.abs(found.translate(IMAGES).astype(int) - model.translate(IMAGES))
    assert apart.max() <= 1
    assert apart.mean() < 0.01
    with pytest.raises(CrossgapError, match="Expected one with labels"):
        found.predict(IMAGES)


def test_what_computes_something_else_is_not_written(tmp_path: Path, monkeypatch) -> None:
    """Weights that are 0.1 % off, as another graph would have them."""
    model, run = adapted(), OnnxModel.run
    monkeypatch.setattr(OnnxModel, "run", lambda self, images: [1.001 * part for part in run(self, images)])
    with pytest.raises(CrossgapError, match="does not compute what torch does"):
        export_onnx(model, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_how_far_outputs_are_apart_by_hand() -> None:
    one, other = np.array([[1.0, 10.0]], np.float32), np.array([[1.5, 11.0]], np.float32)
    assert difference([one], [other], np.array([2.0, 100.0])) == pytest.approx(0.25)
    clear, tie = np.array([[0.0, 4.0]], np.float32), np.array([[2.0, 2.0 + 1e-6, -4]], np.float32)
    zero, unit = np.array([[0]]), np.array([[1]])
    assert difference([unit, clear], [unit, clear + 0.5], np.ones(1)) == pytest.approx(0.5 / 2)
    with pytest.raises(CrossgapError, match="a class"):
        difference([unit, clear], [zero, clear], np.ones(1))
    assert difference([unit, tie], [zero, tie], np.ones(1)) == 0
    grey = np.full((1, 2, 2, 3), 7, np.uint8)
    assert (
        difference([grey], [np.where(np.arange(12).reshape(grey.shape) < 3, grey + 1, grey)], np.ones(1))
        == 0.25
    )
    with pytest.raises(CrossgapError, match="by 2 levels"):
        difference([grey], [grey + 2], np.ones(1))
    with pytest.raises(CrossgapError, match="not finite"):
        difference([one], [np.array([[np.nan, 1]], np.float32)], np.ones(2))


PREPARATIONS = [
    (Preparation((32, 48)), (120, 160)),
    (Preparation((32, 48), "pad"), (160, 120)),
    (Preparation((32, 48), "stretch"), (70, 75)),
    (Preparation((32, 32), "crop", (10, 20, 90, 60), (120, 160)), (120, 160)),
    (Preparation((64, 64), "pad"), (40, 30)),
    (Preparation((32, 32)), (32, 40)),
]


@pytest.mark.parametrize(("preparation", "camera"), PREPARATIONS)
def test_images_are_prepared_in_the_graph_as_pillow_does(preparation, camera) -> None:
    images = scenes(3, *camera, seed=5)
    with torch.inference_mode():
        found = Prepare(preparation, camera)(torch.from_numpy(images)).numpy()
    np.testing.assert_array_equal(found, np.stack([preparation.prepare(image) for image in images]))


def test_depth_is_mapped_in_the_graph() -> None:
    preparation = Preparation((32, 32), value_range=(0.5, 2.0))
    depth = np.random.default_rng(0).uniform(0, 3, (2, 60, 80)).astype(np.float32)
    depth[0, 30:33, 30:33] = [np.nan, np.inf, -np.inf]
    with torch.inference_mode():
        found = Prepare(preparation, (60, 80))(torch.from_numpy(depth)).numpy()
    np.testing.assert_array_equal(found, np.stack([preparation.prepare(image) for image in depth]))


def test_a_camera_s_images_go_in_and_labels_come_out(tmp_path: Path) -> None:
    model = adapted()
    model.preparation = Preparation((SIZE, SIZE))
    done = export_onnx(model, tmp_path / "m.onnx", camera=(60, 80))
    camera = scenes(4, 60, 80, seed=11)
    found = OnnxModel(done.path)
    assert (np.abs(found.predict(camera) - model.predict(camera)) / SCALE.spread).max() <= 1e-4
    assert done.takes.startswith("images (n, 60, 80, 3) uint8")
    assert done.prepared.predict(IMAGES).shape == (6, 2)
    with pytest.raises(CrossgapError, match="no preparation"):
        export_onnx(adapted(), tmp_path / "n.onnx", camera=(60, 80))
    model.preparation = Preparation((SIZE, SIZE), roi=(0, 0, 50, 50))
    for camera_size, told in (((40, 80), "outside"), (None, "--camera")):
        with pytest.raises(CrossgapError, match=told):
            export_onnx(model, tmp_path / "n.onnx", camera=camera_size)


@register_network
class Mixes(nn.Module):
    """A task model whose outputs depend on the other images of the batch."""

    def __init__(self, outputs: int = 2):
        super().__init__()
        self.layer = nn.Linear(3, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = images.mean((2, 3))
        return self.layer(features - features.mean(0))


def test_a_network_that_mixes_images_is_refused(tmp_path: Path) -> None:
    model = AdaptedModel(Mixes(), LabelScale((0.0, 0.0), (1.0, 1.0)), ("x", "y"), SIZE)
    with pytest.raises(CrossgapError, match=r"mixes the images|does not compute"):
        export_onnx(model, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_scenes_look_like_something() -> None:
    """Not noise: neighbours are alike. Not one colour: the whole range is used."""
    images = scenes(4, 48, 64).astype(float)
    assert images.shape == (4, 48, 64, 3)
    across = np.abs(np.diff(images, axis=2)).mean()
    assert across < images.std() / 2
    assert images.min() < 30
    assert images.max() > 225
    np.testing.assert_array_equal(scenes(2, 8, 8), scenes(3, 8, 8)[:2])


@pytest.fixture
def crossgap(monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """`crossgap(arguments…)`: exit code of `crossgap export`, and what it said."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", "export", *map(str, arguments)])
        try:
            main()
        except SystemExit as left:
            return int(left.code or 0), " ".join(capsys.readouterr().err.split())
        return 0, " ".join(capsys.readouterr().err.split())

    return run


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """24 labelled images of 4 episodes."""
    images = scenes(24, SIZE, SIZE, seed=3)
    labels = np.column_stack([images.mean((1, 2, 3)) / 100, -images.std((1, 2, 3))]).astype(np.float32)
    write_folder(tmp_path / "data", LabelledImages(images, labels, ("x", "y"), np.arange(24) // 6))
    return tmp_path / "data"


def test_8_bits_and_what_they_cost(crossgap, labelled, tmp_path: Path) -> None:
    model = adapted()
    model.save(tmp_path / "model")
    code, said = crossgap(tmp_path / "model", tmp_path / "m.onnx", "--int8", "--calibration", labelled)
    assert code == 0, said
    assert "12 images of 2 episodes" in said
    assert "mean squared error" in said
    assert "p50" in said
    assert "of it computing, on one thread here." in said
    found = OnnxModel(tmp_path / "m.onnx")
    assert found.about["precision"] == "int8"
    off = np.abs(found.predict(IMAGES) - model.predict(IMAGES)) / SCALE.spread
    assert 0 < off.max() < 0.1
    code, said = crossgap(tmp_path / "model", tmp_path / "plain.onnx")
    assert code == 0, said
    assert (tmp_path / "m.onnx").stat().st_size < (tmp_path / "plain.onnx").stat().st_size


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["model", "m.onnx", "--int8"], "--calibration FOLDER"),
        (["model", "m.pt"], "ends in .onnx"),
        (["model", "there.onnx"], "exists already"),
        (["nothing", "m.onnx"], "nothing"),
        (["plain", "m.onnx", "--picture"], "has no translator"),
        (["model", "m.onnx", "--int8", "--calibration", "absent"], "No folder"),
        (["model", "m.onnx", "--camera", "wide"], "expected HEIGHTxWIDTH"),
    ],
)
def test_bad_input_ends_in_one_line(crossgap, tmp_path, monkeypatch, arguments, told) -> None:
    adapted().save(tmp_path / "model")
    adapted(translator=False).save(tmp_path / "plain")
    (tmp_path / "there.onnx").write_text("mine")
    monkeypatch.chdir(tmp_path)
    code, said = crossgap(*arguments)
    assert code == 2
    assert told in said
    assert "Traceback" not in said
    assert not (tmp_path / "m.onnx").exists()


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(CrossgapError, match=r"crossgap\[export\]"):
        export_onnx(adapted(), tmp_path / "m.onnx")


def test_the_example_needs_neither_torch_nor_crossgap(tmp_path: Path, python) -> None:
    model = adapted()
    export_onnx(model, tmp_path / "m.onnx")
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down, as a camera that was held so says
    Image.fromarray(IMAGES[0][::-1, ::-1]).save(tmp_path / "0.png", exif=exif)
    example = Path(__file__).parents[1] / "examples" / "deploy_onnx.py"
    done = python(ALONE, example, tmp_path / "m.onnx", tmp_path / "0.png")
    assert done.returncode == 0, done.stderr
    printed = np.array(done.stdout.split("[")[1].strip("]\n ").split(), float)
    np.testing.assert_allclose(printed, model.predict(IMAGES[0])[0], rtol=1e-3)


def test_what_is_no_file_of_ours_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"not onnx")
    with pytest.raises(CrossgapError, match="cannot be run"):
        OnnxModel(tmp_path / "m.onnx")
    assert parity.TOLERANCE == 1e-4
