"""Which images a label budget is of, and which it is tested on: none in both.

Nothing is rendered, trained or played: see `stand_ins.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crossgap.base.files import read_json, write_json
from crossgap.commands import budget as own_budget
from crossgap.commands.options import BudgetOptions
from crossgap.data import LabelledImages, read_unlabelled, write_folder
from crossgap.data.images import describe
from crossgap.errors import CrossgapError
from crossgap.experiments.budget.presets import BudgetPreset
from crossgap.experiments.budget.trial import BudgetTrial, TargetSubset
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.methods.methods import Methods
from crossgap.methods.registry import METHODS
from stand_ins import Model, assert_pairs, happenings, instead_of_collecting

LOOK = "target_c"
BASE = replace(PRESETS["smoke"], size=24, source_episodes=5, target_episodes=3, steps=4, starts=3)
PRESET = BudgetPreset(BASE, (0, 5, 12), (LOOK,), ("fine_tuned",))


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    instead_of_collecting(monkeypatch)


def test_a_budget_has_its_rows_and_their_pairs_and_the_whole_test(tmp_path: Path, fabric) -> None:
    e = BudgetTrial(tmp_path, PRESET, LOOK, 3, fabric, quiet=True)
    whole, five = e.whole, next(b for b in e.budgets if b.images == 5)
    np.testing.assert_array_equal(whole.target.episodes, np.repeat(np.arange(3), 4))
    subset = TargetSubset(whole, five, ("fine_tuned",))
    methods = subset._methods
    np.testing.assert_array_equal(methods.target.labels, whole.target.labels[five.rows])
    np.testing.assert_array_equal(methods.target.images, whole.target.images[five.rows])
    assert_pairs(methods.extra("pairs"), methods.target)
    np.testing.assert_array_equal(methods.extra("unlabelled").images, whole.target.images)
    assert methods.extra("unlabelled").label_names == ()
    assert methods.source is whole.source
    assert subset.held_out is whole.held_out
    assert subset.held_out_pairs is whole.held_out_pairs
    assert methods.trainer.folder != whole._methods.trainer.folder
    assert methods.source_trainer.folder == whole._methods.source_trainer.folder
    for name in METHODS:
        if METHODS[name].needs:
            assert not happenings(methods.extra(METHODS[name].needs)) & happenings(whole.held_out)


def test_every_budget_is_evaluated_as_itself(tmp_path: Path, fabric, monkeypatch) -> None:
    e = BudgetTrial(tmp_path, PRESET, LOOK, 3, fabric, quiet=True)
    asked: list[tuple[TaskGANTrial, str]] = []
    figures = {"aggregate": {"success": {"value": 0.5}}}
    monkeypatch.setattr(TaskGANTrial, "gain", property(lambda one: asked.append((one, "gain"))))
    monkeypatch.setattr(TaskGANTrial, "evaluate", lambda one, method: asked.append((one, method)) or figures)
    assert [row["spread"] for row in e.run(0)] == ["images", "episodes"]
    assert asked == [(e.whole, "gain"), (e.whole, "source_only"), (e.whole, "source_only")]
    asked.clear()
    assert [(row["images"], row["spread"], row["seed"]) for row in e.run(5)] == [
        (5, "images", 3), (5, "episodes", 3),
    ]  # fmt: skip
    assert asked.pop(0) == (e.whole, "gain")  # before anything is seen of the target
    assert [(one.budget.spread, len(one.budget.rows), method) for one, method in asked] == [
        ("images", 5, "fine_tuned"), ("episodes", 5, "fine_tuned"),
    ]  # fmt: skip


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Methods, Model]]:
    """Every model that was asked for, and on what it would have been trained."""
    every: list[tuple[str, Methods, Model]] = []

    def get(self: Methods, name: str) -> Model:
        every.append((name, self, Model(name, len(self.source.label_names))))
        return every[-1][2]

    monkeypatch.setattr(Methods, "get", get)
    return every


@pytest.mark.parametrize("seed", [0, 1])
def test_own_images_that_are_held_out_are_not_trained_on(tmp_path: Path, toy, trained, seed: int) -> None:
    target = replace(toy("target", 24, 1), episodes=np.arange(24) // 4)
    write_folder(tmp_path / "source", toy("source", 16, 0))
    write_folder(tmp_path / "target", target)
    given = np.concatenate([target.images, toy("target", 5, 9).images])  # what is held out, too
    write_folder(tmp_path / "more", LabelledImages(given, np.zeros((29, 0), np.float32), (), np.arange(29)))
    methods = ("fine_tuned", "taskgan_inverse_unlabelled")
    options = BudgetOptions(
        tmp_path / "source", tmp_path / "target", tmp_path / "run", seed, device="cpu", precision="32-true",
        methods=methods, counts=(0, 4, 16), held_out=0.34, unlabelled=tmp_path / "more",
    )  # fmt: skip
    own_budget.budget_on_folders(options, PRESETS["smoke"].config)
    used = {name for name, *_ in trained}
    assert used == {"source_only", *methods}
    tests = [model.shown for _, _, model in trained]
    assert all(len(shown) == 1 for shown in tests)
    test = {image.tobytes() for image in tests[0][0]}
    assert len(test) == 8  # two of six whole episodes
    episodes = {int(target.episodes[i]) for i, image in enumerate(target.images) if image.tobytes() in test}
    assert len(episodes) == 2
    pool = {image.tobytes() for image in target.images} - test
    further = {image.tobytes() for image in toy("target", 5, 9).images}
    counts = set()
    for name, data, model in trained:
        assert {image.tobytes() for image in model.shown[0]} == test  # the same for all
        labelled = {image.tobytes() for image in data.target.images}
        assert labelled <= pool
        assert {image.tobytes() for image in data.extra("unlabelled").images} == pool | further
        assert data.extra("unlabelled").label_names == ()
        counts.add((name, len(labelled)))
    assert counts >= {("fine_tuned", 4), ("fine_tuned", 16)}


def test_a_run_that_saw_held_out_images_is_another_one(tmp_path: Path, toy, trained) -> None:
    target = toy("target", 24, 1)
    write_folder(tmp_path / "source", toy("source", 16, 0))
    write_folder(tmp_path / "target", target)
    write_folder(tmp_path / "more", target.without_labels())

    def run() -> Path:
        options = BudgetOptions(
            tmp_path / "source", tmp_path / "target", tmp_path / "run", device="cpu", precision="32-true",
            methods=("taskgan_inverse_unlabelled",), counts=(4,), spread="images", held_out=0.5,
            unlabelled=tmp_path / "more",
        )  # fmt: skip
        return own_budget.budget_on_folders(options, PRESETS["smoke"].config)

    run()
    run()
    kept = tmp_path / "run" / "extra.json"
    about = read_json(kept)
    assert about["unlabelled"]["images"] == 12
    assert about["unlabelled"]["path"] == str((tmp_path / "more").resolve())
    about["unlabelled"] |= describe(read_unlabelled(tmp_path / "more"))  # as before any were left out
    write_json(kept, about)
    with pytest.raises(CrossgapError, match=r'unlabelled is ".*24 images .*" there, ".*12 images .*" here'):
        run()


def test_another_seed_holds_out_other_images(tmp_path: Path, toy, trained) -> None:
    write_folder(tmp_path / "source", toy("source", 16, 0))
    write_folder(tmp_path / "target", toy("target", 40, 1))
    for seed in (0, 1):
        options = BudgetOptions(
            tmp_path / "source", tmp_path / "target", tmp_path / str(seed), seed, device="cpu",
            precision="32-true", methods=("fine_tuned",), counts=(0,), spread="images", held_out=0.5,
        )  # fmt: skip
        own_budget.budget_on_folders(options, PRESETS["smoke"].config)
    one, other = (model.shown[0] for _, _, model in trained)
    assert not np.array_equal(one, other)
