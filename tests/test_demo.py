"""The demo, killed and left alone."""

import json
import signal
import subprocess
import sys
import time

import pytest

from crossgap.commands import demo
from crossgap.experiments.taskgan.trial import TaskGANTrial


def start(folder):
    command = [sys.executable, "-m", "crossgap", "demo", "--preset", "smoke", "--output", str(folder)]
    return subprocess.Popen(
        [*command, "--device", "cpu"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def figures(folder):
    found = json.loads((folder / "results.json").read_text())
    assert {row.pop("run") for row in found["rows"]} == {found["provenance"]["run"]}
    return found["rows"]


MOMENTS = (
    "seed_0/source/data/.source.partial",
    "seed_0/source/checkpoints/source_only",
    "seed_0/target_b/evaluation/source_only.json",
    "seed_0/target_b/checkpoints/taskgan_inverse",
    "seed_0/target_b/models/taskgan_inverse_refined",
)


@pytest.mark.slow
def test_a_demo_killed_at_five_moments_ends_with_the_same_figures(tmp_path):
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    assert start(alone).wait() == 0
    for moment in MOMENTS:
        demo = start(killed)
        while not (killed / moment).exists():
            assert demo.poll() is None, f"it ended before {moment}"
            time.sleep(0.01)
        demo.send_signal(signal.SIGKILL)
        demo.wait()
        assert not (killed / "results.json").exists()
    assert start(killed).wait() == 0
    assert figures(killed) == figures(alone)
    assert (killed / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_a_finished_stage_is_not_done_twice(tmp_path):
    assert start(tmp_path / "run").wait() == 0
    models = sorted((tmp_path / "run").rglob("*.safetensors"))
    before = [path.stat().st_mtime_ns for path in models]
    assert start(tmp_path / "run").wait() == 0
    assert [path.stat().st_mtime_ns for path in models] == before


def test_results_are_of_the_newest_figures(tmp_path, monkeypatch):
    rows = [{"value": 0.1}]
    monkeypatch.setattr(TaskGANTrial, "run", lambda _: rows)
    monkeypatch.setattr(demo, "write_report", lambda _, path: path)
    for value in (0.1, 0.2):  # a model was trained anew meanwhile
        rows[0]["value"] = value
        demo.run_demo("target_b", "smoke", 0, tmp_path / "run", False, "cpu", "32-true")
        assert figures(tmp_path / "run") == [{"value": value}]
    assert json.loads((tmp_path / "run" / "results.json").read_text())["provenance"]["commit"]
