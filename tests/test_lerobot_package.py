"""LeRobot's own package and ours on the same folders: what one writes the other reads, equal to the byte.

It needs an older torch than ours, so it is in an environment of its own: `scripts/setup_lerobot.sh` makes it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from crossgap.data import read_folder
from crossgap.data.folder import read_recording
from crossgap.data.lerobot import LeRobotWriter
from crossgap.data.lerobot.replaced import replace_images

REPOSITORY = Path(__file__).parents[1]
PYTHON = Path(os.environ.get("CROSSGAP_LEROBOT", REPOSITORY / ".lerobot"), "bin", "python")
CAMERA, STATE = "observation.images.front", "observation.state"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason=f"no LeRobot at {PYTHON}: scripts/setup_lerobot.sh"),
]


def lerobot(*arguments: object) -> None:
    """Run the real package."""
    script = Path(__file__).with_name("lerobot_package.py")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [PYTHON, script, *map(str, arguments)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def frames(n: int) -> dict[str, np.ndarray]:
    """Two episodes of smooth images, each lighter than the one before it."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 80, 64 * 96 * 3).reshape(64, 96, 3)
    return {
        "images": np.stack([ramp + 12 * index for index in range(n)]).astype(np.uint8),
        "action": rng.normal(size=(n, 3)).astype(np.float32),
        STATE: rng.normal(size=(n, 2)).astype(np.float32),
        "episodes": np.arange(n) // 5,
        "tasks": np.where(np.arange(n) < 5, "pick", "place"),
    }


def level(images: np.ndarray) -> np.ndarray:
    """Mean level of each image: which one it is."""
    return images.astype(float).mean((1, 2, 3))


@pytest.mark.parametrize("storage", ["image", "h264", "av1"])
def test_lerobot_reads_what_we_write(tmp_path: Path, storage: str) -> None:
    data = frames(11)
    with LeRobotWriter(
        tmp_path / "set", 10, {"action": ["x", "y", "grip"], STATE: None}, [CAMERA], storage
    ) as to:
        for episode in range(3):
            rows = data["episodes"] == episode
            values = {"action": data["action"][rows], STATE: data[STATE][rows]}
            to.add_episode(values, {CAMERA: data["images"][rows]}, data["tasks"][rows].tolist())
    lerobot("read", tmp_path / "set", tmp_path / "found.npz")
    found = np.load(tmp_path / "found.npz")
    assert found["action"].tobytes() == data["action"].tobytes()
    assert found[STATE].tobytes() == data[STATE].tobytes()
    assert found["episode_index"].ravel().tolist() == data["episodes"].tolist()
    assert found["tasks"].tolist() == data["tasks"].tolist()
    images = np.round(found[CAMERA].transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    if storage == "image":
        assert np.array_equal(images, data["images"])
    np.testing.assert_allclose(level(images), level(data["images"]), atol=3)


@pytest.mark.parametrize("storage", ["image", "video"])
def test_we_read_what_lerobot_writes(tmp_path: Path, storage: str) -> None:
    data = frames(11)
    np.savez(tmp_path / "given.npz", **data)
    lerobot("write", tmp_path / "set", tmp_path / "given.npz", storage)
    found = read_folder(tmp_path / "set")
    recording = read_recording(tmp_path / "set")
    assert recording is not None
    assert found.label_names == ("x", "y", "grip")
    assert found.labels.tobytes() == data["action"].tobytes()
    assert recording.features[STATE].values.tobytes() == data[STATE].tobytes()
    assert found.episodes.tolist() == data["episodes"].tolist()
    assert recording.task_indices is not None
    assert [recording.tasks[index] for index in recording.task_indices] == data["tasks"].tolist()
    if storage == "image":
        assert np.array_equal(found.images, data["images"])
    np.testing.assert_allclose(level(found.images), level(data["images"]), atol=3)


@pytest.mark.parametrize("storage", ["image", "h264"])
def test_lerobot_reads_what_is_translated(tmp_path: Path, storage: str) -> None:
    """Negatives of the images, without the second of three episodes."""
    data = frames(11)
    with LeRobotWriter(
        tmp_path / "set", 10, {"action": ["x", "y", "grip"], STATE: None}, [CAMERA], storage
    ) as to:
        for episode in range(3):
            rows = data["episodes"] == episode
            values = {"action": data["action"][rows], STATE: data[STATE][rows]}
            to.add_episode(values, {CAMERA: data["images"][rows]}, data["tasks"][rows].tolist())
    recording = read_recording(tmp_path / "set")
    assert recording is not None
    negatives = {CAMERA: lambda images: (255 - image for image in images)}
    replace_images(recording, tmp_path / "new", negatives, [0, 2])
    lerobot("read", tmp_path / "new", tmp_path / "found.npz")
    found, stay = np.load(tmp_path / "found.npz"), data["episodes"] != 1
    assert found["action"].tobytes() == data["action"][stay].tobytes()
    assert found["episode_index"].ravel().tolist() == [0] * 5 + [1]
    assert found["tasks"].tolist() == data["tasks"][stay].tolist()
    images = np.round(found[CAMERA].transpose(0, 2, 3, 1) * 255).astype(np.uint8)
    np.testing.assert_allclose(level(images), 255 - level(data["images"][stay]), atol=3)
