"""What a policy sees, frame by frame: images of one or several cameras, the robot's state, what was done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crossgap.data.cells import Fit, Track, read_cells, untracked
from crossgap.data.folder import image_folder, read_recording, read_unlabelled
from crossgap.data.images import LabelledImages, digest_of
from crossgap.data.recorded_folder import feature_columns, named_columns
from crossgap.data.recording import ACTION, Recording
from crossgap.data.rows import by_step, cell_of, episodes_of, read_rows, recordings_of
from crossgap.data.table import Row, find_table, label_names, table_cameras
from crossgap.errors import CrossgapError, check_known

IMAGE, STATE = "image", "state"
"""What the camera of a folder of images is called, and the state of one."""
MEASURED = "observation.state"
"""The feature of a recording that is the state where none is named."""


@dataclass(frozen=True)
class Observations:
    """Frames of episodes as a policy sees them."""

    images: np.ndarray
    """(n, H, W, 3 k) uint8 of k cameras."""
    state: np.ndarray
    """(n, s) float32; s = 0 where none is measured."""
    actions: np.ndarray
    """(n, a) float32: what was done, in its own units; a = 0 where nobody knows."""
    episodes: np.ndarray
    """(n,) int, frames of one episode in their order; of one session, where these are held out together."""
    cameras: tuple[str, ...] = (IMAGE,)
    """What the cameras are called."""
    state_name: str = ""
    """What the state is called; empty where there is none."""
    action_names: tuple[str, ...] = ()
    """What the actions are called."""
    recordings: np.ndarray | None = None
    """(n,) int, of which episode each frame is, where `episodes` are sessions of several: no chunk of actions
    goes on from one into the next."""

    def __post_init__(self) -> None:
        n, channels = len(self.images), 3 * len(self.cameras)
        if self.images.ndim != 4 or self.images.shape[3] != channels or self.images.dtype != np.uint8:
            raise CrossgapError(
                f"Expected images (n, H, W, {channels}) uint8 of {len(self.cameras)} cameras; got "
                f"{self.images.shape} {self.images.dtype}."
            )
        for name in ("state", "actions", "episodes", "recordings"):
            if (found := getattr(self, name)) is not None and len(found) != n:
                raise CrossgapError(f"{n} images need {n} rows of {name}; got {len(found)}.")
        if not (np.isfinite(self.state).all() and np.isfinite(self.actions).all()):
            raise CrossgapError("States and actions must be finite numbers; found NaN or infinity.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def select(self, index: np.ndarray) -> Observations:
        """The frames of an index or a mask."""
        parts = ("images", "state", "actions", "episodes", "recordings")
        found = {part: getattr(self, part) for part in parts}
        return replace(self, **{part: of[index] for part, of in found.items() if of is not None})

    def chunks(self, length: int) -> np.ndarray:
        """What was done from each frame on, as `chunks`, never past the end of an episode."""
        both = self.episodes if self.recordings is None else np.stack([self.episodes, self.recordings])
        (_, whole) = np.unique(np.atleast_2d(both), axis=1, return_inverse=True)
        return chunks(self.actions, whole.reshape(-1), length)

    def check_like(self, other: Observations, what: str) -> None:
        """Whether a policy that is fed these can be fed others: `what` they are.

        Raises:
            CrossgapError: they have other cameras, or the same ones in another order; or so have actions.
        """
        for part, option in (("cameras", "cameras"), ("action_names", "labels")):
            one, two = getattr(self, part), getattr(other, part)
            if part == "action_names" and not (one and two):
                continue
            moved = any(name in two and two.index(name) != place for place, name in enumerate(one))
            if len(one) != len(two) or moved:
                called = part.replace("action_names", "actions")
                raise CrossgapError(
                    f"Source and {what} have other {called}: {', '.join(one)}; and {', '.join(two)}. "
                    f"Expected the same, in one order; --{option} says which."
                )

    def by_camera(self) -> dict[str, LabelledImages]:
        """What each camera sees, with what was done as its labels."""
        names = self.action_names or tuple(f"action {at}" for at in range(self.actions.shape[1]))
        return {
            camera: LabelledImages(self.images[..., 3 * at : 3 * at + 3], self.actions, names, self.episodes)
            for at, camera in enumerate(self.cameras)
        }

    def without_actions(self) -> Observations:
        """The same, as if nobody knew what was done."""
        return replace(self, actions=np.zeros((len(self), 0), np.float32), action_names=())

    def describe(self) -> dict[str, object]:
        """By what a run knows them again, wherever they are."""
        arrays = self.images, self.state, self.actions
        return {"images": len(self), "cameras": list(self.cameras), "fingerprint": digest_of("", arrays)}


def chunks(actions: np.ndarray, episodes: np.ndarray, length: int) -> np.ndarray:
    """What was done from each frame on: (n, length, a) float32, NaN after the end of its episode.

    Args:
        actions: (n, a).
        episodes: (n,), frames of one in their order.
        length: how many.
    """
    found = np.full((len(actions), length, actions.shape[1]), np.nan, np.float32)
    for episode in np.unique(episodes):
        rows = np.flatnonzero(episodes == episode)
        for ahead in range(min(length, len(rows))):
            found[rows[: len(rows) - ahead], ahead] = actions[rows[ahead:]]
    return found


def read_observations(
    path: str | Path, cameras: Sequence[str] | None = None, state: Sequence[str] | None = None,
    labels: Sequence[str] | None = None, labelled: bool = True, track: Track = untracked,
    fit: Fit | None = None,
) -> Observations:  # fmt: skip
    """Read a data set as a policy sees it: a folder of images, or a recording, such as LeRobot's. Frames are
    by episode and `step`, where a table has such.

    Args:
        path: the data set.
        cameras: which, in the order in which the policy takes them; of a folder, the columns of its table
            that name images. By default all of a recording, and of a folder `image`, or all where there is no
            column of that name.
        state: the columns, or of a recording also whole features, that are the state; by default none of a
            folder, of a recording, also of one that became a folder, `observation.state` where there is one.
            An empty list for none.
        labels: those that are the action; by default all other columns, of a recording its action.
        labelled: whether the action is read.
        track: shows progress.
        fit: brings images to one size, as in `read_cells`.

    Raises:
        CrossgapError: whatever is wrong with it.
    """
    if recording := read_recording(path):
        return _recorded(recording, cameras, state, labels, labelled, track, fit)
    root = image_folder(path, labelled=labelled)
    table = find_table(root)
    if table is None and not labelled and not state and cameras in (None, (IMAGE,)):
        plain = read_unlabelled(root, track, fit)
        return Observations(plain.images, plain.labels, plain.labels, plain.episodes)
    if table is None:
        raise CrossgapError(f"No labels.csv in {root}. Expected a row per image, or --target-labels none.")
    known = table_cameras(table) or [IMAGE]
    rows, names = (
        _in_order(read_rows(root, table, known[0])),
        tuple(cameras or (known if IMAGE not in known else (IMAGE,))),
    )
    check_known(f"{table}: column", names, list(rows[0].cells))
    images = [_images(root, rows, name, track, fit) for name in names]
    known = [name for name in label_names(rows) if name not in names]
    features = feature_columns(root, known)
    state = [key for key in (MEASURED,) if key in features] if state is None else state
    measured = named_columns(state, features, known)
    others = [name for name in features.get(ACTION, known) if name not in measured]
    chosen = (named_columns(labels, features, known) if labels else others) if labelled else []
    check_known(f"{table}: label column", [*chosen, *measured], known)
    return Observations(
        _beside(images, names), _numbers(rows, measured), _numbers(rows, chosen),
        np.array(episodes_of(rows)), names,
        _state_name(state, features), tuple(chosen), _recordings(rows),
    )  # fmt: skip


def _recorded(
    recording: Recording, cameras: Sequence[str] | None, state: Sequence[str] | None,
    labels: Sequence[str] | None, labelled: bool, track: Track, fit: Fit | None,
) -> Observations:  # fmt: skip
    names = tuple(recording.camera(name) for name in cameras or recording.cameras)
    if state is None:
        state = [key for key in (MEASURED,) if key in recording.features]
    measured = recording.chosen(state) if state else ()
    done = recording.chosen(labels) if labelled else ()
    images = [read_cells(recording.cameras[name], name, track, fit) for name in names]
    return Observations(
        _beside(images, names), recording.labels(measured), recording.labels(done), recording.episodes, names,
        _state_name(state, recording.features), done,
    )  # fmt: skip


def _state_name(state: Sequence[str], features: Collection[str]) -> str:
    """What the state is called: as a feature that is all of it."""
    return state[0] if len(state) == 1 and state[0] in features else STATE if state else ""


def _beside(images: list[np.ndarray], names: Sequence[str]) -> np.ndarray:
    """Images of several cameras as channels of one."""
    if len(sizes := {image.shape[1:3] for image in images}) > 1:
        each = zip(names, images, strict=True)
        found = ", ".join(f"{name} {image.shape[2]}×{image.shape[1]}" for name, image in each)
        raise CrossgapError(f"The cameras' images are of {len(sizes)} sizes ({found}). Expected --size.")
    return np.concatenate(images, -1)


def _images(root: Path, rows: list[Row], column: str, track: Track, fit: Fit | None) -> np.ndarray:
    """The images that a column of a table names."""
    cells = [cell_of(root, row, column) for row in rows]
    for row, (file, _) in zip(rows, cells, strict=True):
        if not file.is_file():
            raise row.error(column, "an image's path from the folder on")
    return read_cells(cells, f"{root.name}, {column}", track, fit)


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows by episode and step: what is done next is in the next one."""
    return [rows[index] for index in by_step(rows, recordings_of(rows))]


def _recordings(rows: list[Row]) -> np.ndarray | None:
    """The episode of each row, where rows name these as well as sessions."""
    found = np.array(recordings_of(rows))
    return None if np.array_equal(found, episodes_of(rows)) else found


def _numbers(rows: list[Row], names: Sequence[str]) -> np.ndarray:
    """(n, k) float32 of some columns."""
    values = [[row.number(name) for name in names] for row in rows]
    return np.array(values, np.float32).reshape(len(rows), len(names))
