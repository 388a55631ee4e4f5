"""The xArm7 experiment: what is compared where, its rows, and what goggles are trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from crossgap.base.files import read_json, remove, write_json
from crossgap.core.fabric import make_fabric
from crossgap.deploy.policy import ReachPolicy, save_goggles
from crossgap.errors import CrossgapError, find
from crossgap.experiments.xarm7.adaptation import Adaptation
from crossgap.experiments.xarm7.figures import TOGETHER, learning_curves
from crossgap.experiments.xarm7.presets import XARM7_PRESETS, settled
from crossgap.experiments.xarm7.report import xarm7_report
from crossgap.experiments.xarm7.rollouts import look_arguments, unscaled
from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS, ReachSetup, domains_of
from crossgap.experiments.xarm7.training import FIRST_IMAGES, ReachTraining, about_policy
from crossgap.experiments.xarm7.trial import XArm7Trial, curve_rows
from crossgap.networks import Generator
from crossgap.networks.actor_critic import Actor, PositionExtractor
from crossgap.simulation.meshes import meshes_problem
from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW, XArm7ReachEnv
from reproduced import reproduced

SMOKE = XARM7_PRESETS["smoke"]
FABRIC = make_fabric("cpu", "32-true")


def test_noisy_depth_is_a_domain_for_those_that_see_depth() -> None:
    assert domains_of(SETUPS["best"], ("source", "noisy_depth")) == ["source"]
    assert domains_of(SETUPS["depth"], ("source", "noisy_depth")) == ["source", "noisy_depth"]
    with pytest.raises(CrossgapError, match=r"Domain 'mars' not found\. Available: camera_far, camera_moved"):
        domains_of(SETUPS["best"], ("mars",))
    with pytest.raises(
        CrossgapError, match=r"Configuration 'bset' not found.*Did you mean|Configuration 'bset'"
    ):
        find("Configuration", "bset", SETUPS)


def test_every_domain_and_configuration_can_be_made() -> None:
    for name, about in DOMAINS.items():
        if name == "target_mesh" and meshes_problem():
            continue
        XArm7ReachEnv(size=48, depth="depth_noise" in about, **about).reset(seed=0)
    for setup in SETUPS.values():
        XArm7ReachEnv(
            size=48, cameras=setup.cameras, depth=setup.depth, **look_arguments(setup)
        ).reset(seed=0)  # fmt: skip


def test_a_curve_says_when_it_was_learnt() -> None:
    curve = [
        {"environment_steps": 400 * i, "success": s, "low": s, "high": s, "n": 50}
        for i, s in enumerate((0.1, 0.78, 0.8, 0.7), 1)
    ]
    rows = curve_rows("best", 2, curve)
    assert [row["value"] for row in rows if row["metric"] == "validation_success"] == [0.1, 0.78, 0.8, 0.7]
    assert [row["value"] for row in rows if row["metric"] == "steps_to_learn"] == [1200]
    assert not [row for row in curve_rows("best", 2, curve[:2]) if row["metric"] == "steps_to_learn"]
    assert not any("threads" in row for row in rows)  # of before they were noted
    noted = curve_rows("best", 2, [point | {"threads": 2} for point in curve])
    assert [row["threads"] for row in noted] == [2] * len(rows)


def save_policy(folder: Path, seed: int) -> ReachPolicy:
    torch.manual_seed(seed)
    about = about_policy(SETUPS["best"], SMOKE)
    policy = ReachPolicy(PositionExtractor(about["channels"], SMOKE.size), Actor(), about)
    policy.save(folder / "policy")
    return policy


def test_an_evaluation_is_of_the_weights_that_act(tmp_path: Path, monkeypatch) -> None:
    played = []

    def evaluate(*_, **about) -> list[dict]:
        played.append(about)
        return [{"seed": 1, "success": True, "distance": 0.1, "goal": [0.0, 0.0, 0.0]}]

    experiment = XArm7Trial(tmp_path, SMOKE, "best", 0, FABRIC, quiet=True)
    monkeypatch.setattr(experiment, "policy", lambda *_: None)
    monkeypatch.setattr(experiment.training, "evaluate", evaluate)
    tests = [("best", "target_b"), ("best_goggles", "target_b"), ("best_fine_tuned", "target_b")]

    def plays() -> int:
        """How many of the tests are played."""
        played.clear()
        for test in tests:
            experiment.episodes(*test)
        return len(played)

    goggles = experiment.folder / "target_b" / "goggles"
    assert [plays(), plays()] == [3, 0]  # of a policy of before there were digests
    save_policy(experiment.folder, 0)
    assert [plays(), plays()] == [3, 0]
    save_goggles(Generator(4, 1), goggles)
    save_policy(experiment.folder / "target_b", 1)
    (experiment.folder / "target_b" / "policy").rename(experiment.folder / "target_b" / "fine_tuned")
    assert [plays(), plays()] == [2, 0]
    save_policy(experiment.folder, 2)
    assert [plays(), plays()] == [3, 0]
    remove(experiment.folder / "target_b")  # to save space
    assert plays() == 0


def test_what_is_made_for_a_policy_is_not_another_one_s(tmp_path: Path, monkeypatch) -> None:
    training = ReachTraining(tmp_path, SMOKE, SETUPS["best"], 0, FABRIC, quiet=True)
    rng = np.random.default_rng(0)
    monkeypatch.setattr(training, "policy", lambda: ReachPolicy.load(tmp_path / "policy"))
    monkeypatch.setattr(
        training, "collected", lambda count, *_, **__: (
            rng.integers(0, 256, (count, 64, 64, 3), np.uint8), np.zeros((count, 3), np.float32),
        ),
    )  # fmt: skip
    save_policy(tmp_path, 0)
    adaptation = Adaptation(training, "target_b")
    for _ in range(2):
        adaptation.goggles()
        adaptation.fine_tuned()
    save_policy(tmp_path, 1)
    again = rf"target_b was made for another policy, or does not say for which\. Remove {adaptation.folder}"
    for make in (adaptation.goggles, adaptation.fine_tuned):
        with pytest.raises(CrossgapError, match=again):
            make()
    for part in ("goggles", "fine_tuned"):  # the checkpoints are the other one's, too
        remove(adaptation.folder / part)
    with pytest.raises(CrossgapError, match=again):
        adaptation.goggles()
    remove(adaptation.folder)
    adaptation.goggles()
    (adaptation.folder / "made_for.json").unlink()  # as of before
    with pytest.raises(CrossgapError, match=again):
        adaptation.goggles()
    about = read_json(tmp_path / "policy" / "policy.json")
    del about["sha256"]
    write_json(tmp_path / "policy" / "policy.json", about)  # both of before: it goes on
    adaptation.goggles()


def test_episodes_say_what_their_policy_was_trained_with(tmp_path: Path, monkeypatch) -> None:
    played = [{"seed": 1, "success": True, "distance": 0.1, "goal": [0.0, 0.0, 0.0]}]
    about = {"round": 1, "environment_steps": 1, "success": 1.0, "low": 0.0, "high": 1.0, "n": 1}
    for seed, noted in enumerate(({"threads": 7}, {})):  # once they were not noted
        experiment = XArm7Trial(tmp_path, SMOKE, "best", seed, FABRIC, quiet=True)
        monkeypatch.setattr(experiment, "policy", lambda *_: None)
        monkeypatch.setattr(experiment.training, "evaluate", lambda *_, **__: played)
        experiment.folder.mkdir(parents=True)
        (experiment.folder / "curve.jsonl").write_text(json.dumps(about | noted) + "\n")
        (episode,) = experiment.episodes("best", "source")
        assert {key: episode[key] for key in ("threads",) if key in episode} == noted


def test_the_curriculum_grows_over_the_first_half(tmp_path: Path) -> None:
    preset = replace(SMOKE, rounds=8)
    with_it = ReachTraining(tmp_path, preset, ReachSetup(randomization="full", curriculum=True), 0, FABRIC)
    assert [with_it._strength(n) for n in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    without = ReachTraining(tmp_path, preset, ReachSetup(randomization="full"), 0, FABRIC)
    assert without._strength(0) == 1


def test_collected_images_are_labelled_with_where_the_tool_is(tmp_path: Path) -> None:
    training = ReachTraining(tmp_path, SMOKE, ReachSetup(), 1, FABRIC, quiet=True)
    images, positions = training.collected(70, FIRST_IMAGES)
    assert images.shape == (70, 64, 64, 3)
    env = XArm7ReachEnv(size=64)
    for index in (0, 69):
        observation, _ = env.reset(seed=FIRST_IMAGES + 100_000 + index)
        np.testing.assert_array_equal(observation["pixels"]["side"], images[index])
        np.testing.assert_allclose(unscaled(positions[index]), observation["state"], atol=1e-6)
    other, same = training.collected(3, FIRST_IMAGES, look="target_b")
    assert not np.array_equal(other[0], images[0])
    np.testing.assert_array_equal(same, positions[:3])
    assert (np.abs(positions) <= 1.001).all()
    assert (unscaled(positions) >= WORKSPACE_LOW - 1e-3).all()
    assert (unscaled(positions) <= WORKSPACE_HIGH + 1e-3).all()


def test_random_looks_take_more_initial_images_and_steps(tmp_path: Path) -> None:
    steps = {}
    for factor in (1, 3):
        setup = ReachSetup(initialized=True, initial_factor=factor, randomization="full", per_frame=True)
        folder = tmp_path / str(factor)
        training = ReachTraining(folder, replace(SMOKE, rounds=1), setup, 0, FABRIC, quiet=True)
        training.run()
        assert len(training._initial().images) == factor * SMOKE.initial_images
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        steps[factor] = max(row["step"] for row in rows if row["phase"] == "extractor")
    assert steps == {1: 3, 3: 9}


def test_a_configuration_that_is_another_one_now_does_not_go_on(tmp_path: Path) -> None:
    one = ReachSetup(randomization="full", per_frame=True)
    ReachTraining(tmp_path, replace(SMOKE, rounds=1), one, 0, FABRIC, quiet=True).run()
    other = ReachTraining(tmp_path, SMOKE, replace(one, per_frame=False), 0, FABRIC, quiet=True)
    with pytest.raises(CrossgapError, match="another training: per_frame is true there, false here"):
        other.run()
    older = json.loads((tmp_path / "setup.json").read_text())
    del older["rehearsed"]  # a field that came later
    (tmp_path / "setup.json").write_text(json.dumps(older))
    ReachTraining(tmp_path, replace(SMOKE, rounds=1), one, 0, FABRIC, quiet=True).run()


def test_goggles_and_domains_can_be_added_to_a_run() -> None:
    more = replace(SMOKE, adapted=("best", "depth"), adapted_to=("target_a",), domains=("source",))
    assert settled(more) == settled(SMOKE) != settled(replace(SMOKE, rounds=9))


def test_rows_of_a_configuration_with_goggles(tmp_path: Path) -> None:
    rows = XArm7Trial(tmp_path, SMOKE, "best", 0, FABRIC, quiet=True).run()
    tested = {(row["method"], row["domain"]) for row in rows if row["metric"] == "success"}
    assert tested == {
        ("best", "source"), ("best", "target_b"), ("best_goggles", "target_b"),
        ("best_fine_tuned", "target_b"),
    }  # fmt: skip
    for row in rows:
        if row["metric"] == "success":
            assert row["value"] == row["won"].count("1") / 2
        assert row["threads"] == torch.get_num_threads()
    assert not (tmp_path / "seed_0" / "best" / "replay").exists()
    again = XArm7Trial(tmp_path, SMOKE, "best", 0, FABRIC, quiet=True)
    assert again.run() == rows
    both = XArm7Trial(tmp_path, SMOKE, "best", 0, FABRIC, quiet=True, goals=("test", "fresh")).run()
    assert [row for row in both if "goals" not in row] == rows
    assert {(row["method"], row["domain"]) for row in both if row.get("goals") == "fresh"} == tested
    assert [one["seed"] for one in again.episodes("best", "source", "fresh")] == [40_000, 40_001]
    assert ("best_goggles", "target_b") in again.evaluated
    again.setup = replace(again.setup, initialized=False)
    assert not again.evaluated  # what is there is another one's
    with pytest.raises(CrossgapError, match="another training: initialized is true there, false here"):
        again.run()


def test_a_run_has_a_report_with_films(tmp_path: Path) -> None:
    path = reproduced("xarm7", 1, tmp_path / "run", tmp_path / "results", methods=("depth_noise",))
    assert {p.name for p in path.parent.glob("[!.]*")} == {
        "smoke.json", "smoke_curves.png", "smoke_regions.png", "smoke_distances.png",
    }  # fmt: skip
    page = (tmp_path / "run" / "report.html").read_text()
    for domain in ("source", "target_b", "noisy_depth"):
        assert f"an episode in {domain}" in page
    assert page.count("data:image/webp") == 3
    assert page.count("data:image/png") == 3
    with pytest.raises(CrossgapError, match=r"Configuration 'worst' not found"):
        reproduced("xarm7", 1, tmp_path / "other", tmp_path, methods=("worst",))
    assert not (tmp_path / "other").exists()


def test_a_run_of_some_domains_has_a_report_of_them_and_of_those_added(tmp_path: Path) -> None:
    run, results = tmp_path / "run", tmp_path / "results"
    reproduced("xarm7", 1, run, results, looks=("camera_moved",), methods=("depth_noise",))
    assert not list(run.glob("seed_*/*/target_*"))  # no goggles for looks that nobody asked for
    assert "an episode in camera_moved" in (run / "report.html").read_text()
    reproduced("xarm7", 2, run, results, looks=("source",), methods=("depth_noise",))
    page = (run / "report.html").read_text()
    assert "an episode in camera_moved" in page
    assert "an episode in source" in page
    assert "2 seeds" in page


def test_a_report_of_nothing(tmp_path: Path) -> None:
    about = {"experiment": "xarm7", "preset": "smoke"}
    settings = settled(SMOKE)
    (tmp_path / "config.json").write_text(json.dumps({**about, "settings": settings}))
    with pytest.raises(CrossgapError, match="no tested configuration"):
        xarm7_report(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**about, "settings": settings | {"rounds": 99}}))
    with pytest.raises(CrossgapError, match="Preset 'smoke' has changed"):
        xarm7_report(tmp_path)


def test_more_learning_curves_than_a_panel_can_show_have_panels_of_their_own(tmp_path: Path) -> None:
    sizes = []
    for count in (TOGETHER, TOGETHER + 1):
        rows = [
            {"metric": "validation_success", "method": f"m{n}", "environment_steps": step, "value": 0.1 * n}
            for n in range(count)
            for step in (10, 20)
        ]
        path = learning_curves(rows, [f"m{n}" for n in range(count + 3)], tmp_path / "curves.png")
        sizes.append(Image.open(path).size)
    assert sizes == [(1080, 600), (1440, 510)]  # one panel; two rows of five


@pytest.mark.parametrize("lacking", ["round", "success", "low", "high", "n"])
def test_a_point_of_a_curve_that_lacks_something_is_named(tmp_path: Path, lacking: str) -> None:
    point = {"round": 1, "environment_steps": 1, "success": 1.0, "low": 0.0, "high": 1.0, "n": 1}
    training = XArm7Trial(tmp_path, SMOKE, "best", 0, FABRIC, quiet=True).training
    path = training.folder / "curve.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(point) + "\n")
    assert training.curve == [point]
    del point[lacking]
    path.write_text(json.dumps(point) + "\n")
    with pytest.raises(CrossgapError, match=rf"{path}, line 1, is damaged: '{lacking}' is absent"):
        _ = training.curve
