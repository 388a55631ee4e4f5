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

Frames = tuple[np.ndarray, list[dict[str, Any]]]
"""Images (n, H, W, 3) uint8 and each environment's info."""


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


def _serve(connection: Connection, env_id: str, kwargs: dict[str, Any], count: int) -> None:
    """A worker: `count` environments, driven by ("reset", seeds) and ("step", actions)."""
    die_with_parent()
    import gymnasium

    import crossgap.simulation  # noqa: F401 (registers the environments)

    def result(observation: dict[str, Any], info: dict[str, Any]):
        (image,) = observation["pixels"].values()
        return image, info

    try:
        envs = [gymnasium.make(env_id, disable_env_checker=True, **kwargs) for _ in range(count)]
        while (message := connection.recv()) is not None:
            command, values = message
            if command == "reset":
                results = [result(*env.reset(seed=int(v))) for env, v in zip(envs, values, strict=True)]
            else:
                stepped = [env.step(v) for env, v in zip(envs, values, strict=True)]
                results = [result(step[0], step[4]) for step in stepped]
            connection.send((np.stack([image for image, _ in results]), [i for _, i in results]))
    except Exception as error:
        with suppress(OSError):  # nobody listens any more
            connection.send(f"{type(error).__name__}: {error}")
    finally:
        connection.close()


class EnvironmentPool:
    """`count` environments stepped together; use it as a context manager.

    Args:
        env_id: a Gymnasium id whose observation is `{"pixels": {<camera>: HWC uint8}, …}`;
            `module:id` imports a module of yours first.
        count: number of environments.
        workers: number of processes.
        kwargs: arguments of the environment, such as `look`.

    Raises:
        CrossgapError: an environment failed; the message is the worker's.
    """

    def __init__(self, env_id: str, count: int, workers: int | None = None, **kwargs: Any):
        workers = max(1, min(workers or available_cores(), count))
        self._slices = [range(w * count // workers, (w + 1) * count // workers) for w in range(workers)]
        context = multiprocessing.get_context("spawn")
        self._pipes, self._processes = [], []
        for part in self._slices:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, env_id, kwargs, len(part)), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def _all(self, command: str, values: Sequence[Any] | np.ndarray) -> Frames:
        for pipe, part in zip(self._pipes, self._slices, strict=True):
            with suppress(OSError):  # a worker that is gone has said why, or is found dead below
                pipe.send((command, values[part.start : part.stop]))
        answers = []
        for pipe in self._pipes:
            try:
                answer = pipe.recv()
            except (EOFError, OSError):
                answer = "the renderer's process died; `crossgap doctor` checks OpenGL"
            if isinstance(answer, str):
                raise CrossgapError(f"An environment failed: {answer}")
            answers.append(answer)
        return np.concatenate([a[0] for a in answers]), [info for a in answers for info in a[1]]

    def reset(self, seeds: Sequence[int]) -> Frames:
        """Start every environment's episode from its seed."""
        return self._all("reset", seeds)

    def step(self, actions: np.ndarray) -> Frames:
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
