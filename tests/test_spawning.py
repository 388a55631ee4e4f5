"""Scripts that start processes, which import the script first."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from crossgap.base import processes
from crossgap.errors import CrossgapError

COLLECTS = """
import sys
from crossgap import Collection, collect
collect(Collection(episodes=1, steps=2, size=8), sys.argv[1], workers=1)
"""
PLAYS = """
from crossgap.simulation.base.workers import EnvironmentPool
with EnvironmentPool("crossgap/Reach3-v0", 1, size=8) as pool:
    pool.reset([0])
"""


@pytest.mark.parametrize("script", [COLLECTS, PLAYS])
def test_a_script_without_a_guard_is_told_so_once(tmp_path: Path, python, script: str) -> None:
    done = python(script, tmp_path / "new")
    assert done.stderr.count("Traceback") == 1, done.stderr
    assert done.stderr.splitlines()[-1] == f"crossgap.errors.CrossgapError: {processes.WITHOUT_GUARD}"
    assert 'if __name__ == "__main__":' in processes.WITHOUT_GUARD
    assert list(tmp_path.iterdir()) == []


def test_a_script_from_standard_input_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    main = type(sys)("__main__")
    main.__file__ = "<stdin>"
    monkeypatch.setitem(sys.modules, "__main__", main)
    with pytest.raises(
        CrossgapError, match=r"no file <stdin>.*standard input\. Save it as a file\. .*__name__"
    ):
        processes.check_main_script()
    main.__file__ = __file__
    processes.check_main_script()
    del main.__file__  # a notebook, `python -c`
    processes.check_main_script()


def test_only_processes_of_ours_end_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    monkeypatch.setenv(processes.STARTED_BY, str(os.getppid()))
    with pytest.raises(SystemExit) as ended:
        processes.check_main_script()
    assert ended.value.code == processes.NO_GUARD
    monkeypatch.setenv(processes.STARTED_BY, "another's")
    with pytest.raises(CrossgapError, match="__main__"):
        processes.check_main_script()
