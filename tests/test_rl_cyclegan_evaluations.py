"""Evaluations of the grasping experiment: made once, and anew where they would be of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossgap.base.files import read_json, write_json
from crossgap.core.weights import ABOUT
from crossgap.experiments.rl_cyclegan.evaluations import evaluated


class Trained:
    """A training with a checkpoint, and what is measured of it."""

    def __init__(self, folder: Path):
        self.folder, self.made, self.used = folder, 0, set[str]()

    def weigh(self, digest: str) -> None:
        newest = self.folder / "q" / "checkpoints" / "phase" / "000002"
        write_json(newest / ABOUT, {"step": 2, "sha256": digest})

    def measure(self) -> list[int]:
        self.made += 1
        self.used = {"q"}
        return [self.made]

    def evaluated(self, **about: Any) -> list[int]:
        self.used = set()
        path = self.folder / "evaluation.json"
        return evaluated(path, self.measure, [int], about, lambda: self.used, lambda name: self.folder / name)


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    one = Trained(tmp_path)
    one.weigh("first")
    return one


def test_it_tells_settings_and_weights(trained: Trained) -> None:
    assert trained.evaluated(objects=(1, 3)) == [1]
    told = read_json(trained.folder / "evaluation.json")["of"]
    assert told == {"objects": [1, 3], "learnt/q": "first"}


def test_it_is_made_once_and_anew_of_other_settings_or_weights(trained: Trained) -> None:
    assert [trained.evaluated(objects=(1, 3)) for _ in range(2)] == [[1], [1]]
    assert [trained.evaluated(objects=(2, 3)) for _ in range(2)] == [[2], [2]]
    trained.weigh("second")
    assert [trained.evaluated(objects=(2, 3)) for _ in range(2)] == [[3], [3]]


def test_it_outlives_its_training(trained: Trained) -> None:
    trained.evaluated()
    (trained.folder / "q").rename(trained.folder / "elsewhere")
    assert trained.evaluated() == [1]


def test_one_of_before_it_told_stays(trained: Trained) -> None:
    write_json(trained.folder / "evaluation.json", [7])
    assert trained.evaluated(objects=1) == [7]
    assert trained.made == 0
