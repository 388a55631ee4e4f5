"""Policies that do not look: rows that say what success is worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crossgap.base.files import read_json
from crossgap.evaluation import TEST_STARTS, VALIDATION_STARTS, play
from crossgap.experiments.engine.schema import check_results
from crossgap.experiments.taskgan.sightless import DRAWN, best_place, blind, cubes, near
from crossgap.experiments.taskgan.tables import current_success
from reproduced import reproduced


def test_the_best_place_is_near_most_cubes() -> None:
    at = np.array([[0.3, 0.0, 0.04], [0.35, 0.05, 0.04], [0.3, 0.1, 0.04], [0.3, -0.4, 0.04]])
    place = best_place(at)
    assert near(place, at).tolist() == [True, True, True, False]
    assert near(np.array([0.3, 0.0, 0.04]), at).tolist() == [True, True, False, False]  # 10 cm is not within
    assert not set(DRAWN) & {*TEST_STARTS, *VALIDATION_STARTS}


def test_the_blind_policy_ends_in_its_place_whatever_there_is() -> None:
    seeds = [30_000, 30_001, 30_002, 30_003, 30_004, 30_005]
    played, _ = play(blind(), seeds, 20, quiet=True, look="target_b", size=24)
    place, at = best_place(cubes(DRAWN)), cubes(seeds)
    np.testing.assert_allclose(played.final_distance, np.linalg.norm(at - place, axis=1), atol=1e-5)
    assert played.success == near(place, at).tolist()


def test_they_are_rows_and_nothing_is_trained_for_them(tmp_path: Path) -> None:
    methods = {"looks": ("target_b",), "methods": ("random", "blind")}
    path = reproduced("taskgan", 2, tmp_path / "run", tmp_path / "results", **methods)
    check_results(path)
    rows = read_json(path)["rows"]
    assert {(row["method"], row["seed"]) for row in rows} == {
        (m, s) for m in ("blind", "random") for s in (0, 1)
    }
    lines = current_success(read_json(path)).splitlines()
    assert lines[2].startswith("| blind: one pose")
    assert lines[3].startswith("| random actions |")
    assert not list((tmp_path / "run").rglob("*.safetensors"))
    far = {row["seed"]: row["value"] for row in rows
           if (row["method"], row["metric"]) == ("random", "final_distance_mean")}  # fmt: skip
    assert far[0] != far[1]  # a seed's own actions
