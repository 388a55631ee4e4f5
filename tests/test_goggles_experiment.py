"""The experiment with a frozen policy: what is shown, what is compared, and that nobody touches it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crossgap.base.files import read_json
from crossgap.core.fabric import make_fabric
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.schema import check_results
from crossgap.experiments.goggles.demonstrations import demonstrate, expert, play
from crossgap.experiments.goggles.experiment import FrozenPolicyInALook, goggles_table
from crossgap.experiments.goggles.policy import CAMERAS, FACTORY, GOAL, SIZE
from crossgap.experiments.goggles.presets import GOGGLES_PRESETS, METHODS
from crossgap.experiments.goggles.trial import GogglesTrial
from crossgap.networks import from_factory
from reproduced import reproduced


def test_the_expert_goes_straight_to_the_goal() -> None:
    action = expert({"desired_goal": np.array([[0.3, 0.0, 0.1]]), "state": np.array([[0.25, 0.01, 0.3]])})
    np.testing.assert_allclose(action, [[1.0, -0.2, -1.0]], atol=1e-6)


def test_what_is_shown_is_the_expert_s_whatever_is_played() -> None:
    shown = demonstrate("source", [1, 2], 3, 0.5, SIZE, 2)
    again = demonstrate("source", [1, 2], 3, 0.5, SIZE, 2)
    np.testing.assert_array_equal(shown.images, again.images)
    assert shown.images.shape == (6, SIZE, SIZE, 3 * len(CAMERAS))
    assert (np.abs(shown.actions) <= 1).all()
    assert np.abs(shown.state).max() <= 1
    ends = play(expert, "source", [1, 2, 3], 12, SIZE)
    assert all(one["success"] for one in ends)


def test_the_policy_is_made_by_its_name() -> None:
    policy = from_factory(FACTORY)
    given = {camera: torch.rand(2, 3, SIZE, SIZE) for camera in CAMERAS} | {"state": torch.zeros(2, GOAL)}
    assert policy(given).shape == (2, 3)


def test_every_method_is_compared_and_the_policy_stays_as_it_is(tmp_path: Path) -> None:
    path = reproduced("goggles", 1, tmp_path / "run", tmp_path / "results")
    results = read_json(path)
    said = {(row["method"], row["domain"]) for row in results["rows"]}
    assert said == {("policy", "source"), *((method, "target_b") for method in METHODS)}
    assert "behind goggles" in goggles_table(results)
    assert path.with_name("smoke_target_b.png").exists()
    weights = next((tmp_path / "run").rglob("policy.safetensors")).read_bytes()
    trial = GogglesTrial(
        tmp_path / "run", GOGGLES_PRESETS["smoke"], "target_b", 0, make_fabric("cpu", "32-true"), True
    )
    model = trial.goggles("goggles")
    assert model.made_for is not None
    assert model.made_for.sha256 == trial.policy().digest()
    assert trial.fine_tuned("fine_tuned").digest() != trial.policy().digest()
    assert reproduced("goggles", 1, tmp_path / "run", tmp_path / "results") == path  # nothing is done again
    assert next((tmp_path / "run").rglob("policy.safetensors")).read_bytes() == weights
    states = {file: file.stat().st_mtime_ns for file in (tmp_path / "run").rglob("*.safetensors")}
    reproduced("goggles", 1, tmp_path / "run", tmp_path / "results", goals=("fresh",))
    check_results(path)
    rows = read_json(path)["rows"]
    assert [row for row in rows if "goals" not in row] == results["rows"]
    assert {(row["method"], row["domain"]) for row in rows if row.get("goals") == "fresh"} == said
    assert [one["seed"] for one in trial.episodes("goggles", "target_b", "fresh")] == [40_000, 40_001]
    assert "behind goggles, fresh goals |" in goggles_table(read_json(path))
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "run").rglob("*.safetensors")} == states


def test_what_does_not_exist_is_said() -> None:
    with pytest.raises(CrossgapError, match="Look 'mars' not found"):
        FrozenPolicyInALook("smoke", looks=("mars",))
    with pytest.raises(CrossgapError, match=r"Kind of goals 'new' not found\. Available: fresh, test"):
        FrozenPolicyInALook("smoke", goals=("new",))
    with pytest.raises(CrossgapError, match=r"Method 'glasses' not found\. .*goggles"):
        FrozenPolicyInALook("smoke", methods=("glasses",))


def test_the_table_says_by_how_much_goggles_are_ahead_of_the_best_rival() -> None:
    def row(method: str, seed: int, won: str, **more: str) -> dict:
        about = {"domain": "target_b", "method": method, "seed": seed, "metric": "success", "n": 4}
        return about | {"value": won.count("1") / 4, "won": won, **more}

    rows = [row("goggles", seed, "1111") for seed in range(2)]
    rows += [row("augmented_fine_tuned", seed, "0000") for seed in range(3)]
    rows += [row("goggles", 0, "1100", goals="fresh"), row("augmented_fine_tuned", 0, "1100", goals="fresh")]
    provenance = {"preset": "quick", "command": "crossgap x", "commit": "abc"}
    said = goggles_table({"rows": rows, "provenance": provenance}).splitlines()[-1]
    assert said.endswith("`target_b` +100 (+100 to +100); `target_b`, fresh goals +0 (+0 to +0).")
    assert "Goggles less" not in goggles_table({"rows": rows[:2], "provenance": provenance})
