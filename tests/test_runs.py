"""Run folders: one run each, gone on with by its own settings alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from filelock import FileLock, Timeout

from crossgap.base.files import alone, read_json, write_json
from crossgap.base.processes import in_parallel
from crossgap.core.runs import (
    find_run,
    keep_extra,
    lock_run,
    made_once,
    open_run,
    provenance,
    read_run,
    read_times,
    start,
    timed,
)
from crossgap.core.trainer import read_metrics
from crossgap.errors import CrossgapError
from crossgap.experiments.taskgan.presets import PRESETS

CONFIG = {"preset": asdict(PRESETS["smoke"]), "seed": 0}  # has tuples in it, which JSON has not


def test_a_run_is_gone_on_with_by_the_same_settings(tmp_path: Path) -> None:
    folder = open_run(tmp_path / "a" / "run", CONFIG)
    (folder / "metrics.jsonl").touch()
    assert open_run(folder, CONFIG) == folder


def test_another_run_s_folder_says_what_differs(tmp_path: Path, tree) -> None:
    open_run(tmp_path / "run", CONFIG)
    before = tree(tmp_path)
    with pytest.raises(
        CrossgapError, match=r"seed is 0 there, 1 here; extra is absent there, true here. Choose another"
    ):
        open_run(tmp_path / "run", {**CONFIG, "seed": 1, "extra": True})
    assert tree(tmp_path) == before


def test_a_file_and_a_folder_of_something_else(tmp_path: Path, tree) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("…")
    before = tree(tmp_path)
    with pytest.raises(CrossgapError, match=r"file is a file. Expected a folder"):
        open_run(tmp_path / "file", CONFIG)
    with pytest.raises(CrossgapError, match="Could not write"):
        open_run(tmp_path / "file" / "run", CONFIG)
    with pytest.raises(CrossgapError, match=r"mine is not empty and not a run: it has no config\.json"):
        open_run(tmp_path / "mine", CONFIG)
    assert tree(tmp_path) == before


def test_an_empty_folder_becomes_a_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".config.json.partial").touch()  # of a start that was killed
    open_run(tmp_path / "run", CONFIG)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) in (
        ["config.json"], [".config.json.partial", "config.json"],
    )  # fmt: skip


def test_a_damaged_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"seed"')
    with pytest.raises(CrossgapError, match=r"run configuration .*config\.json is not valid JSON"):
        open_run(tmp_path, CONFIG)


def test_find_run_continues_the_newest_of_this_configuration(tmp_path: Path) -> None:
    first = find_run("demo", CONFIG, tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d_demo", str(first.relative_to(tmp_path)))
    assert find_run("demo", CONFIG, tmp_path) == first
    old = tmp_path / "2020-01-01" / "10-00-00_demo"
    shutil.copytree(first, old)
    assert find_run("demo", CONFIG, tmp_path) == first  # newer than the old one
    shutil.rmtree(first.parent)
    assert find_run("demo", CONFIG, tmp_path) == old


@pytest.mark.parametrize("damaged", ['{"seed', "[]"])
def test_find_run_passes_over_damaged_runs_and_names_them(tmp_path: Path, capsys, damaged: str) -> None:
    good = open_run(tmp_path / "2020-01-01" / "10-00-00_demo", CONFIG)
    bad = tmp_path / "9999-01-01" / "10-00-00_demo"
    bad.mkdir(parents=True)
    (bad / "config.json").write_text(damaged)
    assert find_run("demo", CONFIG, tmp_path) == good
    assert find_run("demo", {**CONFIG, "seed": 1}, tmp_path) not in (good, bad)
    told = "".join(capsys.readouterr().err.split())
    assert f"{bad}/config.json" in told
    assert f"remove{bad}tobe" in told
    with pytest.raises(CrossgapError, match=r"run configuration .*config\.json is "):
        open_run(bad, CONFIG)


def test_a_run_that_was_of_a_fixed_number_of_seeds_goes_on(tmp_path: Path) -> None:
    old = open_run(tmp_path / "2020-01-01" / "10-00-00_taskgan", {**CONFIG, "seeds": 3})
    assert open_run(old, CONFIG) == old
    assert find_run("taskgan", CONFIG, tmp_path) == old


def test_a_wholly_different_run_is_told_in_a_line(tmp_path: Path) -> None:
    open_run(tmp_path / "run", {"experiment": "mico", **{f"s{i}": i for i in range(9)}})
    with pytest.raises(
        CrossgapError, match=r'another run: experiment is "mico" there, "learn" here\. Choose'
    ):
        open_run(tmp_path / "run", {"experiment": "learn"})
    with pytest.raises(CrossgapError, match=r"s4 is 4 there, absent here; and 4 more\. Choose"):
        open_run(tmp_path / "run", {"experiment": "mico"})


def test_a_setting_that_one_of_two_runs_lacks_is_named(tmp_path: Path) -> None:
    open_run(tmp_path / "run", CONFIG)
    with pytest.raises(CrossgapError, match=r"weights is absent there, none here"):
        open_run(tmp_path / "run", {**CONFIG, "weights": None})


def test_a_run_goes_on_wherever_its_data_are_now(tmp_path: Path) -> None:
    sim = {"images": 1200, "labelled": True, "fingerprint": "0123456789abcdef"}
    run = open_run(tmp_path / "run", {"source": {"path": "/a/sim", **sim}})
    keep_extra(run, {"pairs": {"path": "/a/pairs", **sim}, "unlabelled": None})
    moved = {"path": "/b/sim", **sim}
    assert open_run(run, {"source": moved}) == run
    keep_extra(run, {"pairs": moved})
    for change in ({"images": 9}, {"labelled": False}, {"fingerprint": "f" * 16}):
        with pytest.raises(CrossgapError, match=r'source is "/a/sim \(1,200 images, fingerprint .* here\.'):
            open_run(run, {"source": moved | change})
        with pytest.raises(CrossgapError, match=r'pairs is "/a/pairs .* there, "/b/sim \('):
            keep_extra(run, {"pairs": moved | change})
    with pytest.raises(CrossgapError, match=r"unlabelled is none there, .*/b/sim"):
        keep_extra(run, {"unlabelled": moved})


def test_a_run_of_before_has_its_data_sets_as_text(tmp_path: Path) -> None:
    about = "/a (1)/sim (1,200 images without labels, fingerprint 0123456789abcdef)"
    write_json(tmp_path / "config.json", {"source": about})
    data = {"path": "/b", "images": 1200, "labelled": False, "fingerprint": "0123456789abcdef"}
    assert open_run(tmp_path, {"source": data}) == tmp_path
    with pytest.raises(CrossgapError, match=r'source is "/a \(1\)/sim .* there, "/b \(1,200 images, fing'):
        open_run(tmp_path, {"source": data | {"labelled": True}})


def test_threads_are_kept_and_a_line_says_where_they_change(tmp_path: Path, capsys, monkeypatch) -> None:
    run = open_run(tmp_path / "2020-01-01" / "10-00-00_demo", CONFIG)
    begun = torch.get_num_threads()
    assert read_json(run / "config.json")["threads"] == begun
    assert find_run("demo", CONFIG, tmp_path) == run
    assert "threads" not in capsys.readouterr().err
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    assert find_run("demo", CONFIG, tmp_path) == open_run(run, CONFIG) == run
    told = " ".join(capsys.readouterr().err.split())
    assert told.count(f"was begun on {begun} threads and goes on with 7") == 2
    start(run)
    assert provenance(run)["threads"] == 7
    assert read_json(open_run(tmp_path / "other", CONFIG, threads=2) / "config.json")["threads"] == 2


def test_find_run_makes_a_new_one_for_anything_else(tmp_path: Path) -> None:
    old = open_run(tmp_path / "2020-01-01" / "10-00-00_demo", CONFIG)
    fresh = find_run("demo", CONFIG, tmp_path, fresh=True)
    other_name = find_run("taskgan", CONFIG, tmp_path)
    shutil.rmtree(fresh)
    other_config = find_run("demo", {**CONFIG, "seed": 1}, tmp_path)
    assert old not in {fresh, other_name, other_config}
    assert other_name not in {fresh, other_config}


def test_times_add_up_over_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.5, 10.0, 12.0, 20.0, 20.25])
    monkeypatch.setattr("crossgap.core.runs.time.monotonic", lambda: next(clock))
    for stage in ("train", "train", "evaluate"):
        with timed(tmp_path, stage):
            pass
    assert read_times(tmp_path) == {"train": 3.5, "evaluate": 0.25}


def test_provenance_names_every_commit_that_worked_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 112.0, 200.0, 300.0, 305.5])
    monkeypatch.setattr("crossgap.core.runs.time.time", lambda: next(clock))
    commits = iter(["aaa", "bbb", "ccc"])
    monkeypatch.setattr("crossgap.core.runs._commit", lambda: next(commits))
    monkeypatch.setattr("sys.argv", ["/usr/bin/crossgap", "demo", "--seed", "3"])
    start(tmp_path, preset="quick")
    with timed(tmp_path, "train"):
        pass
    monkeypatch.setattr("sys.argv", ["/usr/bin/crossgap", "demo"])
    start(tmp_path, preset="quick")  # killed before it finished a stage
    start(tmp_path, preset="quick")
    with timed(tmp_path, "evaluate"):
        pass
    with (tmp_path / "times.jsonl").open("a") as file:
        file.write('{"stage": "ora')  # killed while it wrote
    found = provenance(tmp_path)
    assert {"commit", "command", "preset", "machine", "versions", "started", "wall_s"} <= set(found)
    assert (found["command"], found["preset"]) == ("crossgap demo --seed 3, then crossgap demo", "quick")
    assert found["commit"] == "aaa, then ccc"
    assert found["wall_s"] == 12.0 + 5.5
    assert found["machine"]["cores"] >= 1
    assert {"python", "torch", "mujoco", "crossgap"} <= set(found["versions"])


@contextmanager
def another_process(code: str, path: Path) -> Iterator[None]:
    """Runs `code` on `path`, and lives until the block ends; then it is killed."""
    code = f"import sys; from pathlib import Path; path = Path(sys.argv[1]); {code}"
    command = [sys.executable, "-c", f"{code}; print('done', flush=True); sys.stdin.read()", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "done\n"
        try:
            yield
        finally:
            other.kill()


def test_a_run_is_one_process_s_at_a_time(tmp_path: Path) -> None:
    open_run(tmp_path / "run", CONFIG)
    code = "from crossgap.core.runs import lock_run; lock_run(path)"
    with (
        another_process(code, tmp_path / "run"),
        pytest.raises(CrossgapError, match=r"Another process is working on .*run"),
    ):
        lock_run(tmp_path / "run")
    lock_run(tmp_path / "run")


def test_the_command_is_kept_without_the_folders_it_wrote_to(tmp_path: Path, monkeypatch) -> None:
    words = ["crossgap", "reproduce", "taskgan", "--output", "/home/me/run", "--seeds", "3", "--results=/x"]
    monkeypatch.setattr("sys.argv", words)
    start(tmp_path)
    assert provenance(tmp_path)["command"] == "crossgap reproduce taskgan --seeds 3"


def shared_stage(folder: Path, quiet: bool) -> str:
    """A part of an experiment that asks for what another part asks for at the same time."""
    path = folder / "shared" / "data.json"

    def make() -> None:
        with (folder / "makers").open("a") as file:
            file.write("one\n")
        time.sleep(0.5)  # the other one asks meanwhile
        with alone(path):  # what makes a thing may look for it
            write_json(path, "made")

    made_once(path, make, folder, "collect")
    return read_json(path)


def test_what_two_processes_want_is_made_by_one_while_the_other_waits(tmp_path: Path) -> None:
    assert list(in_parallel(shared_stage, [(tmp_path,), (tmp_path,)], 2, "parts")) == ["made", "made"]
    assert (tmp_path / "makers").read_text() == "one\n"
    assert list(read_times(tmp_path)) == ["collect"]


def test_a_killed_maker_lets_go(tmp_path: Path) -> None:
    with another_process(
        "from crossgap.base.files import alone; held = alone(path); held.__enter__()", tmp_path / "model"
    ):
        lock = FileLock(tmp_path / ".model.lock", blocking=False)
        with pytest.raises(Timeout):
            lock.acquire()
    made_once(tmp_path / "model", lambda: write_json(tmp_path / "model", 1), tmp_path, "train")
    assert read_json(tmp_path / "model") == 1


def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CrossgapError, match=r"Could not write .*file/model: "):
        made_once(tmp_path / "file" / "model", lambda: None, tmp_path, "train")


KEEPER = """
from pathlib import Path
from crossgap.core.runs import keep_extra

ready()
for number in range(40):
    keep_extra(Path(sys.argv[1]), {f"{sys.argv[2]}_{number}": number})
"""


def test_what_two_processes_keep_of_a_run_is_all_kept(tmp_path: Path, at_once) -> None:
    at_once(KEEPER, (tmp_path, "a"), (tmp_path, "b"))
    found = read_json(tmp_path / "extra.json")
    assert found == {f"{name}_{number}": number for name in "ab" for number in range(40)}


@pytest.mark.parametrize("content", ["[]", "null", '"x"', "3", "{", ""])
def test_a_damaged_configuration_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    for read in (lambda: open_run(tmp_path, CONFIG), lambda: read_run(tmp_path)):
        with pytest.raises(CrossgapError, match=rf"config\.json is .*, or delete {tmp_path} to run it anew"):
            read()


@pytest.mark.parametrize("change", [{"preset": 3}, {"look": None}, {"seed": "0"}, {"settings": []}])
def test_a_setting_of_another_shape_is_named(tmp_path: Path, change: dict) -> None:
    run = {"experiment": "demo", "preset": "smoke", "look": "target_b", "seed": 0, "settings": {}}
    write_json(tmp_path / "config.json", run)
    assert read_run(tmp_path) == run
    write_json(tmp_path / "config.json", run | change)
    (key,) = change
    with pytest.raises(CrossgapError, match=rf"config\.json is damaged: '{key}' is .*, expected"):
        read_run(tmp_path)


def test_damaged_notes_of_a_run_are_named(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match=r"starts\.jsonl says of no start.*run the command again"):
        provenance(tmp_path)
    start(tmp_path)
    (tmp_path / "times.jsonl").write_text('{"stage": "train", "seconds": "1", "time": 0}\n')
    for read in (provenance, read_times):
        with pytest.raises(CrossgapError, match=r"times\.jsonl, line 1, is damaged: 'seconds' is \"1\", exp"):
            read(tmp_path)
    with (tmp_path / "starts.jsonl").open("a") as file:
        file.write("[]\n")
    with pytest.raises(CrossgapError, match=r"starts\.jsonl, line 2, is damaged: it is a list, expected an"):
        provenance(tmp_path)
    (tmp_path / "extra.json").write_text("[]")
    with pytest.raises(
        CrossgapError, match=r"extra\.json is damaged: it is a list, expected an object\. Del"
    ):
        keep_extra(tmp_path, {"a": 1})
    (tmp_path / "metrics.jsonl").write_text(
        '{"phase": "a", "step": 1, "loss": NaN}\n{"phase": "a", "step": {}}\n'
    )
    with pytest.raises(CrossgapError, match=r"metrics\.jsonl, line 2, is damaged: 'step' is an object, exp"):
        read_metrics(tmp_path)


def test_a_run_on_a_disk_that_cannot_be_written(tmp_path: Path, no_space) -> None:
    no_space(FileLock, "acquire")
    with pytest.raises(CrossgapError, match=rf"Could not lock {tmp_path}: No space left on device"):
        lock_run(tmp_path)


def test_a_record_that_is_no_data_set_s_is_another_one(tmp_path: Path) -> None:
    data = {"images": 9, "labelled": True, "fingerprint": "0" * 16}
    for number, change in enumerate(({"images": "x"}, {"images": None}, {"fingerprint": 3})):
        old = tmp_path / f"2020-01-0{number + 1}" / "10-00-00_demo"
        old.mkdir(parents=True)
        (old / "config.json").write_text(json.dumps({"source": data | change}))
        with pytest.raises(CrossgapError, match=rf"another run: source\.{next(iter(change))} is "):
            open_run(old, {"source": data})
    assert find_run("demo", {"source": data}, tmp_path).parent.name > "2021"


def test_folders_are_named_as_they_are(tmp_path: Path, capsys) -> None:
    root = tmp_path / "[old]" / "[/old] :car:"
    bad = root / "2020-01-01" / "10-00-00_demo" / "config.json"
    bad.parent.mkdir(parents=True)
    bad.write_text("[]")
    find_run("demo", CONFIG, root)
    assert f"remove {bad.parent} to be rid of it" in capsys.readouterr().err
