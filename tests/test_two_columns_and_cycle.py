"""The forward mapping's two columns learn pairs, the cycle TaskGAN trains all but the source model."""

from __future__ import annotations

from pathlib import Path

import torch

from crossgap.core.trainer import Trainer, read_metrics
from crossgap.data.batches import Batches
from crossgap.methods.config import CycleConfig, TranslatorConfig, TwoColumnsConfig
from crossgap.methods.cycle_taskgan.phase import CycleTaskGAN
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.methods.taskgan.two_columns import TwoColumns
from crossgap.networks import Discriminator, Generator, TaskModel, TwoColumnTaskModel


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
    phase = TwoColumns("columns", network, [(source, target)], TwoColumnsConfig(200, 8, 5e-3))
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    rows = read_metrics(tmp_path)
    assert rows[-1]["task_loss_source"] < 0.05 > rows[-1]["task_loss_target"]
    assert rows[0]["task_loss_source"] > 0.3 < rows[0]["task_loss_target"]
    network_apart, config = TwoColumnTaskModel(TaskModel(2, 24, 4, 16)), TwoColumnsConfig(200, 8, 5e-3, 0.0)
    apart = TwoColumns("apart", network_apart, [(source, target)], config)
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


def test_the_cycle_trains_everything_but_the_source_model(tmp_path: Path, fabric) -> None:
    phase = cycle(labelled=False, steps=2)
    everything = {**phase.networks, "source_model": phase.source_model}
    before = {name: [p.clone() for p in network.parameters()] for name, network in everything.items()}
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    for name, network in everything.items():
        same = [torch.equal(p, old) for p, old in zip(network.parameters(), before[name], strict=True)]
        assert all(same) == (name == "source_model")


def test_the_task_loss_alone_trains_no_discriminator(tmp_path: Path, fabric) -> None:
    phase = TaskGAN(
        "gan", Generator(4, 1), Discriminator(4), TaskModel(2, 24, 4, 8), inputs=random_batches(9, 4, 2),
        real=random_batches(12, 4, 1), config=TranslatorConfig(2, 4, 1e-3), adversarial_weight=0.0,
    )  # fmt: skip
    before = [p.clone() for p in phase.networks["discriminator"].parameters()]
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    after = phase.networks["discriminator"].parameters()
    assert all(torch.equal(p, old) for p, old in zip(after, before, strict=True))
    (row,) = read_metrics(tmp_path)
    assert set(row) == {"phase", "step", "task_loss"}
