"""The Mico arm: kinematics, labels that do not jump, looks, and data sets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossgap.collection import Collection
from crossgap.data import read_folder
from crossgap.errors import CrossgapError
from crossgap.simulation.collect import collect
from crossgap.simulation.mico import kinematics as k
from crossgap.simulation.mico.looks import LOOKS
from crossgap.simulation.mico.scene import MicoScene
from crossgap.simulation.registry import WORLDS

PI = np.pi
SMALL = Collection("mico_source", episodes=2, steps=6, size=24, seed=7, world="mico")


def drawn(n: int, seed: int = 0) -> np.ndarray:
    return k.sample_angles(np.random.default_rng(seed), n)


# kinematics


@pytest.mark.parametrize(
    ("q", "joint", "position"),
    [
        # the shoulder stands .15675 + .11875 high, whatever the angles
        ((0.3, 4, 3, 1, 1, 1), 0, (0, 0, 0.15675)),
        ((0, 4, 3, 1, 1, 1), 1, (0, 0.0016, 0.2755)),
        # at zero the upper arm hangs down: .2755 − .290
        ((0, 0, 0, 0, 0, 0), 2, (0, 0.0016, -0.0145)),
        # stretched up: .2755 + .290, + .1231, + .06414, + .06414, + .160; sideways .0016 − .0086, 2 × .03703
        ((0, PI, PI, 0, 0, 0), 2, (0, 0.0016, 0.5655)),
        ((0, PI, PI, 0, 0, 0), 3, (0, -0.0070, 0.6886)),
        ((0, PI, PI, 0, 0, 0), 4, (0, 0.03003, 0.75274)),
        ((0, PI, PI, 0, 0, 0), 5, (0, 0.06706, 0.81688)),
        ((0, PI, PI, 0, 0, 0), 6, (0, 0.06706, 0.97688)),
        # a quarter turn of J4 turns the wrist from y to x
        ((0, PI, PI, PI / 2, 0, 0), 6, (0.07406, -0.0070, 0.97688)),
        # half a turn of J5: both bends of 60° add up, the hand points 120° away from up
        ((0, PI, PI, 0, PI, 0), 6, (0, 0.03003 + 0.07406 + 0.13856, 0.75274 - 0.08)),
        # a level upper arm points along −x, and J1 turns clockwise seen from above
        ((0, 3 * PI / 2, PI, 0, 0, 0), 2, (-0.290, 0.0016, 0.2755)),
        ((PI / 2, 3 * PI / 2, PI, 0, 0, 0), 2, (0.0016, 0.290, 0.2755)),
    ],
)
def test_positions_worked_out_by_hand(q, joint, position) -> None:
    np.testing.assert_allclose(k.joint_positions(np.array(q))[joint], position, atol=2e-5)


def test_joints_are_where_mujoco_has_them() -> None:
    scene = MicoScene.shared("mico_source", "none", 24)
    q = drawn(20)
    for angles, positions in zip(q, k.joint_positions(q), strict=True):
        scene.render(angles, scene.new_appearance(np.random.default_rng(0)))
        found = [scene.data.body(f"joint_{joint}").xpos for joint in range(1, 7)]
        np.testing.assert_allclose(found, positions[:6], atol=1e-9)
        hand = scene.data.body("joint_6")
        end = hand.xpos + hand.xmat.reshape(3, 3) @ [0, 0, -0.16]
        np.testing.assert_allclose(end, positions[6], atol=1e-9)


def test_at_work_the_arm_stays_around_one_configuration() -> None:
    at_work = k.sample_angles(np.random.default_rng(0), 2000, spread=0.3)
    turning = k.wrapped(at_work[:, [0, 3, 4]] - k.HOME[[0, 3, 4]])  # no range cuts these off
    np.testing.assert_allclose(turning.std(0), 0.3, atol=0.05)
    np.testing.assert_allclose(turning.mean(0), 0, atol=0.06)
    for q in (at_work, k.sample_angles(np.random.default_rng(0), 500)):
        assert k.is_possible(q).all()
        assert ((q >= k.DRAWN_LOW) & (q <= k.DRAWN_HIGH)).all()
    assert k.is_possible(k.HOME)


def test_joint_limits_are_the_published_ones() -> None:
    model = MicoScene.shared("mico_source", "none", 24).model
    assert model.jnt_limited.tolist() == [False, True, True, False, False, False]
    np.testing.assert_allclose(np.rad2deg(model.jnt_range[1:3]), [(50, 310), (35, 325)])
    assert ((k.DRAWN_LOW >= k.LIMIT_LOW) & (k.DRAWN_HIGH <= k.LIMIT_HIGH)).all()


def test_what_no_real_arm_can_do() -> None:
    up, down = (0, PI, PI, 0, 0, 0), (0, np.deg2rad(300), np.deg2rad(130), 0, 0, 0)
    folded = (0, np.deg2rad(220), np.deg2rad(40), 0, 0, 0)  # the forearm along the upper arm
    assert k.is_possible(np.array([up, down, folded])).tolist() == [True, False, False]
    assert k.joint_positions(np.array(down))[6, 2] < 0


def test_drawn_angles_are_possible_and_fill_their_ranges() -> None:
    q = drawn(2000)
    assert q.shape == (2000, 6)
    assert k.is_possible(q).all()
    assert ((q >= k.DRAWN_LOW) & (q <= k.DRAWN_HIGH)).all()
    for joint in range(6):
        counts, _ = np.histogram(q[:, joint], 10, (k.DRAWN_LOW[joint], k.DRAWN_HIGH[joint]))
        assert counts.min() > 130, f"J{joint + 1}"
    np.testing.assert_array_equal(q, drawn(2000))
    assert not np.array_equal(q, drawn(2000, seed=1))


def test_the_twin_that_looks_the_same_is_never_drawn() -> None:
    q = drawn(200)
    twin = np.stack([q[:, 0] + PI, -q[:, 1], -q[:, 2], q[:, 3] + PI, q[:, 4], q[:, 5]], 1)
    apart = np.linalg.norm(k.joint_positions(q) - k.joint_positions(twin), axis=-1)
    assert apart.max() < 0.015
    assert (twin[:, 1] % (2 * PI) < k.DRAWN_LOW[1]).all()


# labels


def test_angles_survive_encoding_wherever_they_wrap() -> None:
    q = np.concatenate([drawn(100), np.deg2rad([[180, 180, 180, -180, 179.9, 0], [-179.9, 0, 0, 720, 0, 0]])])
    labels = k.encode_angles(q)
    assert labels.shape == (102, 10)
    assert labels.shape[1] == len(k.LABEL_NAMES)
    np.testing.assert_allclose(k.wrapped(k.decode_angles(labels) - q[:, :5]), 0, atol=1e-12)
    np.testing.assert_allclose(k.decode_angles(0.3 * labels), k.decode_angles(labels))
    np.testing.assert_allclose(k.encode_angles(q + 2 * PI), labels, atol=1e-12)


def test_labels_by_hand_and_in_the_order_of_their_names() -> None:
    labels = k.encode_angles(np.array([PI / 2, PI, 0, -PI / 2, PI / 6, 1.0]))
    named = dict(zip(k.LABEL_NAMES, labels.round(4), strict=True))
    assert (named["joint_1_sin"], named["joint_1_cos"]) == (1, 0)
    assert (named["joint_2_cos"], named["joint_4_sin"], named["joint_5_sin"]) == (-1, -1, 0.5)


def test_between_179_and_minus_179_degrees_lies_180_and_not_0() -> None:
    both = k.encode_angles(np.deg2rad([[179.0] * 6, [-179.0] * 6]))
    np.testing.assert_allclose(np.abs(k.decode_angles(both.mean(0))), PI)


def test_differences_go_the_short_way_round() -> None:
    found = np.rad2deg(k.wrapped(np.deg2rad([358, -358, 190, -190, 10, 180])))
    np.testing.assert_allclose(found, [-2, 2, -170, 170, 10, -180])


# looks


@pytest.mark.parametrize("look", LOOKS)
def test_labelled_joints_are_seen_and_half_a_turn_of_the_gripper_is_not(look: str) -> None:
    scene = MicoScene.shared(look, "none", 64)
    fields = scene.new_appearance(np.random.default_rng(0))

    def changed(q: np.ndarray, joint: int, degrees: float) -> int:
        other = q + np.deg2rad(degrees) * np.eye(6)[joint]
        before, after = (scene.render(angles, fields).astype(int) for angles in (q, other))
        return int((np.abs(before - after).max(-1) > 24).sum())

    for joint in range(5):
        assert np.median([changed(q, joint, 30) for q in drawn(10)]) >= 15, f"J{joint + 1}"
    assert max(changed(q, 5, 180) for q in drawn(10)) <= 2
    assert np.median([changed(q, 5, 90) for q in drawn(10)]) >= 5


def test_the_target_differs_in_texture_shape_and_camera() -> None:
    source, target = (MicoScene.shared(look, "none", 24).model for look in LOOKS)
    textured = [int(model.mat_texid[model.geom("floor").matid[0]].max()) >= 0 for model in (source, target)]
    assert textured == [False, True]
    assert source.geom("link_joint_2").type != target.geom("link_joint_2").type
    assert 0 < np.linalg.norm(source.cam_pos - target.cam_pos) < 0.05


def test_randomization_works_in_this_world_too() -> None:
    scene = MicoScene("mico_source", "full", 24)
    images = [
        scene.render(drawn(1)[0], scene.new_appearance(np.random.default_rng(seed))) for seed in range(2)
    ]
    scene.close()
    assert (images[0] != images[1]).mean() > 0.5


# data sets


def test_equal_seeds_give_true_pairs(tmp_path: Path) -> None:
    x, y, other = (
        read_folder(collect(collection, tmp_path / name, workers=1))
        for name, collection in (
            ("x", SMALL), ("y", replace(SMALL, look="mico_target")), ("other", replace(SMALL, seed=8)),
        )
    )  # fmt: skip
    assert x.label_names == k.LABEL_NAMES
    assert x.images.shape == (12, 24, 24, 3)
    np.testing.assert_array_equal(x.labels, y.labels)
    assert (x.images != y.images).mean() > 0.5
    assert not np.array_equal(x.labels, other.labels)
    angles = k.decode_angles(x.labels)
    assert len(np.unique(angles[:, 0])) == 12  # configurations of a strip are independent
    assert ((angles[:, 1] % (2 * PI) >= k.DRAWN_LOW[1]) & (angles[:, 1] % (2 * PI) <= k.DRAWN_HIGH[1])).all()


def test_labels_are_the_angles_that_are_drawn(tmp_path: Path) -> None:
    data = read_folder(collect(SMALL, tmp_path / "x", workers=1))
    states, _ = np.random.SeedSequence([SMALL.seed, 1]).spawn(2)
    q = k.sample_angles(np.random.default_rng(states), SMALL.steps)
    np.testing.assert_allclose(k.wrapped(k.decode_angles(data.labels[6:]) - q[:, :5]), 0, atol=1e-6)
    scene = MicoScene.shared("mico_source", "none", 24)
    image = scene.render(q[2], scene.new_appearance(np.random.default_rng(0)))
    np.testing.assert_array_equal(data.images[8], image)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"look": "source"}, r"Look 'source' not found\. Available: mico_source, mico_target\."),
        ({"world": "reach3"}, r"Look 'mico_source' not found\. Available: haze, .*source, target_a"),
        (
            {"world": "moon"},
            r"World 'moon' not found\. Available: grasping, mico, mico_at_work, reach3, xarm7\.",
        ),
        ({"perturbation": 0.1}, r"World 'mico' has no demonstrations to disturb.*got 0\.1"),
    ],
)
def test_a_collection_that_cannot_be(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        collect(replace(SMALL, **change), tmp_path / "a", workers=1)
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_from_before_there_were_worlds_is_still_known(tmp_path: Path) -> None:
    collection = Collection("source", episodes=1, steps=2, size=24)
    folder = collect(collection, tmp_path / "a", workers=1)
    about = json.loads((folder / "dataset.json").read_text())
    del about["world"]
    (folder / "dataset.json").write_text(json.dumps(about))
    assert collect(collection, folder) == folder
    with pytest.raises(CrossgapError, match=r"world reach3 there, mico here"):
        collect(replace(collection, look="mico_source", world="mico"), folder)


def test_every_world_labels_each_step_of_an_episode() -> None:
    for name in WORLDS:
        world = WORLDS.find(name)
        states, labels = world.episode(5, 0.0, np.random.default_rng(0))
        assert len(states) == 5
        assert labels.shape == (5, len(world.label_names))
        scene = world.scene(next(iter(world.looks)), "none", 24)
        fields = scene.new_appearance(np.random.default_rng(0))
        assert len({scene.render(*state, fields).tobytes() for state in states}) == 5
