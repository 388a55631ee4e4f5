"""The nearest training image, and the way from one noise to another, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from crossgap.data import neighbours
from crossgap.data.neighbours import distances, nearest, nearness, spread
from crossgap.deploy.noise import spherical


def grey(*levels: int) -> np.ndarray:
    """Images (n, 2, 2, 3), each of one level."""
    return np.repeat(np.array(levels, np.uint8), 12).reshape(-1, 2, 2, 3)


def test_distance_by_hand() -> None:
    one, other = grey(100, 250), grey(90, 250)
    one[1, 0, 0, 0] = 0  # one of twelve numbers off by 250
    np.testing.assert_allclose(distances(one, other), [10, 250 / 12**0.5])


@pytest.mark.parametrize("block", [1, 24, 1 << 25])  # one image at a time, two, all
def test_the_nearest_of_some(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    told: list[int] = []
    distance, rows = nearest(grey(98, 7, 200), grey(10, 100, 90, 210, 250), advance=told.append)
    assert rows.tolist() == [1, 0, 3]
    np.testing.assert_allclose(distance, [2, 3, 10])
    assert sum(told) == 5


@pytest.mark.parametrize("block", [1, 24, 1 << 25])
def test_the_nearest_other_one(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    images = grey(10, 100, 90, 210, 100)
    distance, rows = nearest(images, images, np.arange(5))
    assert rows.tolist() == [2, 4, 1, 1, 1]
    np.testing.assert_allclose(distance, [80, 0, 10, 110, 0])


def test_it_is_what_comparing_all_pairs_finds() -> None:
    rng = np.random.default_rng(0)
    images, others = (rng.integers(0, 256, (n, 5, 5, 3), np.uint8) for n in (7, 40))
    pairs = np.sqrt(np.square(images[:, None].astype(float) - others).mean((2, 3, 4)))
    distance, rows = nearest(images, others)
    np.testing.assert_array_equal(rows, pairs.argmin(1))
    np.testing.assert_allclose(distance, pairs.min(1), rtol=1e-6)


def test_spread_by_hand() -> None:
    assert spread(grey(10, 30)) == pytest.approx(10)
    assert spread(grey(7, 7, 7)) == 0


def test_what_is_far_from_all_or_the_same_every_time_is_told() -> None:
    training = grey(0, 10, 20, 30)
    usual = nearness(grey(4, 16, 28), training)
    assert not usual.far
    assert not usual.uniform
    assert nearness(grey(52, 60), training).far  # 22 and 30 from the nearest; training images 10
    assert not nearness(grey(45, 45), training).far
    assert nearness(grey(15, 16, 15), training).uniform
    assert not nearness(grey(15), training).uniform


def test_copies_are_told_from_what_is_as_near_as_training_images_are() -> None:
    training = grey(0, 20, 40, 60, 80)  # each 20 from the next
    near = nearness(grey(40, 9, 51, 69), training)
    assert near.among_training.tolist() == [20] * 5
    assert near.distance.tolist() == [0, 9, 9, 9]
    assert near.copies == 4
    assert near.alike == 0
    assert nearness(grey(30, 50, 10, 92), training).copies == 0
    assert nearness(grey(0), grey(0, 4, 44, 84)).alike == 0.5  # 4, 4, 40, 40: mean 22


def test_ways_begin_and_end_where_they_should() -> None:
    rng = np.random.default_rng(0)
    first, last = rng.standard_normal((2, 100)).astype(np.float32)
    way = spherical(first, last, 8)
    assert way.shape == (8, 100)
    assert way.dtype == np.float32
    np.testing.assert_allclose(way[[0, -1]], [first, last], rtol=1e-5)


def test_the_middle_is_as_far_from_0_as_the_ends() -> None:
    way = spherical(np.array([3.0, 0.0]), np.array([0.0, 3.0]), 3)
    np.testing.assert_allclose(way[1], [3 / 2**0.5] * 2, rtol=1e-6)
    third = spherical(np.array([2.0, 0.0]), np.array([0.0, 2.0]), 4)[1]  # a third of a right angle
    np.testing.assert_allclose(third, [2 * np.cos(np.pi / 6), 2 * np.sin(np.pi / 6)], rtol=1e-6)
    rng = np.random.default_rng(1)
    norms = np.linalg.norm(spherical(*rng.standard_normal((2, 100)), 9), axis=1)
    assert norms.min() > 0.97 * min(norms[0], norms[-1])


@pytest.mark.parametrize("last", [[2.0, 4.0], [-1.0, -2.0], [1.0, 2.0]])
def test_without_one_angle_it_is_a_straight_way(last: list[float]) -> None:
    way = spherical(np.array([1.0, 2.0]), np.array(last), 3)
    np.testing.assert_allclose(way[1], (np.array([1.0, 2.0]) + last) / 2, atol=1e-6)
    assert spherical(np.array([1.0, 2.0]), np.array(last), 1).tolist() == [[1.0, 2.0]]
