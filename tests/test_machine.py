"""A machine with more to do than cores: it is said, and threads then wait for each other asleep."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from crossgap.base.machine import CROWDED, crowded, wait_passively_if_crowded
from crossgap.commands import doctor
from crossgap.core.trainer import Trainer
from test_training import supervised


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch):
    """`loaded(load)`: a machine of two cores with that load."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setattr(Trainer, "_said_crowded", False)
    return lambda load: monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))


def test_training_alone_is_no_crowd_and_other_work_beside_it_is(loaded, monkeypatch) -> None:
    loaded(2 * CROWDED)
    assert crowded() == ""
    loaded(4.1)
    assert crowded().startswith("The load is 4.1 on 2 cores.")
    monkeypatch.delattr("os.getloadavg")  # as on Windows
    assert crowded() == ""


def test_threads_wait_asleep_in_a_crowd_alone_and_where_nobody_said_otherwise(loaded, monkeypatch) -> None:
    loaded(1.0)
    wait_passively_if_crowded()
    assert "OMP_WAIT_POLICY" not in os.environ
    loaded(4.0)
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    wait_passively_if_crowded()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    wait_passively_if_crowded()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


@pytest.mark.parametrize(("load", "threads", "said"), [(4.0, 2, 1), (4.0, 1, 0), (1.0, 2, 0)])
def test_training_says_so_once(
    loaded, monkeypatch, capsys, tmp_path: Path, fabric, load, threads, said
) -> None:
    loaded(load)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    for folder in ("one", "another"):
        Trainer(tmp_path / folder, fabric).fit(supervised(1))
    assert capsys.readouterr().err.count("The load is") == said


def test_training_that_is_quiet_or_done_says_nothing(
    loaded, monkeypatch, capsys, tmp_path: Path, fabric
) -> None:
    loaded(4.0)
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
    for quiet in (True, False):
        Trainer(tmp_path, fabric, quiet=quiet).fit(supervised(1))
    assert "The load is" not in capsys.readouterr().err


def test_doctor_counts_a_crowd_as_a_problem(loaded, monkeypatch, capsys) -> None:
    for part in ("_training_rows", "_rendering_rows", "filament_state"):
        monkeypatch.setattr(doctor, part, lambda *_: "")
    for load, problem in ((4.0, True), (1.0, False)):
        loaded(load)
        doctor.examine()
        assert ("OMP_NUM_THREADS=1" in capsys.readouterr().err) == problem


def test_of_a_few_cores_of_many_the_load_says_nothing_and_threads_do(loaded, monkeypatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    loaded(70.0)
    for threads, said in ((2, ""), (4, "There are 4 threads for 2 cores.")):
        monkeypatch.setattr("torch.get_num_threads", lambda count=threads: count)
        assert crowded().startswith(said)
        assert bool(crowded()) == bool(said)
    monkeypatch.delitem(sys.modules, "torch")  # before it is imported
    for told, threads in (("4", 4), ("3,2", 3), ("2", 0), ("", 0)):
        monkeypatch.setenv("OMP_NUM_THREADS", told)
        assert crowded()[:30] == (f"There are {threads} threads for 2 cores."[:30] if threads else "")
