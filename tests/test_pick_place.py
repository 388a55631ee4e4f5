"""Pick and place: the physics of grasping, the environment, and the expert."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import crossgap.simulation  # noqa: F401 (registers the environments)
from crossgap.errors import CrossgapError
from crossgap.simulation.xarm7 import XARM7_PICK_PLACE
from crossgap.simulation.xarm7.expert import expert_action
from crossgap.simulation.xarm7.grasp import CUBE, OPEN, Grasp
from crossgap.simulation.xarm7.pick_place import AWAY, ON_TABLE
from crossgap.simulation.xarm7.reach import MAX_DISPLACEMENT, SUCCESS_DISTANCE, WORKSPACE_LOW
from crossgap.simulation.xarm7.scene import XArm7GraspScene

HERE, ASIDE = np.array([0.4, 0.0, ON_TABLE]), np.array([0.4, 0.01, ON_TABLE])


def make(**kwargs):
    return gymnasium.make(XARM7_PICK_PLACE, size=48, disable_env_checker=True, **kwargs).unwrapped


def led(grasp: Grasp, target: tuple[float, float, float], opening: float, steps: int = 12) -> None:
    for _ in range(steps):
        way = np.clip(np.array(target) - grasp.tool, -MAX_DISPLACEMENT, MAX_DISPLACEMENT)
        grasp.step(grasp.tool + way, opening)


# physics


def test_a_closed_gripper_lifts_the_cube_and_holds_it_until_it_opens() -> None:
    grasp = Grasp()
    grasp.reset(np.array([0.4, 0.0, 0.2]), ASIDE)
    led(grasp, (0.4, 0.0, 0.03), OPEN)
    np.testing.assert_allclose(grasp.cube, ASIDE, atol=1e-3)  # nothing has touched it
    led(grasp, (0.4, 0.0, 0.03), 0.0, 3)
    assert grasp.opening == pytest.approx(CUBE, abs=4e-3)
    np.testing.assert_allclose(grasp.cube, HERE, atol=4e-3)  # centred between the fingers
    led(grasp, (0.5, 0.15, 0.3), 0.0)
    held = grasp.cube - grasp.tool
    led(grasp, (0.5, 0.15, 0.3), 0.0, 40)
    np.testing.assert_allclose(grasp.cube - grasp.tool, held, atol=1e-3)  # it does not slip
    assert grasp.cube[2] > 0.27
    led(grasp, (0.5, 0.15, 0.3), OPEN, 6)
    np.testing.assert_allclose(grasp.cube, [0.5, 0.15, ON_TABLE], atol=5e-3)


def test_fingers_beside_the_cube_close_on_nothing_and_push_it_when_they_move() -> None:
    grasp = Grasp()
    grasp.reset(np.array([0.4, 0.1, 0.2]), HERE)
    led(grasp, (0.4, 0.1, 0.03), 0.0)
    assert grasp.opening == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(grasp.cube, HERE, atol=1e-3)
    led(grasp, (0.4, 0.0, 0.03), 0.0)
    assert grasp.cube[1] < -0.04
    assert grasp.cube[2] == pytest.approx(ON_TABLE, abs=2e-3)


def test_a_finger_on_top_of_the_cube_is_stopped_by_it() -> None:
    grasp = Grasp()
    grasp.reset(np.array([0.4, 0.0, 0.2]), HERE)
    led(grasp, (0.4, 0.0, 0.2), 0.0)
    led(grasp, (0.4, 0.0, 0.03), 0.0)
    assert grasp.tool[2] > CUBE
    assert np.isfinite(grasp.cube).all()


# the environment


@pytest.mark.parametrize("kwargs", [{}, {"cameras": ("side",), "reward": "dense"}, {"cameras": ()}])
def test_it_is_a_proper_environment(kwargs) -> None:
    check_env(make(**kwargs), skip_render_check=True)


@pytest.mark.parametrize("per_frame", [False, True])
def test_a_look_lasts_an_episode_or_a_frame(per_frame) -> None:
    env = make(randomization="full", per_frame=per_frame)
    first, _ = env.reset(seed=3)
    second, *_ = env.step(np.array([0, 0, 0, 1.0]))
    change = np.abs(first["pixels"]["side"].astype(int) - second["pixels"]["side"]).mean()
    assert change > 10 if per_frame else change < 2


def test_what_happens_depends_on_the_seed_alone_and_what_is_seen_on_the_look() -> None:
    seen, action = {}, np.array([1.0, -0.5, -1.0, 0.2], np.float32)
    for look in ("source", "target_c"):
        env = make(look=look)
        first, _ = env.reset(seed=3)
        last, *_ = env.step(action)
        again, _ = make(look=look).reset(seed=3)
        for camera in ("front", "side"):
            np.testing.assert_array_equal(first["pixels"][camera], again["pixels"][camera])
        seen[look] = first, last
    blind = make(cameras=())
    seen["blind"] = blind.reset(seed=3)[0], blind.step(action)[0]
    for source, target, felt in zip(*seen.values(), strict=True):
        assert "pixels" not in felt
        for key in ("achieved_goal", "desired_goal", "agent_pos", "state"):
            np.testing.assert_array_equal(source[key], target[key])
            np.testing.assert_array_equal(source[key], felt[key])
        assert np.abs(source["pixels"]["side"].astype(int) - target["pixels"]["side"]).mean() > 10


def test_the_state_is_tool_opening_cube_and_the_way_between() -> None:
    env = make(cameras=())
    found, info = env.reset(
        seed=0, options={"tool": [0.4, 0.1, 0.2], "cube": [0.45, -0.05], "goal": [0.45, 0.05, 0.1]}
    )
    np.testing.assert_allclose(
        found["state"], [0.4, 0.1, 0.2, OPEN, 0.45, -0.05, ON_TABLE, 0.05, -0.15, ON_TABLE - 0.2], atol=1e-3
    )
    np.testing.assert_allclose(found["achieved_goal"], found["state"][4:7])
    assert info["distance"] == pytest.approx(np.hypot(0.1, 0.1 - ON_TABLE))
    moved, reward, *_ = env.step(np.array([1.0, 0.5, 0, -1.0]))
    np.testing.assert_allclose(moved["state"][:3], [0.45, 0.125, 0.2], atol=2e-3)
    assert moved["state"][3] == pytest.approx(moved["agent_pos"][7], abs=1e-6) == pytest.approx(0, abs=1e-3)
    assert reward == -1.0
    for _ in range(10):
        moved, *_ = env.step(np.array([0, 1.0, -1.0, -1.0]))
    assert moved["state"][2] == pytest.approx(WORKSPACE_LOW[2], abs=3e-3)


def test_half_of_the_goals_are_in_the_air_and_none_is_where_the_cube_starts() -> None:
    env, heights = make(cameras=()), []
    for seed in range(60):
        found, info = env.reset(seed=seed)
        heights.append(found["desired_goal"][2])
        assert info["distance"] >= AWAY - 1e-9
        assert not info["is_success"]
    assert 20 <= sum(height > ON_TABLE for height in heights) <= 40


def test_the_arm_s_gripper_is_where_the_physics_has_it() -> None:
    env = make()
    env.reset(seed=5)
    for _ in range(5):
        found, *_ = env.step(env.action_space.sample())
    scene = XArm7GraspScene.shared("source", "none", 48)
    np.testing.assert_allclose(scene.data.site("tool").xpos, found["state"][:3], atol=2e-3)
    np.testing.assert_allclose(scene.data.body("cube").xpos, found["state"][4:7], atol=1e-6)
    fingers = [scene.data.geom(f"finger_{side}").xpos for side in (-1, 1)]
    apart = np.linalg.norm(np.subtract(*fingers))
    assert apart == pytest.approx(found["state"][3] + 0.026, abs=1e-3)
    across = np.subtract(*fingers) / apart
    assert abs(across[1]) > 0.995  # its turn is true to some degrees


def test_the_cube_is_seen() -> None:
    options = {"tool": [0.3, 0.2, 0.3], "goal": [0.4, 0.0, 0.1]}
    env = make()
    images = [env.reset(seed=0, options=options | {"cube": [0.45, y]})[0]["pixels"] for y in (-0.1, 0.1)]
    for camera in ("front", "side"):
        assert (images[0][camera] != images[1][camera]).any(-1).sum() > 4


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"cameras": ("above",)}, r"Camera 'above' not found\. Available: front, side"),
        ({"look": "target_z", "cameras": ()}, r"Look 'target_z' not found\. Available: "),
        ({"randomization": "wild"}, r"Randomization 'wild' not found"),
        ({"reward": "late"}, r"Reward 'late' not found"),
    ],
)
def test_what_does_not_exist(kwargs, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        make(**kwargs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"goal": [2.0, 0.0, 0.2]}, r"goal = \[2\.0, 0\.0, 0\.2\] is out of reach\. Expected a point from"),
        ({"cube": [0.4, 0.0, 0.2]}, r"cube = .* is out of reach\. Expected a point from \(0\.29, -0\.2\)"),
        ({"tool": [0.4, 0.0, 0.05]}, "tool = .* is out of reach"),
        ({"goal": [0.4, np.nan, 0.1]}, "goal = .* is out of reach"),
        (
            {"gaol": [0.4, 0.0, 0.2]},
            r"option 'gaol' not found\. Did you mean goal\? Available: cube, goal, tool",
        ),
    ],
)
def test_what_cannot_be_asked_for(options, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        make(cameras=()).reset(options=options)


def test_an_action_that_is_none() -> None:
    env = make(cameras=())
    env.reset(seed=0)
    for action in ([np.nan, 0, 0, 0], [0, 0, 0]):
        with pytest.raises(ValueError, match="three finite displacements and an opening"):
            env.step(np.array(action))


# the expert


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_the_expert_succeeds(noise) -> None:
    env, rng, won = make(cameras=()), np.random.default_rng(0), []
    for seed in range(20_000, 20_020):
        found, info = env.reset(seed=seed)
        for _ in range(50):
            action = expert_action(found["state"], found["desired_goal"])
            assert np.abs(action).max() <= 1
            found, *_, info = env.step(action + noise * rng.standard_normal(4))
        assert info["is_success"] == (info["distance"] < SUCCESS_DISTANCE)
        won.append(info["is_success"])
    assert sum(won) >= 19
