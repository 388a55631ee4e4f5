"""The search for the best action finds maxima that are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from crossgap.errors import CrossgapError
from crossgap.rl.cross_entropy import LEAST_SPREAD, ActionForm, Search, _like, uniform

FORM = ActionForm(3, 1, 2)


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_parts_of_an_action_by_hand() -> None:
    action = FORM.joined(
        torch.tensor([0.1, -0.2, 0.3]), torch.tensor([math.pi / 6]), torch.tensor([True, False])
    )
    assert action.tolist() == pytest.approx([0.1, -0.2, 0.3, 0.5, math.sqrt(0.75), 1, -1])
    numbers, angle, switches = FORM.parts(action)
    assert numbers.tolist() == pytest.approx([0.1, -0.2, 0.3])
    assert angle.tolist() == pytest.approx([math.pi / 6])
    assert switches.tolist() == [True, False]
    assert FORM.size == 7


def test_the_maximum_of_a_quadratic_a_different_one_for_each_image() -> None:
    at = torch.tensor([[0.5, -0.3, 0.9], [-0.7, 0.0, 0.2], [0.1, 0.8, -0.6]])
    found, worth = Search(64, 6, 5).best(
        lambda actions: -(actions - at[:, None]).square().sum(2), 3, ActionForm(3), drawn()
    )
    assert (found - at).abs().max() < 0.06
    assert torch.allclose(worth, -(found - at).square().sum(1))


def test_the_higher_of_two_peaks() -> None:
    low, high = torch.tensor([-0.6, -0.6]), torch.tensor([0.5, 0.4])

    def two_peaks(actions: Tensor) -> Tensor:
        near = [(-20 * (actions - peak).square().sum(2)).exp() for peak in (low, high)]
        return 0.7 * near[0] + near[1]

    found, _ = Search().best(two_peaks, 500, ActionForm(2), drawn())
    assert ((found - high).norm(dim=1) < 0.2).float().mean() > 0.88  # of 500 the measured share is 0.91
    _, worth = Search(64, 6, 5).best(two_peaks, 500, ActionForm(2), drawn())
    assert worth.median() > 0.99


def test_actions_keep_their_bounds_when_the_maximum_is_outside() -> None:
    tried: list[Tensor] = []

    def outwards(actions: Tensor) -> Tensor:
        tried.append(actions)
        return actions[..., :3].sum(2) + actions[..., 5] - actions[..., 6]

    found, _ = Search(256, 20, 7).best(outwards, 5, FORM, drawn())
    for actions in tried:
        assert actions.abs().max() <= 1
        assert torch.allclose(actions[..., 3:5].norm(dim=2), torch.ones(5, 256))
        assert (actions[..., 4] >= -1e-6).all()  # turns of 90° at most
        assert set(actions[..., 5:].unique().tolist()) == {-1.0, 1.0}
    assert (found[:, :3] > 0.9).all()
    assert (found[:, 5] == 1).all()
    assert (found[:, 6] == -1).all()


@pytest.mark.parametrize("degrees", [0, 40, 89, 90, -60])
def test_a_turn_is_found_also_where_it_comes_back_at_the_other_end(degrees: float) -> None:
    def alignment(actions: Tensor) -> Tensor:  # as a gripper of two fingers: equal modulo half a circle
        return (2 * (torch.atan2(actions[..., 0], actions[..., 1]) - math.radians(degrees))).cos()

    _, worth = Search(32, 6, 4).best(alignment, 20, ActionForm(0, 1), drawn())
    assert worth.min() > math.cos(math.radians(6))
    second = uniform(ActionForm(0, 1), (1,), drawn())
    assert second.shape == (1, 2)


def test_a_switch_that_is_never_among_the_first_elites_can_still_be_found() -> None:
    """Both have to be on, and what the first elites tell says the opposite for each alone."""

    def both(actions: Tensor) -> Tensor:
        on = actions[..., 1:] > 0
        return torch.where(on.all(2), 3.0, -on.sum(2).float()) - (actions[..., 0] - 0.2).abs()

    found, _ = Search(64, 6, 3).best(both, 30, ActionForm(1, 0, 2), drawn())
    assert (found[:, 1:] == 1).all()


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_the_next_actions_are_as_far_apart_as_the_elites_and_a_little_more(spread: float) -> None:
    form, ends = ActionForm(1, 1), torch.tensor([-spread, spread])
    elites = form.joined(0.2 + ends[:, None], 0.5 + ends[:, None], torch.zeros(2, 0))[None]
    numbers, angles, _ = form.parts(_like(elites.expand(2, -1, -1), form, 20_000, drawn()))
    for found, middle in ((numbers, 0.2), (angles, 0.5)):
        assert found.mean().item() == pytest.approx(middle, abs=0.005)
        assert found.std().item() == pytest.approx(spread + LEAST_SPREAD, rel=0.03)
    assert not torch.equal(numbers[0], numbers[1])  # every state has its own


def test_the_best_one_so_far_stays() -> None:
    at = torch.tensor([0.3, -0.4])
    before = torch.full((40,), -torch.inf)
    for iterations in (1, 2, 3, 4):
        _, worth = Search(32, 4, iterations).best(
            lambda actions: -(actions - at).norm(dim=2), 40, ActionForm(2), drawn()
        )
        assert (worth >= before).all()
        before = worth
    assert before.mean() > -0.06


def test_equal_numbers_give_equal_searches() -> None:
    def search(seed: int) -> Tensor:
        return Search().best(lambda actions: actions.sum(2).sin(), 4, FORM, drawn(seed))[0]

    assert torch.equal(search(1), search(1))
    assert not torch.equal(search(1), search(2))


@pytest.mark.parametrize("sizes", [(64, 1, 3), (5, 6, 3), (64, 6, 0)])
def test_a_search_that_cannot_be(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(CrossgapError, match="A search has an iteration, and from 2 elites"):
        Search(*sizes)


@pytest.mark.parametrize("parts", [(0, 0, 0), (-1, 1, 0)])
def test_an_action_that_cannot_be(parts: tuple[int, int, int]) -> None:
    with pytest.raises(CrossgapError, match="An action has parts"):
        ActionForm(*parts)
