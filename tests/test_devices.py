"""Several devices: together they take the step that one would, whatever the batch, and say what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning_fabric
import pytest
import torch
from torch import Tensor

from crossgap import cli
from crossgap.core.trainer import Phase, Trainer
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.losses import classification_loss
from crossgap.methods.canonical_taskgan.phase import CanonicalTaskGAN
from crossgap.methods.config import (
    CycleConfig,
    DANNConfig,
    SupervisedConfig,
    TaskGANConfig,
    TranslatorConfig,
    TwoColumnsConfig,
)  # fmt: skip
from crossgap.methods.cycle_taskgan.phase import CycleTaskGAN
from crossgap.methods.dann.phase import DANN
from crossgap.methods.methods import Methods
from crossgap.methods.supervised import Supervised
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.methods.taskgan.two_columns import TwoColumns
from crossgap.networks import Discriminator, DomainClassifier, Generator, TaskModel, TwoColumnTaskModel

SIZE = 8
"""Images per batch: on three devices 3, 3 and 2."""
Share = tuple[int, int]


def batches(seed: int, share: Share, n: int = 20, size: int = SIZE, classes: bool = False) -> Batches:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(n, 3, 24, 24, generator=generator) * 2 - 1
    labels = torch.randn(n, 2, generator=generator)
    if classes:
        labels = torch.arange(n)[:, None] % 2
    return Batches(images, labels, size, seed, *share)


TRANSLATOR = TranslatorConfig(1, SIZE, 1e-3, 0.7, 3.0)


def supervised(share: Share) -> Phase:
    data = [batches(1, share), batches(2, share, n=5)]  # a data set smaller than a batch, too
    return Supervised("supervised", TaskModel(2, 24, 4, 8), data, 1, 1e-3)


def classified(share: Share) -> Phase:
    data = [batches(1, share, classes=True)]
    return Supervised("classified", TaskModel(2, 24, 4, 8), data, 1, 1e-3, classification_loss)


def taskgan(share: Share) -> Phase:
    return TaskGAN(
        "gan", Generator(4, 1), Discriminator(4), TaskModel(2, 24, 4, 8), batches(2, share),
        batches(1, share), TRANSLATOR, supervise_real=True, unlabelled=batches(3, share),
    )  # fmt: skip


def canonical(share: Share) -> Phase:
    return CanonicalTaskGAN(
        "canonical", Generator(4, 1), Discriminator(4), TaskModel(2, 24, 4, 8), batches(2, share),
        batches(1, share), batches(3, share), batches(3, share), TRANSLATOR,
    )  # fmt: skip


def cycle(share: Share) -> Phase:
    config = CycleConfig(1, SIZE, 1e-3, task_weight=0.7, cycle_weight=3.0, feature_weight=0.5)
    return CycleTaskGAN(
        "cycle", Generator(4, 1), Generator(4, 1), (Discriminator(4), Discriminator(4)),
        TaskModel(2, 24, 4, 8), TaskModel(2, 24, 4, 8), batches(1, share), batches(2, share), True, config,
    )  # fmt: skip


def dann(share: Share) -> Phase:
    sets = batches(1, share), batches(2, share)
    phase = DANN(
        "dann", TaskModel(2, 24, 4, 8), DomainClassifier(8), *sets, DANNConfig(1), labelled=batches(3, share)
    )
    phase.reversal = lambda step: 0.5  # type: ignore[method-assign]  # at the first step it is 0
    return phase


def two_columns(share: Share) -> Phase:
    columns = TwoColumnsConfig(1, SIZE, 1e-3, 0.5)
    pairs = [(batches(1, share), batches(1, share)), (batches(2, share), batches(2, share))]
    return TwoColumns("columns", TwoColumnTaskModel(TaskModel(2, 24, 4, 8)), pairs, columns)


class OneOf:
    """A fabric as it would be on one of several devices; nothing is averaged."""

    def __init__(self, fabric: lightning_fabric.Fabric, rank: int, world: int):
        self.fabric, self.global_rank, self.world_size = fabric, rank, world

    def __getattr__(self, name: str) -> Any:
        return getattr(self.fabric, name)


def gradients(make: Callable[[Share], Phase], fabric: Any) -> dict[str, Tensor]:
    """What the first step's losses say to every weight, on one device."""
    torch.manual_seed(0)
    phase = make((fabric.global_rank, fabric.world_size))
    phase.setup(fabric)
    phase.training_step(0)
    return {
        f"{name}.{key}": weight.grad
        for name, network in phase.networks.items()
        for key, weight in network.named_parameters()
        if weight.grad is not None
    }


@pytest.mark.parametrize("make", [supervised, classified, taskgan, canonical, cycle, dann, two_columns])
def test_the_mean_over_three_devices_is_the_gradient_of_the_whole_batch(make, fabric) -> None:
    whole = gradients(make, fabric)
    shares = [gradients(make, OneOf(fabric, rank, 3)) for rank in range(3)]
    assert len(whole) >= 10
    largest = max(gradient.abs().max().item() for gradient in whole.values())
    for key, expected in whole.items():
        mean = torch.stack([share[key] for share in shares]).mean(0)
        # not closer to 0: a bias before an instance norm has no gradient but rounding
        torch.testing.assert_close(mean, expected, rtol=1e-3, atol=1e-5 * largest, msg=key)


def test_unlike_shares_of_two_data_sets_are_refused(fabric) -> None:
    def make(*sizes: int) -> Phase:
        data = [batches(seed, (0, 3), size=size) for seed, size in enumerate(sizes)]
        return Supervised("both", TaskModel(2, 24, 4, 8), data, 1, 1e-3)

    make(3, 6).setup(OneOf(fabric, 0, 3))  # 1 + 2 images on every device
    with pytest.raises(CrossgapError, match=r"'both' has batches of 4 and 6 images on 3 processes"):
        make(4, 6).setup(OneOf(fabric, 0, 3))


def test_a_batch_that_is_too_small_to_be_shared() -> None:
    with pytest.raises(CrossgapError, match=r"Batches of 2 .* at least 3 images, one for each process"):
        batches(1, (0, 3), size=2)
    assert [len(batches(1, (rank, 3), size=3).indices(0)) for rank in range(3)] == [1, 1, 1]


def test_fewer_images_than_processes_are_refused_by_the_option_before_anything_is_trained(
    tmp_path: Path, toy, fabric
) -> None:
    source, target = toy("source", 12, 1), toy("target", 6, 2)

    def methods(batch: int) -> Methods:
        config = TaskGANConfig(source=SupervisedConfig(10, batch))
        return Methods(source, target, config, Trainer(tmp_path, OneOf(fabric, 0, 3), quiet=True))

    methods(3).check("fine_tuned")
    with pytest.raises(
        CrossgapError, match=r"--source\.batch is 2\. Expected at least 3, one for each process\."
    ):
        methods(2).check("fine_tuned")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("rank", "waited"), [(None, []), ("0", []), ("2", [cli.LATER])])
def test_what_is_wrong_is_said_by_the_first_process(monkeypatch, capsys, rank, waited) -> None:
    """torchrun ends the others while they wait."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    cli.complain(CrossgapError("no"))
    assert slept == waited
    assert capsys.readouterr().err == "crossgap: no\n"
