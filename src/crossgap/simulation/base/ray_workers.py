"""Workers as actors of Ray, on this machine or on a cluster: the same work as that of local processes.

Every machine of the cluster needs this version of Crossgap, and headless OpenGL. Ray starts a cluster on this
machine where there is none; else it goes to the one that RAY_ADDRESS names, or that `ray start` began here.
"""

# Ray is optional, and not installed where types are checked
# pyright: reportMissingImports=false
import logging
import os
import socket
from typing import Any

from crossgap.errors import CrossgapError
from crossgap.simulation.base.environments import Observed, Worker, WorkerDied


def connected_ray() -> Any:
    """Ray's module, connected to a cluster.

    Raises:
        CrossgapError: Ray is not installed, or there is no cluster at the address that was given.
    """
    try:
        import ray
    except ImportError as error:
        raise CrossgapError("Ray, the engine asked for, was not found: pip install '.[ray]'.") from error
    if not ray.is_initialized():
        _check_address(os.environ.get("RAY_ADDRESS", ""))
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        try:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # Ray raises bare ones, where a slow machine does not start it in time
            address = os.environ.get("RAY_ADDRESS", "none given")
            raise CrossgapError(
                f"Ray could not start or be reached (RAY_ADDRESS: {address}): {error}"
            ) from error
    return ray


def _check_address(address: str) -> None:
    """An error where it is a machine's, and nobody answers there; Ray itself would try for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():  # `auto`, `local`, or none
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise CrossgapError(f"No Ray cluster answers at RAY_ADDRESS = {address}: {error}.") from error


class RayWorker:
    """A `Worker` in an actor of Ray. Arguments as of `Worker`."""

    def __init__(self, env_id: str, count: int, kwargs: dict[str, Any]):
        self._ray = connected_ray()
        remote = self._ray.remote(Worker).options(scheduling_strategy="SPREAD")
        self.actor = remote.remote(env_id, count, kwargs)
        self._asked: Any = None

    def send(self, command: str, *arguments: Any) -> None:
        """Ask for `Worker.answer`."""
        self._asked = self.actor.answer.remote(command, *arguments)

    def receive(self) -> Observed | str:
        """Its answer. Raises WorkerDied."""
        try:
            return self._ray.get(self._asked)
        except self._ray.exceptions.RayError as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            # of an error in the actor's own beginning the last line says what it was; else the first
            said = lines[-1] if getattr(error, "actor_init_failed", False) else lines[0]
            raise WorkerDied(f"the renderer's actor died: {said}") from error

    def stop(self) -> None:
        """Tell it to end."""
        self._ray.kill(self.actor)

    def join(self) -> None:
        """Ray sees to its end."""
