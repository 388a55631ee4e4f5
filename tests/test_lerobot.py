"""LeRobot's format: a round trip equal to the byte, whole or not at all, and damage that ends in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from crossgap.data import read_folder, read_unlabelled
from crossgap.data.folder import has_labels, label_columns, read_recording
from crossgap.errors import CrossgapError

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

from crossgap.data.lerobot import LeRobotWriter

FRONT, WRIST, STATE = "observation.images.front", "observation.images.wrist", "observation.state"
LENGTHS = (3, 1, 4)


def images(episode: int, steps: int) -> np.ndarray:
    ramp = np.linspace(0, 60, 16 * 24 * 3).reshape(16, 24, 3)
    return np.stack([ramp + 50 * episode + 10 * step for step in range(steps)]).astype(np.uint8)


def values(seed: int, steps: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "action": rng.normal(size=(steps, 2)).astype(np.float32),
        STATE: rng.normal(size=(steps, 3)),
        "next.done": np.arange(steps) == steps - 1,
        "observation.grid": rng.integers(0, 9, (steps, 2, 2)),
    }


def write(root: Path, storage: str = "image", cameras: tuple[str, ...] = (FRONT, WRIST)) -> Path:
    names = {"action": ["x", "y"], STATE: None, "next.done": None, "observation.grid": None}
    with LeRobotWriter(root, 10, names, cameras, storage, "so101") as to:
        for episode, steps in enumerate(LENGTHS):
            seen = images(episode, steps)
            given = {FRONT: seen, WRIST: 255 - seen}
            to.add_episode(
                values(episode, steps), {key: given[key] for key in cameras}, f"task {episode % 2}"
            )
    return root


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("lerobot") / "set")


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy, to be damaged."""
    return Path(shutil.copytree(written, tmp_path / "set"))


@pytest.mark.parametrize("storage", ["image", "h264"])
def test_a_round_trip_keeps_every_byte_of_numbers(tmp_path: Path, storage: str) -> None:
    recording = read_recording(write(tmp_path / "set", storage))
    assert recording is not None
    for key in values(0, 1):
        given = np.concatenate([values(episode, steps)[key] for episode, steps in enumerate(LENGTHS)])
        found = recording.features[key]
        assert found.values.dtype == given.dtype
        assert found.values.tobytes() == given.tobytes()
        assert (len(given), *(found.shape or ())) == given.shape
    assert recording.episodes.tolist() == [0, 0, 0, 1, 2, 2, 2, 2]
    assert recording.tasks == ("task 0", "task 1")
    assert recording.task_indices is not None
    assert recording.task_indices.tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    assert (recording.fps, recording.about["robot_type"]) == (10, "so101")
    seen = np.concatenate([images(episode, steps) for episode, steps in enumerate(LENGTHS)])
    for camera, expected in ((FRONT, seen), (WRIST, 255 - seen)):
        found = read_unlabelled(tmp_path / "set", camera=camera).images
        if storage == "image":
            assert np.array_equal(found, expected)
        assert np.abs(found.mean((1, 2, 3)) - expected.mean((1, 2, 3))).max() < 3


def test_labels_are_the_action_or_what_is_named(written: Path) -> None:
    assert has_labels(written)
    data = read_folder(written, camera="front")
    assert data.label_names == ("x", "y")
    assert data.labels[:3].tobytes() == values(0, 3)["action"].tobytes()
    chosen = read_folder(written, ["observation.state", "y"], camera="wrist")
    assert chosen.label_names == (f"{STATE}_0", f"{STATE}_1", f"{STATE}_2", "y")
    assert "next.done_0" in label_columns(written)
    with pytest.raises(
        CrossgapError, match=r"no label column 'force'\. Available: action, observation\.state"
    ):
        read_folder(written, ["force"])


def test_several_cameras_need_a_choice(written: Path) -> None:
    with pytest.raises(
        CrossgapError, match=rf"2 cameras\. Expected one of them, with --camera: {FRONT}, {WRIST}"
    ):
        read_folder(written)
    with pytest.raises(CrossgapError, match=r"no camera 'top'\. Available: observation\.images\.front"):
        read_folder(written, camera="top")


def test_what_the_description_says(written: Path) -> None:
    info = json.loads((written / "meta" / "info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (3, 8, 2)
    assert info["splits"] == {"train": "0:3"}
    assert info["features"]["action"] == {"dtype": "float32", "shape": [2], "names": ["x", "y"]}
    assert info["features"][FRONT]["shape"] == [16, 24, 3]
    stats = json.loads((written / "meta" / "stats.json").read_text())
    action = np.concatenate([values(episode, steps)["action"] for episode, steps in enumerate(LENGTHS)])
    np.testing.assert_allclose(stats["action"]["mean"], action.mean(0), atol=1e-6)
    np.testing.assert_allclose(stats["action"]["std"], action.std(0), atol=1e-6)
    seen = np.concatenate([images(episode, steps) for episode, steps in enumerate(LENGTHS)]) / 255
    np.testing.assert_allclose(np.ravel(stats[FRONT]["mean"]), seen.mean((0, 1, 2)))
    np.testing.assert_allclose(np.ravel(stats[FRONT]["std"]), seen.std((0, 1, 2)))
    np.testing.assert_allclose(np.ravel(stats[FRONT]["max"]), seen.max((0, 1, 2)))


def write_episodes(root: Path, episodes: list[dict], storage: str = "image") -> None:
    """Episodes of two images each, whatever their numbers are."""
    with LeRobotWriter(root, 10, {"action": None}, [FRONT], storage) as to:
        for given in episodes:
            to.add_episode(given, {FRONT: images(0, 2)})


@pytest.mark.parametrize("storage", ["image", "h264"])
def test_an_error_in_an_episode_leaves_nothing(tmp_path: Path, storage: str) -> None:
    episodes = [{"action": np.zeros((steps, 1), np.float32)} for steps in (2, 3)]
    with pytest.raises(CrossgapError, match="2 images in an episode of 3 steps"):
        write_episodes(tmp_path / "set", episodes, storage)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": np.zeros((2, 3), np.float32)}, r"'action' is \('float32', \(3,\)\), in episodes before"),
        ({"action": np.zeros((2, 2))}, r"'action' is \('float64', \(2,\)\), in episodes before"),
        ({"action": np.zeros((0, 2), np.float32)}, r"have \[0\] steps"),
        ({"action": np.full((2, 2), "a")}, "'action' is of <U1. Expected numbers"),
        ({"state": np.zeros((2, 2))}, "An episode needs the features action, observation.images.front; got"),
    ],
)
def test_episodes_that_do_not_fit(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        write_episodes(tmp_path / "set", [{"action": np.zeros((2, 2), np.float32)}, change])


def test_an_older_version_says_how_to_convert(folder: Path) -> None:
    info = folder / "meta" / "info.json"
    info.write_text(info.read_text().replace("v3.0", "v2.1"))
    with pytest.raises(
        CrossgapError, match=r"v2\.1\. Expected v3\.0\. .*convert_dataset_v21_to_v30 --repo-id=set"
    ):
        read_folder(folder)


def test_a_folder_with_another_meta_info_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "info.json").write_text("{}")
    with pytest.raises(CrossgapError, match=r"No labels\.csv"):
        read_folder(tmp_path)


def rewrite(folder: Path, name: str, change) -> None:
    """Change the rows of a Parquet file."""
    import pyarrow.parquet as parquet

    (file,) = folder.glob(name)
    parquet.write_table(change(parquet.read_table(file)), file)


def edit_info(folder: Path, **changes: object) -> None:
    info = folder / "meta" / "info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "meta/tasks.parquet").unlink(), r"No .*tasks\.parquet\. Expected a Parquet file"),
        (lambda f: shutil.rmtree(f / "meta/episodes"), r"No .*meta/episodes/chunk-000/file-000\.parquet"),
        (lambda f: shutil.rmtree(f / "data"), r"No .*data/chunk-000/file-000\.parquet\. Expected"),
        (lambda f: edit_info(f, fps="ten"), r"info\.json is damaged: 'fps' is .ten., expected a num"),
        (lambda f: edit_info(f, fps=0), r"fps is 0\. Expected frames per second"),
        (lambda f: edit_info(f, features=[]), r"info\.json is damaged: 'features' is"),
        (lambda f: edit_info(f, data_path="../{chunk_index}{file_index}"), "leads out of the folder"),
        (lambda f: edit_info(f, data_path="{no}"), r"'\{no\}' is no path of files"),
        (lambda f: (f / "meta/info.json").write_text("{"), r"info\.json is not valid JSON"),
        (
            lambda f: rewrite(f, "data/*/*.parquet", lambda t: t.drop_columns(["action"])),
            r"has no column 'action'\. Available: timestamp",
        ),
        (
            lambda f: rewrite(f, "data/*/*.parquet", lambda t: t.slice(1)),
            r"tells of 8 frames, its data files have 7",
        ),
        (
            lambda f: rewrite(f, "data/*/*.parquet", lambda t: t.take([1, 0, *range(2, 8)])),
            r"row 0 of its data is frame 1 of episode 0",
        ),
        (
            lambda f: rewrite(f, "meta/episodes/*/*.parquet", lambda t: t.drop_columns(["length"])),
            r"has no column 'length'",
        ),
    ],
)
def test_damage_is_named(folder: Path, damage, message: str) -> None:
    damage(folder)
    with pytest.raises(CrossgapError, match=message) as error:
        read_folder(folder, camera="front")
    assert "\n" not in str(error.value)


def test_numbers_of_another_kind(folder: Path) -> None:
    import pyarrow as arrow

    def change(table, values):
        return table.set_column(table.column_names.index("action"), "action", [values])

    rewrite(folder, "data/*/*.parquet", lambda t: change(t, arrow.array(["fast"] * 8)))
    with pytest.raises(CrossgapError, match=r"column 'action': expected numbers in each row, found string"):
        read_folder(folder, camera="front")
    rewrite(folder, "data/*/*.parquet", lambda t: change(t, arrow.array([[1.0, 2.0]] * 7 + [[1.0]])))
    with pytest.raises(CrossgapError, match=r"column 'action': expected 2 numbers .* found 15 in all"):
        read_folder(folder, camera="front")
    rewrite(folder, "data/*/*.parquet", lambda t: change(t, arrow.array([[1.0, float("nan")]] * 8)))
    with pytest.raises(
        CrossgapError, match=r"episode 0, frame 0, column 'y': expected a finite number, found nan"
    ):
        read_folder(folder, camera="front")


def test_an_image_that_is_damaged(folder: Path) -> None:
    import pyarrow as arrow

    def change(table):
        broken = [{"bytes": b"\x89PNG\r\n\x1a\nno", "path": "x.png"}] * 8
        return table.set_column(table.column_names.index(FRONT), FRONT, [arrow.array(broken)])

    rewrite(folder, "data/*/*.parquet", change)
    with pytest.raises(CrossgapError, match=rf"row 0, column '{FRONT}': damaged or truncated image"):
        read_folder(folder, camera="front")
    assert len(read_folder(folder, camera="wrist")) == 8


def test_a_video_of_fewer_frames_than_rows(tmp_path: Path) -> None:
    root, short = write(tmp_path / "set", "h264", (FRONT,)), tmp_path / "short"
    with LeRobotWriter(short, 10, {"action": None}, [FRONT], "h264") as to:
        to.add_episode({"action": np.zeros((7, 1))}, {FRONT: images(0, 7)})
    video = "videos/observation.images.front/chunk-000/file-000.mp4"
    shutil.copy(short / video, root / video)
    with pytest.raises(CrossgapError, match=r"file-000\.mp4 has 7 frames, its episodes 8 at 10 per second"):
        read_folder(root)
    (root / video).write_bytes((root / video).read_bytes()[:200])
    with pytest.raises(CrossgapError, match=r"file-000\.mp4: damaged video \(.*\)\. Expected a whole MP4"):
        read_folder(root)
    (root / video).unlink()
    with pytest.raises(CrossgapError, match=r"No video .*file-000\.mp4"):
        read_folder(root)


def test_flipped_bytes_end_in_one_line_or_are_read(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for name in (
        "meta/tasks.parquet",
        "meta/episodes/chunk-000/file-000.parquet",
        "data/chunk-000/file-000.parquet",
    ):
        whole = (folder / name).read_bytes()
        for trial in range(25):
            broken = bytearray(whole)
            broken[int(rng.integers(len(whole)))] ^= 1 << int(rng.integers(8))
            (folder / name).write_bytes(whole[: int(rng.integers(len(whole)))] if trial % 5 == 0 else broken)
            try:
                read_folder(folder, camera="front")
            except CrossgapError as error:
                assert "\n" not in str(error)  # noqa: PT017
        (folder / name).write_bytes(whole)
