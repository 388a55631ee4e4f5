"""True-pair errors, on images drawn by hand and on the simulation's own."""

from __future__ import annotations

import numpy as np
import pytest

from crossgap.experiments.taskgan.alignment import LANDMARKS, find_landmark, landmarks_of, pair_error
from crossgap.simulation.reach3.looks import LOOKS


def picture(column: int, row: int, colour: tuple[int, int, int]) -> np.ndarray:
    image = np.full((1, 32, 32, 3), 120, np.uint8)
    image[0, row - 1 : row + 2, column - 1 : column + 2] = colour
    return image


def test_a_landmark_is_the_centre_of_its_colour() -> None:
    np.testing.assert_allclose(find_landmark(picture(10, 20, (200, 20, 20)), "cube"), [[10, 20]])
    np.testing.assert_allclose(find_landmark(picture(5, 7, (20, 150, 40)), "tip"), [[5, 7]])
    assert np.isnan(find_landmark(picture(5, 7, (90, 90, 200)), "tip")).all()


def test_single_pixels_move_nothing() -> None:
    image = np.full((1, 64, 64, 3), 120, np.uint8)
    image[0, 40:45, 20:25] = 200, 20, 20
    image[0, ::8, ::8] = 255, 0, 0  # a generator's specks
    np.testing.assert_allclose(find_landmark(image, "cube"), [[22, 42]])
    image[0, 40:45, 20:25] = 120
    assert np.isnan(find_landmark(image, "cube")).all()


def test_errors_by_hand() -> None:
    true, moved = picture(10, 20, (220, 20, 20)), picture(13, 16, (220, 20, 20))
    result = pair_error(moved, true, np.zeros(1), LANDMARKS)
    difference = 18 * (100 + 100 + 100) / 3 / (32 * 32) / 255
    assert result["pair_l1"]["value"] == pytest.approx(difference)
    assert result["cube_error"]["value"] == result["cube_offset"]["value"] == pytest.approx(5.0)
    assert result["cube_found"]["value"] == 1
    gone = pair_error(picture(10, 20, (120, 120, 120)), true, np.zeros(1), LANDMARKS)
    assert gone["cube_error"]["value"] == 16  # half the image
    assert gone["cube_found"]["value"] == 0
    assert "cube_offset" not in gone
    one_of_two = pair_error(
        np.concatenate([moved, picture(10, 20, (120, 120, 120))]),
        np.concatenate([true, true]),
        np.zeros(2),
        ["cube"],
    )
    assert one_of_two["cube_found"]["value"] == 0.5
    assert one_of_two["cube_offset"]["value"] == pytest.approx(5.0)
    assert one_of_two["cube_error"]["value"] == pytest.approx((5 + 16) / 2)
    assert "cube_error" not in pair_error(moved, true, np.zeros(1), landmarks=["tip"])


def test_a_black_tip_is_no_landmark() -> None:
    assert {name: landmarks_of(look) for name, look in LOOKS.items()} == {
        **dict.fromkeys(("source", "target_a", "target_pbr"), ("cube", "tip")),
        **dict.fromkeys(("night", "rain", "haze", "motion_blur", "sensor_noise"), ("cube", "tip")),
        "label_map": ("cube", "tip"),
        **dict.fromkeys(("target_b", "target_c", "target_d"), ("cube",)),
    }


def test_tip_and_cube_are_found_where_the_source_look_shows_them() -> None:
    from crossgap.simulation.reach3.kinematics import sample_start
    from crossgap.simulation.reach3.scene import Reach3Scene

    scene = Reach3Scene("source")
    appearance = scene.new_appearance(np.random.default_rng(0))
    for seed in range(5):
        q, cube, turn = sample_start(np.random.default_rng(seed))
        image = scene.render(q, cube, turn, appearance)
        for name in LANDMARKS:
            expected = project(scene, name)
            if (expected >= 0).all() and (expected < 64).all():
                assert np.linalg.norm(find_landmark(image[None], name)[0] - expected) < 3
    scene.close()


def project(scene, geom: str) -> np.ndarray:
    """Column and row of a geom's centre, by the pinhole camera's formula."""
    data = scene.data
    position = data.geom(geom).xpos - data.camera("front").xpos
    x, y, z = position @ data.camera("front").xmat.reshape(3, 3)
    focal = 32 / np.tan(np.radians(scene.look.field_of_view) / 2)
    return np.array([31.5 - focal * x / z, 31.5 + focal * y / z])
