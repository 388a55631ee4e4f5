"""A worker that is no other process: for what has one of its own already, such as a cluster's collector."""

from typing import Any

from crossgap.simulation.base.environments import Observed, Worker


class WorkerHere:
    """A `Worker` in this process. Arguments as of `Worker`."""

    def __init__(self, env_id: str, count: int, kwargs: dict[str, Any]):
        self._worker = Worker(env_id, count, kwargs)
        self._answer: Observed | str = ""

    def send(self, command: str, *arguments: Any) -> None:
        """Ask for `Worker.answer`."""
        self._answer = self._worker.answer(command, *arguments)

    def receive(self) -> Observed | str:
        """Its answer."""
        return self._answer

    def stop(self) -> None:
        """Nothing runs."""

    def join(self) -> None:
        """Nothing runs."""
