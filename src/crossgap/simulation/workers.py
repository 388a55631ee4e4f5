"""Many environments in a few processes, each process with one renderer.

Processes are spawned, not forked, and hold nothing but their environments: OpenGL beside CUDA in one
process, or after a fork, is where renderers hang.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from crossgap.errors import CrossgapError

Observed = tuple[dict[str, Any], list[dict[str, Any]]]
"""An observation whose arrays have one row per environment, and each environment's info."""
REPLACEMENTS = 3
"""How many workers that died a pool replaces."""


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def die_with_parent() -> None:
    """Let the kernel end this process with its parent, even where the parent is killed (Linux only).

    Else an orphan would go on writing into a folder that the restarted run writes to.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():  # it died before this was set
        os._exit(1)


class Environments:
    """`count` environments in this process, stepped one after the other; they may share a renderer.

    Args:
        env_id: a Gymnasium id; `module:id` imports a module of yours first.
        count: number of environments.
        kwargs: arguments of the environment, such as `look`.
    """

    def __init__(self, env_id: str, count: int, **kwargs: Any):
        import gymnasium

        import crossgap.simulation  # noqa: F401 (registers the environments)

        self._envs = [gymnasium.make(env_id, disable_env_checker=True, **kwargs) for _ in range(count)]

    def reset(self, starts: Sequence[tuple[int, dict[str, Any] | None]]) -> Observed:
        """Start every environment's episode, from its seed and reset options."""
        results = [
            env.reset(seed=int(seed), options=options)
            for env, (seed, options) in zip(self._envs, starts, strict=True)
        ]
        return stack([result[0] for result in results]), [result[1] for result in results]

    def step(self, actions: np.ndarray) -> Observed:
        """Apply one action to each environment, (count, action size)."""
        results = [env.step(action) for env, action in zip(self._envs, actions, strict=True)]
        return stack([result[0] for result in results]), [result[4] for result in results]


def stack(observations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Observations of one form as one, whose arrays have a row of each."""
    first = observations[0]
    return {
        key: stack([o[key] for o in observations])
        if isinstance(first[key], dict)
        else np.stack([o[key] for o in observations])
        for key in first
    }


def camera_image(observation: dict[str, Any]) -> np.ndarray:
    """The images (n, H, W, 3) uint8 of environments with one camera."""
    (image,) = observation["pixels"].values()
    return image


def _join(observations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    first = observations[0]
    return {
        key: _join([o[key] for o in observations])
        if isinstance(first[key], dict)
        else np.concatenate([o[key] for o in observations])
        for key in first
    }


def _serve(connection: Connection, env_id: str, kwargs: dict[str, Any], count: int) -> None:
    """A worker: `count` environments, driven by ("reset", starts) and ("step", actions)."""
    die_with_parent()
    try:
        environments = Environments(env_id, count, **kwargs)
        while (message := connection.recv()) is not None:
            command, values = message
            connection.send(getattr(environments, command)(values))
    except Exception as error:
        with suppress(OSError):  # nobody listens any more
            connection.send(f"{type(error).__name__}: {error}")
    finally:
        connection.close()


class EnvironmentPool:
    """`count` environments stepped together in a few processes; use it as a context manager.

    A worker whose process dies is replaced: the new one plays the episode's actions again, so that nothing is
    lost. An environment that raises is an error.

    Args:
        env_id: a Gymnasium id; `module:id` imports a module of yours first.
        count: number of environments.
        workers: number of processes.
        kwargs: arguments of the environment, such as `look`.

    Raises:
        CrossgapError: an environment failed, or workers keep dying; the message is the worker's.
    """

    def __init__(self, env_id: str, count: int, workers: int | None = None, **kwargs: Any):
        workers = max(1, min(workers or available_cores(), count))
        self._slices = [range(w * count // workers, (w + 1) * count // workers) for w in range(workers)]
        self._env_id, self._kwargs, self._replaced = env_id, kwargs, 0
        self._played: list[tuple[str, Any]] = []
        self._pipes, self._processes = [], []
        for part in self._slices:
            pipe, process = self._start(len(part))
            self._pipes.append(pipe)
            self._processes.append(process)

    def _start(self, count: int):
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._env_id, self._kwargs, count), daemon=True
        )
        process.start()
        theirs.close()
        return ours, process

    def _all(self, command: str, values: Any) -> Observed:
        self._played = [] if command == "reset" else self._played
        self._played.append((command, values))
        for index in range(len(self._slices)):
            self._send(index, command, values)
        answers = [self._answer(index) for index in range(len(self._slices))]
        return _join([a[0] for a in answers]), [info for a in answers for info in a[1]]

    def _send(self, index: int, command: str, values: Any) -> None:
        part = self._slices[index]
        with suppress(OSError):  # a worker that is gone has said why, or is found dead when it should answer
            self._pipes[index].send((command, values[part.start : part.stop]))

    def _answer(self, index: int) -> Observed:
        try:
            answer = self._pipes[index].recv()
        except (EOFError, OSError):
            answer = self._replace(index)
        if isinstance(answer, str):
            raise CrossgapError(f"An environment failed: {answer}")
        return answer

    def _replace(self, index: int) -> Observed | str:
        """What a new worker answers in the place of one that died."""
        died = "the renderer's process died; `crossgap doctor` checks OpenGL"
        if self._processes[index].exitcode == 0 or self._replaced >= REPLACEMENTS:  # it had raised before
            return died
        self._replaced += 1
        self._pipes[index].close()
        self._processes[index].join()
        self._pipes[index], self._processes[index] = self._start(len(self._slices[index]))
        answer: Observed | str = died
        for command, values in self._played:
            self._send(index, command, values)
            try:
                answer = self._pipes[index].recv()
            except (EOFError, OSError):
                return self._replace(index)
        return answer

    def reset(self, seeds: Sequence[int], options: dict[str, Any] | None = None) -> Observed:
        """Start every environment's episode from its seed, all with the same reset options."""
        return self._all("reset", [(seed, options) for seed in seeds])

    def step(self, actions: np.ndarray) -> Observed:
        """Apply one action to each environment, (count, action size)."""
        return self._all("step", actions)

    def __enter__(self) -> EnvironmentPool:
        return self

    def __exit__(self, *exception: object) -> None:
        for pipe in self._pipes:
            try:
                pipe.send(None)
                pipe.close()
            except (BrokenPipeError, OSError):
                continue
        for process in self._processes:
            process.join(timeout=10)
            if process.is_alive():
                process.kill()
