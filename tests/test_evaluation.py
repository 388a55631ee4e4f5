"""Intervals against published values, and episodes whose outcome is known beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from crossgap.core.statistics import crossed_interval, mean_interval, paired_difference, wilson_interval
from crossgap.data import LabelledImages, LabelScale
from crossgap.evaluation import (
    TEST_STARTS,
    VALIDATION_STARTS,
    ClosedLoop,
    closed_loop,
    error_over_episodes,
    offline_error,
)
from crossgap.simulation.reach3 import REACH3
from crossgap.simulation.reach3.kinematics import HOVER, goal_angles, tip_position

# intervals


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (83, 100, 0.7445, 0.8911),
        (1, 1, 0.2065, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson_interval(successes: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=6e-5)


def test_no_error_has_an_interval_that_begins_at_nothing() -> None:
    assert wilson_interval(0, 40)[0] == 0.0  # rounding would leave 6e-18
    assert wilson_interval(0, 48)[0] == 0.0


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_interval_of_nothing(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="0 ≤ successes ≤ n"):
        wilson_interval(successes, n)


def test_mean_interval_by_hand() -> None:
    # mean 2, standard error 1 / sqrt(3)
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx((2 - 1.959964 / 3**0.5, 2 + 1.959964 / 3**0.5))
    assert mean_interval([5.0]) == (5.0, 5.0)


def test_paired_difference_of_equals_is_zero() -> None:
    flags = [True, False, True]
    assert paired_difference(flags, flags) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_paired_difference_by_hand() -> None:
    a, b = [True] * 60 + [False] * 40, [True] * 20 + [False] * 80
    difference = paired_difference(a, b)  # 40 of 100 starts are won: ± 1.96 sqrt(0.4 · 0.6 / 100)
    assert difference["value"] == pytest.approx(0.4)
    assert difference["low"] == pytest.approx(0.4 - 0.096, abs=0.015)
    assert difference["high"] == pytest.approx(0.4 + 0.096, abs=0.015)
    swapped = paired_difference(b, a)
    assert swapped["value"] == -difference["value"]
    assert swapped["low"] == pytest.approx(-difference["high"])
    assert paired_difference(a, b) == difference  # the resampling's seed is fixed


def test_pairing_narrows_the_interval() -> None:
    a = [True, False] * 50
    better = [True, False] * 48 + [True, True] * 2  # the same starts, two more won
    shuffled = better[1:] + better[:1]  # the same rate, but on other starts

    def width(flags: list[bool]) -> float:
        difference = paired_difference(flags, a)
        return difference["high"] - difference["low"]

    assert width(better) < 0.5 * width(shuffled)


def test_the_luck_of_a_training_is_in_the_interval() -> None:
    a = np.array([[1] * 50, [0] * 50])  # one of two trainings wins every start: the starts alone say 50 ± 0 %
    difference = paired_difference(a, np.zeros_like(a))
    assert difference == {"value": 0.5, "low": -1.0, "high": 1.0}  # two trainings say next to nothing
    alike = paired_difference(np.array([[1, 0] * 50] * 3), np.zeros((3, 100)))
    assert alike["high"] - alike["low"] == pytest.approx(2 * 1.98 * 0.05, rel=0.02)  # 100 starts, not 300
    one = paired_difference(np.array([[1, 0] * 50]), np.zeros((1, 100)))
    assert one == paired_difference([1, 0] * 50, [0] * 100)


def test_an_interval_over_seeds_and_starts_by_hand() -> None:
    found = crossed_interval(np.array([[3.0, 1.0], [1.0, -1.0]]))
    # both mean squares are 4, none is left over: 2 degrees of freedom, t = 4.3027, standard error √(8 / 4)
    assert found == pytest.approx({"value": 1.0, "low": 1 - 6.0849, "high": 1 + 6.0849}, abs=1e-3)
    for shape in ((1, 4), (4, 1)):
        with pytest.raises(ValueError, match="two seeds and two starts at least; got"):
            crossed_interval(np.ones(shape))
    assert crossed_interval(np.full((3, 4), 2.0)) == {"value": 2.0, "low": 2.0, "high": 2.0}


@pytest.mark.parametrize(("seed", "start"), [(0.1, 0.1), (0.2, 0.05), (0.05, 0.3)])
def test_an_interval_over_three_seeds_contains_what_it_should(seed: float, start: float) -> None:
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        values = seed * rng.normal(size=(3, 1)) + start * rng.normal(size=100) + rng.normal(size=(3, 100)) / 3
        found = crossed_interval(values)
        hits += found["low"] <= 0 <= found["high"]
    assert 0.92 <= hits / 400 <= 0.99  # a bootstrap of three has 0.73


@pytest.mark.parametrize(("a", "b"), [([True], [True, False]), ([], [])])
def test_paired_difference_needs_the_same_starts(a: list[bool], b: list[bool]) -> None:
    with pytest.raises(ValueError, match=f"same starts; got {len(a)} and {len(b)}"):
        paired_difference(a, b)


def test_nothing_is_chosen_on_the_test_starts() -> None:
    assert len(set(TEST_STARTS)) == 100
    assert not set(TEST_STARTS) & set(VALIDATION_STARTS)


# closed loop

EPISODES = ClosedLoop(
    [3, 5, 7, 9], [True, False, False, True], [True, True, False, True], [0.1, 0.2, 0.3, 0.0],
    [20, 40, None, 30], [0.06, 0.15, 0.25, 0.049],
)  # fmt: skip


def test_aggregate_by_hand() -> None:
    rows = EPISODES.aggregate()
    low, high = wilson_interval(2, 4)
    assert rows["success"] == {"value": 0.5, "low": low, "high": high, "n": 4, "won": "1001"}
    assert rows["reached_once"]["value"] == 0.75
    assert rows["final_distance_mean"]["value"] == pytest.approx(0.15)
    assert rows["success_5cm"]["value"] == 0.25
    # of the three that reach 30 ± t(2) √100 / √3 steps
    steps = rows["steps_to_reach"]
    assert (steps["value"], steps["n"]) == (30, 3)
    assert steps["high"] == pytest.approx(30 + 4.30265 * 10 / 3**0.5, rel=1e-5)
    nowhere = replace(EPISODES, steps_to_reach=[None] * 4, aim_distance=None).aggregate()
    assert not {"steps_to_reach", "success_5cm"} & nowhere.keys()


def test_episodes_survive_json() -> None:
    text = json.dumps(EPISODES.to_json())
    assert ClosedLoop.from_json(json.loads(text)) == EPISODES
    assert json.loads(text)["episodes"][1] == {
        "seed": 5, "success": False, "reached_once": True, "final_distance": 0.2, "steps_to_reach": 40,
        "aim_distance": 0.15,
    }  # fmt: skip
    older = replace(EPISODES, steps_to_reach=None, aim_distance=None)  # of before these were noted
    assert ClosedLoop.from_json(json.loads(json.dumps(older.to_json()))) == older


def start(seed: int) -> tuple[np.ndarray, np.ndarray]:
    env = gym.make(REACH3, size=24)
    env.reset(seed=seed)
    return env.unwrapped.q, env.unwrapped.cube


def play(predict: Callable[[np.ndarray], np.ndarray], seeds: list[int], **kwargs):
    return closed_loop(predict, seeds, quiet=True, look="source", size=24, **kwargs)


def test_a_policy_that_does_nothing_ends_where_it_starts() -> None:
    result, frames = play(lambda images: np.zeros((len(images), 3)), [3, 5, 7], gain=1.0, steps=2, record=2)
    distances = [np.linalg.norm(tip_position(q) - cube) for q, cube in map(start, (3, 5, 7))]
    assert result.seeds == [3, 5, 7]
    assert result.final_distance == pytest.approx(distances)
    assert result.success == result.reached_once == [bool(distance < 0.1) for distance in distances]
    assert frames.shape == (2, 3, 24, 24, 3)
    np.testing.assert_array_equal(frames[:, 0], frames[:, 2])
    assert (frames[0] != frames[1]).any()


def test_action_is_gain_times_prediction() -> None:
    result, _ = play(lambda images: np.full((len(images), 3), -0.4), [3], gain=0.5, steps=1)
    q, cube = start(3)
    expected = np.linalg.norm(tip_position(np.maximum(q - 0.2, [-2.0, -0.6, 0.0])) - cube)
    assert result.final_distance == pytest.approx([expected])


def test_reaching_and_drifting_off_is_reached_once_but_no_success() -> None:
    q, cube = start(3)
    there = np.tile((goal_angles(cube) - q) / 12, (12, 1))
    path = iter(np.concatenate([there, np.tile([0.0, -0.3, 0.0], (3, 1))]))
    result, _ = play(lambda images: next(path)[None], [3], gain=1.0, steps=15)
    assert result.reached_once == [True]
    assert result.success == [False]
    path = iter(there)
    result, _ = play(lambda images: next(path)[None], [3], gain=1.0, steps=12)
    assert result.success == [True]
    assert result.final_distance == pytest.approx([HOVER])
    # a demonstration ends above the cube: it is 5 cm from its centre, and there
    assert result.aim_distance == pytest.approx([0.0], abs=1e-6)
    assert result.aggregate()["success_5cm"]["value"] == 1.0
    on_the_way = q + np.arange(13)[:, None] / 12 * (goal_angles(cube) - q)
    near = np.linalg.norm(tip_position(on_the_way) - cube, axis=1) < 0.1
    assert result.steps_to_reach == [int(near.argmax())]


# offline


def test_the_interval_of_a_squared_error_begins_at_0() -> None:
    data = LabelledImages(
        np.zeros((2, 8, 8, 3), np.uint8), np.array([[0.0], [2.0]], np.float32), ("a",), np.arange(2)
    )
    found = error_over_episodes(np.array([[0.0], [0.0]]), data, LabelScale((0.0,), (1.0,)))
    assert (found["value"], found["low"]) == (2, 0)  # errors of 0 and 4: the interval goes below 0
    # Student's with one degree of freedom: 2 + 12.7062 √8 / √2
    assert found["high"] == pytest.approx(2 + 12.7062 * 2, rel=1e-5)


def test_a_few_episodes_have_student_s_interval_and_one_has_none() -> None:
    labels = np.array([[1.0], [2**0.5], [3**0.5], [2**0.5]], np.float32)  # squared errors of 1, 2, 3 and 2
    data = LabelledImages(np.zeros((4, 8, 8, 3), np.uint8), labels, ("a",), np.arange(4))
    found = error_over_episodes(np.zeros((4, 1)), data, LabelScale((0.0,), (1.0,)))
    half = 3.18245 * (2 / 3) ** 0.5 / 2  # t of three degrees of freedom; the normal distribution has 1.96
    assert [found[key] for key in ("low", "value", "high")] == pytest.approx(
        [2 - half, 2, 2 + half], rel=1e-5
    )
    together = error_over_episodes(
        np.zeros((4, 1)), replace(data, episodes=np.zeros(4, int)), LabelScale((0.0,), (1.0,))
    )
    assert (together["value"], together["low"], together["high"]) == (pytest.approx(2), None, None)


def test_an_error_is_the_mean_of_the_episodes_means_however_long_they_are() -> None:
    labels = np.array([[1.0], [3**0.5], [5**0.5]], np.float32)  # squared errors of 1, 3 and 5
    data = LabelledImages(np.zeros((3, 8, 8, 3), np.uint8), labels, ("a",), np.array([7, 7, 9]))
    found = error_over_episodes(np.zeros((3, 1)), data, LabelScale((0.0,), (1.0,)))
    assert found["value"] == pytest.approx(3.5)  # of 2 and 5
    assert found["n"] == 2


def test_offline_error_of_the_mean_is_one_and_of_the_truth_zero() -> None:
    rng = np.random.default_rng(0)
    labels = rng.normal([5, -300], [0.1, 70], (500, 2)).astype(np.float32)
    data = LabelledImages(np.zeros((500, 4, 4, 3), np.uint8), labels, ("a", "b"), np.arange(500))
    scale = LabelScale.of(data)
    mean = offline_error(lambda images: np.tile(labels.mean(0), (len(images), 1)), data, scale)
    assert mean["value"] == pytest.approx(1.0, abs=1e-3)
    assert mean["low"] < 1 < mean["high"]
    assert mean["n"] == 500
    assert offline_error(lambda images: labels, data, scale)["value"] == 0.0
