"""`crossgap learn` and the evaluation of policies."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from crossgap.core.fabric import make_fabric
from crossgap.errors import CrossgapError
from crossgap.experiments.engine import reproduce
from crossgap.experiments.engine.experiment import Where
from crossgap.experiments.xarm7.learning import evaluate_policies, learn_policy
from crossgap.experiments.xarm7.presets import XARM7_PRESETS
from crossgap.experiments.xarm7.setups import BEST
from crossgap.experiments.xarm7.training import ReachTraining
from crossgap.networks.actor_critic import AlexNetExtractor


def test_a_policy_is_learnt_once_and_played(tmp_path: Path) -> None:
    setup = replace(BEST, cameras=("front",), randomization="camera+lights")
    about = (setup, "smoke", 0, 1, "cpu", "32-true")
    path = learn_policy(tmp_path / "run", *about)
    written = (path / "policy.safetensors").stat().st_mtime_ns
    assert learn_policy(tmp_path / "run", *about) == path
    assert (path / "policy.safetensors").stat().st_mtime_ns == written
    assert json.loads((path / "policy.json").read_text())["cameras"] == ["front"]
    out = tmp_path / "result.json"
    found = evaluate_policies(
        (path, tmp_path / "run" / ".." / "run" / "policy"), "target_a", 3, 4, True, out, "cpu"
    )
    assert len(found["policies"]) == 2
    first, second = found["policies"].values()
    assert first == second
    assert [one["seed"] for one in first["episodes"]] == [20_000, 20_001, 20_002]
    assert json.loads(out.read_text())["policies"].keys() == found["policies"].keys()


def test_pretrained_convolutions_are_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    source, path = AlexNetExtractor(), tmp_path / "alexnet.safetensors"
    save_file({f"features.{k}": v for k, v in source.features.state_dict().items()}, path)
    setup = replace(BEST, extractor="alexnet", extractor_weights=str(path), initialized=False)
    training = ReachTraining(tmp_path / "x", XARM7_PRESETS["smoke"], setup, 0, make_fabric("cpu", "32-true"))
    training._take_weights()
    images = torch.rand(2, 3, 84, 84)
    for networks in (training.learner.networks, training.learner.targets):
        assert torch.equal(networks["extractor"].features(images), source.features(images))
    about = ("smoke", 0, 1, "cpu", "32-true")
    with pytest.raises(CrossgapError, match=r"features\.0\.weight of shape \(64, 6, 11, 11\); got \(64, 3"):
        learn_policy(tmp_path / "run", replace(setup, cameras=("side", "front")), *about)
    assert not (tmp_path / "run").exists()
    learn_policy(tmp_path / "run", setup, *about)
    path.unlink()
    learn_policy(tmp_path / "run", setup, *about)  # what it took is in the run


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cameras": ("above",)}, r"Camera 'above' not found\. Available: front, side"),
        ({"cameras": ()}, "at least one camera of front, side"),
        ({"randomization": "camera+fog"}, r"Randomization 'fog' not found\. Available: camera,"),
        ({"depth_noise": -1.0, "depth": True}, r"depth noise of at least 0; got -1"),
        ({"depth_noise": 1.0}, r"--depth-noise needs --depth"),
        ({"cameras": ("side", "side")}, r"each camera once; got side, side"),
        ({"rehearsed": True, "initialized": False}, "--rehearsed needs --initialized and --bottleneck"),
        ({"bottleneck_factor": 0.0}, "--bottleneck-factor must be above 0; got 0"),
        ({"bottleneck_factor": 2.0, "bottleneck": False}, "--bottleneck-factor needs --bottleneck"),
        ({"initial_factor": 2, "initialized": False}, "--initial-factor needs --initialized"),
        ({"per_frame": True}, "--per-frame needs --randomization"),
        ({"curriculum": True}, "--curriculum needs --randomization"),
        ({"extractor_weights": "w"}, "--extractor-weights needs --extractor alexnet"),
        ({"extractor": "alexnet", "extractor_weights": "w"}, "w is not a readable safetensors file"),
        ({"initial_factor": 0}, r"--initial-factor must be at least 1; got 0"),
    ],
)
def test_a_configuration_that_cannot_be_leaves_nothing_behind(tmp_path: Path, change, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        learn_policy(tmp_path / "run", replace(BEST, **change), "smoke", 0, None, "cpu", "32-true")
    assert not (tmp_path / "run").exists()


def test_too_many_goals_and_no_policy(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match="--starts must be from 1 to 100; got 101"):
        evaluate_policies((tmp_path,), "source", 101, 50, False, None, "cpu")
    with pytest.raises(CrossgapError, match=r"policy\.json"):
        evaluate_policies((tmp_path,), "source", 3, 50, False, None, "cpu")
    with pytest.raises(CrossgapError, match=r"Look 'mars' not found"):
        evaluate_policies((tmp_path,), "mars", 3, 50, False, None, "cpu")


class Learnt:
    """A training that is over."""

    curve = ({"n": 1, "success": 1.0},)

    def policy(self) -> None:
        """There."""


def test_a_run_says_that_it_learns_in_float32_and_one_of_before_goes_on(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("crossgap.experiments.xarm7.learning.ReachTraining", lambda *_, **__: Learnt())
    about = (BEST, "smoke", 0, 1, "cpu", "bf16-mixed")
    learn_policy(tmp_path, *about)
    config = json.loads((tmp_path / "config.json").read_text())
    start = json.loads((tmp_path / "starts.jsonl").read_text())
    for said in (config, start):
        assert (said["precision"], said["extractor_precision"]) == ("32-true", "bf16-mixed")
    before = {key: value for key, value in config.items() if key != "extractor_precision"}
    (tmp_path / "config.json").write_text(json.dumps(before | {"precision": "bf16-mixed"}))
    learn_policy(tmp_path, *about)
    (tmp_path / "config.json").write_text(json.dumps(before | {"precision": "32-true"}))
    with pytest.raises(CrossgapError, match='extractor_precision is "32-true" there, "bf16-mixed" here'):
        learn_policy(tmp_path, *about)


@pytest.mark.parametrize("experiment", ["xarm7", "pick_place"])
def test_a_reproduction_says_so_too(tmp_path: Path, monkeypatch, experiment: str) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reproduce, "_gather", stop)
    where = Where(tmp_path / "run", tmp_path, 1, "cpu", "bf16-mixed")
    with pytest.raises(KeyboardInterrupt):
        reproduce.reproduce(experiment, "smoke", 1, where)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["precision"], config["extractor_precision"]) == ("32-true", "bf16-mixed")
