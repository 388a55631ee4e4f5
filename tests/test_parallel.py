"""Several parts of an experiment at the same time: the same results, and errors that arrive."""

from __future__ import annotations

import os
import time

import pytest

from crossgap.errors import CrossgapError
from crossgap.experiments.parallel import in_parallel


def described(number: int, quiet: bool) -> tuple[int, bool, int]:
    time.sleep(0.3 if number == 0 else 0)  # the first is the last to end
    return number * number, quiet, os.getpid()


def failing(number: int, quiet: bool) -> int:
    del quiet
    if number == 1:
        raise CrossgapError("Part 1 has no images.")
    return number


def test_one_worker_is_this_process_and_shows_its_own_progress() -> None:
    assert list(in_parallel(described, [(2,), (3,)], 1, "parts")) == [
        (4, False, os.getpid()),
        (9, False, os.getpid()),
    ]


def test_several_workers_give_the_results_in_order_and_are_quiet() -> None:
    found = list(in_parallel(described, [(n,) for n in range(4)], 2, "parts"))
    assert [square for square, _, _ in found] == [0, 1, 4, 9]
    assert all(quiet for _, quiet, _ in found)
    assert os.getpid() not in {process for _, _, process in found}


def test_an_error_of_a_part_ends_the_whole() -> None:
    with pytest.raises(CrossgapError, match="Part 1 has no images"):
        list(in_parallel(failing, [(n,) for n in range(4)], 2, "parts"))


def test_no_workers() -> None:
    with pytest.raises(CrossgapError, match="--workers must be at least 1; got 0"):
        list(in_parallel(described, [(1,)], 0, "parts"))
