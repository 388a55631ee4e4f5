"""Many environments in a few processes, each process with one renderer.

Processes are spawned, not forked, and hold nothing but their environments: OpenGL beside CUDA in one
process, or after a fork, is where renderers hang. Ray's actors, on other machines too, do the same work:
`ray_workers`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from crossgap.base.machine import available_cores
from crossgap.errors import CrossgapError, find
from crossgap.simulation.base.environments import Observed, WorkerDied, stack

REPLACEMENTS = 3
"""How many workers that died a pool replaces."""
ENGINES = {
    "processes": "crossgap.simulation.base.process_workers:ProcessWorker",
    "ray": "crossgap.simulation.base.ray_workers:RayWorker",
    "here": "crossgap.simulation.base.here:WorkerHere",
}
"""What a pool's workers are: processes of this machine, Ray's actors, or nothing but this process."""


class Handle(Protocol):
    """A worker at work, as a pool sees it."""

    def send(self, command: str, *arguments: Any) -> None:
        """Ask for `Worker.answer`; never an error, since one that died is found when it should answer."""

    def receive(self) -> Observed | str:
        """Its answer. Raises WorkerDied."""
        raise NotImplementedError

    def stop(self) -> None:
        """Tell it to end."""

    def join(self) -> None:
        """Wait until it has ended."""


class EnvironmentPool:
    """`count` environments stepped together in a few workers; use it as a context manager.

    A worker that dies is replaced: the new one plays the episode's actions again, so that nothing is lost. An
    environment that raises is an error.

    Processes are spawned: a script that makes a pool does so under `if __name__ == "__main__":`.

    Arguments as of `Environments`, and:

    Args:
        workers: number of processes.
        engine: `processes` of this machine, or `ray`: the same work in actors of the Ray cluster that
            RAY_ADDRESS names, or of one that is started here. It gives the same results. Or `here`, for
            what is in a process of its own already.

    Raises:
        CrossgapError: an environment failed, or workers keep dying; the message is the worker's. Or there is
            no such engine, or Ray is not installed; or the script has no guard.
    """

    def __init__(
        self, env_id: str, count: int, workers: int | None = None, engine: str = "processes", **kwargs: Any
    ):
        found = pkgutil.resolve_name(find("Engine", engine, ENGINES))
        self._engine: Callable[[str, int, dict[str, Any]], Handle] = found
        workers = max(1, min(workers or available_cores(), count))
        self._slices = [range(w * count // workers, (w + 1) * count // workers) for w in range(workers)]
        self._env_id, self._kwargs = env_id, kwargs
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
        return stack([a[0] for a in answers], np.concatenate), [info for a in answers for info in a[1]]

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
