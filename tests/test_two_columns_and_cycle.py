"""The forward mapping's two columns, the cycle TaskGAN, and the supervision that needs no target labels."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from crossgap.config import CycleConfig
from crossgap.data.batches import Batches
from crossgap.losses import feature_loss, task_loss
from crossgap.methods.cycle_taskgan import CycleTaskGAN
from crossgap.methods.taskgan import IDENTITY_WEIGHT, TaskGAN
from crossgap.methods.two_columns import TwoColumns
from crossgap.metrics import read_metrics
from crossgap.networks import Discriminator, Generator, TaskModel, TwoColumnTaskModel
from crossgap.training import Trainer


def random_batches(n: int, size: int, seed: int, labels: int = 2) -> Batches:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(n, 3, 24, 24, generator=generator) * 2 - 1
    return Batches(images, torch.randn(n, labels, generator=generator), size, 7)


def test_columns_start_alike_and_share_their_head() -> None:
    task_model = TaskModel(2, 24, 4, 8)
    network = TwoColumnTaskModel(task_model)
    x, y = torch.rand(2, 3, 3, 24, 24)
    features_x, features_y, predicted_x, predicted_y = network(x, y)
    torch.testing.assert_close(predicted_x, task_model(x))
    torch.testing.assert_close(predicted_y, task_model(y))
    torch.testing.assert_close(features_y, task_model.features(y))
    assert not torch.equal(features_x, features_y)
    count = sum(p.numel() for p in task_model.features.parameters())
    total = sum(p.numel() for p in network.parameters())
    assert total == 2 * count + sum(p.numel() for p in task_model.head.parameters())


def test_two_columns_learn_pairs_and_bring_their_features_together(tmp_path: Path, fabric) -> None:
    torch.manual_seed(0)
    source = random_batches(16, 8, 1)
    target = Batches(-source.images, source.labels, 8, 7)  # a pair is an image and its negative
    network = TwoColumnTaskModel(TaskModel(2, 24, 4, 16))
    phase = TwoColumns("columns", network, [(source, target)], 1.0, 200, 5e-3)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    rows = read_metrics(tmp_path)
    assert rows[-1]["task_loss_source"] < 0.05 > rows[-1]["task_loss_target"]
    assert rows[0]["task_loss_source"] > 0.3 < rows[0]["task_loss_target"]
    apart = TwoColumns(
        "apart", TwoColumnTaskModel(TaskModel(2, 24, 4, 16)), [(source, target)], 0.0, 200, 5e-3
    )
    Trainer(tmp_path, fabric, quiet=True).fit(apart)
    assert rows[-1]["feature_loss"] < 0.3 * read_metrics(tmp_path)[-1]["feature_loss"]
    torch.testing.assert_close(network.target()(target.images), network(source.images, target.images)[3])


def cycle(labelled: bool, steps: int = 1) -> CycleTaskGAN:
    torch.manual_seed(0)
    source_model = TaskModel(2, 24, 4, 8)
    return CycleTaskGAN(
        "cycle", Generator(4, 1), Generator(4, 1), (Discriminator(4), Discriminator(4)), source_model,
        TaskModel(2, 24, 4, 8), random_batches(12, 4, 1),
        random_batches(9, 4, 2, 2 if labelled else 0), labelled,
        CycleConfig(steps, 4, 1e-3, task_weight=0.7, cycle_weight=3.0, feature_weight=0.5),
    )  # fmt: skip


@pytest.mark.parametrize("labelled", [True, False])
def test_the_generators_follow_the_sum_of_all_losses(tmp_path: Path, fabric, labelled: bool) -> None:
    phase = cycle(labelled)
    (x, label), (y, label_y) = phase.source(0), phase.target(0)
    forward, inverse, d_x, d_y, f_y = phase.networks.values()
    f_x = phase.source_model
    fake_y, fake_x = forward(x), inverse(y)
    back_x, back_y = inverse(fake_y), forward(fake_x)
    loss = (1 - d_y(fake_y)).square().mean() + (1 - d_x(fake_x)).square().mean()
    loss = loss + 3.0 * ((back_x - x).abs().mean() + (back_y - y).abs().mean())
    task = task_loss(f_y(fake_y), label) + task_loss(f_x(back_x), label)
    loss = loss + 0.7 * (task + (task_loss(f_x(fake_x), label_y) if labelled else 0))
    like_x, like_y = f_x.features(x).detach(), f_y.features(y).detach()
    alike = [(f_y, fake_y, like_x), (f_x, back_x, like_x), (f_x, fake_x, like_y), (f_y, back_y, like_y)]
    loss = loss + 0.5 * sum(feature_loss(f.features(images), like) for f, images, like in alike)
    parameters = [*forward.parameters(), *inverse.parameters()]
    expected = torch.autograd.grad(loss, parameters)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-3, atol=1e-6)


def test_the_cycle_trains_everything_but_the_source_model(tmp_path: Path, fabric) -> None:
    phase = cycle(labelled=False, steps=2)
    everything = {**phase.networks, "source_model": phase.source_model}
    before = {name: [p.clone() for p in network.parameters()] for name, network in everything.items()}
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    for name, network in everything.items():
        same = [torch.equal(p, old) for p, old in zip(network.parameters(), before[name], strict=True)]
        assert all(same) == (name == "source_model")


@pytest.mark.parametrize(("target_labels", "more"), [(False, False), (True, False), (True, True)])
def test_supervision_on_the_source_side(target_labels: bool, more: bool, tmp_path: Path, fabric) -> None:
    """With `more`, images without labels join the adversarial term, one mean over all, and no other."""
    torch.manual_seed(0)
    phase = TaskGAN(
        "gan", Generator(4, 1), Discriminator(4), TaskModel(2, 24, 4, 8),
        inputs=random_batches(9, 4, 2, 2 if target_labels else 0), real=random_batches(12, 4, 1),
        task_weight=0.7, steps=1, learning_rate=1e-3, supervise_inputs=target_labels, supervise_real=True,
        unlabelled=random_batches(7, 4, 3, 0) if more else None,
    )  # fmt: skip
    (y, label_y), (x, label) = phase.inputs(0), phase.real(0)
    generator = phase.networks["generator"]
    judged = torch.cat([y, phase.unlabelled(0)[0]]) if phase.unlabelled else y
    loss = (1 - phase.networks["discriminator"](generator(judged))).square().mean()
    loss = loss + IDENTITY_WEIGHT * (generator(x) - x).abs().mean()
    loss = loss + 0.7 * task_loss(phase.task_model(generator(x)), label)
    if target_labels:
        loss = loss + 0.7 * task_loss(phase.task_model(generator(y)), label_y)
    parameters = list(generator.parameters())
    expected = torch.autograd.grad(loss, parameters)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    for parameter, gradient in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-3, atol=1e-6)
    (row,) = read_metrics(tmp_path)
    assert ("task_loss" in row) == target_labels


def test_the_task_loss_alone_trains_no_discriminator(tmp_path: Path, fabric) -> None:
    phase = TaskGAN(
        "gan", Generator(4, 1), Discriminator(4), TaskModel(2, 24, 4, 8), inputs=random_batches(9, 4, 2),
        real=random_batches(12, 4, 1), task_weight=1.0, steps=2, learning_rate=1e-3, adversarial_weight=0.0,
    )  # fmt: skip
    before = [p.clone() for p in phase.networks["discriminator"].parameters()]
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    after = phase.networks["discriminator"].parameters()
    assert all(torch.equal(p, old) for p, old in zip(after, before, strict=True))
    (row,) = read_metrics(tmp_path)
    assert set(row) == {"phase", "step", "task_loss"}
