"""Progress where there is no terminal: lines of text."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from crossgap.base import progress


@pytest.fixture
def shown(monkeypatch) -> io.StringIO:
    """A log file's console, and a clock that advances by 20 s with every look at it."""
    file, clock = io.StringIO(), iter(range(0, 10_000, 20))
    monkeypatch.setattr(progress, "console", Console(file=file, width=100))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    return file


def test_a_line_now_and_then_with_the_time_that_is_left(shown: io.StringIO) -> None:
    with progress.progress_bar("train", 10, done=4) as advance:  # began at 0 s, of a resumed training
        for _ in range(6):
            advance(1)
    lines = shown.getvalue().splitlines()
    # the clock was looked at twice at the start, 0 and 20 s; then 40, 60 … s, a line every 30 s or more
    assert lines == [
        "train: goes on at 4 of 10",
        "train: 6 of 10, 60 s, 120 s left",  # 2 steps took 60 s
        "train: 8 of 10, 100 s, 50 s left",
        "train: 10 of 10, 140 s, 0 s left",
    ]


def test_a_quiet_one_says_nothing(shown: io.StringIO) -> None:
    assert list(progress.track([1, 2], "x", 2)) == [1, 2]
    assert shown.getvalue().count("\n") == 1  # the line at the end
    with progress.progress_bar("x", 1, quiet=True) as advance:
        advance(1)
    assert shown.getvalue().count("\n") == 1


def test_names_in_tables_and_bars_are_not_markup(monkeypatch) -> None:
    file, name = io.StringIO(), "[old]/[/old]:car:"
    monkeypatch.setattr(progress.console, "_file", file)
    progress.console.print(Table(name, title=name))
    assert file.getvalue().count(name) == 2
    monkeypatch.setattr(progress.console, "_force_terminal", True)
    with progress.progress_bar(name, 1):
        pass
    assert file.getvalue().count(name) > 2


def test_lines_of_progress_name_data_sets_as_they_are(shown: io.StringIO) -> None:
    assert list(progress.track([1], "read [old][/old]", 1)) == [1]
    assert shown.getvalue().startswith("read [old][/old]: 1 of 1")
