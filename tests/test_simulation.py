"""`crossgap/Reach3-v0`: kinematics, looks, randomization, the environment and its workers."""

from __future__ import annotations

import hashlib
import time

import gymnasium as gym
import mujoco
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from crossgap.errors import CrossgapError
from crossgap.simulation.base.randomization import (
    FIELD_NAMES,
    FUNCTIONS,
    RANDOMIZATIONS,
    Term,
    get_randomization,
)
from crossgap.simulation.base.room import CLUTTER
from crossgap.simulation.base.workers import REPLACEMENTS, EnvironmentPool
from crossgap.simulation.reach3 import REACH3
from crossgap.simulation.reach3 import kinematics as k
from crossgap.simulation.reach3.looks import LOOKS, get_look
from crossgap.simulation.reach3.scene import Reach3Scene

HALF = np.pi / 2
SIZE = 24
ABOVE = np.array([0, 0, k.HOVER])
LOOKS_ON_OPENGL = [name for name, look in LOOKS.items() if look.renderer == "opengl"]
"""The others are tested in test_filament.py, where Vulkan is."""


def make(look: str = "source", **kwargs) -> gym.Env:
    return gym.make(REACH3, disable_env_checker=True, look=look, size=SIZE, **kwargs)


def starts(n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [k.sample_start(np.random.default_rng(seed))[:2] for seed in range(n)]


# kinematics


@pytest.mark.parametrize(
    ("q", "tip"),
    [
        ((0, 0, 0), (0, 0, 0.76)),
        ((0, HALF, 0), (0.6, 0, 0.16)),
        ((HALF, 0, HALF), (0, 0.3, 0.46)),
        ((-HALF, HALF, HALF), (0, -0.3, -0.14)),
        ((np.pi / 4, 0, HALF), (0.3 / np.sqrt(2), 0.3 / np.sqrt(2), 0.46)),
    ],
)
def test_tip_of_configurations_worked_out_by_hand(q, tip) -> None:
    np.testing.assert_allclose(k.tip_position(np.array(q)), tip, atol=1e-12)


def test_tip_is_where_mujoco_draws_it() -> None:
    scene = Reach3Scene.shared("source", "none", SIZE)
    for q, cube in starts(10):
        scene.render(q, cube, 0.3, scene.new_appearance(np.random.default_rng(0)))
        np.testing.assert_allclose(scene.data.geom("tip").xpos, k.tip_position(q), atol=1e-9)
        np.testing.assert_allclose(scene.data.geom("cube").xpos, cube, atol=1e-9)


def test_inverse_brings_the_tip_to_the_point() -> None:
    for _, cube in starts(200):
        q = k.goal_angles(cube)
        np.testing.assert_allclose(k.tip_position(q), cube + ABOVE, atol=1e-9)
        assert (q >= k.JOINT_LOW).all()
        assert (q <= k.JOINT_HIGH).all()


def test_inverse_of_a_point_out_of_reach_stretches_towards_it() -> None:
    np.testing.assert_allclose(k.tip_position(k.inverse_kinematics(np.array([5, 0, 0.16]))), (0.6, 0, 0.16))


@pytest.mark.parametrize("point", [(-1, 0.1, 0.1), (0, 0, 0.16), (0.1, 0, -2), (-0.1, -0.1, 0.5)])
def test_inverse_stays_within_the_joint_limits(point) -> None:
    q = k.inverse_kinematics(np.array(point, float))
    assert (q >= k.JOINT_LOW).all()
    assert (q <= k.JOINT_HIGH).all()


def test_label_is_the_normalised_difference_damped_by_the_distance() -> None:
    for q, cube in starts(50):
        label, difference = k.damped_velocity(q, cube), k.goal_angles(cube) - q
        distance = np.linalg.norm(k.tip_position(q) - (cube + ABOVE))
        assert np.abs(label).sum() == pytest.approx(distance)
        np.testing.assert_allclose(label / np.abs(label).sum(), difference / np.abs(difference).sum())


def test_label_at_the_goal_is_zero() -> None:
    cube = np.array([0.4, 0.1, k.CUBE_HALF])
    assert (k.damped_velocity(k.goal_angles(cube), cube) == 0).all()


def test_following_the_label_reaches_the_cube() -> None:
    for q, cube in starts(100):
        for _ in range(100):
            q = np.clip(q + 0.2 * k.damped_velocity(q, cube), k.JOINT_LOW, k.JOINT_HIGH)
        assert np.linalg.norm(k.tip_position(q) - cube) < k.SUCCESS_DISTANCE


def test_demonstration_is_a_straight_path_to_the_goal() -> None:
    ((q, cube),) = starts(1)
    path, labels = k.demonstrate(q, cube, 16, 0.0, np.random.default_rng(0))
    assert path.shape == labels.shape == (16, 3)
    np.testing.assert_allclose(path[0], q)
    np.testing.assert_allclose(path[-1], k.goal_angles(cube))
    np.testing.assert_allclose(np.diff(path, axis=0), np.tile((path[-1] - q) / 15, (15, 1)))


def test_disturbed_demonstration_is_labelled_from_where_it_is() -> None:
    ((q, cube),) = starts(1)
    path, labels = k.demonstrate(q, cube, 16, 0.1, np.random.default_rng(0))
    straight, _ = k.demonstrate(q, cube, 16, 0.0, np.random.default_rng(0))
    assert 0.05 < (path - straight)[1:].std() < 0.15
    for state, label in zip(path, labels, strict=True):
        np.testing.assert_array_equal(label, k.damped_velocity(state, cube))


# looks and randomization


def test_an_unknown_name_lists_those_that_exist() -> None:
    with pytest.raises(CrossgapError, match=r"Look 'marble' not found.*source, target_a, target_b, target_c"):
        get_look("marble")
    with pytest.raises(CrossgapError, match=r"Randomization 'wild' not found.*colours.*full.*lights.*none"):
        get_randomization("wild")


@pytest.mark.parametrize("function", sorted(FUNCTIONS, key=lambda f: f.__name__))
@pytest.mark.parametrize("look", ["source", "target_c"])
def test_randomization_of_strength_0_changes_nothing_and_of_1_something(function, look: str) -> None:
    scene = Reach3Scene.shared(look, "none", SIZE)
    default = {name: getattr(scene.model, name).copy() for name in FIELD_NAMES}
    fields = {name: array.copy() for name, array in default.items()}
    function(fields, scene.model, np.random.default_rng(0), 0.0)
    for name in FIELD_NAMES:
        np.testing.assert_allclose(fields[name], default[name], rtol=0, atol=1e-7, err_msg=name)
    function(fields, scene.model, np.random.default_rng(0), 1.0)
    changed = {name for name in FIELD_NAMES if not np.allclose(fields[name], default[name], atol=1e-6)}
    expected = {
        "camera": {"cam_pos", "cam_quat"},
        "viewpoint": {"cam_pos", "cam_quat"},
        "clutter": {"geom_rgba", "body_pos", "body_quat"},
        "light_pos": {"light_pos", "light_dir"},
        "light_turn": {"light_pos", "light_dir"},
        "light_hue": set() if look == "source" else {"light_diffuse"},  # grey light has no hue
    }
    assert changed == expected.get(function.__name__, {function.__name__})


def test_terms_apply_at_startup_reset_or_step() -> None:
    scene = Reach3Scene(size=SIZE)
    light = next(term.function for term in RANDOMIZATIONS["lights"])
    scene.randomization = (Term(light, when="step"),)
    rng = np.random.default_rng(0)
    first = scene.new_appearance(rng)
    later = scene.next_appearance(first, rng)
    np.testing.assert_array_equal(first["light_pos"], scene.model.light_pos)
    assert not np.array_equal(first["light_pos"], later["light_pos"])
    scene.randomization = (Term(light, when="reset"),)
    first = scene.new_appearance(rng)
    assert not np.array_equal(first["light_pos"], later["light_pos"])
    assert scene.next_appearance(first, rng) is first
    scene.close()


@pytest.mark.parametrize("look", LOOKS_ON_OPENGL)
def test_clutter_and_moving_light_are_in_target_c_and_d_alone(look: str) -> None:
    scene, rng = Reach3Scene.shared(look, "none", SIZE), np.random.default_rng(0)
    bodies = [scene.model.geom(f"clutter_{shape}").id for shape, *_ in CLUTTER]
    shown, moved = 0, 0
    for _ in range(10):
        fields = scene.new_appearance(rng)
        later = scene.next_appearance(fields, rng)
        shown += int((fields["geom_rgba"][bodies, 3] > 0).sum())
        moved += not np.array_equal(fields["light_pos"], later["light_pos"])
        np.testing.assert_array_equal(fields["geom_rgba"], later["geom_rgba"])
        np.testing.assert_array_equal(fields["body_pos"], later["body_pos"])
    if look in ("target_c", "target_d"):
        assert 15 < shown < 40
        assert moved == 10
    else:
        assert (shown, moved) == (0, 0)


def test_randomization_changes_the_image_and_the_look_alone_does_not() -> None:
    def first_images(randomization: str) -> list[bytes]:
        env = make(randomization=randomization)
        fixed = {"joint_angles": np.zeros(3), "cube": np.array([0.4, 0.0, 0.04])}
        images = []
        for seed in range(3):
            env.reset(seed=seed, options=fixed)
            env.unwrapped.turn = 0.0
            images.append(env.unwrapped.render().tobytes())
        return images

    assert len(set(first_images("none"))) == 1
    assert len(set(first_images("full"))) == 3


# the environment


@pytest.mark.parametrize("look", LOOKS_ON_OPENGL)
def test_gymnasium_s_checker_passes(look: str) -> None:
    check_env(gym.make(REACH3, look=look, size=SIZE, render_mode="rgb_array").unwrapped)


PLAY = f"""
import hashlib, sys
import gymnasium as gym, numpy as np
import crossgap.simulation
for look in sys.argv[1:]:
    env = gym.make("{REACH3}", look=look, size={SIZE}, disable_env_checker=True)
    digest = hashlib.sha256(env.reset(seed=5)[0]["pixels"]["front"].tobytes())
    for _ in range(3):
        digest.update(env.step(np.array([0.1, -0.1, 0.2]))[0]["pixels"]["front"].tobytes())
    print(digest.hexdigest())
"""


def play(look: str) -> tuple[str, np.ndarray]:
    env = make(look)
    observation, _ = env.reset(seed=5)
    images, states = [observation["pixels"]["front"]], [observation["state"]]
    for _ in range(3):
        observation = env.step(np.array([0.1, -0.1, 0.2]))[0]
        images.append(observation["pixels"]["front"])
        states.append(observation["state"])
    return hashlib.sha256(b"".join(image.tobytes() for image in images)).hexdigest(), np.array(states)


def test_same_seed_same_images_in_a_new_process_and_same_states_in_every_look(python) -> None:
    digests, states = zip(*(play(look) for look in LOOKS_ON_OPENGL), strict=True)
    assert len(set(digests)) == len(LOOKS_ON_OPENGL)
    for other in states[1:]:
        np.testing.assert_array_equal(states[0], other)
    done = python(PLAY, *LOOKS_ON_OPENGL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(digests)


def test_another_seed_is_another_start() -> None:
    env = make()
    (a, _), (b, _) = env.reset(seed=1), env.reset(seed=2)
    assert not np.allclose(a["state"], b["state"])
    assert not np.array_equal(a["pixels"]["front"], b["pixels"]["front"])


def test_info_reward_and_success_follow_the_distance() -> None:
    env, cube = make(), np.array([0.4, 0.0, 0.04])
    goal = k.goal_angles(cube)
    _, info = env.reset(seed=0, options={"joint_angles": goal + np.array([0.3, 0, 0]), "cube": cube})
    assert info["is_success"] is False
    observation, reward, terminated, truncated, info = env.step(np.array([-0.3, 0, 0]))
    np.testing.assert_allclose(observation["agent_pos"], goal, atol=1e-6)
    aim = pytest.approx(0, abs=1e-6)  # where demonstrations end
    assert info == {"is_success": True, "distance": pytest.approx(k.HOVER), "aim_distance": aim}
    assert (reward, terminated, truncated) == (pytest.approx(-k.HOVER), False, False)
    _, info = env.reset(seed=0, options={"joint_angles": goal, "cube": cube})
    assert info["is_success"] is True


def test_action_is_clipped_to_the_step_and_to_the_joint_limits() -> None:
    env = make()
    env.reset(seed=0, options={"joint_angles": np.array([0.0, 0.0, 0.1])})
    observation = env.step(np.array([9.0, 0.1, -0.3]))[0]
    np.testing.assert_allclose(observation["agent_pos"], [0.3, 0.1, 0.0], atol=1e-6)


@pytest.mark.parametrize("action", [[np.nan, 0, 0], [np.inf, 0, 0], [0, 0], [[0, 0, 0]]])
def test_action_that_is_not_three_finite_numbers_is_an_error(action) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(ValueError, match="three finite joint displacements"):
        env.unwrapped.step(np.array(action, float))


def test_episode_is_cut_after_100_steps() -> None:
    env = make()
    env.reset(seed=0)
    assert [env.step(np.zeros(3))[3] for _ in range(100)] == [False] * 99 + [True]


# workers


def test_pool_equals_single_environments() -> None:
    seeds, action = [3, 1, 4], np.array([[0.1, 0.0, -0.1], [0.0, 0.2, 0.0], [0.3, 0.3, 0.3]])
    with EnvironmentPool(REACH3, 3, workers=2, look="target_c", size=SIZE) as pool:
        frames = [pool.reset(seeds), pool.step(action), pool.step(-action)]
    for index, seed in enumerate(seeds):
        env = make("target_c")
        single = [env.reset(seed=seed), env.step(action[index]), env.step(-action[index])]
        for (observation, infos), step in zip(frames, single, strict=True):
            np.testing.assert_array_equal(observation["pixels"]["front"][index], step[0]["pixels"]["front"])
            np.testing.assert_array_equal(observation["state"][index], step[0]["state"])
            shown = dict(step[-1])  # after a step the pool adds what the environment returned beside its info
            if len(step) > 2:
                shown |= {"reward": step[1], "ended": step[2]}
            assert infos[index] == shown


def test_a_worker_s_exception_is_ours_and_nothing_hangs(all_end) -> None:
    with EnvironmentPool(REACH3, 2, workers=2, size=SIZE) as pool:
        pool.reset([0, 1])
        with pytest.raises(CrossgapError, match=r"An environment failed: ValueError.*three finite"):
            pool.step(np.array([[0.0, 0.0, 0.0], [np.nan, 0.0, 0.0]]))
        with pytest.raises(CrossgapError, match="An environment failed"):
            pool.step(np.zeros((2, 3)))  # and again: what failed stays so
    assert all_end([worker.process.pid for worker in pool._workers])


def test_a_worker_that_cannot_start_is_ours() -> None:
    missing = pytest.raises(CrossgapError, match="Look 'marble' not found")
    with EnvironmentPool(REACH3, 1, look="marble") as pool, missing:
        pool.reset([0])


def kill(pool: EnvironmentPool, index: int) -> None:
    pool._workers[index].process.kill()
    pool._workers[index].process.join()
    time.sleep(0.05)


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost() -> None:
    actions = np.random.default_rng(0).uniform(-0.2, 0.2, (4, 3, 3))
    found = []
    for killed in (False, True):
        with EnvironmentPool(REACH3, 3, workers=2, look="target_d", size=SIZE) as pool:
            pool.reset([5, 6, 7])
            for step, action in enumerate(actions):
                if killed and step in (1, 3):
                    kill(pool, step // 2)
                observation, infos = pool.step(action)
        found.append((observation["pixels"]["front"], infos))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


def test_workers_that_keep_dying_are_an_error() -> None:
    with EnvironmentPool(REACH3, 1, size=SIZE) as pool:
        pool.reset([0])
        for _ in range(REPLACEMENTS):
            kill(pool, 0)
            pool.step(np.zeros((1, 3)))
        kill(pool, 0)
        with pytest.raises(CrossgapError, match="process died"):
            pool.step(np.zeros((1, 3)))


def test_no_headless_opengl_gives_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from crossgap.simulation.base.rendering import Renderer

    monkeypatch.setenv("MUJOCO_GL", "disable")
    model = mujoco.MjModel.from_xml_string("<mujoco/>")
    with pytest.raises(CrossgapError, match=r"apt-get install .*libegl1"):
        Renderer(model, "front", SIZE)


def test_supersampling_averages_the_larger_image() -> None:
    q, cube = np.array([0.2, 0.4, 1.0]), np.array([0.4, 0.1, 0.04])
    images = []
    for size, supersample in ((2 * SIZE, 1), (SIZE, 2)):
        scene = Reach3Scene(size=size, supersample=supersample)
        images.append(scene.render(q, cube, 0.0, scene.new_appearance(np.random.default_rng(0))))
        scene.close()
    large, averaged = images
    mean = large.reshape(SIZE, 2, SIZE, 2, 3).astype(float).mean((1, 3))
    assert np.abs(mean - averaged).max() <= 1


def test_a_curriculum_weakens_the_randomization_and_not_the_look() -> None:
    scene = Reach3Scene.shared("target_c", "light_diffuse+camera", SIZE)

    def looks_like(strength: float) -> dict[str, np.ndarray]:
        return scene.new_appearance(np.random.default_rng(3), strength)

    none, half, whole = (looks_like(strength) for strength in (0.0, 0.5, 1.0))
    plain = Reach3Scene.shared("target_c", "none", SIZE).new_appearance(np.random.default_rng(3))
    for name in FIELD_NAMES:
        np.testing.assert_allclose(none[name], plain[name], atol=1e-7, err_msg=name)
    moved, further = (np.abs(fields["cam_pos"] - none["cam_pos"]) for fields in (half, whole))
    np.testing.assert_allclose(2 * moved, further, atol=1e-7)
    assert further.max() > 0.005


def test_randomizations_are_put_together_by_name() -> None:
    assert get_randomization("camera+lights") == get_randomization("camera") + get_randomization("lights")
    assert [term.function.__name__ for term in get_randomization("camera+light_hue")] == [
        "camera",
        "light_hue",
    ]
    with pytest.raises(CrossgapError, match=r"Randomization 'fog' not found"):
        get_randomization("camera+fog")
