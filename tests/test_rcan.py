"""RCAN: its losses by hand, pairs, resume, and that a look nobody showed it comes out plain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from crossgap.core.trainer import Trainer
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.methods.rcan import RCANConfig
from crossgap.methods.rcan.phase import RCAN
from crossgap.networks import MaskingGenerator, PatchDiscriminator, SkipGenerator
from interruption import assert_goes_on
from toy_squares import CLASSES, class_maps, images_of, painted


def randomized(maps: Tensor, seed: int) -> Tensor:
    """Scenes whose classes have a colour of their own in each image."""
    colours = torch.rand(len(maps), CLASSES, 3, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    rows = torch.arange(len(maps))[:, None, None]
    return colours[rows, maps.long()].permute(0, 3, 1, 2).contiguous()


def make(steps: int = 20, batch: int = 2, width: int = 4, count: int = 48, **settings: Any) -> RCAN:
    torch.manual_seed(0)
    maps = class_maps(count, 0)
    canonical = Batches(painted(maps, "x"), maps, batch, 5)
    images = Batches(randomized(maps, 1), torch.zeros(count, 0), batch, 5)
    networks = MaskingGenerator(CLASSES, width, 1), PatchDiscriminator(width, 1)
    config = RCANConfig(**{"steps": steps, "batch": batch} | settings)
    return RCAN("rcan", *networks, images, canonical, config, images_of("y", 8, 2, 3))


@pytest.mark.parametrize("distance", ["absolute", "pairwise"])
def test_the_first_losses_by_hand(fabric, distance: str) -> None:
    phase = make(adversarial_weight=2.0, image_weight=7.0, mask_weight=3.0, image_distance=distance)
    phase.setup(fabric)
    G, D = phase.networks["generator"], phase.networks["discriminator"]
    images, (canonical, classes) = phase.randomized(0)[0], phase.canonical(0)
    fake, logits = G.with_masks(images)
    apart = fake - canonical
    expected = {
        "mask": nn.CrossEntropyLoss()(logits, classes.long()),
        "image": apart.abs().mean() if distance == "absolute" else apart.flatten(1).var(1, False).mean(),
        "adversarial": (D(fake) - 1).square().mean(),
    }
    loss = 3 * expected["mask"] + 7 * expected["image"] + 2 * expected["adversarial"]
    gradients = torch.autograd.grad(loss, list(G.parameters()), retain_graph=True)
    expected["discriminator"] = ((D(canonical) - 1).square().mean() + D(fake).square().mean()) / 2
    found = phase.training_step(0)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    for mine, its in zip(G.parameters(), gradients, strict=True):
        torch.testing.assert_close(mine.grad, its, rtol=1e-3, atol=1e-4)


def test_masks_can_be_left_out(fabric) -> None:
    images, config = images_of("x", 8, 2, 0), RCANConfig(steps=3, batch=2, mask_weight=0.0)
    phase = RCAN("rcan", SkipGenerator(4, 1), PatchDiscriminator(4, 1), images, images, config)
    phase.setup(fabric)
    assert phase.training_step(0).keys() == {"adversarial", "image", "discriminator"}
    assert list(phase.samples()) == ["x_r", "G(x_r)", "x_c"]


def test_a_look_that_nobody_showed_it_comes_out_plain(tmp_path: Path, fabric) -> None:
    phase = make(150, 8, 8, 400, learning_rate=3e-3)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    maps = class_maps(32, 9)
    x, y = painted(maps, "x"), painted(maps, "y")
    with torch.no_grad():
        made = phase.networks["generator"].eval()(y)
    assert (made - x).abs().mean() < 0.25 * (y - x).abs().mean()


def test_it_goes_on_bit_for_bit_with_its_pool(tmp_path: Path, fabric, monkeypatch) -> None:
    assert_goes_on(tmp_path, fabric, monkeypatch, lambda: make(pool=5))


def test_its_samples_show_what_it_is_for(fabric) -> None:
    phase = make()
    phase.setup(fabric)
    rows = phase.samples()
    assert list(rows) == ["x_r", "G(x_r)", "x_c", "y", "G(y)"]
    same = rows["x_c"].reshape(8, -1).argmax(1)  # each beside its own
    assert torch.equal(rows["x_c"], phase.canonical.shown(8))
    assert len(same) == len(rows["x_r"])
    torch.testing.assert_close(rows["G(y)"], phase.networks["generator"](rows["y"]))


def test_what_cannot_be_trained() -> None:
    generator, judge = MaskingGenerator(CLASSES, 4, 1), PatchDiscriminator(4, 1)
    images, other = images_of("x", 8, 2, 0), images_of("x", 8, 2, 1)
    with pytest.raises(CrossgapError, match="8 images, seed 0, batches of 2 and 8 images, seed 1, batches"):
        RCAN("a", generator, judge, images, other, RCANConfig())
    with pytest.raises(CrossgapError, match="need maps of their pixels' classes"):
        RCAN("a", generator, judge, images, images, RCANConfig())
    with pytest.raises(CrossgapError, match="has to be a MaskingGenerator; got SkipGenerator"):
        RCAN("a", SkipGenerator(4, 1), judge, images, images, RCANConfig())
    with pytest.raises(CrossgapError, match="RCAN's image_distance is absolute or pairwise; got far"):
        RCANConfig(image_distance="far")  # type: ignore[arg-type]
    with pytest.raises(CrossgapError, match="RCAN's image_weight is a number from 0 on; got -1"):
        RCANConfig(image_weight=-1.0)
