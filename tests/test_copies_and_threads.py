"""Environments that are copied, pickled or stepped in another thread, and what of that a scene refuses."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from crossgap.errors import CrossgapError
from crossgap.simulation.base import rendering
from crossgap.simulation.grasping import IIWA_GRASP
from crossgap.simulation.reach3 import REACH3
from crossgap.simulation.reach3.scene import Reach3Scene
from crossgap.simulation.xarm7 import XARM7_PICK_PLACE, XARM7_REACH
from crossgap.simulation.xarm7.kinematics import HOME, Kinematics

COPIES = pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))], ids=["deepcopy", "pickle"]
)
WORLDS = {
    REACH3: {"look": "target_d"},  # whose lights move in every step
    XARM7_REACH: {"randomization": "full", "per_frame": True, "depth": True, "depth_noise": 1.0},
    XARM7_PICK_PLACE: {},
    IIWA_GRASP: {"look": "randomized"},
    "blind": {"cameras": ()},
}


def make(world: str) -> gym.Env:
    return gym.make(XARM7_PICK_PLACE if world == "blind" else world, **WORLDS[world], **{"size": 24})


def flat(observation: dict[str, Any]) -> bytes:
    values = (observation[key] for key in sorted(observation))
    return b"".join(flat(value) if isinstance(value, dict) else value.tobytes() for value in values)


def play(env: gym.Env, steps: int, action: float = 0.1) -> list[bytes]:
    return [flat(env.step(np.full(env.action_space.shape, action))[0]) for _ in range(steps)]


def in_thread(work: Callable[[], Any]) -> Any:
    """What `work` gives, done in a thread of its own that then ends."""
    done: list[Any] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            done.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


@COPIES
def test_a_copied_arm_computes_what_the_arm_does(copied) -> None:
    arm, q, target = Kinematics(), HOME + 0.3, np.array([0.5, 0.2, 0.2])
    arm.tool(HOME)
    other = copied(arm)
    np.testing.assert_array_equal(other.tool(q), arm.tool(q))
    np.testing.assert_array_equal(other.inverse(HOME, target, 50), arm.inverse(HOME, target, 50))


@COPIES
@pytest.mark.parametrize("world", WORLDS)
def test_a_copied_environment_goes_on_as_the_environment_does(world: str, copied) -> None:
    env = make(world)
    env.reset(seed=3)
    play(env, 3)
    twin = copied(env)
    right = play(env, 4)
    assert play(twin, 4) == right
    assert len(set(right)) == 4
    assert flat(twin.reset()[0]) == flat(env.reset()[0])  # what is drawn next, too


@pytest.mark.parametrize("world", [REACH3, XARM7_REACH, XARM7_PICK_PLACE])
def test_an_environment_can_be_stepped_in_another_thread_and_back(world: str) -> None:
    env = make(world)
    env.reset(seed=3)
    right = play(env, 3)
    env.reset(seed=3)
    assert [*play(env, 1), *in_thread(lambda: play(env, 1)), *play(env, 1)] == right


def test_threads_that_draw_at_the_same_time_see_their_own_environments() -> None:
    def episode(seed: int) -> list[bytes]:
        env = gym.make(REACH3, size=24)
        return [flat(env.reset(seed=seed)[0]), *play(env, 30, seed / 100)]

    right, seen, begin = [episode(seed) for seed in (1, 2)], {}, threading.Barrier(2)

    def run(seed: int) -> None:
        begin.wait()
        seen[seed] = episode(seed)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seen[1], seen[2]] == right


def test_what_a_thread_drew_with_is_freed_with_it() -> None:
    env = make(REACH3)
    before = len(rendering._ALL)
    during = in_thread(lambda: (env.reset(seed=0), len(rendering._ALL))[1])
    assert (during, len(rendering._ALL), rendering._LEFT) == (before + 1, before, [])


def test_a_scene_of_another_thread_says_so_and_is_freed_by_its_own() -> None:
    begun, given_up, made = threading.Event(), threading.Event(), []

    def work() -> None:
        made.append(Reach3Scene(size=8))
        begun.set()
        given_up.wait()
        rendering._free_own()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    with pytest.raises(CrossgapError, match=r"made in another thread.*each thread that draws"):
        made[0]._renderer.render(made[0].data)
    made.pop().close()
    assert len(rendering._LEFT) == 1
    given_up.set()
    thread.join()
    assert rendering._LEFT == []


@COPIES
def test_a_scene_cannot_be_copied_and_says_what_can(copied) -> None:
    with pytest.raises(CrossgapError, match=r"cannot be copied or pickled.*environment can"):
        copied(Reach3Scene(size=8))
