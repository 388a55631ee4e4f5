"""The sweep over λ_φ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossgap.base.files import read_json
from crossgap.core.fabric import make_fabric
from crossgap.core.results import add_results
from crossgap.errors import CrossgapError
from crossgap.experiments.task_weight import experiment as task_weight
from crossgap.experiments.task_weight.experiment import (
    WEIGHED,
    current_weights,
    histogram_distance,
    weighted,
)
from crossgap.experiments.taskgan.presets import PRESETS, get_preset, measured_with
from crossgap.experiments.taskgan.tables import NOT_MEASURED
from crossgap.experiments.taskgan.trial import TaskGANTrial
from reproduced import reproduced


def test_histogram_distance_by_hand() -> None:
    black, white = np.zeros((2, 4, 4, 3), np.uint8), np.full((3, 4, 4, 3), 255, np.uint8)
    half = np.concatenate([black, white[:2]])
    assert histogram_distance(black, black) == 0
    assert histogram_distance(black, white) == pytest.approx(1)
    assert histogram_distance(half, white) == pytest.approx(0.5)
    red = black.copy()
    red[..., 0] = 255
    assert histogram_distance(red, black) == pytest.approx(1 / 3)


def test_another_norm_in_the_task_model_makes_rows_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_weight, "WEIGHTS", (1.0,))
    made = measured_with(weighted(get_preset("smoke"), 1.0), "taskgan_inverse")
    about = {"domain": "target_a", "method": "taskgan_inverse", "seed": 0, "task_weight": 1.0}
    figures = {"value": 0.5, "low": 0.1, "high": 0.9, "n": 4}
    old = [about | made | figures | {"metric": metric} for metric in WEIGHED]
    path, hardware = tmp_path / "task_weight" / "smoke.json", {"device": "cpu", "precision": "32-true"}
    add_results(path, old, {"preset": "smoke", "command": "crossgap x", "commit": "abc"}, hardware)
    before = read_json(path)["rows"]
    reproduced("task_weight", 1, tmp_path / "run", tmp_path, looks=("target_a",), task_norm="instance")
    results = read_json(path)
    assert results["rows"][: len(before)] == before
    added = results["rows"][len(before) :]
    assert {row.get("task_norm") for row in added} == {"instance"}
    assert {row["metric"] for row in added} >= set(WEIGHED)
    first, _, second, _, text = current_weights(results).split("\n\n")
    assert first == "**Instance norm in every task model**"
    assert second == "**The paper's task model, without a norm**"
    assert text.startswith("Mean of 1 seeds")
    drawn = {picture.name for picture in path.parent.glob("*.png")}
    norm = "smoke_instance_norm_target_a"
    assert drawn == {"smoke_target_a.png", f"{norm}.png", f"{norm}_pictures.png"}
    stale = [row | {"settings": "of other steps"} for row in results["rows"]]
    assert current_weights(results | {"rows": stale}) == NOT_MEASURED


def test_the_sweep_from_nothing_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_weight, "WEIGHTS", (0.0, 1.0))
    run = tmp_path / "run", tmp_path
    path = reproduced("task_weight", 1, *run, looks=("target_a",))
    found = read_json(path)
    assert {row["task_weight"] for row in found["rows"]} == {0.0, 1.0}
    assert {"success", "held_out_mse", "pair_l1", "histogram_distance"} <= {
        row["metric"] for row in found["rows"]
    }
    assert found["provenance"]["threads"] == torch.get_num_threads()
    assert not any("threads" in row for row in found["rows"])
    won = {row["won"] for row in found["rows"] if row["metric"] == "success"}
    assert {len(starts) for starts in won} == {PRESETS["smoke"].starts}
    assert path.with_name("smoke_target_a.png").stat().st_size > 10_000
    assert Image.open(path.with_name("smoke_target_a_pictures.png")).size[1] > 100
    whole = TaskGANTrial(run[0], get_preset("smoke"), "target_a", 0, make_fabric("cpu", "32-true"), True)
    drawn = task_weight.pictures(whole, 2)
    assert list(drawn) == [
        "held-out target image y", "F(y), λ_φ = 0", "F(y), λ_φ = 1", "true pair in the source",
    ]  # fmt: skip
    _, ignored, weighed, pair = drawn.values()
    assert (ignored != weighed).any()
    np.testing.assert_array_equal(pair[0], whole.held_out_pairs.images[0])
    weights = [path for path in (tmp_path / "run").rglob("*.safetensors") if "models" in path.parts]
    before = {path: path.stat().st_mtime_ns for path in weights}
    looks = ("target_a", "target_b", "target_b")  # one is added
    again = read_json(reproduced("task_weight", 1, *run, looks=looks))
    assert [row for row in again["rows"] if row["domain"] == "target_a"] == found["rows"]
    assert len(again["rows"]) == 2 * len(found["rows"])
    assert {path: path.stat().st_mtime_ns for path in weights} == before  # nothing was trained twice
    with pytest.raises(CrossgapError, match=r"Target look 'nope' not found"):
        reproduced("task_weight", 1, tmp_path / "other", tmp_path, looks=("nope",))
    assert not (tmp_path / "other").exists()
    errors = {row["task_weight"]: row["value"] for row in found["rows"] if row["metric"] == "held_out_mse"}
    assert errors[0.0] != errors[1.0]
