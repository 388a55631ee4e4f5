"""The xArm7: its kinematics, its cameras, and the task of reaching a goal."""

from __future__ import annotations

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import crossgap.simulation  # noqa: F401 (registers the environments)
from crossgap.errors import CrossgapError
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.kinematics import (
    DAMPING,
    HOME,
    LIMIT_HIGH,
    LIMIT_LOW,
    POSTURE,
    STRIDE,
    TOOL,
    Kinematics,
)
from crossgap.simulation.xarm7.looks import CENTRE, SOURCE
from crossgap.simulation.xarm7.reach import MAX_DISPLACEMENT, WORKSPACE_HIGH, WORKSPACE_LOW
from crossgap.simulation.xarm7.scene import XArm7Scene


@pytest.fixture(scope="module")
def kinematics() -> Kinematics:
    return Kinematics()


def make(**kwargs):
    return gymnasium.make(XARM7_REACH, size=48, disable_env_checker=True, **kwargs).unwrapped


# kinematics


def test_the_flange_is_where_the_published_lengths_put_it(kinematics) -> None:
    position, pointing = kinematics.tool(np.zeros(7))  # 0.0525 + 0.0775 + 0.076 out, 0.56 − 0.3425 − 0.097 up
    np.testing.assert_allclose(position, [0.206, 0, 0.1205 - TOOL], atol=1e-9)
    np.testing.assert_allclose(pointing, [0, 0, -1], atol=1e-9)
    position, pointing = kinematics.tool(np.array([np.pi / 2, 0, 0, 0, 0, 0, 0]))
    np.testing.assert_allclose(position, [0, 0.206, 0.1205 - TOOL], atol=1e-9)
    _, pointing = kinematics.tool(HOME)
    np.testing.assert_allclose(pointing, [0, 0, -1], atol=1e-3)


def test_every_corner_of_the_workspace_can_be_reached(kinematics) -> None:
    corners = np.array(np.meshgrid(*zip(WORKSPACE_LOW, WORKSPACE_HIGH, strict=True))).reshape(3, -1).T
    for corner in corners:
        q = kinematics.inverse(HOME, corner, iterations=50)
        position, pointing = kinematics.tool(q)
        np.testing.assert_allclose(position, corner, atol=2e-3)
        assert pointing[2] < -0.999
        assert ((q >= LIMIT_LOW) & (q <= LIMIT_HIGH)).all()


def test_what_is_out_of_reach_is_approached_within_the_limits(kinematics) -> None:
    q = kinematics.inverse(HOME, np.array([3.0, 0.0, 0.3]), iterations=100)
    assert ((q >= LIMIT_LOW) & (q <= LIMIT_HIGH)).all()
    assert kinematics.tool(q)[0][0] > 0.55
    with pytest.raises(ValueError, match="three finite coordinates"):
        kinematics.inverse(HOME, np.array([0.3, np.nan, 0.3]))


def test_a_step_is_the_damped_least_squares_one(kinematics) -> None:
    q, target = HOME + 0.1, np.array([0.4, 0.1, 0.2])
    position, pointing = kinematics.tool(q)
    jacobian = np.empty((6, 7))
    for joint in range(7):  # by differences; a turn about the pointing itself does not show in them
        low, high = (kinematics.tool(q + sign * 1e-6 * np.eye(7)[joint]) for sign in (-1, 1))
        jacobian[:3, joint] = (high[0] - low[0]) / 2e-6
        jacobian[3:, joint] = np.cross(pointing, (high[1] - low[1]) / 2e-6)
    found = kinematics.inverse(q, target, iterations=1)
    own = kinematics._jacobian
    np.testing.assert_allclose(own[:3], jacobian[:3], atol=1e-6)
    across = np.eye(3) - np.outer(pointing, pointing)
    np.testing.assert_allclose(across @ own[3:], jacobian[3:], atol=1e-6)
    reach = target - position
    error = np.concatenate([reach * min(1, STRIDE / np.linalg.norm(reach)), np.cross(pointing, [0, 0, -1])])
    rest = POSTURE * (HOME - q)
    inverse = own.T @ np.linalg.inv(own @ own.T + DAMPING**2 * np.eye(6))
    np.testing.assert_allclose(found, q + inverse @ (error - own @ rest) + rest, atol=1e-12)


def test_nearby_targets_give_nearby_angles(kinematics) -> None:
    rng, q = np.random.default_rng(0), HOME
    for _ in range(200):
        target = np.clip(kinematics.tool(q)[0] + rng.uniform(-0.05, 0.05, 3), WORKSPACE_LOW, WORKSPACE_HIGH)
        before, q = q, kinematics.inverse(q, target)
        assert np.abs(q - before).max() < 0.6


# the environment


@pytest.mark.parametrize("kwargs", [{}, {"cameras": ("front", "side"), "depth": True, "reward": "dense"}])
def test_it_is_a_proper_environment(kwargs) -> None:
    check_env(make(**kwargs), skip_render_check=True)


def test_what_happens_depends_on_the_seed_alone_and_what_is_seen_on_the_look() -> None:
    seen = {}
    for look in ("source", "target_c"):
        env = make(look=look)
        first, _ = env.reset(seed=3)
        last, *_ = env.step(np.array([1.0, -0.5, 0.2], np.float32))
        again, _ = make(look=look).reset(seed=3)
        np.testing.assert_array_equal(first["pixels"]["side"], again["pixels"]["side"])
        seen[look] = first, last
    for source, target in zip(seen["source"], seen["target_c"], strict=True):
        for key in ("achieved_goal", "desired_goal", "agent_pos"):
            np.testing.assert_array_equal(source[key], target[key])
        assert np.abs(source["pixels"]["side"].astype(int) - target["pixels"]["side"]).mean() > 10


@pytest.mark.parametrize("per_frame", [False, True])
def test_a_look_lasts_an_episode_or_a_frame(per_frame) -> None:
    env = make(randomization="full", per_frame=per_frame)
    plain = make()
    seen = [env.reset(seed=3)[0], *(env.step(np.zeros(3))[0] for _ in range(2))]
    expected, _ = plain.reset(seed=3)
    for one in seen:  # the arm stands still, whatever it looks like
        np.testing.assert_allclose(one["state"], expected["state"], atol=1e-3)
    changes = [
        np.abs(a["pixels"]["side"].astype(int) - b["pixels"]["side"]).mean()
        for a, b in itertools.pairwise(seen)
    ]
    assert min(changes) > 10 if per_frame else max(changes) < 1
    env.reset(seed=3, options={"randomization_strength": 0.0})
    still = [env.step(np.zeros(3))[0]["pixels"]["side"].astype(int) for _ in range(2)]
    assert np.abs(still[0] - still[1]).mean() < 1  # a curriculum's strength holds for every frame


def test_an_action_moves_the_tool_by_five_centimetres_and_no_further() -> None:
    env = make()
    env.reset(options={"tool": [0.4, 0.0, 0.2], "goal": [0.5, 0.0, 0.2]}, seed=0)
    moved, reward, *_, info = env.step(np.array([0.5, 0, 0]))
    np.testing.assert_allclose(moved["state"], [0.425, 0, 0.2], atol=1e-3)
    assert (reward, info["is_success"]) == (-1.0, False)
    moved, reward, *_, info = env.step(np.array([9.0, 0, 0]))
    np.testing.assert_allclose(moved["state"], [0.425 + MAX_DISPLACEMENT, 0, 0.2], atol=1e-3)
    assert info["distance"] == pytest.approx(0.025, abs=1e-3)
    assert (reward, info["is_success"]) == (0.0, True)
    for _ in range(20):
        moved, *_ = env.step(np.array([0, 0, -1.0]))
    np.testing.assert_allclose(moved["state"][2], WORKSPACE_LOW[2], atol=1e-3)


def test_rewards_of_other_goals() -> None:
    achieved, goals = np.zeros((2, 3)), np.array([[0, 0.03, 0.0], [0.3, 0.4, 0]])
    np.testing.assert_array_equal(make().compute_reward(achieved, goals, {}), [0, -1])
    np.testing.assert_allclose(make(reward="dense").compute_reward(achieved, goals, {}), [-0.03, -0.5])


def test_depth_is_the_distance_along_the_camera_s_axis() -> None:
    env = make(depth=True)
    scene = XArm7Scene.shared("source", "none", 48)
    found, _ = env.reset(seed=1, options={"tool": [0.4, 0.0, 0.2]})
    camera = scene.data.camera("side")
    axes = camera.xmat.reshape(3, 3)  # right, up, backwards
    right, up, back = (found["state"] + [0, 0, 0.05] - camera.xpos) @ axes  # between the fingers
    half = np.tan(np.deg2rad(scene.look.field_of_view) / 2)
    column, row = 24 * (1 + right / -back / half), 24 * (1 - up / -back / half)
    near = found["depth"]["side"][int(row) - 3 : int(row) + 4, int(column) - 3 : int(column) + 4].min()
    assert near == pytest.approx(-back, abs=0.08)
    assert found["depth"]["side"].max() > near + 0.3


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"cameras": ("above",)}, r"Camera 'above' not found\. Available: front, side"),
        ({"cameras": ()}, "at least one camera"),
        ({"look": "target_z"}, r"Look 'target_z' not found\. Available: camera_far, camera_moved, source"),
        ({"reward": "late"}, r"Reward 'late' not found"),
    ],
)
def test_what_does_not_exist(kwargs, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        make(**kwargs)


def test_a_goal_out_of_reach_and_an_action_that_is_none() -> None:
    env = make()
    with pytest.raises(
        CrossgapError, match=r"goal = \[2\.0, 0\.0, 0\.2\] is out of reach\. Expected a point from"
    ):
        env.reset(options={"goal": [2.0, 0.0, 0.2]})
    with pytest.raises(CrossgapError, match=r"Reset option 'gaol' not found\. Did you mean goal\?"):
        env.reset(options={"gaol": [0.4, 0.0, 0.2]})
    env.reset(seed=0)
    for action in ([np.nan, 0, 0], [0, 0]):
        with pytest.raises(ValueError, match="three finite displacements"):
            env.step(np.array(action))


def test_the_goal_is_drawn_where_the_camera_sees_it() -> None:
    scene = XArm7Scene("source", size=84)
    scene.pose(HOME, scene.new_appearance(np.random.default_rng(0)))
    centre, side = np.array(CENTRE), np.array(SOURCE.side_camera)
    np.testing.assert_allclose(scene.pixel(centre, "side"), [42, 42], atol=1e-6)  # what it is aimed at
    up = scene.pixel(centre + np.array([0, 0, 0.1]), "side")
    assert up[0] == pytest.approx(42, abs=1e-6)
    # 0.1 m at that distance, seen from a little above
    way = centre - side
    distance, sine = np.linalg.norm(way), -way[2] / np.linalg.norm(way)
    focal = 42 / np.tan(np.deg2rad(21))
    assert 42 - up[1] == pytest.approx(focal * 0.1 * np.sqrt(1 - sine**2) / (distance - 0.1 * sine), rel=1e-6)
    env = make(render_mode="rgb_array")
    seen, _ = env.reset(seed=3)
    drawn = env.render()
    changed = np.argwhere((drawn != seen["pixels"]["side"]).any(-1))
    column, row = env.unwrapped._scene().pixel(env.unwrapped.goal, "side")
    assert np.abs(changed.mean(0) - [row, column]).max() < 1
    assert (np.linalg.norm(changed - [row, column], axis=1) < 6).all()
