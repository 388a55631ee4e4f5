"""Depth as a stereo camera measures it."""

from __future__ import annotations

import numpy as np
import pytest

from crossgap.simulation.base.depth_noise import BASELINE, HOLES, SENSOR_WIDTH, realsense_like

VIEW = 42.0
FOCAL = SENSOR_WIDTH / 2 / np.tan(np.deg2rad(VIEW) / 2)


def measured(depth: np.ndarray, seed: int = 0, strength: float = 1.0) -> np.ndarray:
    return realsense_like(depth, VIEW, np.random.default_rng(seed), strength)


def test_without_strength_depth_is_exact() -> None:
    depth = np.linspace(0.5, 2.0, 84 * 84).reshape(84, 84)
    np.testing.assert_array_equal(measured(depth, strength=0), depth.astype(np.float32))


@pytest.mark.parametrize("distance", [0.7, 1.4])
def test_the_error_on_a_wall_is_that_of_a_disparity(distance: float) -> None:
    wall = np.full((84, 84), distance)
    found = measured(wall)
    seen = found > 0
    disparity = FOCAL * BASELINE / found[seen] - FOCAL * BASELINE / distance
    assert disparity.std() == pytest.approx(
        1.0, abs=0.1
    )  # DISPARITY_ERROR; the field has standard deviation 1
    # so in metres it grows with the square of the distance
    assert found[seen].std() == pytest.approx(distance**2 / (FOCAL * BASELINE), rel=0.15)


def test_a_share_of_the_image_has_no_measurement_and_it_moves() -> None:
    wall = np.full((84, 84), 1.0)
    first, second = (measured(wall, seed) == 0 for seed in (0, 1))
    assert first.mean() == pytest.approx(HOLES, abs=0.01)
    assert (first & second).mean() < 0.6 * HOLES
    assert (measured(wall, strength=0.5) == 0).mean() == pytest.approx(HOLES / 2, abs=0.01)


def test_left_of_something_near_one_imager_sees_nothing() -> None:
    depth = np.full((84, 84), 2.0)
    depth[:, 40:60] = 0.5
    shadow = (FOCAL * BASELINE / 0.5 - FOCAL * BASELINE / 2.0) * 84 / SENSOR_WIDTH  # 8.2 pixels
    unseen = np.mean([measured(depth, seed) == 0 for seed in range(30)], axis=0)
    columns = unseen.mean(0)
    assert (columns[40 - int(shadow) : 40] == 1).all()
    assert columns[40 - int(shadow) - 3] < 0.5
    assert columns[62:].max() < 0.5  # nothing is hidden on its right


def test_neighbours_share_their_error() -> None:
    wall = np.full((84, 84), 1.0)
    found = measured(wall, 3)
    both = (found[:, 1:] > 0) & (found[:, :-1] > 0)
    error = found - 1.0
    assert np.corrcoef(error[:, 1:][both], error[:, :-1][both])[0, 1] > 0.8
