"""Held-out images that a training shows its error on, and the best step that it may choose on them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crossgap.base import progress
from crossgap.core.trainer import Trainer, read_metrics
from crossgap.core.watching import Watch
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig, TranslatorConfig
from crossgap.methods.methods import Methods
from crossgap.methods.supervised import Supervised
from crossgap.networks import TaskModel

TINY = TaskGANConfig(
    NetworkConfig(4, 8, 4, 1, 4), source=SupervisedConfig(3, 4), fine_tuning=SupervisedConfig(60, 4),
    translator=TranslatorConfig(4, 4), refinement=SupervisedConfig(4, 4),
)  # fmt: skip


@pytest.fixture
def make(toy, fabric, tmp_path: Path):
    def methods(config: TaskGANConfig = TINY, name: str = "run", held_out=None, target=None) -> Methods:
        target = toy("target", 20, 2) if target is None else target
        trainer = Trainer(tmp_path / name, fabric, quiet=True)
        return Methods(toy("source", 32, 1), target, config, trainer, held_out=held_out)

    return methods


@pytest.mark.parametrize("method", ["fine_tuned", "taskgan_inverse", "taskgan_inverse_refined"])
def test_the_error_beside_the_last_step_is_that_of_the_model(make, toy, method: str) -> None:
    held_out = toy("target", 24, 7)
    methods = make(held_out=held_out)
    model = methods.get(method)
    last = [row for row in read_metrics(methods.trainer.folder) if row["phase"] == method][-1]
    expected = offline_error(model.predict, held_out, methods.scale)["value"]
    assert last["held_out_error"] == pytest.approx(expected, rel=1e-4)
    assert "validation_error" not in last


def test_what_sees_nothing_of_the_target_shows_nothing_of_it(make, toy) -> None:
    methods = make(held_out=toy("target", 24, 7))
    methods.get("source_only")
    assert all("held_out_error" not in row for row in read_metrics(methods.trainer.folder))


def test_looking_changes_nothing(make, toy) -> None:
    images = toy("target", 8, 9).images
    seen, unseen = (
        make(name=name, held_out=held_out).get("taskgan_inverse_refined").predict(images)
        for name, held_out in (("a", toy("target", 24, 7)), ("b", None))
    )
    np.testing.assert_array_equal(seen, unseen)


class Worsening(Supervised):
    """Its weights say how many steps they have seen."""

    log_every = 2

    def training_step(self, step: int) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            for weight in self.networks["task_model"].parameters():
                weight.fill_(step + 1.0)
        return {"task_loss": torch.tensor(0.0)}


def worsening(tmp_path: Path, fabric, keep: str, stop: int | None = None) -> Worsening:
    """Least at step 6 of 20."""
    nothing = Batches(torch.zeros(4, 3, 24, 24), torch.zeros(4, 1), 4, 0)
    phase = Worsening("worsening", TaskModel(1, 24, 4, 8), [nothing], 20, 1e-3)
    weight = next(phase.networks["task_model"].parameters())
    phase.watch = Watch({"validation_error": lambda predict: abs(float(weight.flatten()[0]) - 6.2)}, keep)
    phase.checkpoint_seconds = 0.0
    if stop is not None:
        whole = phase.training_step

        def step_or_stop(step: int):
            if step == stop:
                raise KeyboardInterrupt
            return whole(step)

        phase.training_step = step_or_stop  # type: ignore[method-assign]
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    return phase


def weights(phase: Worsening) -> set[float]:
    return {float(value) for w in phase.networks["task_model"].state_dict().values() for value in w.flatten()}


def test_the_best_step_s_weights_are_kept_where_asked_for(tmp_path: Path, fabric) -> None:
    assert weights(worsening(tmp_path / "last", fabric, "")) == {20.0}
    assert weights(worsening(tmp_path / "best", fabric, "validation_error")) == {6.0}
    again = worsening(tmp_path / "best", fabric, "validation_error")  # loaded, at its end
    assert weights(again) == {6.0}


@pytest.mark.parametrize("stop", [5, 11])
def test_the_best_step_survives_a_kill(tmp_path: Path, fabric, stop: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        worsening(tmp_path, fabric, "validation_error", stop)
    assert weights(worsening(tmp_path, fabric, "validation_error")) == {6.0}


def test_a_fifth_of_the_episodes_chooses_and_is_not_trained_on(make, toy) -> None:
    target = replace(toy("target", 20, 2), episodes=np.repeat(np.arange(10), 2))
    methods = make(replace(TINY, keep="best"), target=target)
    assert methods.validation is not None
    assert len(set(methods.validation.episodes)) == 2
    assert not set(methods.validation.episodes) & set(methods.target.episodes)
    assert len(methods.target) == 16
    model = methods.get("fine_tuned")
    rows = [row for row in read_metrics(methods.trainer.folder) if "validation_error" in row]
    found = offline_error(model.predict, methods.validation, methods.scale)["value"]
    least = min(row["validation_error"] for row in rows)
    errors = methods.scale.errors(model.predict(methods.validation.images), methods.validation.labels)
    assert errors.mean() == pytest.approx(least, rel=1e-4)
    assert found == pytest.approx(least, rel=1e-4)  # two images each: the mean over episodes is that of all
    assert model.made_of["config"]["keep"] == "best"


def test_pairs_of_kept_images_go_with_them(make, toy) -> None:
    whole = make()
    kept = make(replace(TINY, keep="best"))
    for methods in (whole, kept):
        methods._extra = {"pairs": lambda: toy("source", 20, 2)}  # row by row
    labels = kept.extra("pairs").labels
    np.testing.assert_array_equal(labels, kept.target.labels)
    assert len(whole.extra("pairs")) == 20


@pytest.mark.parametrize("without", ["labels", "episodes"])
def test_nothing_to_choose_on(make, toy, without: str) -> None:
    target = toy("target", 20, 2)
    found = {"labels": target.without_labels(), "episodes": replace(target, episodes=np.zeros(20, int))}
    with pytest.raises(CrossgapError, match=r"--keep best chooses on .* Expected --keep last, or labels and"):
        make(replace(TINY, keep="best"), target=found[without])
    with pytest.raises(CrossgapError, match=r"--keep must be one of last, best; got first"):
        replace(TINY, keep="first")  # type: ignore[arg-type]


def test_settings_of_before_are_recorded_as_before(make) -> None:
    """Else no published result could be gone on with."""
    made_of = make().made_of("taskgan_inverse")
    assert made_of["config"].keys() == {"networks", "source", "translator"}


def test_the_error_stands_in_the_line_of_progress(
    make, toy, fabric, tmp_path: Path, capsys, monkeypatch
) -> None:
    methods = make(held_out=toy("target", 24, 7))
    methods.trainer.quiet = False
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    methods.get("fine_tuned")
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("fine_tuned: 60 of 60")]
    assert len(lines) == 1
    last = [row for row in read_metrics(methods.trainer.folder) if row["phase"] == "fine_tuned"][-1]
    assert lines[0].endswith(f"held out error {last['held_out_error']:.3g}")
    board = list((methods.trainer.folder / "tensorboard" / "fine_tuned").iterdir())
    assert b"fine_tuned/held_out_error" in board[0].read_bytes()
    assert json.dumps(last)
