"""Independent parts of an experiment, such as seeds and looks, at the same time."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from crossgap.base.machine import available_cores
from crossgap.base.progress import console, progress_bar
from crossgap.base.spawning import die_with_parent, process_pool
from crossgap.errors import CrossgapError

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
                finished = wait(futures[index:], return_when=FIRST_EXCEPTION, timeout=1).done
                for one in finished:
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
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        share = cores[number % workers :: workers] or cores
        os.sched_setaffinity(0, share)
    import torch

    torch.set_num_threads(max(1, available_cores() if hasattr(os, "sched_setaffinity") else 1))


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
