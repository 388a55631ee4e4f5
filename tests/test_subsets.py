"""Which images a budget takes: by hand, nested, even; and what is held out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from crossgap.data.subsets import choose_budgets, far_apart, hold_out, spread_order, whole_order
from crossgap.errors import CrossgapError

EPISODES = np.repeat(np.arange(50), 16)


def test_steps_that_follow_each_other_lie_far_apart() -> None:
    assert far_apart(8) == [0, 4, 2, 6, 1, 5, 3, 7]
    assert far_apart(6) == [0, 4, 2, 1, 5, 3]
    assert far_apart(1) == [0]


def test_whole_episodes_follow_each_other_step_by_step_and_the_last_is_cut() -> None:
    order = whole_order(EPISODES, seed=0)
    assert sorted(order) == list(range(800))
    for start in range(0, 800, 16):  # 16 rows of one episode, in their order
        np.testing.assert_array_equal(order[start : start + 16], order[start] + np.arange(16))
        assert order[start] % 16 == 0
    chosen = order[:40]
    _, counts = np.unique(EPISODES[chosen], return_counts=True)
    assert sorted(counts) == [8, 16, 16]


def test_spread_images_are_even_over_episodes_and_steps() -> None:
    order = spread_order(EPISODES, seed=0)
    assert sorted(order) == list(range(800))
    for n in (1, 10, 25, 50):
        assert len(np.unique(EPISODES[order[:n]])) == n
    for n in (75, 100, 400):
        _, counts = np.unique(EPISODES[order[:n]], return_counts=True)
        assert len(counts) == 50
        assert counts.max() - counts.min() <= 1
    for n in (16, 50, 100, 200):
        uses = np.bincount(order[:n] % 16, minlength=16)
        assert uses.max() - uses.min() <= -(-n // 50)  # each round of 50 is even to within one
    two = np.sort(order[:100][EPISODES[order[:100]] == 7] % 16)
    assert two[1] - two[0] >= 4  # the two images of an episode are no neighbours


def test_spread_by_hand() -> None:
    """Three episodes of 2, 2 and 1 images, not sorted in the file."""
    episodes = np.array([5, 9, 5, 9, 2])
    order = spread_order(episodes, seed=0)
    first = list(dict.fromkeys(episodes[order[:3]]))
    assert sorted(first) == [2, 5, 9]
    rows = {5: [0, 2], 9: [1, 3], 2: [4]}
    for place, episode in enumerate(first):  # each starts one place further on in its steps
        assert order[place] == rows[episode][place % len(rows[episode])]
    assert sorted(order[3:]) == sorted(set(range(5)) - set(order[:3]))


@pytest.mark.parametrize("order", [whole_order, spread_order])
def test_the_choice_depends_on_the_seed_alone(order) -> None:
    np.testing.assert_array_equal(order(EPISODES, 3), order(EPISODES, 3))
    assert set(order(EPISODES, 3)[:50]) != set(order(EPISODES, 4)[:50])


def test_a_smaller_budget_is_part_of_a_larger_one_of_its_kind() -> None:
    budgets = choose_budgets(EPISODES, (800, 10, 0, 25, 100, 10), ("images", "episodes"), seed=1)
    assert [b.images for b in budgets if b.spread == "images"] == [0, 10, 25, 100, 800]
    for spread in ("images", "episodes"):
        chosen = [set(b.rows) for b in budgets if b.spread == spread]
        assert [len(rows) for rows in chosen] == [0, 10, 25, 100, 800]
        assert all(small <= large for small, large in itertools.pairwise(chosen))
        assert all((np.diff(b.rows) > 0).all() for b in budgets)
    found = {(b.images, b.spread): (b.episodes, b.name) for b in budgets}
    assert found[100, "images"] == (50, "images_00100")
    assert found[100, "episodes"] == (7, "episodes_00100")
    assert found[800, "episodes"] == found[800, "images"] == (50, "images_00800")


def test_images_of_no_episode_are_chosen_alike_in_both_kinds() -> None:
    budgets = choose_budgets(np.arange(20), (5, 20), ("images", "episodes"), seed=0)
    assert [b.name for b in budgets] == ["images_00005"] * 2 + ["images_00020"] * 2


@pytest.mark.parametrize(
    ("counts", "spreads", "message"),
    [
        ((10, 801), ("images",), "from 0 to 800, the number of target images to train with; got 801"),
        ((-1,), ("images",), "got -1"),
        ((), ("images",), "at least one number of images"),
        ((10,), ("frames",), "'frames' not found. Available: episodes, images"),
    ],
)
def test_bad_budgets(counts, spreads, message) -> None:
    with pytest.raises(CrossgapError, match=message):
        choose_budgets(EPISODES, counts, spreads, seed=0)


def test_whole_episodes_are_held_out() -> None:
    held = hold_out(EPISODES, 0.25, seed=0)
    assert held.sum() == 12 * 16  # 12.5 episodes, to the even number
    assert not set(EPISODES[held]) & set(EPISODES[~held])
    assert hold_out(np.array([0, 0, 1, 2]), 0.01, seed=0).sum() >= 2  # two episodes, for an interval


@pytest.mark.parametrize(
    ("episodes", "share", "message"),
    [
        ([0, 1, 2, 3], 0.9, "4 of the target's 4 episodes"),
        ([0, 0, 0, 1], 0.25, "Episodes of the target: 2. Expected at least 3"),
        ([0, 0, 0], 0.25, "Episodes of the target: 1. Expected at least 3"),
        ([0, 1, 2, 3], 0.0, "above 0 and below 1; got 0"),
        ([0, 1, 2, 3], 1.5, "above 0 and below 1; got 1.5"),
    ],
)
def test_too_few_episodes_to_hold_out(episodes, share, message) -> None:
    with pytest.raises(CrossgapError, match=message):
        hold_out(np.array(episodes), share, seed=0)
