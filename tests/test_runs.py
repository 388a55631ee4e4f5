"""Run folders: one run each, gone on with by its own settings alone."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from crossgap.config import PRESETS
from crossgap.errors import CrossgapError
from crossgap.runs import find_run, open_run, origin, provenance, read_times, timed

CONFIG = {"preset": asdict(PRESETS["smoke"]), "seed": 0}  # has tuples in it, which JSON has not


def test_a_run_is_gone_on_with_by_the_same_settings(tmp_path: Path) -> None:
    folder = open_run(tmp_path / "a" / "run", CONFIG)
    (folder / "metrics.jsonl").touch()
    assert open_run(folder, CONFIG) == folder


def test_another_run_s_folder_says_what_differs(tmp_path: Path, tree) -> None:
    open_run(tmp_path / "run", CONFIG)
    before = tree(tmp_path)
    with pytest.raises(CrossgapError, match=r"run holds another run: extra, seed differ\. Choose another"):
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
    with pytest.raises(CrossgapError, match="mine is not empty and not a run"):
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
    monkeypatch.setattr("crossgap.runs.time.monotonic", lambda: next(clock))
    for stage in ("train", "train", "evaluate"):
        with timed(tmp_path, stage):
            pass
    assert read_times(tmp_path) == {"train": 3.5, "evaluate": 0.25}


def test_provenance_is_of_the_first_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = '{"stage": "train", "seconds": 12.25}\n{"stage": "evaluate", "seconds": 0.1}\n'
    (tmp_path / "times.jsonl").write_text(rows + '{"stage": "ora')  # killed while it wrote
    monkeypatch.setattr("sys.argv", ["/usr/bin/crossgap", "demo", "--seed", "3"])
    origin(tmp_path, "quick")
    monkeypatch.setattr("sys.argv", ["/usr/bin/crossgap", "demo"])
    origin(tmp_path, "quick")  # started again after a kill
    found = provenance(tmp_path)
    assert {"commit", "command", "preset", "machine", "versions", "started", "wall_s"} <= set(found)
    assert (found["command"], found["preset"]) == ("crossgap demo --seed 3", "quick")
    assert found["wall_s"] == pytest.approx(12.35, abs=0.06)
    assert found["machine"]["cores"] >= 1
    assert {"python", "torch", "mujoco", "crossgap"} <= set(found["versions"])
