"""What the environments can be asked for: arguments and reset options, and what they refuse."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from crossgap.errors import CrossgapError
from crossgap.simulation.reach3 import REACH3
from crossgap.simulation.xarm7 import XARM7_PICK_PLACE, XARM7_REACH

NAN = float("nan")


def make(world: str, **kwargs) -> gym.Env:
    return gym.make(world, disable_env_checker=True, **({"size": 16} | kwargs))


@pytest.mark.parametrize(
    ("world", "options", "words"),
    [
        (REACH3, {"joint_angle": [0, 0, 0]}, r"'joint_angle' not found\. Did you mean joint_angles\?"),
        (REACH3, {"joint_angles": [NAN, 0, 0]}, r"joint_angles = \[nan, 0, 0\] is out of reach"),
        (REACH3, {"joint_angles": [9, 9, 9]}, r"from \(-2, -0\.6, 0\) to \(2, 1\.8, 2\.7\) rad"),
        (REACH3, {"joint_angles": [1, 1]}, r"joint_angles = \[1, 1\] is out of reach"),
        (REACH3, {"joint_angles": None}, r"joint_angles = None is out of reach"),
        (REACH3, {"cube": [5, 5, 5]}, r"cube = \[5, 5, 5\] is out of reach\. Expected a point from"),
        (REACH3, {"cube": [0.4, 0, -0.1]}, r"cube = .* is out of reach"),
        (REACH3, {"cube": [0.6, 0.6, 0.04]}, r"is out of reach: the tip stays 0\.2\d m away"),
        (REACH3, {"cube": "table"}, r"cube = table is out of reach"),
        (
            XARM7_REACH,
            {"gaol": [0.4, 0, 0.1]},
            r"'gaol' not found\. Did you mean goal\?",
        ),
        (XARM7_REACH, {"goal": [0.4, "left", 0.1]}, r"goal = .* is out of reach"),
        (XARM7_REACH, {"tool": [0.4, 0, NAN]}, r"tool = \[0\.4, 0, nan\] is out of reach"),
        (
            XARM7_REACH,
            {"randomization_strength": NAN},
            r"randomization_strength = nan\. Expected a number of",
        ),
        (XARM7_REACH, {"randomization_strength": -1}, r"randomization_strength = -1\. Expected"),
        (XARM7_REACH, {"randomization_strength": "much"}, r"randomization_strength = much\. Expected"),
        (XARM7_REACH, ["goal"], r"options are \['goal'\]\. Expected a dictionary: goal, tool, random"),
        (XARM7_REACH, {3: 1}, r"Reset option '3' not found"),
        (XARM7_PICK_PLACE, {"cubes": [0.4, 0.0]}, r"'cubes' not found\. Did you mean cube\?"),
        (XARM7_PICK_PLACE, {"cube": [NAN, 0.0]}, r"cube = \[nan, 0\.0\] is out of reach"),
        (XARM7_PICK_PLACE, {"goal": [[0.4], [0.0, 0.1]]}, r"goal = .* is out of reach"),
    ],
)
def test_a_reset_option_that_cannot_be(world: str, options, words: str) -> None:
    env = make(world)
    with pytest.raises(CrossgapError, match=words):
        env.reset(seed=0, options=options)


@pytest.mark.parametrize("world", [REACH3, XARM7_REACH, XARM7_PICK_PLACE])
@pytest.mark.parametrize("size", [0, -3, 2.5, NAN, "64", True])
def test_a_size_that_is_none(world: str, size) -> None:
    with pytest.raises(
        CrossgapError, match=rf"size = .*{size}.*\. Expected a whole number of pixels, at least"
    ):
        make(world, size=size)


@pytest.mark.parametrize("world", [REACH3, XARM7_REACH, XARM7_PICK_PLACE])
@pytest.mark.parametrize("name", [None, 3, "marble"])
def test_a_name_that_is_none(world: str, name) -> None:
    for kind in ("look", "randomization"):
        with pytest.raises(CrossgapError, match=rf"{kind.capitalize()} '{name}' not found\. .*Available: "):
            make(world, **{kind: name})


def test_a_noise_that_is_none() -> None:
    for noise in (NAN, -0.1, "some"):
        with pytest.raises(CrossgapError, match=f"depth_noise = {noise}. Expected a number of at least 0"):
            make(XARM7_REACH, depth=True, depth_noise=noise)


def test_a_start_that_was_observed_can_be_asked_for_again() -> None:
    env, limits = make(REACH3), np.array([-2, -0.6, 0], np.float32)  # below the limit, as float32 rounds it
    observation, _ = env.reset(seed=0, options={"joint_angles": limits})
    cube, angles = observation["state"][3:], observation["agent_pos"]
    again, _ = env.reset(seed=5, options={"joint_angles": angles, "cube": cube})
    np.testing.assert_array_equal(again["state"], observation["state"])
    np.testing.assert_array_equal(again["agent_pos"], limits)


def test_an_array_that_was_given_stays_the_caller_s() -> None:
    env, cube = make(REACH3), np.array([0.4, 0.0, 0.04])
    env.reset(seed=0, options={"cube": cube})
    cube[0] = 0.1
    assert env.step(np.zeros(3))[0]["state"][3] == np.float32(0.4)
