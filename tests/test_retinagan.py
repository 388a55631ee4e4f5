"""RetinaGAN and the network that perceives for it: losses by hand, resume, and that nothing vanishes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crossgap.core.trainer import Trainer
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.losses import consistency_loss, segmentation_loss
from crossgap.methods.retinagan import RetinaGANConfig, SegmentationConfig
from crossgap.methods.retinagan.phase import RetinaGAN
from crossgap.methods.retinagan.segmentation import Segmentation, coloured
from crossgap.methods.unpaired import Drawn
from crossgap.networks import PatchDiscriminator, SegmentationNetwork, SkipGenerator
from interruption import assert_goes_on
from toy_squares import CLASSES, class_maps, images_of, mapped, painted, scenes

# losses by hand


def test_consistency_by_hand() -> None:
    # two pixels, two classes
    seen = torch.tensor([[1.0, 0.5], [0.0, 0.5]]).view(1, 2, 1, 2)
    translated = torch.tensor([[0.6, 0.5], [0.4, 0.5]]).view(1, 2, 1, 2)
    back = torch.tensor([[1.0, 0.2], [0.0, 0.8]]).view(1, 2, 1, 2)
    d1 = (0.4**2 + 0.4**2) / 2
    d2 = (0.3**2 + 0.3**2) / 2
    d3 = (0.4**2 + 0.4**2 + 0.3**2 + 0.3**2) / 2
    assert consistency_loss(seen, translated, back).item() == pytest.approx(d1 + d2 / 2 + d3 / 2)


def test_segmentation_loss_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]]).view(1, 2, 1, 2)  # first pixel ½, second ¾ and ¼
    loss = segmentation_loss(logits, torch.tensor([[[0, 1]]], dtype=torch.uint8))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2)


# the network that perceives


def segmentation(steps: int = 120, data: Batches | None = None, **settings: Any) -> Segmentation:
    torch.manual_seed(0)
    config = SegmentationConfig(**{"steps": steps, "batch": 8, "learning_rate": 4e-3} | settings)
    return Segmentation("seen", SegmentationNetwork(CLASSES, 6, 1), data or mapped("x", 64, 8, 0), config)


@pytest.fixture(scope="module")
def perception(tmp_path_factory, fabric) -> nn.Module:
    """A segmentation that has learnt from both looks, as the paper's detector has."""
    looks = zip(scenes("x", 64, 0), scenes("y", 64, 3), strict=True)
    phase = segmentation(data=Batches(*(torch.cat(parts) for parts in looks), 8, 0))
    Trainer(tmp_path_factory.mktemp("seen"), fabric, quiet=True).fit(phase)
    return phase.networks["network"].eval()


def right(network: nn.Module, images: Tensor, maps: Tensor) -> float:
    with torch.no_grad():
        return float((network(images).argmax(1) == maps).float().mean())


def test_it_learns_what_is_where(perception: nn.Module) -> None:
    for domain in "xy":
        images, maps = scenes(domain, 32, 9)
        assert (maps == 0).float().mean() < 0.85
        assert right(perception, images, maps) > 0.95


def test_images_are_distorted_the_same_way_at_a_step(fabric) -> None:
    seen = []
    phase = segmentation()
    phase.setup(fabric)
    phase.networks["network"].first.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    for step in (3, 3, 4):
        phase.training_step(step)
    assert torch.equal(seen[0], seen[1])
    images = phase.images(3)[0]
    assert not torch.allclose(seen[0], images, atol=0.05)
    assert not torch.allclose(seen[0] - images, seen[2] - phase.images(4)[0], atol=0.05)


def test_its_samples_show_classes_as_colours(fabric) -> None:
    phase = segmentation()
    phase.setup(fabric)
    rows = phase.samples()
    assert list(rows) == ["x", "classes"]
    assert rows["classes"].shape == rows["x"].shape
    sure = torch.eye(3).view(3, 3, 1, 1)
    assert coloured(sure)[:, :, 0, 0].tolist() == [[-1, -1, -1], [1, -1, -1], [-1, 1, 1]]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (torch.zeros(8, 0), "need maps .* 8 x 16 x 16 whole numbers; found 8 x 0 of torch.float32"),
        (torch.zeros(8, 16, 15, dtype=torch.uint8), "found 8 x 16 x 15"),
        (torch.zeros(8, 16, 16), "of torch.float32"),
        (class_maps(8, 0) + 3, "Maps of 3 classes name them from 0 to 2; found 3 to 5"),
    ],
)
def test_labels_that_are_no_class_maps(labels: Tensor, words: str) -> None:
    for images in (scenes("x", 8, 0)[0], torch.zeros(8, 16, 16, 3, dtype=torch.uint8)):
        with pytest.raises(CrossgapError, match=words):
            segmentation(data=Batches(images, labels, 4, 0))


# translators


def make(
    perception: nn.Module, steps: int = 20, batch: int = 2, width: int = 4, **settings: Any
) -> RetinaGAN:
    torch.manual_seed(0)
    generators = SkipGenerator(width, 1), SkipGenerator(width, 1)
    judges = PatchDiscriminator(width, 1), PatchDiscriminator(width, 1)
    config = RetinaGANConfig(steps=steps, batch=batch, **settings)
    source, target = images_of("x", 48, batch, 1), images_of("y", 48, batch, 2)
    return RetinaGAN("retinagan", *generators, judges, perception, source, target, config)


def test_the_first_losses_by_hand(fabric, perception: nn.Module) -> None:
    weights = {"adversarial_weight": 2.0, "cycle_weight": 7.0, "perception_weight": 3.0}
    phase = make(perception, **weights)
    phase.setup(fabric)
    G, F, D_X, D_Y = (phase.networks[name] for name in phase.networks)
    x, y = phase.source(0)[0], phase.target(0)[0]
    expected: dict[str, Tensor] = {
        "adversarial_y": (D_Y(G(x)) - 1).square().mean(), "adversarial_x": (D_X(F(y)) - 1).square().mean(),
        "cycle_x": (F(G(x)) - x).square().mean(), "cycle_y": (G(F(y)) - y).square().mean(),
    }  # fmt: skip

    def seen(images: Tensor) -> Tensor:
        return perception(images).softmax(1)

    def apart(one: Tensor, other: Tensor) -> Tensor:
        return (seen(one) - seen(other)).square().sum() / (2 * 16 * 16)

    expected["perception_x"] = (
        apart(x, G(x)) + 0.5 * apart(x, F(G(x))) + 0.5 * apart(G(x), F(G(x)))
    )  # fmt: skip
    expected["perception_y"] = (
        apart(y, F(y)) + 0.5 * apart(y, G(F(y))) + 0.5 * apart(F(y), G(F(y)))
    )  # fmt: skip
    by_name = {"adversarial": 2.0, "cycle": 7.0, "perception": 3.0}
    loss = torch.stack([by_name[name[:-2]] * value for name, value in expected.items()]).sum()
    gradients = torch.autograd.grad(loss, [*G.parameters(), *F.parameters()])
    for domain, D, real, fake in (("x", D_X, x, F(y)), ("y", D_Y, y, G(x))):
        expected[f"discriminator_{domain}"] = ((D(real) - 1).square().mean() + D(fake).square().mean()) / 2

    found = phase.training_step(0)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    ours = [weight.grad for network in (G, F) for weight in network.parameters()]
    for mine, its in zip(ours, gradients, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("position", range(6))
def test_each_of_the_six_images_counts(fabric, perception: nn.Module, position: int) -> None:
    phase = make(perception)
    phase.setup(fabric)
    images = [scenes("x", 2, 5)[0]] * 2 + [scenes("y", 2, 6)[0]] * 2
    drawn = Drawn(images[0], images[2], images[0], images[2], images[0], images[2])
    same = phase.perceived(drawn)
    assert all(value.item() == pytest.approx(0) for value in same.values())
    changed = drawn._replace(**{Drawn._fields[position]: -drawn[position]})
    domain = "perception_x" if Drawn._fields[position] in ("x", "fake_y", "back_x") else "perception_y"
    assert phase.perceived(changed)[domain].item() > 0.01


def test_the_cycle_may_be_absolute(fabric, perception: nn.Module) -> None:
    phase = make(perception, cycle_distance="absolute")
    phase.setup(fabric)
    G, F, x = phase.networks["forward"], phase.networks["inverse"], phase.source(0)[0]
    wanted = (F(G(x)) - x).abs().mean()
    torch.testing.assert_close(phase.training_step(0)["cycle_x"], wanted, rtol=1e-4, atol=1e-6)


def test_what_perceives_is_frozen(tmp_path: Path, fabric, perception: nn.Module) -> None:
    before = {name: weight.clone() for name, weight in perception.state_dict().items()}
    phase = make(perception, steps=3)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    assert all(torch.equal(weight, before[name]) for name, weight in perception.state_dict().items())
    assert "perception" not in phase.networks


def test_it_paints_the_other_look_and_keeps_what_is_where(tmp_path: Path, fabric, perception) -> None:
    """Which takes every term: without P the bars and squares move (0.86 right), without the adversaries the
    colours are others (2 to 3 times as far away)."""
    about = {"learning_rate": 3e-3, "cycle_distance": "absolute"}
    phase = make(perception, 150, 4, 8, **about)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    forward, inverse = (phase.networks[name].eval() for name in ("forward", "inverse"))
    maps = class_maps(32, 9)
    x, y = painted(maps, "x"), painted(maps, "y")
    with torch.no_grad():
        to_y, to_x = forward(x), inverse(y)
    gap = (x - y).abs().mean()
    assert (to_y - y).abs().mean() < 0.12 * gap
    assert (to_x - x).abs().mean() < 0.12 * gap
    assert right(perception, to_y, maps) > 0.93
    assert right(perception, to_x, maps) > 0.93


def test_it_goes_on_bit_for_bit_with_its_pools(tmp_path: Path, fabric, perception, monkeypatch) -> None:
    assert_goes_on(tmp_path, fabric, monkeypatch, lambda: make(perception, pool=5))


def test_its_samples(fabric, perception: nn.Module) -> None:
    phase = make(perception)
    phase.setup(fabric)
    assert list(phase.samples()) == ["x", "G(x)", "F(G(x))", "y", "F(y)", "G(F(y))"]


@pytest.mark.parametrize(
    ("config", "change", "words"),
    [
        (
            RetinaGANConfig(),
            {"perception_weight": -1.0},
            "RetinaGAN's perception_weight is a number from 0 on",
        ),
        (RetinaGANConfig(), {"cycle_weight": math.nan}, "cycle_weight is a number from 0 on; got nan"),
        (RetinaGANConfig(), {"cycle_distance": "round"}, "cycle_distance is square or absolute; got round"),
        (RetinaGANConfig(), {"steps": 0}, "steps is at least 1; got 0"),
        (RetinaGANConfig(), {"pool": -1}, "pool is at least 0; got -1"),
        (RetinaGANConfig(), {"learning_rate": 0.0}, "learning_rate is a number above 0; got 0.0"),
        (SegmentationConfig(), {"photometric_weight": math.inf}, "Segmentation's photometric_weight"),
    ],
)
def test_settings_that_cannot_be(config: Any, change: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossgapError, match=words):
        replace(config, **change)
