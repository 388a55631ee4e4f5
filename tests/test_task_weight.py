"""The sweep over λ_φ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossgap.base.files import read_json
from crossgap.core.fabric import make_fabric
from crossgap.errors import CrossgapError
from crossgap.experiments.engine import reproduce
from crossgap.experiments.task_weight import trial as task_weight
from crossgap.experiments.task_weight.trial import histogram_distance
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.methods.config import get_preset


def test_histogram_distance_by_hand() -> None:
    black, white = np.zeros((2, 4, 4, 3), np.uint8), np.full((3, 4, 4, 3), 255, np.uint8)
    half = np.concatenate([black, white[:2]])
    assert histogram_distance(black, black) == 0
    assert histogram_distance(black, white) == pytest.approx(1)
    assert histogram_distance(half, white) == pytest.approx(0.5)
    red = black.copy()
    red[..., 0] = 255
    assert histogram_distance(red, black) == pytest.approx(1 / 3)


def test_the_sweep_from_nothing_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (task_weight, reproduce):
        monkeypatch.setattr(module, "WEIGHTS", (0.0, 1.0))
    run = ("smoke", 1, ("target_a",), tmp_path / "run", tmp_path / "results", "cpu", "32-true")
    found = read_json(reproduce.reproduce_task_weight(*run))
    assert {row["task_weight"] for row in found["rows"]} == {0.0, 1.0}
    assert {"success", "held_out_mse", "pair_l1", "histogram_distance"} <= {
        row["metric"] for row in found["rows"]
    }
    assert {row.get("threads") for row in found["rows"]} == {torch.get_num_threads()}
    assert (tmp_path / "results" / "smoke_target_a.png").stat().st_size > 10_000
    assert Image.open(tmp_path / "results" / "smoke_target_a_pictures.png").size[1] > 100
    whole = TaskGANTrial(run[3], get_preset("smoke"), "target_a", 0, make_fabric("cpu", "32-true"), True)
    drawn = task_weight.pictures(whole, 2)
    assert list(drawn) == [
        "held-out target image y", "F(y), λ_φ = 0", "F(y), λ_φ = 1", "true pair in the source",
    ]  # fmt: skip
    _, ignored, weighed, pair = drawn.values()
    assert (ignored != weighed).any()
    np.testing.assert_array_equal(pair[0], whole.held_out_pairs.images[0])
    weights = [path for path in (tmp_path / "run").rglob("*.safetensors") if "models" in path.parts]
    before = {path: path.stat().st_mtime_ns for path in weights}
    more = ("smoke", 1, ("target_a", "target_b", "target_b"), *run[3:])  # a look is added
    again = read_json(reproduce.reproduce_task_weight(*more))
    assert [row for row in again["rows"] if row["domain"] == "target_a"] == found["rows"]
    assert len(again["rows"]) == 2 * len(found["rows"])
    assert {path: path.stat().st_mtime_ns for path in weights} == before  # nothing was trained twice
    with pytest.raises(CrossgapError, match=r"Target look 'nope' not found"):
        reproduce.reproduce_task_weight("smoke", 1, ("nope",), tmp_path / "other", tmp_path, "cpu", "32-true")
    assert not (tmp_path / "other").exists()
    errors = {row["task_weight"]: row["value"] for row in found["rows"] if row["metric"] == "held_out_mse"}
    assert errors[0.0] != errors[1.0]
