"""What is said in a terminal: progress with the time that is left, results, what to type next."""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining

console = Console(stderr=True, markup=False, emoji=False, quiet=os.environ.get("RANK", "0") != "0")
"""Says paths and names as they are, `[…]` and all. Of several processes one speaks."""
LINE_SECONDS = 30.0
"""Where no terminal shows bars, such as in a log file: time between two lines of progress."""


def counted(count: int, thing: str) -> str:
    """So many of something in words, such as "1 picture" and "2 pictures"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


@contextmanager
def progress_bar(
    description: str, total: int, done: int = 0, quiet: bool = False
) -> Iterator[Callable[..., None]]:
    """A bar; call what it yields with the number of steps just done, and with a note to be shown beside."""
    if not quiet and not console.is_terminal:
        yield _lines(description, total, done)
        return
    columns = (
        TextColumn("{task.description:<26}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), Remaining(), TextColumn("{task.fields[note]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=quiet) as progress:
        task = progress.add_task(description, total=total, completed=done, note="")

        def advance(count: int, note: str = "") -> None:
            progress.update(task, advance=count)
            if note:
                progress.update(task, note=note)

        yield advance


def _lines(description: str, total: int, done: int) -> Callable[..., None]:
    """Progress as lines of text, one now and then, and one at the end."""
    began, last, first, noted = time.monotonic(), time.monotonic(), done, ""
    if 0 < done < total:
        say(f"{description}: goes on at {done} of {total}")

    def advance(count: int, note: str = "") -> None:
        nonlocal done, last, noted
        done, noted = done + count, note or noted
        now = time.monotonic()
        if done >= total or now - last >= LINE_SECONDS:
            last = now
            left = (now - began) / max(done - first, 1) * (total - done)
            say(
                f"{description}: {done} of {total}, {now - began:.0f} s, {left:.0f} s left"
                + (f", {noted}" if noted else "")
            )

    return advance


def track(items: Iterable, description: str, total: int) -> Iterable:
    """The items, shown as a bar."""
    with progress_bar(description, total) as advance:
        for item in items:
            yield item
            advance(1)


def say(text: str) -> None:
    """A line that is not broken and not coloured, so that paths and commands in it can be copied."""
    console.print(text, soft_wrap=True, highlight=False, markup=False, emoji=False)


def command(*words: object) -> str:
    """A command of ours as it can be typed where this one was."""
    beside = Path(sys.executable).with_name("crossgap")
    found = shutil.which("crossgap")
    if found and Path(found).resolve() == beside.resolve():
        ours = ["crossgap"]
    elif beside.exists():
        ours = [min(str(beside), os.path.relpath(beside), key=len)]
    else:
        ours = [Path(sys.executable).name, "-m", "crossgap"]
    return shlex.join([*ours, *map(str, words)])


def say_next(steps: dict[str, str]) -> None:
    """What to type next: what for, and the command."""
    for purpose, line in steps.items():
        say(f"{purpose}:\n  {line}")
