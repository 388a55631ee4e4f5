"""Progress bars with the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining

console = Console(stderr=True)


@contextmanager
def progress_bar(
    description: str, total: int, done: int = 0, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """A bar; call what it yields with the number of steps just done."""
    columns = (
        TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), Remaining(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=quiet) as progress:
        task = progress.add_task(description, total=total, completed=done)
        yield lambda count: progress.advance(task, count)


def track(items: Iterable, description: str, total: int) -> Iterable:
    """The items, shown as a bar."""
    with progress_bar(description, total) as advance:
        for item in items:
            yield item
            advance(1)
