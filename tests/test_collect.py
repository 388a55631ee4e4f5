"""Data sets collected from the simulation: true pairs, kills, and what is refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossgap.base.files import write_json
from crossgap.collection import Collection
from crossgap.data import read_folder
from crossgap.data.folder import ABOUT
from crossgap.errors import CrossgapError
from crossgap.experiments.mico.presets import MICO_PRESETS
from crossgap.experiments.mico.trial import MicoTrial
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.simulation.collect import collect
from crossgap.simulation.reach3 import kinematics

SMALL = Collection("source", episodes=3, steps=4, size=24, seed=7)


def test_equal_seeds_give_true_pairs_in_two_looks(tmp_path: Path) -> None:
    a, b, other = (
        read_folder(collect(collection, tmp_path / name, workers=1))
        for name, collection in (
            ("a", SMALL), ("b", replace(SMALL, look="target_b")), ("other", replace(SMALL, seed=8)),
        )
    )  # fmt: skip
    np.testing.assert_array_equal(a.labels, b.labels)
    assert not np.array_equal(a.labels, other.labels)
    assert (a.images != b.images).mean() > 0.5
    assert a.images.shape == (12, 24, 24, 3)
    assert a.episodes.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_collected_labels_are_the_demonstrator_s(tmp_path: Path) -> None:
    data = read_folder(collect(SMALL, tmp_path / "a", workers=1))
    assert data.label_names == ("joint_velocity_1", "joint_velocity_2", "joint_velocity_3")
    distance = np.abs(data.labels).sum(1).reshape(3, 4)  # the L1 norm is the tip–target distance
    assert (distance[:, 0] > kinematics.SUCCESS_DISTANCE).any()
    np.testing.assert_allclose(distance[:, -1], 0, atol=1e-6)


KILLED = """
import multiprocessing, os, signal, sys
from crossgap.collection import Collection
from crossgap.simulation.collect import collect

def track(items, description, total):
    for done, item in enumerate(items, 1):
        yield item
        if done == 2:  # of five chunks
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    collect(Collection("target_c", episodes=60, steps=4, size=24, seed=7), sys.argv[1], 2, track)
"""


def test_a_killed_collection_goes_on_and_equals_one_left_alone(tmp_path: Path, python, all_end, tree) -> None:
    collection = Collection("target_c", episodes=60, steps=4, size=24, seed=7)
    killed = python(KILLED, tmp_path / "killed")
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "killed").exists()
    partial = tmp_path / ".killed.partial"
    assert partial.exists()
    assert all_end([int(pid) for pid in killed.stdout.split()]), "orphans would write on beside the next run"
    table = partial / "labels-000000.csv"
    done_before = table.stat().st_mtime_ns
    kept = []

    def track(items, description, total):
        kept.append((total, table.stat().st_mtime_ns))
        return items

    collect(collection, tmp_path / "killed", track=track)
    ((chunks, time_of_first),) = kept
    assert chunks <= 3  # the two that were done are not done twice
    assert time_of_first == done_before
    alone = collect(collection, tmp_path / "alone", workers=1)
    assert tree(tmp_path / "killed") == tree(alone)
    assert {path.name for path in tmp_path.iterdir()} == {"killed", "alone"}


def test_a_finished_collection_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(SMALL, tmp_path / "a", workers=1)
    monkeypatch.setattr(sys.modules["crossgap.simulation.collect"], "_collect_chunks", None)
    assert collect(SMALL, tmp_path / "a") == tmp_path / "a"


def test_of_two_collections_into_one_folder_the_second_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, collected = sys.modules["crossgap.simulation.collect"], []
    second = threading.Thread(target=lambda: collected.append(collect(SMALL, tmp_path / "a", workers=1)))
    chunks, begun = module._collect_chunks, []

    def track(items, description, total):
        second.start()  # in the middle of the first
        return items

    monkeypatch.setattr(module, "_collect_chunks", lambda *job: (begun.append(job), chunks(*job)))
    collected.append(collect(SMALL, tmp_path / "a", 1, track))
    second.join()
    assert collected == [tmp_path / "a"] * 2
    assert len(begun) == 1
    assert len(read_folder(tmp_path / "a")) == 12
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_the_rest_of_another_collection_is_thrown_away(tmp_path: Path, tree) -> None:
    collect(SMALL, tmp_path / "a", workers=1)
    collect(replace(SMALL, seed=8), tmp_path / "b", workers=1)
    shutil.move(tmp_path / "b", tmp_path / ".c.partial")
    collect(SMALL, tmp_path / "c", workers=1)
    assert tree(tmp_path / "a") == tree(tmp_path / "c")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, tree) -> None:
    collect(SMALL, tmp_path / "a", workers=1)
    before = tree(tmp_path)
    with pytest.raises(CrossgapError, match=r"a holds another collection \(seed 7 there, 9 here\)\. Choose"):
        collect(replace(SMALL, seed=9), tmp_path / "a")
    (tmp_path / "b").mkdir()
    with pytest.raises(CrossgapError, match=r"b exists and is not a collected data set"):
        collect(SMALL, tmp_path / "b")
    (tmp_path / "c").touch()
    for path in (tmp_path / "c", tmp_path / "c" / "d"):
        with pytest.raises(CrossgapError, match=r"c is a file|Could not write"):
            collect(SMALL, path)
    (tmp_path / "c").unlink()
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"look": "marble"}, "Look 'marble' not found. Available: .*source"),
        ({"randomization": "wild"}, "Randomization 'wild' not found. Available: .*none"),
        ({"episodes": -3}, "--episodes must be at least 1; got -3"),
        ({"steps": 1}, "--steps must be at least 2; got 1"),
        ({"size": 0}, "--size must be at least 1; got 0"),
        (
            {"steps": 2800, "size": 300},
            "would have 252,000,000 pixels. Expected at most 250,000,000: 2,777 steps",
        ),
        ({"per_frame": True}, "--per-frame needs --randomization, such as full"),
    ],
)
def test_a_collection_that_cannot_be(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        collect(replace(SMALL, **change), tmp_path / "a", workers=1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_of_a_collection(full_disk: Path) -> None:
    with pytest.raises(CrossgapError, match=r"Could not write .*: No space left on device"):
        collect(replace(SMALL, episodes=60, size=64), full_disk / "a", workers=2)
    assert list(full_disk.iterdir()) == []


def test_an_experiment_refuses_another_one_s_images(tmp_path: Path, fabric) -> None:
    for experiment in (
        TaskGANTrial(tmp_path / "arm", PRESETS["smoke"], "target_b", 0, fabric, quiet=True),
        MicoTrial(tmp_path / "mico", MICO_PRESETS["smoke"], 0, fabric, quiet=True),
    ):
        there = experiment.source_folder / "data" / "source"
        there.mkdir(parents=True)
        write_json(there / ABOUT, {"episodes": 4444})
        with pytest.raises(CrossgapError, match=r"source holds another collection \(.*episodes 4444 there"):
            experiment.source  # noqa: B018 (read when asked for)
        assert not list(experiment.root.glob("times.jsonl"))  # nothing was made


def heed_interrupts() -> None:
    """A test that runs in the background of a shell inherits that interrupts are ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_interrupted_twice_it_ends_and_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crossgap", "collect", tmp_path / "data", "--episodes", "20000"]
    started = subprocess.Popen(
        [*map(str, command), "--workers", "2"], stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=heed_interrupts,
    )  # fmt: skip
    while not list(tmp_path.glob(".data.partial/images/*")):
        assert started.poll() is None
        time.sleep(0.05)
    for _ in range(2):  # as a terminal does, to all of them
        os.killpg(started.pid, signal.SIGINT)
        time.sleep(0.2)
    _, said = started.communicate(timeout=300)
    assert started.returncode in (130, -signal.SIGINT)
    assert "interrupted" in said or started.returncode == -signal.SIGINT
    for _ in range(600):
        try:
            os.killpg(started.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a process lives on")
