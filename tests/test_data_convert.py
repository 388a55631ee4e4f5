"""Data sets from one form to another and back; videos and HDF5 as data sets: not a byte of a label lost."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.cli import main
from crossgap.data import LabelledImages, read_folder, read_unlabelled, write_folder
from crossgap.data import video as video_file
from crossgap.data.convert import convert
from crossgap.data.folder import read_recording
from crossgap.data.observations import read_observations
from crossgap.data.recorded_folder import write_recorded
from crossgap.data.video import VideoWriter, count_frames, video_frames
from crossgap.errors import CrossgapError

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")

from crossgap.data.lerobot import LeRobotWriter

FRONT, STATE = "observation.images.front", "observation.state"


def pictures(n: int) -> np.ndarray:
    ramp = np.linspace(0, 60, 16 * 24 * 3).reshape(16, 24, 3)
    return np.stack([ramp + 20 * index for index in range(n)]).astype(np.uint8)


def numbers(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "action": rng.normal(size=(n, 2)).astype(np.float32) * 1e-7,
        STATE: np.concatenate([rng.normal(size=(n - 1, 3)), np.full((1, 3), np.nan)]),
        "next.done": np.arange(n) == n - 1,
        "observation.grid": rng.integers(0, 9, (n, 2, 2)),
    }


@pytest.fixture
def lerobot(tmp_path: Path) -> Path:
    names = {"action": ["x", "y"], STATE: None, "next.done": None, "observation.grid": None}
    given, seen = numbers(7), pictures(7)
    with LeRobotWriter(tmp_path / "lerobot", 12, names, [FRONT], robot_type="so101") as to:
        for rows, task in ((slice(3), "pick"), (slice(3, 7), "place")):
            to.add_episode({key: value[rows] for key, value in given.items()}, {FRONT: seen[rows]}, task)
    return tmp_path / "lerobot"


def assert_same(one: Path, other: Path) -> None:
    first, second = read_recording(one), read_recording(other)
    assert first is not None
    assert second is not None
    assert list(first.features) == list(second.features)
    for key, feature in first.features.items():
        assert feature.values.dtype == second.features[key].values.dtype
        assert feature.values.tobytes() == second.features[key].values.tobytes()
        assert (feature.names, feature.shape) == (second.features[key].names, second.features[key].shape)
    assert (first.tasks, first.fps, first.about) == (second.tasks, second.fps, second.about)
    assert first.episodes.tolist() == second.episodes.tolist()
    assert list(first.cameras) == list(second.cameras)
    assert np.array_equal(read_unlabelled(one).images, read_unlabelled(other).images)


def test_a_video_of_many_episodes_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LeRobotWriter(tmp_path / "set", 10, {"action": None}, [FRONT], "h264") as to:
        for episode in range(4):
            to.add_episode({"action": np.full((3, 1), episode, np.float32)}, {FRONT: pictures(3)}, "push")
    begun, decoded = [], video_file._decoded
    monkeypatch.setattr(video_file, "_decoded", lambda path: begun.append(path) or decoded(path))
    assert convert(tmp_path / "set", tmp_path / "copy", "lerobot")[0] == 12
    assert len(begun) == 1
    copied, before = (read_folder(tmp_path / name) for name in ("copy", "set"))
    np.testing.assert_array_equal(copied.images, before.images)
    np.testing.assert_array_equal(copied.labels[:, 0], np.repeat(np.arange(4), 3))


def test_lerobot_to_a_folder_and_back(lerobot: Path, tmp_path: Path) -> None:
    assert convert(lerobot, tmp_path / "folder") == (7, "folder")
    data = read_folder(tmp_path / "folder")
    assert data.label_names == ("x", "y")  # of what is there those of the action
    assert data.labels.tobytes() == numbers(7)["action"].tobytes()
    assert np.array_equal(data.images, pictures(7))
    assert convert(tmp_path / "folder", tmp_path / "back") == (7, "lerobot")
    assert_same(lerobot, tmp_path / "back")


def test_a_recording_that_became_a_folder_is_seen_as_the_recording(tmp_path: Path) -> None:
    """Its action alone is what was done, and the state is no part of it."""
    given = np.arange(30, dtype=np.float32).reshape(5, 6)
    names = {STATE: None, "action": ["x", "y"], "observation.force": ["N"]}
    with LeRobotWriter(tmp_path / "lerobot", 10, names, [FRONT]) as to:
        parts = {STATE: given[:, :3], "action": given[:, 3:5], "observation.force": given[:, 5:]}
        to.add_episode(parts, {FRONT: pictures(5)})
    convert(tmp_path / "lerobot", tmp_path / "folder")
    for state, labels in (
        (None, None), ([], None), ([STATE], None), (["observation.force.N"], None),
        (["observation.force", f"{STATE}_1"], ["y", STATE]),
    ):  # fmt: skip
        wanted, found = (
            read_observations(tmp_path / name, None, state, labels) for name in ("lerobot", "folder")
        )
        np.testing.assert_array_equal(found.state, wanted.state)
        np.testing.assert_array_equal(found.actions, wanted.actions)
        assert (found.state_name, found.action_names) == (wanted.state_name, wanted.action_names)
    default = read_observations(tmp_path / "folder")
    assert default.actions.tolist() == given[:, 3:5].tolist()
    assert default.state.tolist() == given[:, :3].tolist()
    assert not read_observations(tmp_path / "folder", labelled=False).action_names
    assert read_folder(tmp_path / "folder", ["x", STATE]).labels.tolist() == given[:, [3, 0, 1, 2]].tolist()
    with pytest.raises(CrossgapError, match=r"labels\.csv: label column 'observation\.speed' not found"):
        read_observations(tmp_path / "folder", None, ["observation.speed"])
    (tmp_path / "folder" / "recording.json").unlink()
    assert read_observations(tmp_path / "folder").actions.tolist() == given.tolist()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("int64", [2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]),
        ("uint64", [2**53 + 1, 2**64 - 1, 0, 1]),
        ("int8", [-128, 127, 0, 1]),
        ("bool", [True, False, True, False]),
        ("float64", [0.1, -5e-324, 1.2345678901234567e150, 2**53 + 2]),
    ],
)
def test_numbers_are_exact_whatever_their_type(tmp_path: Path, kind: str, values: list) -> None:
    times = np.array(values, kind)[:, None]
    with LeRobotWriter(tmp_path / "lerobot", 10, {"action": None, "time": None}, [FRONT]) as to:
        to.add_episode({"action": np.zeros((4, 1), np.float32), "time": times}, {FRONT: pictures(4)})
    convert(tmp_path / "lerobot", tmp_path / "folder")
    convert(tmp_path / "folder", tmp_path / "back")
    found = read_recording(tmp_path / "back")
    assert found is not None
    assert found.features["time"].values.dtype == kind
    assert found.features["time"].values.tolist() == times.tolist()


@pytest.mark.parametrize("cell", ["0.5", "nan", "", "9223372036854775808", "1e1000000", "near"])
def test_a_cell_that_its_feature_cannot_hold(tmp_path: Path, cell: str) -> None:
    with LeRobotWriter(tmp_path / "lerobot", 10, {"action": None, "time": None}, [FRONT]) as to:
        to.add_episode(
            {"action": np.zeros((2, 1), np.float32), "time": np.array([[1], [77]])}, {FRONT: pictures(2)}
        )
    convert(tmp_path / "lerobot", tmp_path / "folder")
    table = tmp_path / "folder" / "labels.csv"
    text = table.read_text()
    table.write_text(text.replace("77", "77.0"))
    convert(tmp_path / "folder", tmp_path / "whole")
    table.write_text(text.replace("77", cell))
    with pytest.raises(
        CrossgapError, match=r"line 3, column 'time_0': expected a whole number from -922\d+ to"
    ):
        convert(tmp_path / "folder", tmp_path / "back")


def test_a_folder_to_lerobot_and_back(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
    given = LabelledImages(pictures(5), labels, ("angle", "force, N"), np.array([4, 4, 7, 7, 7]))
    write_folder(tmp_path / "folder", given)
    convert(tmp_path / "folder", tmp_path / "lerobot")
    found = read_folder(tmp_path / "lerobot")
    convert(tmp_path / "lerobot", tmp_path / "back")
    for data in (found, read_folder(tmp_path / "back")):
        assert data.label_names == given.label_names
        assert data.labels.tobytes() == labels.tobytes()
        assert data.episodes.tolist() == [0, 0, 1, 1, 1]
        assert np.array_equal(data.images, given.images)


def test_episodes_of_sessions_are_each_a_demonstration(tmp_path: Path) -> None:
    """Not a session one, with the first frames of all its episodes, then the second ones."""
    labels = np.array([[0], [1], [100], [101], [200], [201]], np.float32)
    write_folder(tmp_path / "set", LabelledImages(pictures(6), labels, ("x",), np.repeat([0, 1, 2], 2)))
    table = tmp_path / "set" / "labels.csv"
    for again in (False, True):
        rows = ["image,session,episode,step,x"]
        for at, label in enumerate(labels[:, 0]):
            episode = at // 2 - 2 * again * (at > 3)  # the second day counts from 0 on, or goes on
            rows.append(f"images/{at:06d}.png,day{at // 4},{episode},{at % 2},{label}")
        table.write_text("\n".join([rows[0], *rows[:0:-1]]) + "\n")  # the last row first
        convert(tmp_path / "set", tmp_path / f"out{again}")
        found = read_recording(tmp_path / f"out{again}")
        assert found is not None
        order = [4, 5, 0, 1, 2, 3] if again else range(6)  # in which days are found, or episodes are numbered
        assert found.features["action"].values[:, 0].tolist() == labels[list(order), 0].tolist()
        assert found.episodes.tolist() == [0, 0, 1, 1, 2, 2]
        assert np.array_equal(read_folder(tmp_path / f"out{again}").images, pictures(6)[list(order)])


def test_what_cannot_be_converted(lerobot: Path, tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match=r"lerobot exists already\. Expected a new folder"):
        convert(lerobot, lerobot)
    convert(lerobot, tmp_path / "folder")
    about = (tmp_path / "folder" / "recording.json").read_text()
    for change, message in (
        (about.replace('"x"', '"z"'), r"recording\.json tells of a column 'z', and the table has none"),
        (about.replace("float32", "object"), r"'action' is of type 'object'\. Expected numbers"),
        (about[:-40], r"recording\.json is not valid JSON"),
    ):
        (tmp_path / "folder" / "recording.json").write_text(change)
        with pytest.raises(CrossgapError, match=message):
            convert(tmp_path / "folder", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_the_verb(monkeypatch, capsys, lerobot: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["crossgap", "data", "convert", str(lerobot), str(tmp_path / "folder")])
    main()
    assert "images and labels.csv of 7 frames" in capsys.readouterr().err
    assert (tmp_path / "folder" / "labels.csv").exists()


def test_a_folder_of_two_cameras_to_lerobot(tmp_path: Path) -> None:
    images = {"front": pictures(3), "wrist": 255 - pictures(3)[:, :12]}
    rows = ["front,wrist,episode,x"] + [f"f{at}.png,w{at}.png,0,{at}.5" for at in range(3)]
    (tmp_path / "set").mkdir()
    for camera, each in images.items():
        for at, image in enumerate(each):
            Image.fromarray(image).save(tmp_path / "set" / f"{camera[0]}{at}.png")
    (tmp_path / "set" / "labels.csv").write_text("\n".join(rows) + "\n")
    convert(tmp_path / "set", tmp_path / "lerobot")
    for camera, each in images.items():
        data = read_folder(tmp_path / "lerobot", camera=camera)
        assert np.array_equal(data.images, each)
        assert data.labels[:, 0].tolist() == [0.5, 1.5, 2.5]
    assert convert(tmp_path / "lerobot", tmp_path / "back") == (3, "folder")
    table = (tmp_path / "back" / "labels.csv").read_text().splitlines()
    assert table[:2] == [
        "front,wrist,episode,step,x",
        "images/front/000000.png,images/wrist/000000.png,0,0,0.5",
    ]
    assert np.array_equal(read_folder(tmp_path / "back", camera="wrist").images, images["wrist"])
    convert(tmp_path / "back", tmp_path / "again")
    first, second = read_recording(tmp_path / "lerobot"), read_recording(tmp_path / "again")
    assert first is not None
    assert second is not None
    assert list(first.cameras) == list(second.cameras)
    convert(tmp_path / "lerobot", tmp_path / "one", camera="wrist")
    assert np.array_equal(read_folder(tmp_path / "one").images, images["wrist"])


def test_what_a_camera_is_called_leads_nowhere(lerobot: Path, tmp_path: Path) -> None:
    recording = read_recording(lerobot)
    assert recording is not None
    (cells,) = recording.cameras.values()
    evil = replace(recording, cameras={"a.b/../../../left": cells, "/tmp/x.c": cells})
    write_recorded(evil, tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "lerobot"]
    assert sorted(path.name for path in (tmp_path / "folder" / "images").iterdir()) == ["_left", "c"]


# demonstrations in HDF5


def demonstrations(path: Path, lengths: tuple[int, ...] = (3, 2)) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for number in (10, 2)[: len(lengths)]:  # in the order of their numbers, not of their names
            steps = lengths[0 if number == 2 else 1]
            demo = file.create_group(f"data/demo_{number}")
            demo["actions"] = np.arange(steps * 2).reshape(steps, 2) + 100.0 * number
            demo["obs/front"] = pictures(steps) + np.uint8(number)
            demo["obs/depth"] = np.full((steps, 16, 24, 1), number, np.float32)
            demo["obs/joints"] = np.full((steps, 3), number, np.float32)
    return path


def test_demonstrations_are_a_data_set(tmp_path: Path) -> None:
    path = demonstrations(tmp_path / "demos.hdf5")
    data = read_folder(path, camera="front")
    assert data.label_names == ("action_0", "action_1")
    assert data.labels[:, 0].tolist() == [200, 202, 204, 1000, 1002]
    assert data.episodes.tolist() == [0, 0, 0, 1, 1]
    assert np.array_equal(data.images[:3], pictures(3) + np.uint8(2))
    assert read_folder(path, ["observation.joints"], camera="front").labels[4].tolist() == [10, 10, 10]
    with pytest.raises(CrossgapError, match=r"demos\.hdf5/data/demo_2/obs/depth#0: float32 numbers.* 8 bits"):
        read_folder(path, camera="depth")


def test_demonstrations_to_lerobot(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = demonstrations(tmp_path / "demos.hdf5")
    with h5py.File(path, "a") as file:
        for demo in ("demo_2", "demo_10"):
            del file[f"data/{demo}/obs/depth"]
    assert convert(path, tmp_path / "set") == (5, "lerobot")
    recording = read_recording(tmp_path / "set")
    assert recording is not None
    assert recording.features["action"].values[:, 0].tolist() == [200, 202, 204, 1000, 1002]
    assert recording.features["action"].values.dtype == np.float64
    assert np.array_equal(read_folder(tmp_path / "set").images, read_folder(path).images)


def test_what_is_wrong_with_demonstrations(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    whole = demonstrations(tmp_path / "demos.hdf5").read_bytes()
    path = tmp_path / "broken.hdf5"
    path.write_bytes(whole[:300])
    with pytest.raises(CrossgapError, match=r"broken\.hdf5 is damaged or no HDF5 file \(.*\)\. Expected"):
        read_folder(path)
    for change, message in (
        (lambda file: file.pop("data"), r"has no demonstrations\. Expected groups data/demo_0"),
        (lambda file: file["data/demo_2"].pop("actions"), r"data/demo_2 has no 'actions' or no 'obs'"),
        (lambda file: file["data/demo_2/obs"].pop("front"), r"do not both have front\. Expected the same"),
    ):
        path.write_bytes(whole)
        with h5py.File(path, "a") as file:
            change(file)
        with pytest.raises(CrossgapError, match=message):
            read_folder(path, camera="front")
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        joints = file["data/demo_2/obs"].pop("joints")
        del joints
        file["data/demo_2/obs/joints"] = np.zeros((9, 3), np.float32)
    with pytest.raises(CrossgapError, match=r"obs/joints has 9 steps, its actions 3\. Expected as many"):
        read_folder(path, camera="front")


def test_flipped_bytes_of_demonstrations_end_in_one_line(tmp_path: Path) -> None:
    whole, rng = demonstrations(tmp_path / "demos.hdf5").read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        broken = bytearray(whole)
        broken[int(rng.integers(4000))] ^= 1 << int(rng.integers(8))
        (tmp_path / "broken.hdf5").write_bytes(broken)
        try:
            read_folder(tmp_path / "broken.hdf5", camera="front")
        except CrossgapError as error:
            assert "\n" not in str(error)  # noqa: PT017


# videos


def video(path: Path, n: int = 6) -> Path:
    with VideoWriter(path, 10) as to:
        to.add(pictures(n))
    return path


def test_frames_of_a_video_by_number(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4")
    assert count_frames(path) == 6
    found = [image.mean() for image in video_frames(path, [4, 5, 1, 1, 0])]
    np.testing.assert_allclose(found, pictures(6).mean((1, 2, 3))[[4, 5, 1, 1, 0]], atol=2)
    with pytest.raises(CrossgapError, match=r"a\.mp4: no frame 6\. Available: 0 to 5"):
        list(video_frames(path, [6]))


def test_a_table_of_a_video_has_a_row_per_frame(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4")
    (tmp_path / "labels.csv").write_text("angle\n" + "".join(f"{index}\n" for index in range(6)))
    data = read_folder(tmp_path)
    assert data.labels[:, 0].tolist() == list(range(6))
    np.testing.assert_allclose(data.images.mean((1, 2, 3)), pictures(6).mean((1, 2, 3)), atol=2)
    (tmp_path / "labels.csv").write_text("angle\n" + "".join(f"{index}\n" for index in range(7)))
    with pytest.raises(CrossgapError, match=r"labels\.csv has 7 rows, .*a\.mp4 6 frames\. Expected one"):
        read_folder(tmp_path)


def test_a_table_may_name_frames_of_videos(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4")
    video(tmp_path / "b.mp4")
    (tmp_path / "labels.csv").write_text("image,angle\nb.mp4#2,1\na.mp4#5,2\n")
    assert read_folder(tmp_path).images.shape == (2, 16, 24, 3)
    (tmp_path / "labels.csv").write_text("image,angle\nb.mp4,1\n")
    with pytest.raises(CrossgapError, match=r"b\.mp4: a video has many images\. Expected b\.mp4#0"):
        read_folder(tmp_path)
    (tmp_path / "labels.csv").unlink()
    data = read_unlabelled(tmp_path)
    assert data.episodes.tolist() == [0] * 6 + [1] * 6


def test_a_video_of_odd_sides(tmp_path: Path) -> None:
    with (
        pytest.raises(CrossgapError, match=r"25×16 pixels cannot be in a video"),
        VideoWriter(tmp_path / "a.mp4", 10) as to,
    ):
        to.add(np.zeros((1, 16, 25, 3), np.uint8))


# a training on recordings, by the command line


def test_train_and_evaluate_on_lerobot_sets(monkeypatch, capsys, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, cameras in (("sim", ["observation.images.top", FRONT]), ("real", ["observation.images.cam"])):
        with LeRobotWriter(tmp_path / name, 10, {"action": ["x", "y"], STATE: None}, cameras) as to:
            for _ in range(3):
                values = {key: rng.normal(size=(4, 2)).astype(np.float32) for key in ("action", STATE)}
                frames = {camera: rng.integers(0, 256, (4, 48, 64, 3), np.uint8) for camera in cameras}
                to.add_episode(values, frames)
    run, tiny = (
        tmp_path / "run",
        ("--source.steps", "2", "--fine-tuning.steps", "2", "--networks.task-width", "4"),
    )
    sides = ("--source", tmp_path / "sim", "--target", tmp_path / "real", "--output", run, "--size", "24")

    def crossgap(*arguments: object) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        return code, capsys.readouterr().err

    code, said = crossgap("train", "fine_tuned", *sides, *tiny, "--device", "cpu")
    assert (code, run.exists()) == (2, False)
    assert "sim has 2 cameras. Expected one of them, with --camera" in said
    code, said = crossgap("train", "fine_tuned", *sides, *tiny, "--device", "cpu", "--camera", "front", "cam")
    assert code == 0, said
    assert "label x: source" in said
    result = tmp_path / "result.json"
    model = run / "models" / "fine_tuned"
    code, said = crossgap(
        "evaluate", model, "--data", tmp_path / "real", "--output", result, "--device", "cpu"
    )
    assert code == 0, said
    assert result.exists()
    code, said = crossgap("translate", model, tmp_path / "real", tmp_path / "out")
    assert code == 2
    assert not (tmp_path / "out").exists()
