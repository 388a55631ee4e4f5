"""DeepDream: where it goes on networks whose gradient is known, its sizes and tiles, and `crossgap dream`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from crossgap.cli import run
from crossgap.commands import looking
from crossgap.commands.dream import dream
from crossgap.commands.options import LookOptions
from crossgap.errors import CrossgapError
from crossgap.methods.deep_dream import DreamConfig
from crossgap.methods.deep_dream.dream import DeepDream, octave_sizes, tiles

ONE = DreamConfig(octaves=1, steps=1, jitter=0)


def linear(*rows: tuple[float, float, float]) -> nn.Sequential:
    """A layer that answers to each pixel's colour: a row of weights for each channel."""
    network = nn.Sequential(nn.Conv2d(3, len(rows), 1, bias=False))
    network[0].weight.data = torch.tensor(rows)[:, :, None, None]
    return network


def convolutional() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, padding=1))


def noise(seed: int = 0, height: int = 16, width: int = 16) -> Tensor:
    return 0.4 * torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed)) - 0.2


def test_octave_sizes() -> None:
    assert octave_sizes(130, 260, 3, 1.3) == [(77, 154), (100, 200), (130, 260)]
    assert octave_sizes(64, 48, 1, 1.3) == [(64, 48)]


@pytest.mark.parametrize(("height", "width", "tile"), [(10, 10, 16), (33, 70, 32), (64, 64, 32)])
def test_tiles_cover_every_pixel_once(height: int, width: int, tile: int) -> None:
    seen = np.zeros((height, width), int)
    for place in tiles(height, width, tile):
        seen[place] += 1
        assert max(seen[place].shape) <= tile
        assert min(seen[place].shape) > tile / 3
    assert (seen == 1).all()


def test_gradient_of_the_mean_is_the_weight() -> None:
    network = linear((1.0, -2.0, 0.5))
    found = DeepDream(network, ["0"], replace(ONE, objective="mean")).gradient(noise())
    expected = torch.tensor([1.0, -2.0, 0.5])[None, :, None, None].expand(1, 3, 16, 16) / 256
    torch.testing.assert_close(found, expected)


def test_gradient_of_the_mean_square_is_twice_the_answer_times_the_weight() -> None:
    network, image = linear((1.0, -2.0, 0.5)), noise()
    weight = torch.tensor([1.0, -2.0, 0.5])[None, :, None, None]
    answer = (weight * image).sum(1, keepdim=True)
    found = DeepDream(network, ["0"], ONE).gradient(image)
    torch.testing.assert_close(found, 2 * answer * weight / 256)


def test_a_step_goes_where_the_formula_says() -> None:
    network, image = linear((1.0, -2.0, 0.5)), noise()
    config = replace(ONE, objective="mean", rate=0.1, jitter=5)
    step = 0.1 * torch.tensor([1.0, -2.0, 0.5])[None, :, None, None] / (3.5 / 3)  # over the mean |gradient|
    torch.testing.assert_close(DeepDream(network, ["0"], config)(image), image + step)


def test_rolled_by_jitter_it_is_rolled_back() -> None:
    network, image = linear((1.0, -2.0, 0.5)), noise()  # the gradient differs from pixel to pixel
    still, rolled = (DeepDream(network, ["0"], replace(ONE, jitter=by))(image) for by in (0, 5))
    torch.testing.assert_close(rolled, still)


def test_it_ends_at_the_brightest_there_is() -> None:
    config = replace(ONE, objective="mean", rate=0.1, steps=60)
    found = DeepDream(linear((1.0, -2.0, 0.5)), ["0"], config)(noise())
    expected = torch.tensor([1.0, -1.0, 1.0])[None, :, None, None].expand_as(found)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("objective", ["square", "mean"])
def test_tiles_give_the_gradient_of_the_whole_where_a_layer_sees_one_pixel(objective: Any) -> None:
    torch.manual_seed(0)
    network, image = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Tanh(), nn.Conv2d(4, 2, 1)), noise(1, 40, 70)
    config = replace(ONE, objective=objective)
    whole, parts = (DeepDream(network, ["2", "0"], replace(config, tile=tile)) for tile in (512, 32))
    torch.testing.assert_close(parts.gradient(image), whole.gradient(image), rtol=1e-4, atol=1e-8)
    assert parts.activation(image) == pytest.approx(whole.activation(image), rel=1e-5)


def test_tiles_differ_only_as_far_from_their_borders_as_a_layer_sees() -> None:
    network, image, sees = convolutional(), noise(1, 32, 64), 4  # two 3×3 kernels, there and back
    whole, parts = (DeepDream(network, ["2"], replace(ONE, tile=tile)).gradient(image) for tile in (64, 32))
    inside = [column for column in range(64) if abs(column - 31.5) > sees]
    torch.testing.assert_close(parts[..., inside], whole[..., inside], rtol=1e-4, atol=1e-8)
    assert not torch.allclose(parts[..., 31], whole[..., 31], rtol=1e-3)


def test_layers_count_alike() -> None:
    image, network = noise(), nn.Sequential(*linear((1.0, 0.0, 0.0)), nn.Conv2d(1, 9, 1))
    both, *each = (DeepDream(network, names, ONE).activation(image) for names in (["0", "1"], ["0"], ["1"]))
    assert both == pytest.approx(sum(each) / 2)


def test_the_activation_rises_fivefold() -> None:
    image = noise(2, 24, 24)
    dreamer = DeepDream(convolutional(), ["2"], DreamConfig(octaves=2, steps=20, rate=0.05, jitter=4))
    assert dreamer.activation(dreamer(image)) > 5 * dreamer.activation(image)


def test_a_seed_gives_one_dream() -> None:
    config, image = DreamConfig(octaves=2, steps=3, jitter=8), noise()
    one, same, other = (DeepDream(convolutional(), ["2"], config, seed)(image) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_what_smaller_sizes_added_is_kept() -> None:
    """Steps at half the size alone: what they add is at twice the size, and the picture's detail stays."""
    network, image = linear((1.0, 1.0, 1.0)), noise(0, 16, 16)
    config = DreamConfig(octaves=2, scale=2.0, steps=1, jitter=0, rate=0.1, objective="mean")
    torch.testing.assert_close(DeepDream(network, ["0"], config)(image), image + 0.2)


def test_layers_that_do_not_answer() -> None:
    network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.ReLU())
    network[0].weight.data.zero_()
    network[0].bias.data.fill_(-1.0)  # type: ignore[union-attr]
    with pytest.raises(CrossgapError, match="The layers 1 do not answer to this picture"):
        DeepDream(network, ["1"], ONE)(noise())


# crossgap dream


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture; a small network in place of VGG16."""
    monkeypatch.setattr(looking, "pretrained", lambda name, file: convolutional())
    pixels = np.random.default_rng(0).integers(100, 156, (48, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path


OPTIONS = LookOptions(size=64, device="cpu", precision="32-true")


def test_dream_says_how_far_the_activation_rose(files: Path, capsys: Any) -> None:
    config = DreamConfig(octaves=2, steps=4, rate=0.05)
    (record,) = dream(files / "a.png", files / "b.png", (), OPTIONS, config)
    told = capsys.readouterr().err
    assert record["after"] > record["before"]
    assert f"activation of 2 rose from {record['before']:.4g} to {record['after']:.4g}" in told
    assert Image.open(files / "b.png").size == (64, 48)
    assert sorted(path.name for path in files.iterdir()) == ["a.png", "b.json", "b.png"]
    (again,) = dream(files / "a.png", files / "b.png", (), OPTIONS, config)
    assert "is there already" in capsys.readouterr().err
    assert again["after"] == record["after"]
    (other,) = dream(files / "a.png", files / "b.png", ("0",), OPTIONS, config)
    assert other["after"] != record["after"]


def test_the_command_takes_its_options(files: Path) -> None:
    words = "--size 48 --octaves 1 --steps 2 --layers 0 2 --device cpu --precision 32-true"
    run(["dream", str(files / "a.png"), str(files / "b.png"), *words.split()])
    assert Image.open(files / "b.png").size == (48, 36)
    with pytest.raises(CrossgapError, match=r"No picture at .*no\.png"):
        run(["dream", str(files / "no.png"), str(files / "c.png")])


@pytest.mark.parametrize(
    ("image", "layers", "config", "reason"),
    [
        ("no.png", (), {}, r"No picture at .*no\.png"),
        ("a.png", ("conv9",), {}, r"Layer 'conv9' not found.*Available: 0, 1, 2"),
        ("a.png", (), {"octaves": 0}, r"--octaves must be at least 1; got 0"),
        ("a.png", (), {"tile": 8}, r"--tile must be at least 32; got 8"),
        ("a.png", (), {"scale": 0.5}, r"--scale from 1 to 4"),
    ],
)
def test_bad_input_leaves_nothing(files: Path, image: str, layers: Any, config: dict, reason: str) -> None:
    with pytest.raises(CrossgapError, match=reason):
        dream(files / image, files / "b.png", layers, OPTIONS, replace(DreamConfig(), **config))
    assert [path.name for path in files.iterdir()] == ["a.png"]


def test_a_json_file_of_the_users_is_not_overwritten(files: Path) -> None:
    (files / "b.json").write_text('{"mine": 1}')
    with pytest.raises(CrossgapError, match=r"b\.json is damaged: .* Expected a name that is free"):
        dream(files / "a.png", files / "b.png", (), OPTIONS, ONE)
    assert (files / "b.json").read_text() == '{"mine": 1}'
    assert not (files / "b.png").exists()


def test_hidden_files_of_a_folder_are_left_out(files: Path) -> None:
    (files / "._a.png").write_text("what macOS leaves beside a picture")
    dream(files, files / "dreams", (), OPTIONS, ONE)
    assert sorted(path.name for path in (files / "dreams").iterdir()) == ["a.json", "a.png"]


def test_a_mean_that_begins_below_0_has_no_ratio(files: Path, monkeypatch: Any, capsys: Any) -> None:
    network = linear((1.0, -2.0, 0.5))
    network[0].bias = nn.Parameter(torch.tensor([-9.0]))
    monkeypatch.setattr(looking, "pretrained", lambda name, file: network)
    (record,) = dream(files / "a.png", files / "b.png", (), OPTIONS, replace(ONE, objective="mean"))
    assert record["before"] < record["after"] < 0
    assert "×" not in capsys.readouterr().err
