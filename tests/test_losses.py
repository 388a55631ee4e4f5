"""Equations 3–6 of TaskGAN against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from crossgap.losses import (
    cycle_loss,
    discriminator_loss,
    feature_loss,
    generator_adversarial_loss,
    logistic_discriminator_loss,
    logistic_generator_loss,
    task_loss,
)

FAKE = torch.tensor([0.25, 0.5])  # D(G(x)) of two images
REAL = torch.tensor([0.9, 0.6])  # D(y)
PREDICTED = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
LABEL = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def test_adversarial_term_of_equations_3_and_5() -> None:
    # (0.75² + 0.5²) / 2
    assert generator_adversarial_loss(FAKE).item() == pytest.approx(0.40625)


def test_task_term_of_equations_3_and_5() -> None:
    # (0 + 4 + 9 + 0 + 0 + 1) / 6
    assert task_loss(PREDICTED, LABEL).item() == pytest.approx(14 / 6)


def test_discriminator_loss_of_equations_4_and_6() -> None:
    # (0.1² + 0.4²) / 2 + (0.25² + 0.5²) / 2
    assert discriminator_loss(REAL, FAKE).item() == pytest.approx(0.085 + 0.15625)


def test_patches_count_as_their_image_s_mean() -> None:
    patches = torch.tensor([0.0, 0.5, 0.5, 1.0]).reshape(1, 1, 2, 2)
    assert generator_adversarial_loss(patches).item() == pytest.approx((1 + 0.25 + 0.25 + 0) / 4)
    assert discriminator_loss(patches, patches).item() == pytest.approx(2 * 1.5 / 4)


@pytest.mark.parametrize("labels", [1, 3, 7])
def test_knowing_nothing_of_scaled_labels_costs_one(labels: int) -> None:
    label = torch.randn(20_000, labels, generator=torch.Generator().manual_seed(0))
    label = (label - label.mean(0)) / label.std(0)
    assert task_loss(torch.zeros_like(label), label).item() == pytest.approx(1.0, abs=1e-3)


def test_gradients_pull_apart_what_the_two_players_want() -> None:
    judged = torch.tensor([0.4], requires_grad=True)
    generator_adversarial_loss(judged).backward()
    assert judged.grad is not None
    assert judged.grad.item() == pytest.approx(-2 * 0.6)  # the generator wants more
    judged.grad = None
    discriminator_loss(torch.tensor([1.0]), judged).backward()
    assert judged.grad.item() == pytest.approx(2 * 0.4)  # the discriminator less


def test_feature_loss_is_the_mean_square_over_units() -> None:
    features, others = torch.tensor([[1.0, 2.0], [0.0, 4.0]]), torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    assert feature_loss(features, others).item() == pytest.approx((4 + 9) / 4)


def test_cycle_loss_is_the_mean_absolute_difference() -> None:
    images = torch.zeros(2, 3, 1, 1)
    assert cycle_loss(images + torch.tensor([-0.5, 1.0]).view(2, 1, 1, 1), images).item() == pytest.approx(
        0.75
    )


def test_the_logistic_losses_of_goodfellow() -> None:
    # logits of 3/4 and 1/2 for real images, of 1/4 and 1/2 for drawn ones
    real, fake = torch.tensor([math.log(3), 0.0]), torch.tensor([-math.log(3), 0.0])
    expected = 0.5 * (math.log(4 / 3) + math.log(2))
    assert logistic_discriminator_loss(real, fake).item() == pytest.approx(2 * expected)
    assert logistic_generator_loss(fake).item() == pytest.approx(0.5 * (math.log(4) + math.log(2)))
    assert logistic_discriminator_loss(torch.zeros(3), torch.zeros(7)).item() == pytest.approx(
        2 * math.log(2)
    )


def test_a_generator_that_is_seen_through_still_learns() -> None:
    judged = torch.tensor([-20.0], requires_grad=True)
    logistic_generator_loss(judged).backward()
    assert judged.grad is not None
    assert judged.grad.item() == pytest.approx(-1)  # of log(1 − σ) it would be 2e-9
