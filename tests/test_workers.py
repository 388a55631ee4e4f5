"""Engines of a pool: Ray's actors do what local processes do."""

from __future__ import annotations

import os
import signal
import socket
import sys

import numpy as np
import pytest

from crossgap.errors import CrossgapError
from crossgap.simulation.base import workers
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_REACH

SEEDS = [3, 1, 4]
ACTIONS = np.random.default_rng(0).uniform(-1, 1, (4, 3, 3)).astype(np.float32)


def pool(engine: str = "processes", **kwargs) -> EnvironmentPool:
    return EnvironmentPool(
        XARM7_REACH, 3, workers=2, engine=engine, randomization="lights", size=48, **kwargs
    )


def played(pool: EnvironmentPool, kill_before: tuple[int, ...] = ()) -> list:
    """All that an episode shows; before these steps a worker is killed."""
    shown = [pool.reset(SEEDS)]
    for step, action in enumerate(ACTIONS):
        if step in kill_before:
            kill(pool, step % 2)
        shown.append(pool.step(action))
    return shown


def kill(pool: EnvironmentPool, index: int) -> None:
    """As the kernel does for lack of memory."""
    actor = pool._workers[index].actor  # type: ignore[attr-defined]
    ray = pytest.importorskip("ray")
    os.kill(ray.get(actor.__ray_call__.remote(lambda _: os.getpid())), signal.SIGKILL)


def assert_same(one: list, other: list) -> None:
    for (a, a_infos), (b, b_infos) in zip(one, other, strict=True):
        np.testing.assert_array_equal(a["pixels"]["side"], b["pixels"]["side"])
        for key in ("agent_pos", "achieved_goal", "desired_goal", "state"):
            np.testing.assert_array_equal(a[key], b[key])
        assert a_infos == b_infos


def test_an_unknown_engine_lists_those_that_exist() -> None:
    with pytest.raises(CrossgapError, match=r"Engine 'threads' not found\. Available: here, processes, ray"):
        pool("threads")


def test_without_ray_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CrossgapError, match=r"pip install '\.\[ray\]'"):
        pool("ray")


def test_a_cluster_that_is_not_there_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and nobody listens
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(CrossgapError, match=r"No Ray cluster answers at RAY_ADDRESS = 127\.0\.0\.1:\d+"):
            pool("ray")


def test_a_cluster_that_does_not_start_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")

    def too_slow(**_: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", too_slow)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(CrossgapError, match=r"Ray could not start or be reached.*timed out"):
        pool("ray")


@pytest.mark.usefixtures("ray")
def test_ray_s_actors_give_what_local_processes_give_even_when_they_are_killed() -> None:
    with pool() as local, pool("ray") as remote, pool("ray") as killed:
        expected = played(local)
        assert_same(played(remote), expected)
        assert_same(played(killed, kill_before=(1, 2)), expected)


@pytest.mark.usefixtures("ray")
def test_an_actor_s_exception_is_ours() -> None:
    with pool("ray") as remote:
        remote.reset(SEEDS)
        for actions in (np.full((3, 3), np.nan), np.zeros((3, 3))):  # what failed stays so
            with pytest.raises(CrossgapError, match=r"An environment failed: ValueError.*three finite"):
                remote.step(actions)
    missing = pytest.raises(CrossgapError, match="Look 'marble' not found")
    with pool("ray", look="marble") as remote, missing:
        remote.reset(SEEDS)


@pytest.mark.usefixtures("ray")
def test_actors_that_keep_dying_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "REPLACEMENTS", 1)
    with pool("ray") as remote:
        remote.reset(SEEDS)
        kill(remote, 0)
        remote.step(ACTIONS[0])
        kill(remote, 0)
        with pytest.raises(CrossgapError, match="actor died"):
            remote.step(ACTIONS[0])
