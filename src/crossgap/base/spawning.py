"""Processes that are started anew, "spawned": OpenGL and CUDA do not survive a fork.

Each imports the program's main script first. One without a guard would begin anew there, and so on: Python
refuses that with a hundred lines for every process. Here the process ends, and its parent says why.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from crossgap.errors import CrossgapError

NO_GUARD = 78
"""A process's exit code where the script that it imports would start processes."""
STARTED_BY = "CROSSGAP_STARTED_BY"
"""The environment variable that tells a process of ours so: its parent's number."""
GUARD = 'Put what it does under `if __name__ == "__main__":`.'
WITHOUT_GUARD = (
    f"This script starts processes, and each of them imports it first, and would start it again. {GUARD}"
)


class ProcessDied(CrossgapError):
    """A process ended by itself, or was killed."""


def check_main_script() -> None:
    """Whether this program can start processes; to be called before it does or takes a lock.

    Raises:
        CrossgapError: its script has no guard, or comes from standard input.
        SystemExit: the same, in a process that we started: its parent says so.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # it is importing the script
        if os.environ.get(STARTED_BY) == str(os.getppid()):
            raise SystemExit(NO_GUARD)
        raise CrossgapError(WITHOUT_GUARD)
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    by_name = getattr(main, "__spec__", None) is not None or getattr(sys, "frozen", False)
    if file is not None and not by_name and not os.path.exists(file):
        raise CrossgapError(
            f"This script starts processes, and each of them imports it first; but there is no file {file}, "
            f"as where a script is read from standard input. Save it as a file. {GUARD}"
        )
    os.environ[STARTED_BY] = str(os.getpid())


def ended_without_guard(processes: Iterable[Any]) -> bool:
    """Whether one of these processes, which have ended, did so because of its script."""
    return any(process.exitcode == NO_GUARD for process in processes)


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


@contextmanager
def process_pool(
    workers: int, died: str, initializer: Callable[..., Any], arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Processes that are started when there is something to do, and end with the block.

    Args:
        workers: how many.
        died: what to say if one of them dies.
        initializer: called in each of them first, with `arguments`.
        arguments: for it.

    Raises:
        ProcessDied: one did.
        CrossgapError: the program's script has no guard.
    """
    check_main_script()
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer, arguments)
    processes = pool._processes
    try:
        yield pool
    except BrokenProcessPool as error:
        pool.shutdown()  # waits for them, so that they have their exit codes
        if ended_without_guard(processes.values()):
            raise CrossgapError(WITHOUT_GUARD) from None
        raise ProcessDied(died) from error
    finally:
        pool.shutdown(cancel_futures=True)
