"""Looks drawn by the classic renderer: lights that move, shadows, and the older looks as they always were."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from crossgap.simulation.base.randomization import light_hue, light_turn, viewpoint
from crossgap.simulation.reach3 import kinematics as k
from crossgap.simulation.reach3.looks import LOOKS
from crossgap.simulation.reach3.scene import Reach3Scene
from crossgap.simulation.xarm7.looks import CENTRE
from crossgap.simulation.xarm7.scene import XArm7Scene

SIZE = 32
CUBE = np.array([0.42, 0.05, k.CUBE_HALF])
Q = np.array([0.2, 0.4, 1.0])


def still(look: str, shadows: bool = True) -> np.ndarray:
    """A look with nothing of it varied, (SIZE, SIZE, 3) float."""
    scene = Reach3Scene(look, size=SIZE)
    scene.variation = ()
    scene._renderer._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
    image = scene.render(Q, CUBE, 0.3, scene.new_appearance(np.random.default_rng(0)))
    scene.close()
    return image.astype(float)


def test_target_d_has_shadows_that_can_be_seen() -> None:
    scene, darker = Reach3Scene("target_d", size=SIZE), []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        q, cube, turn = k.sample_start(rng)
        fields, images = scene.new_appearance(rng), []
        for shadows in (True, False):
            scene._renderer._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadows
            images.append(scene.render(q, cube, turn, fields).astype(float))
        darker.append(((images[1] - images[0]).max(2) > 15).mean())
    scene.close()
    assert 0.03 < np.median(darker) < 0.3
    assert min(darker) > 0.005


QUARTERS = {
    "source": (120, 126, 137, 148, 154, 154, 189, 191, 196, 194, 187, 192),
    "target_a": (46, 52, 55, 41, 47, 44, 78, 95, 77, 88, 100, 82),
    "target_b": (61, 36, 19, 61, 37, 19, 107, 63, 32, 115, 64, 33),
    "target_c": (63, 38, 21, 66, 42, 21, 108, 64, 33, 115, 65, 33),
}
"""Mean red, green, blue of the image's four quarters, taken at commit 112b22a."""


@pytest.mark.parametrize("look", QUARTERS)
def test_older_looks_have_no_shadows_and_look_as_when_they_were_measured(look: str) -> None:
    image = still(look)
    np.testing.assert_array_equal(image, still(look, shadows=False))
    quarters = image.reshape(2, SIZE // 2, 2, SIZE // 2, 3).mean((1, 3)).ravel()
    np.testing.assert_allclose(quarters, QUARTERS[look], atol=1.5)


def test_lights_of_target_d_move_and_change_colour_from_step_to_step_and_so_does_the_image() -> None:
    scene, rng = Reach3Scene.shared("target_d", "none", SIZE), np.random.default_rng(1)
    fields = scene.new_appearance(rng)
    images, colours, places = [], [], []
    for _ in range(16):
        images.append(scene.render(Q, CUBE, 0.3, fields).astype(float))
        colours.append(fields["light_diffuse"].copy())
        places.append(fields["light_pos"].copy())
        fields = scene.next_appearance(fields, rng)
    moved = np.linalg.norm(np.diff(places, axis=0), axis=2)
    assert (moved > 0).all()
    assert 0.05 < moved.mean() < 0.4  # metres in a step
    assert (np.abs(np.diff(colours, axis=0)).max((1, 2)) > 0.01).all()
    changes = np.abs(np.diff(images, axis=0)).mean((1, 2, 3))
    assert (changes > 0.5).all()
    assert np.abs(images[-1] - images[0]).mean() > 8


def test_turned_lights_keep_their_height_and_distance_and_point_at_the_workspace() -> None:
    scene = Reach3Scene.shared("target_d", "none", SIZE)
    fields = {name: getattr(scene.model, name).copy() for name in ("light_pos", "light_dir")}
    before = fields["light_pos"].copy()
    light_turn(fields, scene.model, np.random.default_rng(0), 1.0)
    centre = np.array([0.25, 0.0, 0.1])
    np.testing.assert_allclose(fields["light_pos"][:, 2], before[:, 2])
    np.testing.assert_allclose(
        np.linalg.norm(fields["light_pos"] - centre, axis=1), np.linalg.norm(before - centre, axis=1)
    )
    for place, direction in zip(fields["light_pos"], fields["light_dir"], strict=True):
        np.testing.assert_allclose(np.cross(centre - place, direction), 0, atol=1e-6)
        assert direction @ (centre - place) > 0


def axis_of(quaternion: np.ndarray) -> np.ndarray:
    w, x, y, z = quaternion
    return -np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x**2 + y**2)])


def test_a_moved_viewpoint_is_still_aimed_at_the_same_point_and_upright() -> None:
    scene, rng, moved = XArm7Scene.shared("source", "none", 64), np.random.default_rng(0), []
    for _ in range(200):
        fields = {name: getattr(scene.model, name).copy() for name in ("cam_pos", "cam_quat")}
        viewpoint(fields, scene.model, rng, 1.0)
        moved.append(fields["cam_pos"] - scene.model.cam_pos)
        for index in range(len(fields["cam_pos"])):
            before, axis = scene.model.cam_pos[index], axis_of(scene.model.cam_quat[index])
            aim = before + axis * (np.array(CENTRE) - before).dot(axis)
            to_aim, turned = aim - fields["cam_pos"][index], axis_of(fields["cam_quat"][index])
            np.testing.assert_allclose(np.cross(to_aim, turned), 0, atol=1e-6)
            assert to_aim @ turned > 0
            assert np.linalg.norm(aim - CENTRE) < 1e-6  # what the look aims it at
            right, up = np.empty(3), np.empty(3)
            mujoco.mju_rotVecQuat(right, np.array([1.0, 0.0, 0.0]), fields["cam_quat"][index])
            mujoco.mju_rotVecQuat(up, np.array([0.0, 1.0, 0.0]), fields["cam_quat"][index])
            assert abs(right[2]) < 0.3  # the horizon stays nearly level
            assert up[2] > 0
    np.testing.assert_allclose(np.std(moved), 0.17, rtol=0.1)
    np.testing.assert_allclose(np.mean(moved, axis=0), 0, atol=0.05)


def test_a_turned_hue_keeps_strength_and_saturation() -> None:
    scene = Reach3Scene.shared("target_d", "none", SIZE)
    fields = {"light_pos": scene.model.light_pos, "light_diffuse": scene.model.light_diffuse.copy()}
    before = fields["light_diffuse"].copy()
    light_hue(fields, scene.model, np.random.default_rng(0), 1.0)
    after = fields["light_diffuse"]
    assert not np.allclose(after, before, atol=0.01)
    for bound in (np.min, np.max):
        np.testing.assert_allclose(bound(after, axis=1), bound(before, axis=1), atol=1e-6)


def test_tip_and_cube_of_target_d_can_be_seen_in_nearly_per_frame() -> None:
    """Against the same frame without them: the goal and the hand must leave a visible mark."""
    scene, seen = Reach3Scene.shared("target_d", "none", 64), []
    parts = [[scene.model.geom("cube").id], [scene.model.geom(name).id for name in ("link_elbow", "tip")]]
    for seed in range(25):
        rng = np.random.default_rng(seed)
        q, cube, turn = k.sample_start(rng)
        q = q + 0.5 * (k.goal_angles(cube) - q)  # half-way: at the start the arm may leave the picture
        fields = scene.new_appearance(rng)
        image = scene.render(q, cube, turn, fields).astype(float)
        for part in parts:
            without = {name: array.copy() for name, array in fields.items()}
            without["geom_rgba"][part, 3] = 0
            change = np.abs(image - scene.render(q, cube, turn, without)).max(2)
            seen.append((change > 12).sum() >= 12)
    assert np.mean(seen) > 0.95


def test_every_look_is_named_as_it_is_chosen() -> None:
    assert all(look.name == name for name, look in LOOKS.items())
