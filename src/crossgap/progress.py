"""Progress bars with the time that is left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining

console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")  # of several processes one speaks
LINE_SECONDS = 30.0
"""Where no terminal shows bars, such as in a log file: time between two lines of progress."""


@contextmanager
def progress_bar(
    description: str, total: int, done: int = 0, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """A bar; call what it yields with the number of steps just done."""
    if not quiet and not console.is_terminal:
        yield _lines(description, total, done)
        return
    columns = (
        TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), Remaining(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=quiet) as progress:
        task = progress.add_task(description, total=total, completed=done)
        yield lambda count: progress.advance(task, count)


def _lines(description: str, total: int, done: int) -> Callable[[int], None]:
    """Progress as lines of text, one now and then, and one at the end."""
    began, last, first = time.monotonic(), time.monotonic(), done
    if done:
        console.print(f"{description}: goes on at {done} of {total}")

    def advance(count: int) -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if done >= total or now - last >= LINE_SECONDS:
            last = now
            left = (now - began) / max(done - first, 1) * (total - done)
            console.print(f"{description}: {done} of {total}, {now - began:.0f} s, {left:.0f} s left")

    return advance


def track(items: Iterable, description: str, total: int) -> Iterable:
    """The items, shown as a bar."""
    with progress_bar(description, total) as advance:
        for item in items:
            yield item
            advance(1)
