"""Several parts of an experiment at the same time: the same results, and errors that arrive."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from crossgap.base.files import read_json, read_json_lines
from crossgap.base.processes import _names, in_parallel, threads_of
from crossgap.errors import CrossgapError
from crossgap.experiments.engine import reproduce
from crossgap.experiments.engine.experiment import EXPERIMENTS, Where
from crossgap.experiments.engine.reproduce import _begin
from reproduced import reproduced


def test_parts_are_told_apart_by_what_differs() -> None:
    assert _names("looks and seeds", [("run", "a", 0)]) == ["looks and seeds, 1 of 1"]
    parts = [("run", look, weight) for look in ("a", "b") for weight in (0.0, 0.1)]
    assert _names("weights", parts)[1:3] == ["weights, 2 of 4: a, 0.1", "weights, 3 of 4: b, 0.0"]
    assert _names("weights", []) == []


def described(number: int, quiet: bool) -> tuple[int, bool, int]:
    time.sleep(0.3 if number == 0 else 0)  # the first is the last to end
    return number * number, quiet, os.getpid()


def failing(number: int, quiet: bool) -> int:
    del quiet
    if number == 1:
        raise CrossgapError("Part 1 has no images.")
    time.sleep(300)
    return number


def dying(number: int, quiet: bool) -> None:
    del number, quiet
    os.kill(os.getpid(), 9)


def test_one_worker_is_this_process_and_shows_its_own_progress() -> None:
    assert list(in_parallel(described, [(2,), (3,)], 1, "parts")) == [
        (4, False, os.getpid()),
        (9, False, os.getpid()),
    ]


def test_a_single_part_is_not_confined_to_a_worker_s_share_of_the_cores() -> None:
    assert list(in_parallel(described, [(2,)], 2, "parts")) == [(4, False, os.getpid())]


def test_a_run_records_the_threads_of_as_many_workers_as_have_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossgap.base.processes.available_cores", lambda: 6)
    monkeypatch.setattr("torch.get_num_threads", lambda: 5)
    assert [threads_of(workers, 2) for workers in (1, 2, 3)] == [5, 3, 3]
    for seeds, threads in ((1, 5), (2, 3)):  # pick and place has a part per seed
        folder = tmp_path / str(seeds)
        about = {"experiment": "pick_place", "preset": "smoke"}
        begun = _begin("pick_place", about, {}, Where(folder), threads_of(3, seeds))
        assert read_json(begun / "config.json")["threads"] == threads
        assert [row["threads"] for row in read_json_lines(begun / "starts.jsonl")] == [threads]


def test_every_experiment_counts_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []

    def gather(experiment: object, folder: Path, parts: list, *_: object) -> None:
        told.append((begun.pop(), len(parts)))
        raise CrossgapError("Stop here.")

    begun: list[int] = []
    monkeypatch.setattr(reproduce, "_gather", gather)
    monkeypatch.setattr("crossgap.experiments.digits.trial.SOURCE", lambda split: None)
    monkeypatch.setattr(reproduce, "threads_of", lambda workers, parts: begun.append(parts) or 1)
    for name in EXPERIMENTS:
        with pytest.raises(CrossgapError, match="Stop here"):
            reproduced(name, 3, tmp_path / name, tmp_path)
    assert len(told) == len(EXPERIMENTS)
    assert [said for said, _ in told] == [parts for _, parts in told]


def test_several_workers_give_the_results_in_order_and_are_quiet() -> None:
    found = list(in_parallel(described, [(n,) for n in range(4)], 2, "parts"))
    assert [square for square, _, _ in found] == [0, 1, 4, 9]
    assert all(quiet for _, quiet, _ in found)
    assert os.getpid() not in {process for _, _, process in found}


def test_an_error_of_a_part_ends_the_whole_at_once() -> None:
    with pytest.raises(CrossgapError, match="Part 1 has no images"):
        list(in_parallel(failing, [(n,) for n in range(4)], 2, "parts"))  # part 0 would take minutes


def test_a_worker_that_dies_is_an_error() -> None:
    with pytest.raises(CrossgapError, match="A worker died"):
        list(in_parallel(dying, [(1,), (2,)], 2, "parts"))


def test_workers_end_with_their_parent(python, all_end, tmp_path) -> None:
    code = (
        "import os, sys, time\nfrom crossgap.base.processes import in_parallel\n"
        "def part(folder, number, quiet):\n"
        "    open(f'{folder}/{number}', 'w').write(str(os.getpid()))\n"
        "    time.sleep(0 if number == 0 else 300)\n"
        "if __name__ == '__main__':\n"
        "    for _ in in_parallel(part, [(sys.argv[1], n) for n in range(3)], 2, 'parts'):\n"
        "        while not os.path.exists(sys.argv[1] + '/2'):\n"
        "            time.sleep(0.05)\n"
        "        os.kill(os.getpid(), 9)\n"
    )
    python(code, tmp_path)
    pids = [int(path.read_text()) for path in tmp_path.iterdir() if path.name.isdigit()]
    assert len(pids) == 3
    assert all_end(pids)


def test_no_workers() -> None:
    with pytest.raises(CrossgapError, match="--workers must be at least 1; got 0"):
        list(in_parallel(described, [(1,)], 0, "parts"))
