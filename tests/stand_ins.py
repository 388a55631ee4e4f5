"""Stand-ins for collected images and trained models, which tell what an experiment uses them for."""

from __future__ import annotations

import itertools
import json
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossgap.collection import Collection
from crossgap.data import LabelledImages
from crossgap.experiments.engine import trial
from crossgap.simulation.mico.kinematics import LABEL_NAMES as ANGLES


def code(*about: Any) -> int:
    return zlib.crc32(repr(about).encode())


def stand_in(about: Collection) -> LabelledImages:
    """Images of what happens, which world, seed and disturbance say, in a colour that the look says."""
    n = about.episodes * about.steps
    look = code(about.look, about.randomization, about.per_frame) % 256
    images = np.full((n, about.size, about.size, 3), look, np.uint8)
    names = ("a", "b", "c") if about.world == "reach3" else ANGLES
    labels = np.zeros((n, len(names)), np.float32)
    for row in range(n):  # as collected: a row depends on no other
        rng = np.random.default_rng(code(about.world, about.seed, about.perturbation, row))
        labels[row], images[row, ..., 0] = rng.normal(size=len(names)), rng.integers(0, 256)
    return LabelledImages(images, labels, names, np.repeat(np.arange(about.episodes), about.steps))


class Model:
    """An adapted model that keeps what it is shown, and knows nothing."""

    translator = "F"

    def __init__(self, name: str, labels: int = 3):
        self.name, self.labels, self.shown = name, labels, []
        self.made_of = {"threads": 3}

    def predict(self, images: np.ndarray) -> np.ndarray:
        self.shown.append(images)
        return np.zeros((len(images), self.labels), np.float32)

    def translate(self, images: np.ndarray) -> np.ndarray:
        return images


def happenings(data: LabelledImages) -> set[bytes]:
    """What happens in each image, whatever it looks like."""
    return {row.tobytes() for row in data.labels}


def assert_disjoint(*sets: LabelledImages) -> None:
    for one, other in itertools.combinations(sets, 2):
        assert not happenings(one) & happenings(other)


def assert_pairs(one: LabelledImages, other: LabelledImages) -> None:
    """Whether two sets show the same, row by row, in two looks."""
    np.testing.assert_array_equal(one.labels, other.labels)
    assert not np.array_equal(one.images, other.images)


def instead_of_collecting(monkeypatch: pytest.MonkeyPatch) -> list[Collection]:
    """Let experiments read stand-ins; what it collects from now on."""
    every: list[Collection] = []

    def collect(collection: Collection, path: Path, **_: Any) -> Path:
        if not path.exists():
            every.append(collection)
            path.mkdir(parents=True)
            (path / "about.json").write_text(json.dumps(asdict(collection)))
        return path

    def read(path: Path, **_: Any) -> LabelledImages:
        return stand_in(Collection(**json.loads((path / "about.json").read_text())))

    monkeypatch.setattr(trial, "collect", collect)
    monkeypatch.setattr(trial, "read_folder", read)
    return every
