"""`meta/info.json`: what a LeRobot data set holds, and where.

meta/info.json                        version, frames per second, features, paths
meta/stats.json                       of each feature: min, max, mean, std, count
meta/tasks.parquet                    what the robot was told to do, by number
meta/episodes/chunk-000/file-000.parquet   length of each episode, and in which files it is
data/chunk-000/file-000.parquet       a row per frame: numbers, and images of dtype `image`
videos/<camera>/chunk-000/file-000.mp4     images of dtype `video`, of several episodes one after the other
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossgap.base.files import read_json
from crossgap.errors import CrossgapError

VERSION = "v3.0"
INFO = Path("meta", "info.json")
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
INDICES = ("timestamp", "frame_index", "episode_index", "index", "task_index")
"""Features that say which frame a row is: in every set."""
IMAGES = ("image", "video")
"""Types of features that are cameras."""
SHAPE = {
    "codebase_version": str, "fps": float, "features": {...: {"dtype": str, "shape": [int], ...: object}},
    ...: object,
}  # fmt: skip
REMEDY = "Put a whole copy of the data set there."


@dataclass(frozen=True)
class Info:
    """What `meta/info.json` says."""

    root: Path
    """The data set's folder."""
    fps: float
    """Frames per second."""
    features: dict[str, dict[str, Any]]
    """Each one's `dtype`, `shape` and `names`."""
    data_path: str
    video_path: str
    robot_type: str | None

    @property
    def cameras(self) -> list[str]:
        return [key for key, about in self.features.items() if about["dtype"] in IMAGES]

    def names(self, key: str) -> list[str]:
        """What a feature's numbers are called: LeRobot has lists, and objects of lists or of places."""
        names = self.features[key].get("names")
        if isinstance(names, dict):
            values = list(names.values())
            if all(isinstance(value, list) for value in values):
                names = [name for value in values for name in value]
            elif all(isinstance(value, int) for value in values):
                names = sorted(names, key=names.__getitem__)
        return [str(name) for name in names] if isinstance(names, list) else []

    def file(self, pattern: str, **numbers: Any) -> Path:
        """A file by its pattern.

        Raises:
            CrossgapError: the pattern is none, or leads out of the folder.
        """
        try:
            path = Path(pattern.format(**numbers))
        except (KeyError, IndexError, ValueError) as error:
            raise CrossgapError(
                f"{self.root / INFO}: '{pattern}' is no path of files ({error}). {REMEDY}"
            ) from error
        if path.is_absolute() or ".." in path.parts:
            raise CrossgapError(f"{self.root / INFO}: '{pattern}' leads out of the folder. {REMEDY}")
        return self.root / path


def is_lerobot(path: Path) -> bool:
    """Whether a folder is a LeRobot data set, of whichever version.

    Raises:
        CrossgapError: its description is damaged.
    """
    if not (path / INFO).is_file():
        return False
    found = read_json(path / INFO, "data set description", remedy=REMEDY)
    return isinstance(found, dict) and "codebase_version" in found


def read_info(root: Path) -> Info:
    """The description of a data set.

    Raises:
        CrossgapError: it is damaged, or of another version; the message says how to convert it.
    """
    found = read_json(root / INFO, "data set description", {"codebase_version": str, ...: object}, REMEDY)
    if (version := found["codebase_version"]) != VERSION:
        older = version.removeprefix("v").startswith(("1", "2"))
        raise CrossgapError(
            f"{root} is a LeRobotDataset {version}. Expected {VERSION}. "
            + (
                "Where LeRobot is installed: python -m lerobot.datasets.v30.convert_dataset_v21_to_v30 "
                f"--repo-id={root.name} --root={root.parent} --push-to-hub=false"
                if older
                else "LeRobot, or a newer Crossgap, may read it."
            )
        )
    found = read_json(root / INFO, "data set description", SHAPE, REMEDY)
    if not 0 < found["fps"] < 1e6:
        raise CrossgapError(f"{root / INFO}: fps is {found['fps']}. Expected frames per second. {REMEDY}")
    texts = {key: found.get(key) for key in ("data_path", "video_path", "robot_type")}
    for key, value in texts.items():
        if not isinstance(value, str | None):
            raise CrossgapError(f"{root / INFO}: '{key}' is {value}. Expected text. {REMEDY}")
    return Info(
        root, float(found["fps"]), found["features"], texts["data_path"] or DATA_PATH,
        texts["video_path"] or VIDEO_PATH, texts["robot_type"],
    )  # fmt: skip
