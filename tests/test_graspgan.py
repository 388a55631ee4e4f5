"""GraspGAN: its losses by hand, what its translator keeps, and the Q whose features know no domain."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.core.trainer import Trainer, read_metrics
from crossgap.data.batches import Batches, image_tensor
from crossgap.errors import CrossgapError
from crossgap.losses import domain_loss, pairwise_square_loss, q_loss
from crossgap.methods.graspgan import GAN, DomainAdversarialConfig, GraspGANConfig
from crossgap.methods.graspgan.phase import GraspGAN
from crossgap.methods.graspgan.q_function import DomainAdversarialQ
from crossgap.networks import DomainClassifier, MaskingGenerator, PatchDiscriminator, SkipGenerator
from crossgap.rl.collection import play_goals
from crossgap.rl.experience import Experience
from crossgap.rl.rewarded import RewardedReplay
from crossgap.rl.scripted import scripted_episodes
from interruption import assert_goes_on
from toy_bins import VIEW, script, toy_learner, toy_world
from toy_squares import CLASSES, class_maps, images_of, mapped, painted

# losses by hand


def test_pmse_by_hand() -> None:
    x = torch.zeros(2, 3, 1, 2)
    made = torch.tensor([[1.0, 9], [2, 9], [6, 9]]).view(1, 3, 1, 2).repeat(2, 1, 1, 1)
    mask = torch.tensor([[1.0, 0], [0, 0]]).view(2, 1, 1, 2)
    # the first image: 1, 2, 6 with mean 3 and variance (4 + 1 + 9) / 3; the second has no foreground
    assert pairwise_square_loss(made, x, mask).item() == pytest.approx((14 / 3) / 2)
    pairs = [(1 - 2) ** 2, (1 - 6) ** 2, (2 - 6) ** 2]  # which is what it is called after
    assert sum(pairs) / 9 == pytest.approx(14 / 3)
    assert pairwise_square_loss(x + 0.4, x).item() == pytest.approx(0, abs=1e-6)  # brighter, all over
    assert pairwise_square_loss(made, x).item() == pytest.approx(np.var([1, 2, 6, 9, 9, 9]))


def test_a_masking_generator_gives_an_image_and_logits() -> None:
    network = MaskingGenerator(CLASSES, 4, 1)
    x = torch.rand(2, 3, 16, 16)
    image, logits = network.with_masks(x)
    assert image.shape == (2, 3, 16, 16)
    assert logits.shape == (2, CLASSES, 16, 16)
    assert torch.equal(network(x), image)


# the translator

FOREGROUND = (1, 2)


def make(steps: int = 20, batch: int = 2, width: int = 4, **settings: Any) -> GraspGAN:
    torch.manual_seed(0)
    settings = {"steps": steps, "batch": batch, "foreground": FOREGROUND} | settings
    source, target = mapped("x", 48, batch, 1), images_of("dark", 48, batch, 2)
    generator = MaskingGenerator(CLASSES, width, 1)
    return GraspGAN("graspgan", generator, PatchDiscriminator(width, 1), source, target,
                    GraspGANConfig(**settings))  # fmt: skip


def test_the_first_losses_by_hand(fabric) -> None:
    phase = make(adversarial_weight=2.0, content_weight=3.0, mask_weight=5.0, foreground=(2,))
    phase.setup(fabric)
    G, D = phase.networks["generator"], phase.networks["discriminator"]
    (x, classes), y = phase.source(0), phase.target(0)[0]
    fake, logits = G.with_masks(x)
    difference = (fake - x).permute(0, 2, 3, 1)
    expected = {
        "mask": nn.CrossEntropyLoss()(logits, classes.long()),
        "content": torch.stack(
            [part[seen == 2].var(correction=0) for part, seen in zip(difference, classes, strict=True)]
        ).mean(),
        "adversarial": (D(fake) - 1).square().mean(),
    }
    loss = 5 * expected["mask"] + 3 * expected["content"] + 2 * expected["adversarial"]
    gradients = torch.autograd.grad(loss, list(G.parameters()), retain_graph=True)
    expected["discriminator"] = ((D(y) - 1).square().mean() + D(fake).square().mean()) / 2
    found = phase.training_step(0)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    for mine, its in zip(G.parameters(), gradients, strict=True):
        torch.testing.assert_close(mine.grad, its, rtol=1e-3, atol=1e-4)


def test_a_plain_gan_knows_nothing_of_classes(fabric) -> None:
    torch.manual_seed(0)
    config = replace(GAN, steps=3, batch=2)
    phase = GraspGAN(
        "gan", SkipGenerator(4, 1), PatchDiscriminator(4, 1), images_of("x", 8, 2, 0),
        images_of("dark", 8, 2, 1), config,
    )  # fmt: skip
    phase.setup(fabric)
    assert phase.training_step(0).keys() == {"adversarial", "discriminator"}


def learnt(folder: Path, fabric, **settings: Any) -> tuple[float, float, float]:
    """How far G's foreground and its ground are from what they should be, and how far they were."""
    phase = make(150, 4, 8, learning_rate=3e-3, **settings)
    Trainer(folder, fabric, quiet=True).fit(phase)
    maps = class_maps(32, 9)
    x, y = painted(maps, "x"), painted(maps, "dark")
    with torch.no_grad():
        made, logits = phase.networks["generator"].eval().with_masks(x)
    ahead = (maps > 0)[:, None].expand_as(x)
    return (
        float((made - y)[ahead].abs().mean()),
        float((made - y)[~ahead].abs().mean()),
        float((logits.argmax(1) == maps).float().mean()),
    )


def test_it_paints_the_ground_and_keeps_what_stands_on_it(tmp_path: Path, fabric) -> None:
    ahead, ground, named = learnt(tmp_path / "with", fabric)
    free, _, _ = learnt(tmp_path / "without", fabric, content_weight=0.0)
    assert ahead < 0.15
    assert ground < 0.15
    assert named > 0.9
    assert ahead < free


def test_it_goes_on_bit_for_bit_with_its_pool(tmp_path: Path, fabric, monkeypatch) -> None:
    assert_goes_on(tmp_path, fabric, monkeypatch, lambda: make(pool=5))


def test_its_samples(fabric) -> None:
    phase = make()
    phase.setup(fabric)
    rows = phase.samples()
    assert list(rows) == ["x", "G(x)", "y"]
    torch.testing.assert_close(rows["G(x)"], phase.networks["generator"](rows["x"]))


def test_what_cannot_be_trained() -> None:
    images, judge = images_of("x", 8, 2, 0), PatchDiscriminator(4, 1)
    with pytest.raises(CrossgapError, match="has to be a MaskingGenerator; got SkipGenerator"):
        GraspGAN("a", SkipGenerator(4, 1), judge, mapped("x", 8, 2, 0), images, GraspGANConfig())
    with pytest.raises(CrossgapError, match="need maps of their pixels' classes"):
        GraspGAN("a", MaskingGenerator(4, 4, 1), judge, images, images, GraspGANConfig())
    with pytest.raises(CrossgapError, match="Maps of 2 classes name them from 0 to 1; found 0 to 2"):
        GraspGAN("a", MaskingGenerator(2, 4, 1), judge, mapped("x", 8, 2, 0), images, GraspGANConfig())


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (GraspGANConfig, {"content_weight": -1.0}, "GraspGAN's content_weight is a number from 0 on; got -1"),
        (GraspGANConfig, {"foreground": ()}, "foreground is at least one class"),
        (GraspGANConfig, {"batch": 0}, "batch is at least 1"),
        (DomainAdversarialConfig, {"domain_weight": math.nan}, "DomainAdversarial's domain_weight"),
    ],
)
def test_settings_that_cannot_be(kind: Any, change: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossgapError, match=words):
        kind(**change)


# the Q


@pytest.fixture(scope="module")
def grasps(tmp_path_factory):
    return scripted_episodes(
        tmp_path_factory.mktemp("grasps"), toy_world(1), script(1), 400, 1, 100, 0, True
    )  # fmt: skip


def darker(frames: np.ndarray) -> np.ndarray:
    """The other look."""
    return (frames[..., ::-1] * 0.6 + 20).astype(np.uint8)


def adversarial(grasps, steps: int = 20, batch: int = 8, **settings: Any) -> DomainAdversarialQ:
    learner, replay = toy_learner(1), RewardedReplay(2_000, 0.9)
    for one in grasps:
        replay.add(one)
    torch.manual_seed(1)
    real = torch.from_numpy(darker(np.stack([one.frames[0] for one in grasps[:200]])))
    target = Batches(real, torch.zeros(len(real), 0), batch, 1)
    config = DomainAdversarialConfig(**{"steps": steps, "photometric_weight": 0.2} | settings)
    classifier = DomainClassifier(16, 16)
    return DomainAdversarialQ("q", learner, classifier, Experience(replay, batch, 0), target, config)


def test_its_first_losses_by_hand(fabric, grasps) -> None:
    phase = adversarial(grasps, photometric_weight=0.0)
    phase.setup(fabric)
    phase.reversal = lambda step: 0.3  # type: ignore[method-assign]
    critic, classifier = phase.networks["both"].critic, phase.networks["both"].classifier
    batch, y = phase.source(0), phase.target(0)[0]
    x, numbers, actions = image_tensor(batch.frames), torch.tensor(batch.states), torch.tensor(batch.actions)
    q = q_loss(critic(x, numbers, actions), torch.tensor(batch.rewards).clamp(0, 1))
    seen_x, seen_y = (critic.see(one).mean((2, 3)) for one in (x, y))
    confusion = domain_loss(classifier(seen_x), classifier(seen_y))
    weights = list(critic.parameters()), list(classifier.parameters())
    # Q goes down its own loss and up that of C, which goes down it
    of_critic = torch.autograd.grad(q - 0.3 * confusion, weights[0], retain_graph=True)
    of_classifier = torch.autograd.grad(confusion, weights[1])
    found = phase.training_step(0)
    torch.testing.assert_close(found["q"], q, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found["domain_loss"], confusion, rtol=1e-4, atol=1e-6)
    for network, gradients in zip(weights, (of_critic, of_classifier), strict=True):
        for weight, gradient in zip(network, gradients, strict=True):
            torch.testing.assert_close(weight.grad, gradient, rtol=1e-3, atol=1e-5)


def test_it_learns_to_grasp_with_features_that_know_no_domain(tmp_path: Path, fabric, grasps) -> None:
    losses = {}
    for weight in (1.0, 0.0):
        phase = adversarial(grasps, 120, 32, domain_weight=weight)
        Trainer(tmp_path / str(weight), fabric, quiet=True).fit(phase)
        losses[weight] = read_metrics(tmp_path / str(weight))[-1]["domain_loss"]
        _, ends = play_goals(toy_world(1).pool(100), phase.learner.policy(VIEW), range(100), 1, VIEW)
        assert np.mean([end["success"] for end in ends]) > 0.8
    assert losses[0.0] < 1.0  # where nothing works against it, C knows
    assert losses[1.0] > 1.25  # 2 ln 2 = 1.39 where it does not


def test_it_goes_on_bit_for_bit_with_its_targets(tmp_path: Path, fabric, grasps, monkeypatch) -> None:
    assert_goes_on(tmp_path, fabric, monkeypatch, lambda: adversarial(grasps))
