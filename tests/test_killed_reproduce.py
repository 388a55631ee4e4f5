"""`crossgap reproduce`, killed with all its workers when the first part is done, and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crossgap.experiments.engine.schema import check_results

EXPERIMENTS = {
    "taskgan": ("--looks", "target_a", "target_b", "--methods", "target_only", "taskgan_inverse_refined"),
    "mico": ("--methods", "target_only", "taskgan_inverse_refined"),
    "digits": ("--looks", "mnist_m", "--methods", "target_only", "taskgan_inverse_refined", "--seeds", "3"),
    "budget": ("--methods", "fine_tuned", "taskgan_inverse_refined"),
    "task_weight": (),
}


def start(experiment: str, folder: Path) -> subprocess.Popen:
    command = [
        sys.executable, "-m", "crossgap", "reproduce", experiment, "--preset", "smoke", "--workers", "2",
        "--device", "cpu", "--output", str(folder / "run"), "--results", str(folder / "results"),
        *EXPERIMENTS[experiment],
    ]  # fmt: skip
    with (folder / "log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def rows(folder: Path, experiment: str) -> list[dict]:
    path = folder / "results" / experiment / "smoke.json"
    check_results(path)
    found = [{**row, "run": ""} for row in json.loads(path.read_text())["rows"]]
    return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))


@pytest.mark.parametrize(
    "experiment",
    [pytest.param(name, marks=() if name == "task_weight" else pytest.mark.slow) for name in EXPERIMENTS],
)
def test_a_killed_reproduce_ends_with_the_same_rows(experiment: str, tmp_path: Path) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    for folder in (alone, killed):
        folder.mkdir()
    assert start(experiment, alone).wait() == 0, (alone / "log").read_text()

    run = start(experiment, killed)
    while not (killed / "results" / experiment / "smoke.json").exists():
        assert run.poll() is None, (killed / "log").read_text()
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert len(rows(killed, experiment)) < len(rows(alone, experiment))
    done = (killed / "run").rglob("models/[!.]*/*.safetensors")  # .name.partial was being written
    models = {path: path.stat().st_mtime_ns for path in done}
    assert models
    assert start(experiment, killed).wait() == 0, (killed / "log").read_text()
    assert rows(killed, experiment) == rows(alone, experiment)
    assert {path: path.stat().st_mtime_ns for path in models} == models  # what was done was not done again
