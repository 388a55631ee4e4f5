"""Labels in another unit are noticed, others are not; columns that are one vector, and its distance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crossgap.data import LabelScale
from crossgap.evaluation.own_units import Measure
from crossgap.evaluation.units import other_unit, other_units
from crossgap.evaluation.vectors import mean_distances, vectors

RADIANS = 180 / math.pi


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (RADIANS, "about 57.3 times as large: degrees against radians?"),
        (1 / RADIANS, "about 1/57.3 times as large: degrees against radians?"),
        (100, "about 100 times as large: metres against centimetres?"),
        (1000, "about 1000 times as large: metres against millimetres?"),
        (0.1, "about 1/10 times as large: a factor of ten?"),
    ],
)
def test_units_that_are_mistaken_for_each_other(factor: float, words: str) -> None:
    """Also where the few real labels are of a part of the range."""
    for part in (1.0, 0.8, 1.3):
        found = other_unit(0.2, 0.5, 0.2 * factor * part, 0.5 * factor * part)
        assert str(found) == words


@pytest.mark.parametrize(
    ("their_mean", "their_spread"),
    [
        (0.2, 0.5),
        (0.3, 0.12),  # a part of the range
        (0.5, 0.05),  # nearly one place: a tenth of the spread, and no smaller
        (0.2, 0.0),
        (2.0, 0.5),  # elsewhere
        (0.6, 1.5),
    ],
)
def test_labels_that_are_otherwise_distributed_are_in_the_same_unit(their_mean, their_spread) -> None:
    assert other_unit(0.2, 0.5, their_mean, their_spread) is None


def test_units_by_label() -> None:
    ours = np.random.default_rng(0).normal(size=(50, 2))
    theirs = ours * [1, 1000]
    mean, spread = ours.mean(0), ours.std(0)
    assert list(other_units(("angle", "depth"), mean, spread, theirs)) == ["depth"]
    assert not other_units(("angle", "depth"), mean, spread, theirs[:0])


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("x", "y"), {"x, y": [0, 1]}),
        (("grip", "tip_x", "tip_y", "tip_z"), {"tip_x, tip_y, tip_z": [1, 2, 3]}),
        (("x_cm", "y_cm", "angle"), {"x_cm, y_cm": [0, 1]}),
        (("joint_velocity_1", "joint_velocity_2"), {"joint_velocity_1, joint_velocity_2": [0, 1]}),
        (("a_x", "b_y"), {}),
        (("angle",), {}),
        (("x_m", "y_cm"), {}),  # no distance in two units
        (("pos.x", "pos.y", "goal.x", "goal.y"), {"pos.x, pos.y": [0, 1], "goal.x, goal.y": [2, 3]}),
        (("joint1", "joint2", "gripper"), {"joint1, joint2": [0, 1]}),
        (("joint__1", "joint__2"), {"joint__1, joint__2": [0, 1]}),
        (tuple(f"action_{at}" for at in range(7)), {}),  # the last one a gripper's, say
        (("observation.state_0", "observation.state_1", "tip_x", "tip_y"), {"tip_x, tip_y": [2, 3]}),
        (("actions0", "actions1"), {}),
        (("qpos_0", "qpos_1", "agent_pos.0", "agent_pos.1"), {}),
        (("0", "1"), {}),
        (("action_x", "action_y"), {"action_x, action_y": [0, 1]}),
        (("action_0_rad", "action_1_rad"), {"action_0_rad, action_1_rad": [0, 1]}),
        (("estate_0", "estate_1"), {"estate_0, estate_1": [0, 1]}),
    ],
)
def test_columns_that_are_one_vector(names, found) -> None:
    assert vectors(names) == found


def test_distance_by_hand() -> None:
    predicted = np.array([[3.0, 4.0, 9.0], [0.0, 1.0, 9.0]])
    assert mean_distances(predicted, np.zeros((2, 3)), ("x", "y", "grip")) == {"x, y": 3.0}


def test_the_error_of_an_action_whose_parts_have_no_unit_in_common_is_in_spreads() -> None:
    """Joints in rad, of spread 0.5, and a gripper of 0 to 1000, whose error would be all of a distance."""
    scale = LabelScale((0.0, 0.0, 500.0), (0.5, 0.5, 500.0))
    measure = Measure(scale, ("action_0", "action_1", "action_2"))
    assert measure.name == "error in spreads of the source's labels, mean over labels"
    predicted = np.array([[0.5, 0.0, 500.0], [0.0, 0.25, 0.0]])
    labels = np.array([[0.0, 0.0, 500.0], [0.0, 0.0, 1000.0]])
    np.testing.assert_allclose(measure.errors(predicted, labels), [1 / 3, (0.5 + 2) / 3])
    joints = Measure(LabelScale((0.0, 0.0), (0.5, 0.5)), ("joint_0", "joint_1"))
    assert joints.name == "distance of joint_0, joint_1"
    np.testing.assert_allclose(joints.errors(np.array([[3.0, 4.0]]), np.zeros((1, 2))), [5.0])
