"""`crossgap translate` of recordings: images of the chosen cameras change, every other byte stays."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.cli import main
from crossgap.data import LabelScale
from crossgap.data.folder import read_recording
from crossgap.data.frames import read_frames
from crossgap.deploy.adapted import AdaptedModel
from crossgap.networks import register_network

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

from crossgap.data.lerobot import LeRobotWriter

SIZE = 24
FRONT, WRIST, STATE = "observation.images.front", "observation.images.wrist", "observation.state"
LEVELS = ((0, 51, 102), (204, 153), (255, 204, 0, 51))
"""Grey of each frame of each episode, in front; a negative of level g is 1 − g / 127.5 bright."""


@register_network
class Reverse(nn.Module):
    """A translator that is known: white becomes black."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(-1.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * self.factor


@register_network
class Lit(nn.Module):
    """A task model that is known: the mean of an image, from -1 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(1.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.factor * images.mean((1, 2, 3))[:, None]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    scale = LabelScale((0.0,), (1.0,))
    AdaptedModel(Lit(), scale, ("bright",), SIZE, Reverse(), "negative").save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def crossgap(monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """`crossgap(arguments…)`: exit code of `crossgap translate`, and what it said."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", "translate", *map(str, arguments), "--device", "cpu"])
        try:
            main()
        except SystemExit as left:
            return int(left.code or 0), " ".join(capsys.readouterr().err.split())
        return 0, " ".join(capsys.readouterr().err.split())

    return run


def frames(levels: tuple[int, ...], size: tuple[int, int] = (SIZE, SIZE)) -> np.ndarray:
    return np.stack([np.full((*size, 3), level, np.uint8) for level in levels])


def lerobot(root: Path, storage: str = "image", wrist: tuple[int, int] = (16, 32)) -> Path:
    """Three episodes of two tasks; in the second one the action is not how bright a negative is."""
    with LeRobotWriter(root, 10, {"action": ["bright"], STATE: None}, (FRONT, WRIST), storage, "arm") as to:
        for episode, levels in enumerate(LEVELS):
            bright = 1 - np.array(levels)[:, None] / 127.5 + (episode == 1)
            state = np.random.default_rng(episode).normal(size=(len(levels), 3))
            given = {FRONT: frames(levels), WRIST: frames(levels, wrist)}
            to.add_episode({"action": bright.astype(np.float32), STATE: state}, given, f"task {episode % 2}")
    (root / "README.md").write_text("mine")
    return root


def seen(path: Path, camera: str) -> np.ndarray:
    recording = read_recording(path)
    assert recording is not None
    return np.stack(list(read_frames(recording.cameras[camera])))


def numbers(path: Path, columns: list[str] | None = None) -> dict:
    """All columns of all files of rows, but images."""
    import pyarrow.parquet as parquet

    found: dict = {}
    for file in sorted((path / "data").rglob("*.parquet")):
        table = parquet.read_table(file)
        for name in table.column_names:
            if "images" not in name and (columns is None or name in columns):
                found.setdefault(name, []).extend(table.column(name).combine_chunks().to_pylist())
    return found


@pytest.mark.parametrize("storage", ["image", "h264"])
def test_a_lerobot_set_keeps_all_but_the_images_that_fit(crossgap, model, tmp_path, tree, storage) -> None:
    data = lerobot(tmp_path / "data", storage)
    code, said = crossgap(model, data, tmp_path / "out")
    assert code == 0, said
    assert f"9 frames of {FRONT} translated" in said
    assert f"{WRIST} is there as it was: {data / WRIST}: 32×16 pixels, the model takes 24×24" in said
    flat = [level for levels in LEVELS for level in levels]
    found = seen(tmp_path / "out", FRONT).astype(int)
    assert found.shape == (9, SIZE, SIZE, 3)
    assert np.abs(found - (255 - frames(tuple(flat)).astype(int))).max() <= (0 if storage == "image" else 3)
    assert np.array_equal(seen(tmp_path / "out", WRIST), seen(data, WRIST))
    before, after = tree(data), tree(tmp_path / "out")
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    films = {f"videos/{FRONT}/chunk-000/file-000.mp4"}
    rows = films if storage == "h264" else {"data/chunk-000/file-000.parquet"}
    about = {"meta/stats.json", "meta/episodes/chunk-000/file-000.parquet"}
    assert changed - {"meta/info.json"} == rows | about, "all other files are the same"
    assert numbers(data) == numbers(tmp_path / "out")
    stats = json.loads((tmp_path / "out" / "meta" / "stats.json").read_text())
    of_negatives = np.mean([1 - level / 255 for level in flat])
    assert np.ravel(stats[FRONT]["mean"]) == pytest.approx([of_negatives] * 3, abs=0.01)
    assert stats["action"] == json.loads((data / "meta" / "stats.json").read_text())["action"]


def test_the_cameras_that_are_named_at_the_size_of_the_model(crossgap, model, tmp_path) -> None:
    data = lerobot(tmp_path / "data")
    code, said = crossgap(model, data, tmp_path / "out", "--camera", "wrist", "--resize")
    assert code == 0, said
    assert f"There as they were, for --camera does not name them: {FRONT}" in said
    assert seen(tmp_path / "out", WRIST).shape == (9, SIZE, SIZE, 3)
    assert seen(tmp_path / "out", WRIST)[0].mean() == 255
    assert np.array_equal(seen(tmp_path / "out", FRONT), seen(data, FRONT))
    info = json.loads((tmp_path / "out" / "meta" / "info.json").read_text())
    assert info["features"][WRIST]["shape"] == [SIZE, SIZE, 3]
    assert info["features"][FRONT]["shape"] == [SIZE, SIZE, 3]


@pytest.mark.parametrize("storage", ["image", "h264"])
def test_whole_episodes_are_left_out(crossgap, model, tmp_path, storage) -> None:
    """In the second episode every label is 1 too large: an error of 1 in every frame, of 0 elsewhere."""
    data = lerobot(tmp_path / "data", storage)
    code, said = crossgap(model, data, tmp_path / "out", "--reject-above", "0.1")
    assert code == 0, said
    assert "Yield: 2 of 3 episodes (7 of 9 frames)" in said
    found, before = read_recording(tmp_path / "out"), read_recording(data)
    assert found is not None
    assert before is not None
    stay = np.array([0, 1, 2, 5, 6, 7, 8])
    assert found.episodes.tolist() == [0, 0, 0, 1, 1, 1, 1]
    for key in ("action", STATE):
        assert found.features[key].values.tobytes() == before.features[key].values[stay].tobytes()
    assert found.task_indices is not None
    assert [found.tasks[task] for task in found.task_indices] == ["task 0"] * 7
    levels = frames((0, 51, 102, 255, 204, 0, 51)).astype(int)
    assert np.abs(seen(tmp_path / "out", FRONT) - (255 - levels)).max() <= 3
    assert np.abs(seen(tmp_path / "out", WRIST).mean((1, 2, 3)) - levels.mean((1, 2, 3))).max() <= 3
    told = numbers(tmp_path / "out", ["index", "timestamp", "frame_index"])
    assert told["index"] == list(range(7))
    assert told["frame_index"] == [0, 1, 2, 0, 1, 2, 3]
    assert told["timestamp"] == pytest.approx([0, 0.1, 0.2, 0, 0.1, 0.2, 0.3])
    info = json.loads((tmp_path / "out" / "meta" / "info.json").read_text())
    assert (info["total_episodes"], info["total_frames"]) == (2, 7)
    stats = json.loads((tmp_path / "out" / "meta" / "stats.json").read_text())
    assert stats["index"]["max"] == [6]


def test_what_cannot_be_translated_leaves_nothing(crossgap, model, tmp_path) -> None:
    data = lerobot(tmp_path / "data", wrist=(SIZE, SIZE))
    for more, told in (
        (["--camera", "top"], "no camera 'top'"),
        (["--reject-above", "0.1"], "looks at one of the 2 cameras"),
    ):
        code, said = crossgap(model, data, tmp_path / "out", *more)
        assert code == 2, said
        assert told in said
    other = AdaptedModel(None, None, (), 32, Reverse(), "negative")
    other.save(tmp_path / "other")
    code, said = crossgap(tmp_path / "other", data, tmp_path / "out")
    assert code == 2
    assert "24×24 pixels, the model takes 32×32" in said
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def hdf5(path: Path) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.attrs["env"] = "lift"
        for number, levels in enumerate(LEVELS):
            demo = file.create_group(f"data/demo_{number}")
            demo.attrs["num_samples"] = len(levels)
            bright = 1 - np.array(levels)[:, None] / 127.5 + (number == 1)
            demo["actions"], demo["states"] = bright, np.random.default_rng(number).normal(size=(3, 7))
            for group in ("obs", "next_obs"):
                demo.create_dataset(f"{group}/front", data=frames(levels), compression="gzip")
                demo[f"{group}/joints"] = np.full((len(levels), 3), number, np.float32)
                demo[f"{group}/depth"] = np.full((len(levels), 16, 24, 1), number, np.float32)
        file["data"].attrs["total"] = 9
        file["mask/train"] = np.array([b"demo_0", b"demo_1"])
    return path


def test_demonstrations_in_a_file(crossgap, tmp_path) -> None:
    h5py = pytest.importorskip("h5py")
    scale = LabelScale((0.0,), (1.0,))
    AdaptedModel(Lit(), scale, ("action_0",), SIZE, Reverse(), "negative").save(tmp_path / "model")
    data = hdf5(tmp_path / "data.hdf5")
    code, said = crossgap(tmp_path / "model", data, tmp_path / "out.hdf5")
    assert code == 0, said
    assert "9 frames of front translated" in said
    assert "depth is there as it was" in said
    with h5py.File(data) as before, h5py.File(tmp_path / "out.hdf5") as after:
        assert after.attrs["env"] == "lift"
        assert dict(after["data"].attrs) == dict(before["data"].attrs)
        assert after["mask/train"][()].tolist() == before["mask/train"][()].tolist()
        for number, levels in enumerate(LEVELS):
            one, other = before[f"data/demo_{number}"], after[f"data/demo_{number}"]
            assert dict(one.attrs) == dict(other.attrs)
            for group in ("obs", "next_obs"):
                assert np.array_equal(other[f"{group}/front"][()], 255 - frames(levels))
                assert other[f"{group}/front"].compression == "gzip"
            for name in ("actions", "states", "obs/joints", "obs/depth", "next_obs/joints"):
                assert one[name][()].tobytes() == other[name][()].tobytes()
    code, said = crossgap(tmp_path / "model", data, tmp_path / "kept.h5", "--reject-above", "0.1")
    assert code == 0, said
    with h5py.File(tmp_path / "kept.h5") as kept:
        assert sorted(kept["data"]) == ["demo_0", "demo_2"]
        assert kept["data"].attrs["total"] == 7
        assert kept["mask/train"][()].tolist() == [b"demo_0"]
    code, said = crossgap(tmp_path / "model", data, tmp_path / "folder")
    assert code == 2
    assert ".hdf5, .h5" in said
