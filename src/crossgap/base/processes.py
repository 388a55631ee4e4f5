"""Processes that are started anew, "spawned", for OpenGL and CUDA do not survive a fork; and work in them.

Each imports the program's main script first. One without a guard would begin anew there, and so on: Python
refuses that with a hundred lines for every process. Here the process ends, and its parent says why.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from crossgap.base.machine import available_cores
from crossgap.base.progress import console, progress_bar
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
    file = getattr(main := sys.modules["__main__"], "__file__", None)
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
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if (parent := multiprocessing.parent_process()) and not parent.is_alive():  # it died before this was set
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
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer, arguments)
    processes = pool._processes
    try:
        yield pool
    except BrokenProcessPool as error:
        pool.shutdown()  # waits for them, so that they have their exit codes
        if ended_without_guard(processes.values()):
            raise CrossgapError(WITHOUT_GUARD) from None
        raise ProcessDied(died) from error
    except KeyboardInterrupt:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would leave processes behind
        for process in list(processes.values()):
            process.kill()
        pool.shutdown(cancel_futures=True)
        signal.signal(signal.SIGINT, before)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


Result = TypeVar("Result")
DIED = (
    "A worker died, perhaps for lack of memory. The same command goes on where it was; with fewer "
    "--workers it needs less."
)


def check_workers(workers: int) -> None:
    """Whether there can be so many.

    Raises:
        CrossgapError: fewer than one.
    """
    if workers < 1:
        raise CrossgapError(f"--workers must be at least 1; got {workers}.")


def threads_of(workers: int, parts: int) -> int:
    """How many threads each of so many parts has: all of this process's, or of several workers a share of the
    cores."""
    import torch

    workers = min(workers, parts)
    return torch.get_num_threads() if workers == 1 else max(1, available_cores() // workers)


def in_parallel(
    function: Callable[..., Result], parts: Sequence[tuple[Any, ...]], workers: int, label: str
) -> Iterator[Result]:
    """`function(*part, quiet)` of every part, in their order.

    A small network trains faster on one core per process than on all cores in turn.

    Args:
        function: of a module, so that another process finds it; its last argument is whether to show no
            progress of its own.
        parts: arguments, all of which can be pickled.
        workers: how many processes, no more than there are parts; 1 is this one.
        label: shown beside the progress bar of several workers.

    Raises:
        CrossgapError: fewer than one worker, a part failed, a worker died, or the program's script has no
            guard.
    """
    check_workers(workers)
    workers = min(workers, len(parts))  # one part alone has all cores
    if workers == 1:
        for name, part in zip(_names(label, parts), parts, strict=True):
            console.print(name, style="bold")
            yield function(*part, False)
        return
    begun = multiprocessing.get_context("spawn").Value("i", 0)
    with (
        process_pool(workers, DIED, _begin_worker, (begun, workers)) as pool,
        _ended(pool),
        progress_bar(label, len(parts)) as advance,
    ):
        futures = [pool.submit(function, *part, True) for part in parts]
        for index, future in enumerate(futures):
            while not future.done():
                for one in wait(futures[index:], return_when=FIRST_EXCEPTION, timeout=1).done:
                    one.result()  # what failed is not kept waiting for what is still at work
            yield future.result()
            advance(1)


def _names(label: str, parts: Sequence[tuple[Any, ...]]) -> list[str]:
    """How many parts there are, and what tells each from the others."""
    own = [values for values in zip(*parts, strict=True) if any(value != values[0] for value in values)]
    told = [", ".join(map(str, values)) for values in zip(*own, strict=True)] or [""] * len(parts)
    return [f"{label}, {n} of {len(parts)}" + (f": {what}" if what else "") for n, what in enumerate(told, 1)]


def _begin_worker(begun: Any, workers: int) -> None:
    """End with the parent, and keep to a share of the cores: those of processes started from here, too."""
    die_with_parent()
    with begun.get_lock():
        number = begun.value
        begun.value += 1
    share = [0]
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, share := cores[number % workers :: workers] or cores)
    import torch

    torch.set_num_threads(len(share))


@contextmanager
def _ended(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Do not wait for parts that are still at work: started again, they go on where they were."""
    try:
        yield
    finally:
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(10)
