"""What a run has written, read back from a disk that has damaged it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crossgap.base.files import read_arrays
from crossgap.commands.report import report_again
from crossgap.errors import CrossgapError
from crossgap.experiments.taskgan.presets import get_preset
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.rl.replay import Episode, read_episodes, write_episodes

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "end": lambda content: content[:-1],
    "text": lambda content: b"[]",
    "data": lambda content: content[:200] + b"\xff\xff" + content[202:],
    "method": lambda content: re.sub(rb"(?s)(PK\x01\x02.{6})\x08", b"\\1c", content),
    "directory": lambda content: content.replace(b"PK\x01\x02", b"PK\x09\x09"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.random.default_rng(0).integers(0, 255, (9, 99), np.uint8))
    assert read_arrays(path, ["a"], "")[0].shape == (9, 99)
    content = path.read_bytes()
    path.write_bytes(DAMAGES[damage](content))
    assert path.read_bytes() != content
    with pytest.raises(CrossgapError, match=rf"{path} is damaged \(.*\)\. Do this\."):
        read_arrays(path, ["a"], "Do this.")


def test_a_missing_file_a_missing_array_and_a_folder(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros(1))
    for path, name, problem in (
        ("b.npz", "a", "No .*b.npz"),
        ("a.npz", "b", "damaged"),
        ("", "a", "damaged"),
    ):
        with pytest.raises(CrossgapError, match=rf"{problem}.* Do this\."):
            read_arrays(tmp_path / path, [name], "Do this.")


def test_episodes_of_which_parts_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "run" / "replay" / "00000.npz"
    write_episodes(path, [Episode(*(np.zeros((n, 3), np.float32) for n in (3, 3, 3, 2, 2)))])
    (episode,) = read_episodes(path)
    with np.load(path) as file:
        parts = dict(file)
    np.savez(path, **{**parts, "states": np.concatenate([parts["states"]] * 2)})
    with pytest.raises(
        CrossgapError, match=rf"{path} is damaged: .* Delete {tmp_path / 'run'} to train again"
    ):
        read_episodes(path)
    assert episode.goal.shape == (2, 3)


def test_recorded_images_say_what_to_delete(tmp_path: Path, fabric) -> None:
    experiment = TaskGANTrial(tmp_path, get_preset("smoke"), "target_b", 0, fabric)
    path = experiment.frames_path("oracle")
    again = f"Delete {experiment.evaluation_path('oracle')} to have its episodes played again"
    with pytest.raises(CrossgapError, match=rf"No {path}\. {again}"):
        experiment.frames("oracle")
    path.parent.mkdir(parents=True)
    np.savez(path, frames=np.zeros((2, 3, 8, 8, 3), np.uint8))
    assert experiment.frames("oracle").shape == (2, 3, 8, 8, 3)
    np.savez(path, frames=np.zeros((2, 3), np.float32))
    with pytest.raises(CrossgapError, match=rf"{path} is damaged: frames are \(2, 3\) float32.* {again}"):
        experiment.frames("oracle")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("oracle.json", "[]"),
        ("oracle.json", '{"aggregate": {}}'),
        ("oracle.json", '{"aggregate": {"success": 1}, "episodes": []}'),
        ("oracle.json", '{"aggregate": {}, "episodes": [{"seed": 1, "success": 1}]}'),
        ("images/oracle.json", '{"held_out_mse": {"value": "x"}}'),
        ("images/oracle.json", "null"),
    ],
)
def test_damaged_evaluations_say_what_to_delete(tmp_path: Path, fabric, name: str, content: str) -> None:
    experiment = TaskGANTrial(tmp_path, get_preset("smoke"), "target_b", 0, fabric)
    folder = experiment.evaluation_path("oracle").parent
    (folder / "images").mkdir(parents=True)
    (folder / "oracle.json").write_text('{"aggregate": {}, "episodes": []}')
    (folder / name).write_text(content)
    with pytest.raises(
        CrossgapError, match=rf"evaluation .*{name} is damaged: .* Delete .*{name} to have it"
    ):
        experiment.evaluate("oracle")


@pytest.mark.parametrize("content", ["[]", "{}", '{"gain": "0.1"}'])
def test_a_damaged_gain_says_what_to_delete(tmp_path: Path, fabric, content: str) -> None:
    experiment = TaskGANTrial(tmp_path, get_preset("smoke"), "target_b", 0, fabric)
    experiment.source_folder.mkdir(parents=True)
    (experiment.source_folder / "gain.json").write_text(content)
    with pytest.raises(
        CrossgapError, match=r"gain .*gain\.json is damaged: .* Delete .*gain\.json to have it"
    ):
        _ = experiment.gain


@pytest.mark.parametrize("settings", [{}, {"config": 3}, {"config": {"networks": {"task_norm": 3}}}])
def test_a_run_of_other_settings_than_the_preset_s_has_no_report(tmp_path: Path, settings: dict) -> None:
    about = {"experiment": "demo", "preset": "smoke", "look": "target_b", "seed": 0, "settings": settings}
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(CrossgapError, match=f"Preset 'smoke' has changed since {tmp_path} was run"):
        report_again(tmp_path, None, None, None)
