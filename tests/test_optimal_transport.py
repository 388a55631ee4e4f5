"""Unbalanced optimal transport: Sinkhorn by hand, what is far goes nowhere, and a toy gap that it crosses."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from crossgap.core.trainer import Trainer
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.optimal_transport import OptimalTransportConfig
from crossgap.methods.optimal_transport.phase import OptimalTransport, feature_cost, label_cost
from crossgap.methods.optimal_transport.sinkhorn import unbalanced_plan
from crossgap.networks import TaskModel

LN3 = math.log(3)


def test_balanced_plan_of_two_by_two_by_hand() -> None:
    """exp(−C) is 1 and 1/3; each row has to give ½, so 3/8 and 1/8."""
    plan = unbalanced_plan(torch.tensor([[0.0, LN3], [LN3, 0.0]]), 1.0, math.inf, 100)
    torch.testing.assert_close(plan, torch.tensor([[3 / 8, 1 / 8], [1 / 8, 3 / 8]]))


def test_relaxed_plan_of_two_by_two_by_hand() -> None:
    """ε = ρ = 1: by symmetry f = g = t with t = −½ (t + ln(½ (1 + ⅓))), so 2 t = ⅔ ln 1.5."""
    plan = unbalanced_plan(torch.tensor([[0.0, LN3], [LN3, 0.0]]), 1.0, 1.0, 200)
    expected = 1.5 ** (2 / 3) * torch.tensor([[1 / 4, 1 / 12], [1 / 12, 1 / 4]])
    torch.testing.assert_close(plan, expected)
    assert plan.sum().item() == pytest.approx(0.8736, abs=1e-4)  # not all is worth its way


def objective(plan: torch.Tensor, cost: torch.Tensor, entropy: float, relaxation: float) -> float:
    def kl(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (one * (one / other).log() - one + other).sum()

    n, m = cost.shape
    a, b = torch.full((n,), 1 / n).double(), torch.full((m,), 1 / m).double()
    marginals = kl(plan.sum(1), a) + kl(plan.sum(0), b)
    return float((plan * cost).sum() + entropy * kl(plan, a[:, None] * b) + relaxation * marginals)


def test_no_other_plan_is_cheaper() -> None:
    cost = torch.rand(3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    plan = unbalanced_plan(cost, 0.2, 0.7, 500)
    best = objective(plan, cost, 0.2, 0.7)
    drawn = torch.Generator().manual_seed(1)
    for _ in range(50):
        other = plan * (1 + 0.02 * torch.randn(plan.shape, generator=drawn, dtype=torch.float64))
        assert objective(other, cost, 0.2, 0.7) > best


def test_what_is_far_from_everything_stays_unless_it_has_to_go() -> None:
    cost = torch.tensor([[0.0, 0.1], [9.0, 9.0]])
    assert unbalanced_plan(cost, 0.1, 1.0, 200)[1].sum() < 0.01
    assert unbalanced_plan(cost, 0.1, math.inf, 200)[1].sum().item() == pytest.approx(0.5, abs=1e-3)


def test_large_costs_and_little_entropy_do_not_overflow() -> None:
    plan = unbalanced_plan(1e4 * torch.rand(8, 8), 1e-3, 1.0, 20)
    assert plan.isfinite().all()


def test_feature_cost_by_hand_and_its_gradient() -> None:
    x = torch.tensor([[0.0, 0.0], [3.0, 0.0]], requires_grad=True)
    cost = feature_cost(x, torch.tensor([[0.0, 4.0]]))
    assert cost.flatten().tolist() == [8.0, 12.5]
    cost.sum().backward()
    assert x.grad is not None
    assert x.grad[1].tolist() == [3.0, -4.0]


def test_label_cost_of_numbers_and_of_classes_by_hand() -> None:
    numbers = label_cost(torch.tensor([[0.0, 1.0]]), torch.tensor([[2.0, 1.0], [0.0, 1.0]]))
    assert numbers.tolist() == [[1.0, 0.0]]  # (4 + 0) / 2 / 2
    classes = label_cost(torch.tensor([[1], [2]]), torch.tensor([[2], [1]]))
    assert classes.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_the_plan_pairs_images_of_the_same_label() -> None:
    """Features that tell nothing: labels alone say what goes where, and w = 0 says nothing."""
    labels = torch.tensor([[-1.0], [1.0]])
    for weight, apart in ((1.0, 0.02), (0.0, 0.25)):
        whole = feature_cost(torch.ones(2, 4), torch.zeros(2, 4)) + weight * label_cost(labels, labels)
        assert unbalanced_plan(whole, 0.3, math.inf, 100)[0, 1].item() == pytest.approx(apart, abs=0.02)


def test_a_step_brings_features_of_both_domains_together(toy, fabric, tmp_path: Path) -> None:
    torch.manual_seed(0)
    sets = [Batches(torch.randn(8, 3, 24, 24) + shift, torch.zeros(8, 1), 8, 0) for shift in (-1, 1)]
    model = TaskModel(1, 24, 4, 8)

    @torch.no_grad()
    def apart() -> float:
        x, y = (model.features(part.images) for part in sets)
        return float((x.mean(0) - y.mean(0)).norm() / torch.cat([x, y]).std(0).norm())

    before, config = apart(), OptimalTransportConfig(weight=10.0)
    phase = OptimalTransport("ot", model, *sets, SupervisedConfig(60, 8, 3e-3), config)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    assert apart() < 0.7 * before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"entropy": 0.0}, r"--optimal-transport\.entropy must be a number above 0; got 0"),
        ({"weight": -1.0}, r"--optimal-transport\.weight must be a number from 0 on; got -1"),
        ({"iterations": 0}, r"--optimal-transport\.iterations must be at least 1; got 0"),
    ],
)
def test_settings_that_cannot_be(settings, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        OptimalTransportConfig(**settings)


def test_it_crosses_the_toy_gap(toy, fabric, tmp_path: Path) -> None:
    config = TaskGANConfig(NetworkConfig(8, 64), source=SupervisedConfig(400, 32, 2e-3))
    trainer = Trainer(tmp_path, fabric, quiet=True)
    methods = Methods(toy("source", 1600, 1), toy("target", 200, 2), config, trainer)

    def error(method: str) -> float:
        return offline_error(methods.get(method).predict, toy("target", 200, 3), methods.scale)["value"]

    assert error("source_only") > 1
    assert error("optimal_transport") < 0.3
