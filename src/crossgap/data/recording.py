"""What a recording of demonstrations holds, frame by frame, before any image of it is read: LeRobot's data
sets, robomimic's and Isaac Lab's files, and folders of images on their way to one of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crossgap.errors import CrossgapError

ACTION = "action"
"""The feature that is predicted where nothing else is asked for; its columns have their names alone."""
Cell = tuple[Path, int | None]
"""A file, and which frame of it; None for all of it. In a file of many things a path leads on into it."""


class Index(NamedTuple):
    """What a data set holds beside its images, and where these are."""

    cells: list[Cell]
    """Where each of the n images is."""
    labels: np.ndarray
    """(n, k) float32."""
    label_names: tuple[str, ...]
    """The k label columns."""
    episodes: np.ndarray
    """(n,) int."""


@dataclass(frozen=True)
class Feature:
    """Some numbers of every frame, such as the robot's state."""

    values: np.ndarray
    """(n, k), of the type that they are kept in."""
    names: tuple[str, ...]
    """What the k are called; their numbers where they have no names."""
    shape: tuple[int, ...]
    """Of one frame's numbers, as they are kept."""

    @staticmethod
    def of(values: np.ndarray, names: Sequence[str] = ()) -> Feature:
        """A feature of values (n, …); names that are not one for each number are not used."""
        flat = values.reshape(len(values), -1)
        k = flat.shape[1]
        given = tuple(names) if len(names) == k == len(set(names)) else tuple(map(str, range(k)))
        return Feature(flat, given, values.shape[1:])


@dataclass(frozen=True)
class Recording:
    """Frames of one or several cameras, with numbers beside them, in episodes."""

    path: Path
    """The folder or file."""
    cameras: Mapping[str, Sequence[Cell]]
    """By camera, where each of the n frames is."""
    features: dict[str, Feature]
    """By name."""
    episodes: np.ndarray
    """(n,) int, the episode of each frame."""
    tasks: tuple[str, ...] = ("",)
    """What the robot was told to do."""
    task_indices: np.ndarray | None = None
    """(n,) which task each frame is of; None where there is one."""
    fps: float = 10.0
    """Frames per second."""
    about: Mapping[str, object] = field(default_factory=dict)
    """Further facts that a data set of the same kind keeps, such as the robot's type."""

    def __len__(self) -> int:
        return len(self.episodes)

    def camera(self, name: str | None = None) -> str:
        """The camera of that name; of part of one, where that is enough; by default the only one.

        Raises:
            CrossgapError: there is none, or several may be meant.
        """
        names = list(self.cameras)
        available = ", ".join(names) or "none"
        if name is None:
            found = names
        else:
            found = [one for one in names if name == one] or [
                one for one in names if name == one.rpartition(".")[2]
            ]
        if not names or (name is not None and not found):
            raise CrossgapError(f"{self.path} has no camera '{name or ''}'. Available: {available}.")
        if len(found) > 1:
            raise CrossgapError(
                f"{self.path} has {len(found)} cameras. Expected one of them, with --camera: {available}; or "
                "its images alone: `crossgap data convert SET FOLDER --camera NAME`."
            )
        return found[0]

    def columns(self) -> dict[str, tuple[str, int]]:
        """All that may be a label, by its name: its feature, and which number of it.

        Those of `action` have their own names, `action_0` where they have none; those of others begin with
        the feature's: `observation.state.gripper`, `observation.state_0`.
        """
        found = {}
        for key, feature in self.features.items():
            for index, name in enumerate(feature.names):
                numbered = name.isdigit()
                column = f"{key}_{name}" if numbered else name if key == ACTION else f"{key}.{name}"
                found[column] = (key, index)
        return found

    def default_labels(self) -> list[str]:
        """The columns that are predicted where nothing is said: of the action, or all."""
        columns = self.columns()
        return [name for name, (key, _) in columns.items() if key == ACTION] or list(columns)

    def chosen(self, labels: Sequence[str] | None) -> tuple[str, ...]:
        """The label columns that are meant: columns by their names, and whole features by theirs.

        Raises:
            CrossgapError: there is none of that name.
        """
        if labels is None:
            return tuple(self.default_labels())
        columns, found = self.columns(), []
        for label in labels:
            of_feature = [name for name, (key, _) in columns.items() if key == label]
            if label not in columns and not of_feature:
                listed = ", ".join([*self.features, *columns]) or "none"
                raise CrossgapError(f"{self.path} has no label column '{label}'. Available: {listed}.")
            found += [label] if label in columns else of_feature
        if len(set(found)) < len(found):
            raise CrossgapError(f"The labels {', '.join(labels)} name a column twice. Expected each once.")
        return tuple(found)

    def labels(self, names: Sequence[str]) -> np.ndarray:
        """(n, k) float32 of some columns.

        Raises:
            CrossgapError: a number is not finite in float32; the message says in which frame.
        """
        columns = self.columns()
        values = np.empty((len(self), len(names)), np.float32)
        for index, name in enumerate(names):
            key, column = columns[name]
            with np.errstate(over="ignore"):
                values[:, index] = self.features[key].values[:, column]
            if len(wrong := np.flatnonzero(~np.isfinite(values[:, index]))):
                row = int(wrong[0])
                raise CrossgapError(
                    f"{self.path}, {self.where(row)}, column '{name}': expected a finite number, found "
                    f"{self.features[key].values[row, column]}."
                )
        return values

    def where(self, row: int) -> str:
        """A frame by its episode and its number there, for errors."""
        episode = self.episodes[row]
        return f"episode {episode}, frame {int((self.episodes[:row] == episode).sum())}"
