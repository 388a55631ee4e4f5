"""Independent parts of an experiment, such as seeds and looks, at the same time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from crossgap.errors import CrossgapError
from crossgap.progress import progress_bar
from crossgap.simulation.workers import available_cores

Result = TypeVar("Result")


def in_parallel(
    function: Callable[..., Result], parts: Sequence[tuple[Any, ...]], workers: int, label: str
) -> Iterator[Result]:
    """`function(*part, quiet)` of every part, in their order.

    A small network trains faster on one core per process than on all cores in turn.

    Args:
        function: of a module, so that another process finds it; its last argument is whether to show no
            progress of its own.
        parts: arguments, all of which can be pickled.
        workers: how many processes; 1 is this one.
        label: shown beside the progress bar of several workers.

    Raises:
        CrossgapError: fewer than one worker.
    """
    if workers < 1:
        raise CrossgapError(f"--workers must be at least 1; got {workers}.")
    if workers == 1:
        for part in parts:
            yield function(*part, False)
        return
    threads = max(1, available_cores() // workers)
    context = multiprocessing.get_context("spawn")  # OpenGL and CUDA do not survive a fork
    with (
        ProcessPoolExecutor(workers, context, _limit_threads, (threads,)) as pool,
        progress_bar(label, len(parts)) as advance,
    ):
        futures = [pool.submit(function, *part, True) for part in parts]
        try:
            for future in futures:
                yield future.result()
                advance(1)
        finally:
            for future in futures:
                future.cancel()


def _limit_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
