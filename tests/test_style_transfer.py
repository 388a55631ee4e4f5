"""Style transfer: its losses by hand, what it makes of a tiny network, and `crossgap stylize`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from crossgap.cli import run
from crossgap.commands import looking
from crossgap.commands.options import LookOptions
from crossgap.commands.stylize import stylize
from crossgap.data.images import LabelScale
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.style_transfer import StyleConfig
from crossgap.methods.style_transfer.losses import gram, relative_distance, variation_loss
from crossgap.methods.style_transfer.transfer import StyleTransfer
from crossgap.networks import TaskModel
from crossgap.networks.vgg import VGG, VGG16

TINY = StyleConfig(("conv2_1",), ("conv1_1", "conv2_1"), variation_weight=0, steps=150, rate=0.05)


def tiny(seed: int = 0) -> VGG:
    """VGG16 of few channels, with random weights."""
    torch.manual_seed(seed)
    return VGG(VGG16, nn.Identity(), (6, 8, 8, 8, 8))


def picture(seed: int, size: int = 24) -> torch.Tensor:
    """Smooth colours, (1, 3, size, size) in [-1, 1]."""
    torch.manual_seed(seed)
    small = 1.6 * torch.rand(1, 3, 4, 4) - 0.8
    return nn.functional.interpolate(small, (size, size), mode="bilinear", align_corners=True)


def test_gram_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # two channels, two positions
    assert gram(features).tolist() == [[[2.5, 0.5], [0.5, 5.0]]]


def test_gram_is_the_same_for_a_picture_and_for_two_of_it() -> None:
    features = torch.randn(1, 3, 4, 5)
    torch.testing.assert_close(gram(torch.cat([features, features], 3)), gram(features))


def test_losses_by_hand() -> None:
    assert float(relative_distance(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 2.0]))) == pytest.approx(
        8 / 5
    )
    assert float(relative_distance(torch.zeros(2), torch.tensor([1.0, 2.0]))) == 1  # knows nothing
    step = torch.tensor([[[[0.0, 2.0], [0.0, 2.0]]]])  # 2 between columns, 0 between rows
    assert float(variation_loss(step)) == 4


def test_losses_are_the_papers_up_to_their_constants() -> None:
    network, content, style = tiny(), picture(1), picture(2)
    transfer = StyleTransfer(network, content, style, replace(TINY, start="noise"))
    found = {name: float(loss.detach()) for name, loss in transfer.losses().items()}
    seen, of_content, of_style = (
        transfer._seen(image) for image in (transfer.picture.detach(), content, style)
    )
    f, p = seen["conv2_1"], of_content["conv2_1"]
    paper = 0.5 * (f - p).square().sum()  # equation 1
    assert found["content"] == pytest.approx(float(paper / (0.5 * p.square().sum())), rel=1e-5)
    parts = []
    for name in TINY.style_layers:
        g, a = (x[name][0].flatten(1) @ x[name][0].flatten(1).T for x in (seen, of_style))
        n, m = seen[name].shape[1], seen[name][0, 0].numel()
        paper = (g - a).square().sum() / (4 * n**2 * m**2)  # equation 4
        parts.append(float(paper / (a.square().sum() / (4 * n**2 * m**2))))
    assert found["style"] == pytest.approx(sum(parts) / len(parts), rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_both_losses_fall_from_noise_by_nine_tenths(optimizer: Any) -> None:
    config = replace(TINY, start="noise", optimizer=optimizer, steps=150 if optimizer == "adam" else 40)
    transfer = StyleTransfer(tiny(), picture(1), picture(2), config)
    first = transfer.step()
    for _ in range(config.steps - 1):
        last = transfer.step()
    assert first == pytest.approx(transfer.of_noise)
    for name in ("content", "style"):
        assert last[name] < 0.1 * first[name], name
    assert transfer.picture.detach().abs().max() <= 1


def test_weights_say_what_counts() -> None:
    ends = []
    for content, style in ((1, 0), (0, 1)):
        config = replace(TINY, start="noise", content_weight=content, style_weight=style, steps=60)
        transfer = StyleTransfer(tiny(), picture(1), picture(2), config)
        for _ in range(config.steps):
            transfer.step()
        ends.append({name: float(loss.detach()) for name, loss in transfer.losses().items()})
    assert ends[0]["content"] < 0.5 * ends[1]["content"]
    assert ends[1]["style"] < 0.5 * ends[0]["style"]


def test_total_variation_smooths() -> None:
    ends = []
    for weight in (0.0, 3.0):
        config = replace(TINY, start="noise", variation_weight=weight, steps=60)
        transfer = StyleTransfer(tiny(), picture(1), picture(2), config)
        for _ in range(config.steps):
            transfer.step()
        ends.append(float(transfer.losses()["variation"].detach()))
    assert ends[1] < 0.5 * ends[0]


def test_it_starts_from_the_content_or_from_noise_of_its_seed() -> None:
    of = {}
    for name, start, seed in (
        ("content", "content", 0),
        ("a", "noise", 0),
        ("b", "noise", 0),
        ("c", "noise", 1),
    ):
        config = replace(TINY, start=start)
        of[name] = StyleTransfer(tiny(), picture(1), picture(2), config, seed).picture.detach()
    assert torch.equal(of["content"], picture(1))
    assert torch.equal(of["a"], of["b"])
    assert not torch.equal(of["a"], of["c"])


def test_what_it_compares_with_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network, seen = tiny(), []
    network.standardize.register_forward_hook(lambda _, images, __: seen.append(images[0].clone()))
    transfer = StyleTransfer(network, picture(1), picture(2), replace(TINY, start="content"))
    seen.clear()
    transfer.step()
    transfer.step()
    assert len(seen) == 2


# crossgap stylize


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures; the tiny network in place of VGG16's weights."""
    monkeypatch.setattr(looking, "pretrained", lambda name, file: tiny())
    (tmp_path / "contents").mkdir()
    for name, seed in (("contents/a", 1), ("contents/b", 2), ("style", 3)):
        pixels = (127.5 * (picture(seed, 40)[0].permute(1, 2, 0).numpy() + 1)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    return tmp_path


OPTIONS, FEW = LookOptions(size=40, device="cpu", precision="32-true"), replace(TINY, steps=3)


def test_stylize_writes_picture_losses_and_way(files: Path, capsys: Any) -> None:
    (record,) = stylize(files / "contents/a.png", files / "style.png", files / "o.png", OPTIONS, FEW)
    names = {path.name for path in files.iterdir()} - {"contents", "style.png"}
    assert names == {"o.png", "o.json", "o.steps.png", "o.losses.png"}
    assert Image.open(files / "o.png").size == (40, 40)
    assert len(record["losses"]) == 4
    assert json.loads((files / "o.json").read_text())["losses"] == record["losses"]
    assert "white noise" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["o.steps.png", "o.losses.png"])
def test_pictures_of_others_beside_it_are_left_alone(files: Path, name: str) -> None:
    (files / name).write_bytes(b"mine")
    with pytest.raises(CrossgapError, match=f"{name} is there, and was not made by this command"):
        stylize(files / "contents/a.png", files / "style.png", files / "o.png", OPTIONS, FEW)
    assert (files / name).read_bytes() == b"mine"
    assert not (files / "o.png").exists()
    (files / name).unlink()
    for config in (FEW, replace(FEW, steps=2)):  # its own are made anew
        stylize(files / "contents/a.png", files / "style.png", files / "o.png", OPTIONS, config)


def test_the_command_takes_its_options(files: Path) -> None:
    words = "--size 40 --steps 2 --style-layers conv1_1 --content-layers conv1_2 --optimizer lbfgs"
    pictures = [str(files / name) for name in ("contents/a.png", "style.png", "o.png")]
    run(["stylize", *pictures, *words.split(), "--device", "cpu"])
    made_of = json.loads((files / "o.json").read_text())["made_of"]
    assert made_of["style_layers"] == ["conv1_1"]
    assert made_of["optimizer"] == "lbfgs"


def test_a_network_that_is_no_vgg_has_layers_of_its_own(files: Path, monkeypatch: Any) -> None:
    torch.manual_seed(0)
    AdaptedModel(TaskModel(2, 32, 4, 8), LabelScale((0.0, 0.0), (1.0, 1.0)), ("a", "b"), 32).save(files / "m")
    options = replace(OPTIONS, network=str(files / "m"))
    (record,) = stylize(
        files / "contents/a.png", files / "style.png", files / "o.png", options, StyleConfig(steps=2)
    )
    assert record["made_of"]["content_layers"] == ["features.4"]
    assert record["made_of"]["style_layers"] == [f"features.{at}" for at in (0, 2, 4, 6, 8)]
    assert record["made_of"]["weights"].keys() == {"task_model"}


def test_a_folder_goes_on_with_what_is_missing_or_was_made_otherwise(files: Path) -> None:
    made = files / "made"
    arguments = files / "contents", files / "style.png", made
    stylize(*arguments, OPTIONS, FEW)
    assert sorted(path.name for path in made.iterdir()) == ["a.json", "a.png", "b.json", "b.png"]
    before = {path.name: path.stat().st_mtime_ns for path in made.iterdir()}
    (made / "a.png").unlink()
    stylize(*arguments, OPTIONS, FEW)
    after = {path.name: path.stat().st_mtime_ns for path in made.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"a.json", "a.png"}
    for changed in ((replace(OPTIONS, seed=1), FEW), (OPTIONS, replace(FEW, style_weight=2))):
        before = {path.name: path.read_bytes() for path in made.iterdir()}
        stylize(*arguments, *changed)
        assert all(path.read_bytes() != before[path.name] for path in made.glob("*.json"))


def test_what_is_not_its_own_is_left_alone(files: Path) -> None:
    arguments = files / "contents/a.png", files / "style.png"
    with pytest.raises(CrossgapError, match=r"style\.png is there, and was not made by this command"):
        stylize(*arguments, files / "style.png", OPTIONS, FEW)
    stylize(*arguments, files / "o.png", OPTIONS, FEW)
    Image.new("RGB", (40, 40)).save(files / "o.png")
    with pytest.raises(CrossgapError, match=r"o\.png was changed since this command made it"):
        stylize(*arguments, files / "o.png", OPTIONS, FEW)


@pytest.mark.parametrize(
    ("content", "style", "output", "options", "config", "reason"),
    [
        ("no.png", "style.png", "o.png", {}, {}, r"No picture at .*no\.png"),
        ("contents/a.png", "no.png", "o.png", {}, {}, r"No picture at .*no\.png"),
        ("contents/a.png", "text.png", "o.png", {}, {}, r"text\.png: damaged or truncated image"),
        ("contents/a.png", "thin.png", "o.png", {}, {}, r"thin\.png: 100 × 10 pixels.*at least 32"),
        ("contents/a.png", "style.png", "o.png", {"size": 8}, {}, r"--size 8 8 × 8\. Expected at least 32"),
        ("contents/a.png", "style.png", "o.jpg", {}, {}, r"o\.jpg is no name for a picture.*\.png"),
        ("empty", "style.png", "o", {}, {}, r"No pictures in .*empty"),
        ("contents", "style.png", "contents", {}, {}, r"contents cannot be the folder of the results"),
        ("twins", "style.png", "o", {}, {}, r"Two pictures of .*twins differ by their ending alone"),
        ("contents/a.png", "style.png", "o.png", {"network": "vgg"}, {}, r"Network 'vgg' not found.*vgg16"),
        (
            "contents/a.png", "style.png", "o.png", {}, {"style_layers": ("conv9_1",)},
            r"Layer 'conv9_1' not found.*Available: conv1_1",
        ),
        ("contents/a.png", "style.png", "o.png", {}, {"steps": 0}, r"--steps from 1"),
        ("contents/a.png", "style.png", "o.png", {}, {"style_weight": -1}, r"Expected weights from 0"),
    ],
)  # fmt: skip
def test_bad_input_leaves_nothing(
    files: Path, content: str, style: str, output: str, options: dict, config: dict, reason: str
) -> None:
    (files / "text.png").write_text("no picture")
    Image.new("RGB", (100, 10)).save(files / "thin.png")
    (files / "empty").mkdir()
    (files / "twins").mkdir()
    for name in ("a.png", "a.bmp"):
        Image.new("RGB", (40, 40)).save(files / "twins" / name)
    before = sorted(files.rglob("*"))
    with pytest.raises(CrossgapError, match=reason) as error:
        stylize(
            files / content, files / style, files / output, replace(OPTIONS, **options),
            replace(FEW, **config),
        )  # fmt: skip
    assert "\n" not in str(error.value)
    assert sorted(files.rglob("*")) == before
