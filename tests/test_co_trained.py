"""Co-training: what a batch is made of, which ratio is chosen and on what, and a toy gap that it crosses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossgap.base.files import read_json
from crossgap.core.trainer import Trainer
from crossgap.data.subsets import apart
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error
from crossgap.methods.choosing import choose
from crossgap.methods.co_trained import CoTrainingConfig
from crossgap.methods.co_trained.recipe import mixed
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.supervised import Supervised

TINY = TaskGANConfig(NetworkConfig(4, 8), source=SupervisedConfig(3, 8))


@pytest.fixture
def make(toy, fabric, tmp_path: Path):
    def methods(config: TaskGANConfig = TINY, target=None, quiet: bool = True, n: int = 32) -> Methods:
        target = toy("target", 20, 2) if target is None else target
        return Methods(toy("source", n, 1), target, config, Trainer(tmp_path / "run", fabric, quiet=quiet))

    return methods


@pytest.mark.parametrize(("episodes", "held"), [(10, 2), (2, 1), (3, 1), (1, 0)])
def test_whole_episodes_are_kept_apart_and_never_all(episodes: int, held: int) -> None:
    of = np.repeat(np.arange(episodes), 4)
    mask = apart(of, 0.2, 0)
    assert len(set(of[mask])) == held
    assert not set(of[mask]) & set(of[~mask])
    assert mask.sum() == 4 * held


@pytest.mark.parametrize(("ratio", "count"), [(0.25, 2), (0.01, 1), (0.99, 7)])
def test_a_batch_is_mixed_and_has_some_of_each(make, ratio: float, count: int) -> None:
    methods = make()
    source, target = mixed(methods, methods.target, 8, ratio)
    assert (source.size, target.size) == (8 - count, count)
    assert len(source.images) == 32
    assert len(target.images) == 20


def test_the_ratio_of_the_lowest_validation_error_is_chosen_and_kept(make, capsys) -> None:
    methods = make(quiet=False)
    seen = {}

    def train(ratio, pool):
        seen[ratio] = pool
        far = {0.1: 3.0, 0.5: 1.0, 0.9: 2.0}[ratio]
        model = methods.adapted(methods.new_task_model())
        model.predict = lambda images: np.full((len(images), 2), 12 + far, np.float32)
        return model

    validation = methods.target.select(apart(methods.target.episodes, 0.2, 0))
    assert choose(methods, "co_trained", "share", (0.1, 0.5, 0.9), 0.2, train) == min(
        seen, key=lambda r: np.square({0.1: 15, 0.5: 13, 0.9: 14}[r] - validation.labels).mean()
    )
    for pool in seen.values():
        assert len(pool) == 16
        assert not set(pool.episodes) & set(validation.episodes)
    found = read_json(methods.trainer.folder / "choices" / "co_trained.json")
    assert [row["option"] for row in found["errors"]] == [0.1, 0.5, 0.9]
    assert (found["images"], found["episodes"]) == (4, 4)
    text = " ".join(capsys.readouterr().err.split())
    assert f"co_trained: share is {found['chosen']:g}." in text
    assert "on 4 images of 4 episodes kept apart, by it: 0.1: " in text


def test_the_model_itself_is_trained_on_all_with_the_chosen_ratio(make) -> None:
    methods = make()
    model = methods.get("co_trained")
    chosen = read_json(methods.trainer.folder / "choices" / "co_trained.json")["chosen"]
    only = replace(TINY, own={"co_trained": CoTrainingConfig((chosen,))})
    methods.trainer.folder = methods.trainer.folder.with_name("other")
    alone = Methods(methods.source, methods.target, only, methods.trainer).get("co_trained")
    images = methods.target.images
    np.testing.assert_array_equal(model.predict(images), alone.predict(images))
    phases = {path.name for path in (methods.trainer.folder / "checkpoints").glob("[!.]*") if path.is_dir()}
    assert phases == {"co_trained"}  # nothing to choose from


def test_a_ratio_is_tried_with_a_share_of_the_steps(make, monkeypatch) -> None:
    config = replace(TINY, source=SupervisedConfig(20, 8), own={"co_trained": CoTrainingConfig((0.25, 0.5))})
    methods, seen, fit = make(config), {}, Trainer.fit

    def noted(trainer: Trainer, phase: Supervised) -> None:
        seen[phase.name] = (phase.steps, [len(part.images) for part in phase.data])
        fit(trainer, phase)

    monkeypatch.setattr(Trainer, "fit", noted)
    methods.get("co_trained")
    assert seen == {
        "co_trained_25": (4, [32, 16]), "co_trained_50": (4, [32, 16]), "co_trained": (20, [32, 20])
    }  # fmt: skip


@pytest.mark.parametrize("trial", [0.0, 1.5])
def test_trials_that_cannot_be(trial: float) -> None:
    with pytest.raises(CrossgapError, match=r"--co-trained\.trial must be above 0 and at most 1; got"):
        CoTrainingConfig(trial=trial)


def test_one_episode_is_not_chosen_on(make, toy, capsys) -> None:
    target = replace(toy("target", 20, 2), episodes=np.zeros(20, int))
    make(target=target).get("co_trained")
    assert "the target has one episode, and none to choose on" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("ratios", [(), (0.0,), (0.5, 1.0)])
def test_ratios_that_cannot_be(ratios) -> None:
    with pytest.raises(CrossgapError, match=r"--co-trained\.ratios must be one or more, each above 0 and"):
        CoTrainingConfig(ratios)


def test_it_crosses_the_toy_gap(make, toy) -> None:
    config = TaskGANConfig(
        NetworkConfig(8, 64), source=SupervisedConfig(400, 32, 2e-3),
        own={"co_trained": CoTrainingConfig((0.1, 0.5))},
    )  # fmt: skip
    methods = make(config, toy("target", 200, 2), n=1600)

    def error(method: str, domain: str) -> float:
        return offline_error(methods.get(method).predict, toy(domain, 200, 3), methods.scale)["value"]

    assert error("source_only", "target") > 1
    assert error("co_trained", "target") < 0.3
    assert error("co_trained", "source") < 0.3
