"""Integrated gradients: exact where the integral is known, complete where not; and `crossgap explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from crossgap.cli import run
from crossgap.commands.explain import explain
from crossgap.data.images import Classes, LabelScale
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.integrated_gradients.saliency import integrated_gradients
from crossgap.networks import Generator, TaskModel

pytest.importorskip("captum")


class Quadratic(nn.Module):
    """f_0 = Σ w x, f_1 = Σ w x²."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0)))

    def forward(self, images: Tensor) -> Tensor:
        return torch.stack([(self.weight * images**power).sum((1, 2, 3)) for power in (1, 2)], 1)


def images(n: int = 3, size: int = 4) -> Tensor:
    return 2 * torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(1)) - 1


def test_shares_on_a_linear_and_a_quadratic_network() -> None:
    network, x = Quadratic(), images()
    linear, quadratic = (integrated_gradients(network, x, output) for output in (0, 1))
    weight = network.weight.detach()
    torch.testing.assert_close(linear.shares, weight * (x + 1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(quadratic.shares, weight * (x**2 - 1), atol=1e-5, rtol=1e-5)
    for found in (linear, quadratic):
        assert found.gap.abs().max() < 1e-4


def test_shares_of_a_task_model_add_up_to_what_the_image_changes() -> None:
    torch.manual_seed(0)
    network, x = TaskModel(2, 32, 4, 16).eval(), images(4, 32)
    for output in (0, 1):
        found = integrated_gradients(network, x, output)
        with torch.no_grad():
            change = (network(x) - network(-torch.ones_like(x)))[:, output]
        torch.testing.assert_close(found.change, change)
        assert found.gap.abs().max() < 0.02 * change.abs().max()
    coarse = integrated_gradients(network, x, 0, steps=2)
    assert coarse.gap.abs().max() > integrated_gradients(network, x, 0).gap.abs().max()


# crossgap explain


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Models of each kind, and two images."""
    torch.manual_seed(0)
    scale, names = LabelScale((0.0, 1.0), (0.5, 2.0)), ("left", "right")
    kinds = {
        "plain": AdaptedModel(TaskModel(2, 32, 4, 16), scale, names, 32),
        "translating": AdaptedModel(TaskModel(2, 32, 4, 16), scale, names, 32, Generator(4, 1)),
        "classes": AdaptedModel(TaskModel(10, 32, 4, 16), Classes(10), ("digit",), 32),
        "translator": AdaptedModel(None, None, (), 32, Generator(4, 1), "cyclegan"),
    }
    for name, model in kinds.items():
        for layer in model.networks["task_model"].modules() if model.label_names else ():
            if isinstance(layer, nn.Conv2d):
                layer.weight.data *= 3  # an untrained layer answers with little but its bias
        model.save(tmp_path / name)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    Image.fromarray(pixels[0]).save(tmp_path / "a.png")
    Image.fromarray(pixels[1]).resize((80, 80)).save(tmp_path / "b.jpg")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "told", "columns"),
    [("plain", ["left", "right"], 4), ("translating", ["left", "right"], 5), ("classes", 8, 10)],
)
def test_explain_draws_a_row_for_each_image(
    files: Path, monkeypatch: Any, capsys: Any, kind: str, told: Any, columns: int
) -> None:
    drawn: list[list] = []
    from crossgap.commands import explain as module

    draw = module._draw
    monkeypatch.setattr(module, "_draw", lambda cells, path: (drawn.append(cells), draw(cells, path)))
    found = explain(files / kind, [files / "a.png", files / "b.jpg"], files / "o.png", (), "cpu", 0)
    assert Image.open(files / "o.png").width > Image.open(files / "o.png").height
    assert len(drawn[0]) == columns
    assert all(len(cells) == 2 for _, cells in drawn[0])
    names = list(found["completeness"])
    assert names == told or (len(names) == told and all(name.startswith("digit ") for name in names))
    for before, after in found["activation"]["features.8"]:
        assert after > before
    said = capsys.readouterr().err
    assert f"{names[0]}: an image changes it by" in said
    assert ("Of 10 outputs the likeliest 8 are shown" in said) == (kind == "classes")


def test_shares_are_in_the_labels_unit(files: Path) -> None:
    model = AdaptedModel.load(files / "plain")
    image = np.asarray(Image.open(files / "a.png"))
    black = np.zeros_like(image)
    change = np.abs(model.predict(image) - model.predict(black))[0]
    found = explain(files / "plain", [files / "a.png"], files / "o.png", ("features.0",), "cpu", 0)
    told = [found["completeness"][name]["change"] for name in ("left", "right")]
    np.testing.assert_allclose(told, change, rtol=1e-3, atol=1e-6)
    assert list(found["activation"]) == ["features.0"]


def test_the_command_takes_several_images(files: Path, capsys: Any) -> None:
    images = "--image", str(files / "a.png"), "--image", str(files / "b.jpg")
    run(["explain", str(files / "plain"), *images, "--output", str(files / "o.png"), "--device", "cpu"])
    assert f"What the task model looks for: {files / 'o.png'}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "image", "output", "layers", "reason"),
    [
        ("translator", "a.png", "o.png", (), r"This model of cyclegan is a translator alone.*no task model"),
        ("no", "a.png", "o.png", (), r"no is no model. Expected one or several of those in .*plain"),
        ("plain", "no.png", "o.png", (), r"No image at .*no\.png"),
        ("plain", "wide.png", "o.png", (), r"wide\.png: 40×20 pixels\. Expected the shape of the 32×32"),
        ("plain", "a.png", "o.jpg", (), r"o\.jpg is no name for a PNG"),
        ("plain", "a.png", "wide.png", (), r"--output .*wide\.png is there, and was not made by"),
        ("plain", "a.png", "o.png", ("conv1",), r"Layer 'conv1' not found.*Available: features"),
        ("plain", "", "o.png", (), r"Nothing to explain\. Expected --image FILE"),
    ],
)
def test_bad_input_leaves_nothing(
    files: Path, model: str, image: str, output: str, layers: tuple[str, ...], reason: str
) -> None:
    Image.new("RGB", (40, 20)).save(files / "wide.png")
    before = sorted(files.rglob("*"))
    with pytest.raises(CrossgapError, match=reason):
        explain(files / model, [files / image] if image else [], files / output, layers, "cpu", 0)
    assert sorted(files.rglob("*")) == before


def test_a_label_may_be_called_as_another_column(files: Path, monkeypatch: Any) -> None:
    from crossgap.commands import explain as module

    torch.manual_seed(0)
    names = "image", "dream of features.8"
    scale = LabelScale((0.0, 1.0), (0.5, 2.0))
    AdaptedModel(TaskModel(2, 32, 4, 16), scale, names, 32).save(files / "odd")
    drawn: list[list] = []
    monkeypatch.setattr(module, "_draw", lambda cells, path: drawn.append(cells))
    explain(files / "odd", [files / "a.png"], files / "o.png", (), "cpu", 0)
    assert [title for title, _ in drawn[0]] == ["image", *names, "dream of features.8"]


def test_a_label_with_dollars_is_no_formula(files: Path) -> None:
    AdaptedModel(TaskModel(1, 32, 4, 16), LabelScale((0.0,), (1.0,)), (r"$\cost$",), 32).save(files / "odd")
    explain(files / "odd", [files / "a.png"], files / "o.png", (), "cpu", 0)
    assert (files / "o.png").exists()


def test_of_many_labels_the_first_are_shown(capsys: Any) -> None:
    from crossgap.commands.explain import _outputs

    names = tuple(f"joint {number}" for number in range(9))
    model = AdaptedModel(TaskModel(9, 32, 4, 16), LabelScale((0.0,) * 9, (1.0,) * 9), names, 32)
    assert list(_outputs(model, images(1, 32)).values()) == list(names[:8])
    assert "Of 9 outputs the first 8 are shown" in capsys.readouterr().err
