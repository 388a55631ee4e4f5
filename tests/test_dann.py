"""DANN: reversal, schedules and domain loss by hand, and a toy gap that it crosses without target labels."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from crossgap.core.trainer import Trainer
from crossgap.data.batches import Batches
from crossgap.losses import classification_loss, domain_loss
from crossgap.methods.dann import DANNConfig
from crossgap.methods.dann.phase import DANN, GradientReversal
from crossgap.networks import DomainClassifier, TaskModel


def test_gradient_reversal_by_hand() -> None:
    features = torch.tensor([1.0, -2.0], requires_grad=True)
    reversed_ = GradientReversal.apply(features, 0.3)
    assert reversed_.tolist() == features.tolist()
    (reversed_ * torch.tensor([5.0, 7.0])).sum().backward()
    assert features.grad is not None
    assert features.grad.tolist() == pytest.approx([-1.5, -2.1])


def test_domain_loss_by_hand() -> None:
    # the classifier gives probabilities 1/4 and 1/2 of being target to a source and a target image
    loss = domain_loss(torch.tensor([-math.log(3)]), torch.tensor([0.0]))
    assert loss.item() == pytest.approx(math.log(4 / 3) + math.log(2))
    many = domain_loss(torch.zeros(3), torch.zeros(7))
    assert many.item() == pytest.approx(2 * math.log(2))


def phase(steps: int, batches: dict[str, Batches], **kwargs) -> DANN:
    torch.manual_seed(0)
    config = DANNConfig(steps, **kwargs)
    return DANN("dann", TaskModel(2, 24, 8, 32), DomainClassifier(32), config=config, **batches)


def test_schedule_of_the_reversal() -> None:
    nothing = Batches(torch.zeros(1, 3, 24, 24), torch.zeros(1, 1), 1, 0)
    dann = phase(100, {"source": nothing, "target": nothing}, domain_weight=0.5)
    assert dann.reversal(0) == 0
    assert dann.reversal(50) == pytest.approx(0.5 * (2 / (1 + math.exp(-5)) - 1))


# a toy gap: in the source, not in the target, a red square gives the answer away


def bars(domain: str, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images (n, 24, 24, 3) uint8 of a faint bar, and whether it stands, (n, 1).

    source: beside a standing bar there is a red square. target: no square, but waves all over.
    """
    rng = np.random.default_rng(seed)
    standing = rng.integers(2, size=n)
    y, x = np.mgrid[:24, :24]
    images = np.full((n, 24, 24, 3), 90.0)
    if domain == "target":
        phases = rng.uniform(0, 6, (2, n, 1, 1))
        waves = np.sin(1.1 * x + phases[0]) * np.sin(1.1 * y + phases[1])
        images += 20 * waves[..., None] * np.array([1, 0.4, -1])
    for image, upright in zip(images, standing, strict=True):
        r, c = rng.integers(2, 9, 2)
        height, width = (13, 4) if upright else (4, 13)
        image[r : r + height, c : c + width] = 130
        if domain == "source" and upright:
            r, c = rng.integers(0, 18, 2)
            image[r : r + 6, c : c + 6] = 250, 30, 30
    images += rng.normal(0, 8, images.shape)
    return torch.from_numpy(images.clip(0, 255).astype(np.uint8)), torch.from_numpy(standing[:, None])


def accuracy(fabric, folder: Path, domain_weight: float, labelled: int = 0) -> float:
    """On the target, of DANN trained with this weight and number of target labels."""
    torch.manual_seed(0)
    model = TaskModel(2, 24, 8, 32)
    images, labels = bars("target", 400, 2)
    target = Batches(images, torch.zeros(len(images), 0), 32, 2)
    few = Batches(images[:labelled], labels[:labelled], 8, 3) if labelled else None
    dann = DANN(
        "dann", model, DomainClassifier(32, 32), Batches(*bars("source", 800, 1), 32, 1), target,
        DANNConfig(300, domain_weight=domain_weight), few, classification_loss,
    )  # fmt: skip
    Trainer(folder, fabric, quiet=True).fit(dann)
    images, labels = bars("target", 400, 5)
    with torch.no_grad():
        predicted = model.eval()(images.permute(0, 3, 1, 2) / 127.5 - 1).argmax(1)
    return (predicted == labels[:, 0]).float().mean().item()


def test_crosses_the_gap_without_target_labels(fabric, tmp_path: Path) -> None:
    assert accuracy(fabric, tmp_path / "source_only", 0.0) < 0.7
    assert accuracy(fabric, tmp_path / "dann", 1.0) > 0.9


def test_target_labels_join_the_task_loss(fabric, tmp_path: Path) -> None:
    assert accuracy(fabric, tmp_path / "labelled", 0.0, labelled=50) > 0.9
