"""Which images and starts the arm's experiment trains on, chooses on and is tested on: never the same.

Nothing is rendered, trained or played: see `stand_ins.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crossgap.base.files import remove, write_json
from crossgap.collection import Collection
from crossgap.data import LabelScale
from crossgap.evaluation import TEST_STARTS, VALIDATION_STARTS, ClosedLoop
from crossgap.experiments.task_weight import experiment as task_weight
from crossgap.experiments.task_weight.experiment import TaskWeightTrial
from crossgap.experiments.taskgan import trial as taskgan
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.methods.registry import METHODS
from stand_ins import Model, assert_disjoint, assert_pairs, happenings, instead_of_collecting

LOOK = "target_c"
PRESET = replace(
    PRESETS["smoke"], size=24, source_episodes=5, target_episodes=3, steps=4, starts=3, gains=(0.4, 0.1, 0.2)
)
WITH_DISTURBANCE = replace(PRESET, perturbation=0.1, target_perturbation=0.2)


@pytest.fixture(autouse=True)
def collected(monkeypatch: pytest.MonkeyPatch) -> list[Collection]:
    """What was collected so far."""
    return instead_of_collecting(monkeypatch)


def experiment(root: Path, fabric, seed: int = 0, preset=WITH_DISTURBANCE, look: str = LOOK):
    return TaskGANTrial(root, preset, look, seed, fabric, quiet=True, methods=("source_only",))


@pytest.mark.parametrize("preset", [PRESET, WITH_DISTURBANCE])
def test_no_image_is_in_two_of_an_experiment_s_sets(tmp_path: Path, fabric, preset) -> None:
    several = [experiment(tmp_path, fabric, seed, preset) for seed in (0, 1, 2)]
    sets = [[e.source, e.target, e.held_out, e.extra("oracle")] for e in several]
    assert_disjoint(*itertools.chain(*sets))
    for e in several:
        assert [len(data) for data in (e.source, e.extra("oracle"))] == [20, 20]
        assert [len(data) for data in (e.target, e.held_out)] == [12, 12]


def test_what_is_collected_in_which_look(tmp_path: Path, fabric, collected) -> None:
    e = experiment(tmp_path, fabric, seed=1)
    found = {}
    for name in ("source", "target", "target_pairs", "held_out", "held_out_pairs"):
        getattr(e, name)
        found[name] = collected[-1]
    assert found["held_out"].seed == 105  # not 103, on which recipes were chosen
    for name in ("oracle", "randomized", "randomized_per_frame"):
        e.extra(name)
        found[name] = collected[-1]
    assert len(collected) == len(found)
    of_target = {name for name, about in found.items() if about.look == LOOK}
    assert of_target == {"target", "held_out", "oracle"}
    assert {about.look for about in found.values()} == {LOOK, "source"}
    free = {"source", "oracle", "randomized", "randomized_per_frame"}
    assert {name for name, about in found.items() if about.perturbation == 0.1} == free
    assert {name for name, about in found.items() if about.perturbation == 0.2} == set(found) - free
    random = {name: about.per_frame for name, about in found.items() if about.randomization != "none"}
    assert random == {"randomized": False, "randomized_per_frame": True}


def test_pairs_show_what_the_target_shows(tmp_path: Path, fabric) -> None:
    e = experiment(tmp_path, fabric)
    assert_pairs(e.target, e.target_pairs)
    assert_pairs(e.held_out, e.held_out_pairs)
    for name in ("randomized", "randomized_per_frame"):
        assert_pairs(e.source, e.extra(name))
    assert e.extra("pairs") is e.target_pairs


def test_methods_are_trained_on_source_and_target_alone(tmp_path: Path, fabric) -> None:
    e = experiment(tmp_path, fabric, seed=2)
    methods = e._methods
    assert methods.source is e.source
    assert methods.target is e.target
    assert methods.scale == e.scale == LabelScale.of(e.source)
    assert (methods.trainer.seed, methods.source_trainer.seed) == (2, 2)
    assert (methods.trainer.folder, methods.source_trainer.folder) == (e.folder, e.source_folder)
    for key in e._extra:
        assert not happenings(methods.extra(key)) & happenings(e.held_out)


def test_a_finished_model_needs_none_of_many_images(tmp_path: Path, fabric, collected) -> None:
    methods = experiment(tmp_path, fabric)._methods
    finished = methods.adapted(methods.new_task_model())
    for method in ("oracle", "randomized_per_frame"):
        finished.method, finished.made_of = method, methods.made_of(method)
        finished.save(experiment(tmp_path, fabric).saved(method))
    for data in tmp_path.glob("seed_0/*/data/*"):
        if data.name in ("oracle", "randomized_per_frame"):
            remove(data)  # to save space
    collected.clear()
    for method in ("oracle", "randomized_per_frame"):
        assert experiment(tmp_path, fabric).model(method).method == method
    assert not collected


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """What was played so far; of the gains, the two highest win as often as each other."""
    every: list[SimpleNamespace] = []

    def play(predict, starts, gain, steps, **about):
        every.append(SimpleNamespace(model=predict.__self__.name, starts=starts, gain=gain, **about))
        won = [gain > 0.1] * len(starts)
        return ClosedLoop(list(starts), won, won, [0.1] * len(starts)), np.zeros((1, 2, 4, 4, 3), np.uint8)

    monkeypatch.setattr(taskgan, "closed_loop", play)
    monkeypatch.setattr(TaskGANTrial, "model", lambda _, method: Model(method))
    return every


def test_the_gain_is_chosen_on_validation_starts_in_the_source(tmp_path: Path, fabric, played) -> None:
    e = experiment(tmp_path, fabric)
    assert e.gain == 0.2  # the smaller of the best two
    assert [one.gain for one in played] == [0.1, 0.2, 0.4]
    for one in played:
        assert (one.model, one.look, one.size) == ("source_only", "source", 24)
        assert tuple(one.starts) == VALIDATION_STARTS[:3]
    assert experiment(tmp_path, fabric, look="target_a").gain == 0.2
    assert len(played) == 3  # for all looks of a seed


def test_the_test_is_played_on_test_starts_in_the_target(tmp_path: Path, fabric, played) -> None:
    e = experiment(tmp_path, fabric)
    e.run()
    *chosen, tested = played
    assert len(chosen) == 3
    assert (tested.model, tested.look, tested.gain, tested.size) == ("source_only", LOOK, 0.2, 24)
    assert tuple(tested.starts) == TEST_STARTS[:3]
    assert not set(TEST_STARTS) & set(VALIDATION_STARTS)
    assert [one["seed"] for one in e.evaluate("source_only")["episodes"]] == list(TEST_STARTS[:3])


def test_a_retrained_model_chooses_its_gain_and_is_tested_anew(tmp_path: Path, fabric, played) -> None:
    def run() -> list[dict]:
        return experiment(tmp_path, fabric).run()

    about = experiment(tmp_path, fabric).saved("source_only") / "adapted.json"
    write_json(about, {"sha256": {"task_model": "first"}})
    rows = run()
    assert {row["threads"] for row in rows} == {3}  # the model's
    assert len(played) == 3 + 1
    assert run() == rows
    assert len(played) == 3 + 1
    write_json(about, {"sha256": {"task_model": "retrained"}})
    assert run() == rows
    assert len(played) == 2 * (3 + 1)
    remove(about.parent)  # to save space
    assert run() == rows
    assert len(played) == 2 * (3 + 1)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors that say what was measured instead of how large it was."""
    monkeypatch.setattr(taskgan, "offline_error", lambda predict, data, scale: {"data": data, "scale": scale})
    monkeypatch.setattr(
        taskgan, "pair_error", lambda images, true, episodes, _: {"pair": {"images": images, "true": true}}
    )


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("method", ["taskgan_inverse", "source_only", "oracle", "taskgan_forward"])
def test_errors_are_of_held_out_images_and_beside_them_of_those_trained_on(tmp_path, fabric, method) -> None:
    e = experiment(tmp_path, fabric)
    found, forward = e._see(method, Model(method)), METHODS[method].translates_source
    given, true = (e.held_out_pairs, e.held_out) if forward else (e.held_out, e.held_out_pairs)
    assert found["pair"]["images"] is given.images
    assert found["pair"]["true"] is true.images
    assert ("held_out_mse" in found) == (not forward)
    if not forward:
        assert found["held_out_mse"] == {"data": e.held_out, "scale": LabelScale.of(e.source)}
    assert ("train_mse" in found) == ("train_pair" in found) == (method == "taskgan_inverse")
    if method == "taskgan_inverse":
        assert found["train_mse"]["data"] is e.target
        assert found["train_pair"]["images"] is e.target.images
        assert found["train_pair"]["true"] is e.target_pairs.images


def test_a_weight_of_the_task_changes_the_translator_alone(
    tmp_path: Path, fabric, monkeypatch, played
) -> None:
    whole = experiment(tmp_path, fabric)
    one = TaskWeightTrial(whole, 10.0)
    for name in ("source", "target", "target_pairs", "held_out", "held_out_pairs"):
        assert getattr(one, name) is getattr(whole, name)
    assert one._methods.config.translator.task_weight == 10.0
    changed = replace(one.preset.config, translator=whole.preset.config.translator)
    assert replace(one.preset, config=changed) == whole.preset
    seen = {}
    monkeypatch.setattr(
        task_weight, "histogram_distance", lambda a, b: seen.update(translated=a, true=b) or 0.25
    )
    monkeypatch.setattr(TaskGANTrial, "rows", lambda _: [{"metric": "success", "value": 1.0}])
    rows = one.run()
    assert seen["translated"] is whole.held_out.images  # this translator changes nothing
    assert seen["true"] is whole.held_out_pairs.images
    assert {(row["metric"], row["task_weight"]) for row in rows} == {
        ("success", 10.0), ("histogram_distance", 10.0),
    }  # fmt: skip
    assert one.gain == whole.gain == 0.2
    assert {one.look for one in played} == {"source"}
