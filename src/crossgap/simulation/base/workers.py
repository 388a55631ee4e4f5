"""Many environments in a few processes, each process with one renderer.

Processes are spawned, not forked, and hold nothing but their environments: OpenGL beside CUDA in one
process, or after a fork, is where renderers hang. Ray's actors, on other machines too, do the same work:
`ray_workers`.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np

from crossgap.base.machine import available_cores
from crossgap.base.spawning import WITHOUT_GUARD, check_main_script, die_with_parent, ended_without_guard
from crossgap.errors import CrossgapError, unknown

Observed = tuple[dict[str, Any], list[dict[str, Any]]]
"""An observation whose arrays have one row per environment, and each environment's info."""
REPLACEMENTS = 3
"""How many workers that died a pool replaces."""
ENGINES = ("processes", "ray")
"""What a pool's workers are: processes of this machine, or Ray's actors."""


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

    def reset(self, seeds: Sequence[int], options: dict[str, Any] | None = None) -> Observed:
        """Start every environment's episode from its seed, all with the same reset options."""
        results = [
            env.reset(seed=int(seed), options=options) for env, seed in zip(self._envs, seeds, strict=True)
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


class Worker:
    """The work of one process or actor: `count` environments, and what went wrong with them.

    Args:
        env_id: a Gymnasium id.
        count: number of environments.
        kwargs: arguments of the environment.
    """

    def __init__(self, env_id: str, count: int, kwargs: dict[str, Any]):
        self._failure = ""
        try:
            self._environments = Environments(env_id, count, **kwargs)
        except Exception as error:
            self._failure = f"{type(error).__name__}: {error}"

    def answer(self, command: str, *arguments: Any) -> Observed | str:
        """What the environments observe after "reset" or "step"; a message from when one failed on."""
        if not self._failure:
            try:
                return getattr(self._environments, command)(*arguments)
            except Exception as error:
                self._failure = f"{type(error).__name__}: {error}"
        return self._failure


class WorkerDied(Exception):
    """A worker ended by itself, or was killed; the message says what a user can do."""


class Handle(Protocol):
    """A worker at work, as a pool sees it."""

    def send(self, command: str, *arguments: Any) -> None:
        """Ask for `Worker.answer`; never an error, since one that died is found when it should answer."""
        ...

    def receive(self) -> Observed | str:
        """Its answer. Raises WorkerDied."""
        ...

    def stop(self) -> None:
        """Tell it to end."""
        ...

    def join(self) -> None:
        """Wait until it has ended."""
        ...


class ProcessWorker:
    """A `Worker` in a process of this machine. Arguments as of `Worker`."""

    def __init__(self, env_id: str, count: int, kwargs: dict[str, Any]):
        check_main_script()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, env_id, count, kwargs), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, command: str, *arguments: Any) -> None:
        """Ask for `Worker.answer`."""
        with suppress(OSError):
            self._pipe.send((command, *arguments))

    def receive(self) -> Observed | str:
        """Its answer.

        Raises:
            WorkerDied: there will be none.
            CrossgapError: nor from another one, since the program's script has no guard.
        """
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            self.process.join(timeout=10)
            if ended_without_guard([self.process]):
                raise CrossgapError(WITHOUT_GUARD) from None
            raise WorkerDied("the renderer's process died; `crossgap doctor` checks OpenGL") from None

    def stop(self) -> None:
        """Tell it to end."""
        with suppress(OSError):
            self._pipe.send(None)
        self._pipe.close()

    def join(self) -> None:
        """Wait until it has ended, and see to it."""
        self.process.join(timeout=10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(connection: Connection, *arguments: Any) -> None:
    """A process's work: answer until there is no more to do."""
    die_with_parent()
    worker = Worker(*arguments)
    with suppress(OSError):  # nobody listens any more
        while (message := connection.recv()) is not None:
            connection.send(worker.answer(*message))
    connection.close()


def _engine(name: str) -> Callable[[str, int, dict[str, Any]], Handle]:
    if name == "ray":
        from crossgap.simulation.base.ray_workers import RayWorker

        return RayWorker
    if name != "processes":
        raise unknown("Engine", name, ENGINES)
    return ProcessWorker


class EnvironmentPool:
    """`count` environments stepped together in a few workers; use it as a context manager.

    A worker that dies is replaced: the new one plays the episode's actions again, so that nothing is lost. An
    environment that raises is an error.

    Processes are spawned: a script that makes a pool does so under `if __name__ == "__main__":`.

    Args:
        env_id: a Gymnasium id; `module:id` imports a module of yours first.
        count: number of environments.
        workers: number of processes.
        engine: `processes` of this machine, or `ray`: the same work in actors of the Ray cluster that
            RAY_ADDRESS names, or of one that is started here. It gives the same results.
        kwargs: arguments of the environment, such as `look`.

    Raises:
        CrossgapError: an environment failed, or workers keep dying; the message is the worker's. Or there is
            no such engine, or Ray is not installed; or the script has no guard.
    """

    def __init__(
        self, env_id: str, count: int, workers: int | None = None, engine: str = "processes", **kwargs: Any
    ):
        workers = max(1, min(workers or available_cores(), count))
        self._slices = [range(w * count // workers, (w + 1) * count // workers) for w in range(workers)]
        self._engine, self._env_id, self._kwargs = _engine(engine), env_id, kwargs
        self._replaced = 0
        self._played: list[tuple[Any, ...]] = []
        self._workers = [self._start(index) for index in range(workers)]

    def _start(self, index: int) -> Handle:
        return self._engine(self._env_id, len(self._slices[index]), self._kwargs)

    def _all(self, command: str, values: Any, *same: Any) -> Observed:
        """Every worker's answer, each asked with its part of `values`, and what is the same for all."""
        self._played = [] if command == "reset" else self._played
        self._played.append((command, values, *same))
        for index in range(len(self._slices)):
            self._send(index, command, values, *same)
        answers = [self._answer(index) for index in range(len(self._slices))]
        return _join([a[0] for a in answers]), [info for a in answers for info in a[1]]

    def _send(self, index: int, command: str, values: Any, *same: Any) -> None:
        part = self._slices[index]
        self._workers[index].send(command, values[part.start : part.stop], *same)

    def _answer(self, index: int) -> Observed:
        try:
            answer = self._workers[index].receive()
        except WorkerDied as died:
            answer = self._replace(index, died)
        if isinstance(answer, str):
            raise CrossgapError(f"An environment failed: {answer}")
        return answer

    def _replace(self, index: int, died: WorkerDied) -> Observed | str:
        """What a new worker answers in the place of one that died."""
        if self._replaced >= REPLACEMENTS:
            return str(died)
        self._replaced += 1
        self._workers[index].stop()
        self._workers[index].join()
        self._workers[index] = self._start(index)
        answer: Observed | str = str(died)
        for asked in self._played:
            self._send(index, *asked)
            try:
                answer = self._workers[index].receive()
            except WorkerDied as again:
                return self._replace(index, again)
        return answer

    def reset(self, seeds: Sequence[int], options: dict[str, Any] | None = None) -> Observed:
        """Start every environment's episode from its seed, all with the same reset options."""
        return self._all("reset", seeds, options)

    def step(self, actions: np.ndarray) -> Observed:
        """Apply one action to each environment, (count, action size)."""
        return self._all("step", actions)

    def __enter__(self) -> EnvironmentPool:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join()
