"""Workers as processes of this machine, spawned and not forked."""

import multiprocessing
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from crossgap.base.processes import WITHOUT_GUARD, check_main_script, die_with_parent, ended_without_guard
from crossgap.errors import CrossgapError
from crossgap.simulation.base.environments import Observed, Worker, WorkerDied


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
