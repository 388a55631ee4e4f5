"""What is seen of bins: segmentation, the camera's numbers, looks, and collected images."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from crossgap.collection import Collection
from crossgap.data.folder import read_folder
from crossgap.errors import CrossgapError
from crossgap.networks.q_functions.gripper import Camera, Gripper
from crossgap.simulation.base.vulkan import filament_problem
from crossgap.simulation.collect import collect
from crossgap.simulation.grasping import IIWA_GRASP, IIWA_GRASP_ONCE
from crossgap.simulation.grasping.environment import HIGH, LOW, REACH
from crossgap.simulation.grasping.kinematics import YAW
from crossgap.simulation.grasping.looks import LOOKS
from crossgap.simulation.grasping.scene import BIN, FIRST_THING, NOTHING, ROBOT

SIZE = 64


def make(world: str = IIWA_GRASP_ONCE, **kwargs: Any) -> Any:
    return gymnasium.make(world, disable_env_checker=True, **({"size": SIZE} | kwargs)).unwrapped


def test_a_segmentation_marks_the_pixels_that_a_thing_changes() -> None:
    env = make(objects=3, segmentation=True)
    for seed in range(4):
        seen, _ = env.reset(seed=seed)
        for thing in range(3):
            marked = seen["segmentation"] == FIRST_THING + thing
            pose = env._physics.data.qpos[6 + 7 * thing : 9 + 7 * thing]  # a view
            height = pose[2]
            pose[2] = -0.5  # under the floor
            env._physics.put(env._physics.hand)
            without = env.render()
            pose[2] = height
            env._physics.put(env._physics.hand)
            changed = (without != seen["pixels"]["shoulder"]).any(-1)
            assert marked.sum() > 4
            assert changed[marked].mean() > 0.95
            assert (changed & ~marked).sum() <= 2


@pytest.mark.parametrize("look", ["source", "target"])
def test_points_are_seen_where_the_camera_s_numbers_say(look: str) -> None:
    env, points = make(look=look), np.array([[0.5, -0.1, 0.02], [0.62, 0.08, 0.1]])
    env.reset(seed=0)
    env.render()
    u, v, w = np.reshape(LOOKS[look].pinhole(), (3, 4)) @ np.vstack([points.T, [1, 1]])
    np.testing.assert_allclose(env.seen_at(points), np.stack([u / w, v / w], 1) / 2 + 0.5, atol=1e-6)


def test_a_segmentation_tells_robot_and_bin_from_what_is_in_it_in_every_look() -> None:
    maps = {}
    for look in ("source", "target", "target_stickers"):
        env = make(IIWA_GRASP, look=look, objects=2, segmentation=True)
        maps[look] = env.reset(seed=2)[0]["segmentation"]
        assert set(np.unique(maps[look])) <= {NOTHING, ROBOT, BIN, FIRST_THING, FIRST_THING + 1}
        assert (maps[look] == ROBOT).mean() > 0.02
        assert 0.1 < (maps[look] == BIN).mean() < 0.7
    far = (maps["target"] >= FIRST_THING) == (maps["target_stickers"] >= FIRST_THING)
    assert far.mean() > 0.999  # a picture of a thing is none


def test_the_camera_s_numbers_project_things_to_where_they_are_seen() -> None:
    env = make(objects=1, segmentation=True)
    camera = Camera(LOOKS["source"].pinhole())
    for seed in range(6):
        seen, _ = env.reset(seed=seed)
        place = camera(torch.tensor(seen["state"][0, :3], dtype=torch.float32)).numpy()
        column, row = SIZE / 2 * (1 + place)
        rows, columns = np.nonzero(seen["segmentation"] == FIRST_THING)
        assert np.hypot(rows.mean() + 0.5 - row, columns.mean() + 0.5 - column) < 2.5


def test_the_critic_s_gripper_moves_as_the_hand_does() -> None:
    gripper, rng = Gripper(REACH, LOW, HIGH, yaw=YAW), np.random.default_rng(0)
    env = make(IIWA_GRASP, cameras=(), objects=1)
    pose, furthest = env.reset(seed=0)[0]["agent_pos"][:4], 0.0
    for turn in (1.3, -0.7, 1.3, 1.3, -1.5, -1.5, -1.5, 2.6):  # the last is cut to a quarter
        action = np.array([*rng.uniform(-1, 1, 2), 1, np.sin(turn), np.cos(turn), -1, -1])
        given = torch.tensor(pose)[None], torch.tensor(action).float()[None, None]
        expected = gripper.moved(*given, torch.tensor([[False]]))[0, 0]
        furthest = max(furthest, abs(pose[3] + turn))
        pose = env.step(action)[0]["agent_pos"][:4]
        np.testing.assert_allclose(pose, expected, atol=0.1)
    assert furthest > YAW + 0.3  # some of them cannot turn that far


def test_a_thing_s_parts_are_of_one_colour_and_things_differ_from_episode_to_episode() -> None:
    env = make(look="randomized")
    colours = []
    for seed in range(2):
        env.reset(seed=seed)
        geoms = env._scene()._thing_geoms
        rgb = env._fields()["geom_rgba"][geoms]
        assert (rgb == rgb[:, :1]).all()
        assert len(np.unique(rgb[:, 0].round(6), axis=0)) == len(geoms)
        colours.append(rgb)
    assert not np.array_equal(*colours)


def test_things_of_the_dim_look_are_hard_to_tell_from_its_bin() -> None:
    def contrast(look: str) -> float:
        env, found = make(look=look, segmentation=True), []
        for seed in range(5):
            seen, _ = env.reset(seed=seed)
            image, about = seen["pixels"]["shoulder"].astype(float), seen["segmentation"]
            means = [image[about == 2].mean(0)] + [
                image[about == k].mean(0) for k in range(3, 9) if k in about
            ]
            found.append(np.linalg.norm(np.subtract(means[1:], means[0]), axis=1).mean())
        return float(np.mean(found))

    dim, target, source = map(contrast, ("target_dim", "target", "source"))
    assert 5 < dim < 0.6 * target
    assert target < source


@pytest.mark.parametrize("setup", ["single_bin", "multi_bin"])
def test_robot_2_s_camera_and_bins_move(setup: str) -> None:
    env = make(setup=setup, objects=1, segmentation=True)
    images = [env.reset(seed=seed)[0]["segmentation"] == BIN for seed in range(3)]
    assert all((images[a] != images[b]).mean() > 0.01 for a, b in ((0, 1), (0, 2), (1, 2)))


def test_filament_draws_the_target_and_has_no_segmentation() -> None:
    if problem := filament_problem():
        pytest.skip(problem)
    images = [
        make(look=look, size=32).reset(seed=1)[0]["pixels"]["shoulder"] for look in ("target", "target_pbr")
    ]
    classic, physical = (image.astype(float) for image in images)
    assert 3 < np.abs(classic - physical).mean() < 50
    reddish = [image[..., 0] - image[..., 2] for image in (classic, physical)]  # the bin before the stone
    assert np.corrcoef(*(part.ravel() for part in reddish))[0, 1] > 0.8
    with pytest.raises(CrossgapError, match=r"Look 'target_pbr' has no segmentation.*such as target"):
        make(look="target_pbr", size=32, segmentation=True).reset(seed=1)


def test_collected_images_are_labelled_with_a_grasp_and_its_success(tmp_path) -> None:
    collection = Collection(world="grasping", episodes=2, steps=12, size=24, look="target")
    data = read_folder(collect(collection, tmp_path / "grasps", workers=1))
    assert data.images.shape == (24, 24, 24, 3)
    assert np.abs(data.labels[:, :5]).max() <= 1
    np.testing.assert_allclose(np.hypot(*data.labels[:, 3:5].T), 1, atol=1e-5)
    assert set(np.unique(data.labels[:, 5])) == {0, 1}
    assert len(np.unique(data.images.reshape(24, -1), axis=0)) == 24  # a bin for each
