"""What `crossgap adapt` decides: classes or numbers, what is held out, which methods, and the verdict."""

from __future__ import annotations

import numpy as np
import pytest

from crossgap.commands.adapt.choice import (
    kind_of_labels,
    preset_config,
    suited,
    with_rival,
    with_steps_between,
)
from crossgap.commands.adapt.split import split, stretches
from crossgap.commands.adapt.verdict import Contestant, blind_sentence, judge, unlabelled_verdict
from crossgap.core.statistics import t_interval, wilson_interval
from crossgap.data import Classes, LabelledImages, LabelScale
from crossgap.errors import CrossgapError
from crossgap.evaluation.own_units import Measure, difference, own_units
from crossgap.methods.config import OWN_CLASSES, OWN_DATA
from crossgap.methods.own_task import OwnTask
from crossgap.methods.registry import METHODS, RECOMMENDED
from crossgap.networks import TaskModel

DISTANCE = Measure(LabelScale((0.0,), (1.0,)), ("height",))


def of(name: str, *means: float, translates: bool = False) -> Contestant:
    return Contestant(name, translates, np.array(means))


def test_a_clearly_better_translator_is_recommended() -> None:
    plain, drawn = of("fine_tuned", 5, 6, 7, 5, 6), of("taskgan", 2, 3, 4, 2, 2, translates=True)
    found = judge([of("source_only", 9, 9, 9, 9, 9), plain, drawn], DISTANCE)
    assert (found.recommended, found.worth, found.close) == ("taskgan", "yes", ())
    assert found.difference is not None
    assert found.difference["value"] == pytest.approx(-3.2)
    assert found.sentences[0].startswith("Use taskgan: error of height 2.6 (")
    assert (
        "The translator was worth it: the error of its best form, taskgan, is 3.2 lower" in found.sentences[1]
    )


@pytest.mark.parametrize(("count", "worth"), [(2, "unclear"), (5, "unclear"), (6, "yes")])
def test_a_few_differences_that_are_equal_prove_nothing(count: int, worth: str) -> None:
    """Their spread of 0 would make any lead certain."""
    plain, drawn = of("fine_tuned", *[1.0] * count), of("taskgan", *[0.0] * count, translates=True)
    found = judge([plain, drawn], DISTANCE)
    assert found.worth == worth
    assert found.recommended == ("taskgan" if worth == "yes" else "fine_tuned")
    assert "nan" not in "".join(found.sentences)
    assert "None" not in "".join(found.sentences)


def test_of_equals_what_has_seen_the_target_is_recommended() -> None:
    blind = Contestant("source_only", False, np.array([1.0, 2.0, 3.0]), sees_target=False)
    found = judge([blind, of("fine_tuned", 1, 2, 3), of("taskgan", 1, 2, 3, translates=True)], DISTANCE)
    assert found.recommended == "fine_tuned"
    assert "the error of its best form, taskgan, is that of fine_tuned, the best" in found.sentences[1]


def test_an_error_rate_of_sessions_is_students_and_of_single_images_wilsons() -> None:
    measure = Measure(Classes(10), ("digit",))
    found = measure.figures(np.array([0.02, 0.0, 0.04, 0.01, 0.03]))
    assert (found["value"], found["low"]) == (pytest.approx(0.02), pytest.approx(0.02 - 0.0196, abs=1e-4))
    assert found["high"] == pytest.approx(0.02 + 0.0196, abs=1e-4)
    assert measure.figures(np.array([0.4, 0.9]))["high"] == 1
    single = measure.figures(np.array([0.0, 1.0, 0.0, 0.0]))
    assert (single["low"], single["high"]) == pytest.approx(wilson_interval(1, 4))


def test_a_translator_within_noise_is_not() -> None:
    plain, drawn = of("fine_tuned", 5, 6, 7, 5, 6), of("taskgan", 1, 9, 6, 5, 7, translates=True)
    found = judge([plain, drawn], DISTANCE)
    assert drawn.error < plain.error
    assert (found.recommended, found.worth, found.close) == ("fine_tuned", "unclear", ("taskgan",))
    assert "is not shown" in found.sentences[1]
    assert "Within noise of what is recommended: taskgan." in found.sentences


def test_a_worse_translator_is_not_whatever_its_name() -> None:
    plain, drawn = of("fine_tuned", 5, 6, 7, 5), of("taskgan", 8, 9, 10, 8.5, translates=True)
    found = judge([drawn, plain], DISTANCE)
    assert (found.recommended, found.worth) == ("fine_tuned", "no")
    assert "was not worth it" in found.sentences[1]
    assert "4 held-out episodes: too few to be sure" in found.sentences[-1]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_worse_than_fine_tuning_is_ever_recommended(seed: int) -> None:
    rng = np.random.default_rng(seed)
    means = {name: rng.uniform(0, 1, rng.integers(2, 7)) for name in ("n",)}
    count = len(means["n"])
    every = [
        Contestant(name, name.startswith("t"), rng.uniform(0, 1, count))
        for name in ("source_only", "fine_tuned", "co_trained", "t1", "t2")
    ]
    errors = {one.name: one.error for one in every}
    assert errors[judge(every, DISTANCE).recommended] <= errors["fine_tuned"]


def test_fine_tuning_is_a_rival_wherever_there_are_labels() -> None:
    only = ("taskgan_inverse", "taskgan_inverse_refined")
    assert with_rival(only, True, None) == ("fine_tuned", *only)
    assert with_rival(only, False, None) == only
    frozen = OwnTask(TaskModel(1, 24, 4, 8), frozen=True)
    assert with_rival(("source_only",), True, frozen) == ("source_only",)
    better = [of("fine_tuned", 1, 2, 3, 2), of("source_only", 8, 9, 9, 8),
              of("taskgan_inverse", 5, 5, 6, 5, translates=True)]  # fmt: skip
    assert judge(better[1:], DISTANCE).recommended == "taskgan_inverse"
    assert judge(better, DISTANCE).recommended == "fine_tuned"


def test_the_list_of_methods_and_the_verdict_agree() -> None:
    without, few = (
        [name for name in RECOMMENDED if METHODS[name].target_labels == labelled or METHODS[name].source_side]
        for labelled in (False, True)
    )
    assert without == ["augmented"]
    trained = with_steps_between(suited(0)[0])
    assert unlabelled_verdict({name: "gan" in name for name in trained})[0] == "augmented"
    assert {*few} <= {*with_steps_between(suited(80)[0])}
    assert "cycle_taskgan_unlabelled_refined" in RECOMMENDED["augmented"]
    assert "cycle_taskgan_unlabelled_refined" in trained


def test_a_single_kind_has_nothing_to_be_compared_with() -> None:
    assert judge([of("taskgan", 1, 2, translates=True)], DISTANCE).worth == "unknown"
    found = judge([of("fine_tuned", 1)], DISTANCE)
    assert (found.recommended, found.worth, found.difference) == ("fine_tuned", "unknown", None)
    with pytest.raises(ValueError, match="same episodes"):
        judge([of("fine_tuned", 1), of("taskgan", 1, 2)], DISTANCE)


def test_what_is_no_better_than_not_looking_is_said() -> None:
    assert blind_sentence("a", np.array([1.0, 1.1, 0.9]), np.array([5.0, 5.2, 5.1]), DISTANCE) == []
    (sentence,) = blind_sentence("a", np.array([1.0, 7.0, 4.0]), np.array([5.0, 5.2, 5.1]), DISTANCE)
    assert sentence.startswith("Even a is not clearly better than saying always the mean label")


def test_without_labels_the_careful_one_is_begun_with() -> None:
    use, (first, *_) = unlabelled_verdict({"source_only": False, "augmented": False, "gan": True})
    assert use == "augmented"
    assert "cannot be known" in first
    assert unlabelled_verdict({"gan": True})[0] == "gan"


def test_students_interval_by_hand() -> None:
    low, high = t_interval([1.0, 2.0, 3.0])
    assert low == pytest.approx(2 - 4.302653 / 3**0.5)
    assert high == pytest.approx(2 + 4.302653 / 3**0.5)
    assert t_interval([1.0]) == (None, None)


def test_measures_by_hand() -> None:
    predicted, labels = np.array([[3.0, 4.0], [0.0, 0.0]]), np.zeros((2, 2))
    vector = Measure(LabelScale((0.0, 0.0), (1.0, 2.0)), ("tip_x", "tip_y"))
    assert vector.name == "distance of tip_x, tip_y"
    assert vector.errors(predicted, labels).tolist() == [5.0, 0.0]
    mixed = Measure(LabelScale((0.0, 0.0), (1.0, 2.0)), ("angle", "force"))
    assert mixed.errors(predicted, labels).tolist() == [2.5, 0.0]  # (3 / 1 + 4 / 2) / 2
    assert DISTANCE.errors(predicted[:, 1:], labels[:, 1:]).tolist() == [4.0, 0.0]
    rate = Measure(Classes(5), ("digit",))
    assert rate.errors(predicted[:, :1], labels[:, :1]).tolist() == [1.0, 0.0]
    assert rate.figures(np.zeros(10))["high"] == pytest.approx(0.2775, abs=1e-3)  # Wilson's
    own = own_units(predicted, labels, np.array([0, 1]), ("tip_x", "tip_y"))
    assert {name: each["value"] for name, each in own.items()} == {
        "tip_x": 1.5, "tip_y": 2.0, "distance of tip_x, tip_y": 2.5
    }  # fmt: skip
    assert difference(np.array([1.0, 2.0, 6.0]), np.array([0.0, 2.0, 4.0]))["value"] == 1.0


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.repeat(np.arange(10), 8), 10),
        (np.repeat([0, 1], 30), 2),
        (np.repeat(np.arange(10), 8) + 0.5, None),  # no whole numbers
        (np.repeat(np.arange(1, 100), 8), None),  # too many, as of an angle
        (np.arange(40), None),  # each once
        (np.repeat([0, 90, 180], 20), None),  # degrees
        (np.repeat([-1, 0, 1], 20), None),
        (np.zeros(20), None),
    ],
)
def test_classes_are_told_from_numbers(labels: np.ndarray, classes: int | None) -> None:
    assert kind_of_labels(("label",), labels[:, None].astype(np.float32), None).classes == classes


def test_several_columns_are_numbers_and_what_is_said_counts() -> None:
    labels = np.repeat(np.arange(4), 10).astype(np.float32)
    assert kind_of_labels(("a", "b"), np.stack([labels, labels], 1), None).classes is None
    assert kind_of_labels(("a",), labels[:, None], 0).classes is None
    assert kind_of_labels(("a",), labels[:, None] + 0.5, 7).classes == 7


def target(episodes: np.ndarray) -> LabelledImages:
    n = len(episodes)
    return LabelledImages(np.zeros((n, 24, 24, 3), np.uint8), np.zeros((n, 1), np.float32), ("a",), episodes)


def test_whole_episodes_are_held_out_or_what_comes_nearest() -> None:
    found = split(target(np.arange(40) // 4), 0.2, 0)
    assert (found.unit, found.held.sum()) == ("episode", 8)
    assert len(np.unique(np.flatnonzero(found.held) // 4)) == 2
    alone = split(target(np.arange(40)), 0.25, 0)
    assert (alone.unit, alone.held.sum()) == ("image", 10)
    assert "say so in a column session" in alone.text
    long = split(target(np.zeros(50, int)), 0.2, 0)
    assert (long.unit, long.held.sum()) == ("stretch", 10)
    assert "record more episodes" in long.text
    with pytest.raises(CrossgapError, match="5 target images: too few"):
        split(target(np.arange(5)), 0.2, 0)


def test_stretches_are_consecutive_and_of_one_episode() -> None:
    found = stretches(np.repeat([3, 8], 20))
    assert found.tolist() == np.repeat(np.arange(10), 4).tolist()


def test_methods_suit_what_is_labelled() -> None:
    assert suited(0)[0][-1] == "cycle_taskgan_unlabelled_refined"
    assert suited(80)[0][-1] == "source_supervised_taskgan_refined"
    assert suited(80, unlabelled=True)[0][-1] == "source_supervised_taskgan_unlabelled_refined"
    assert suited(800)[0][-1] == "taskgan_inverse_refined"
    assert "randomized_fine_tuned" in suited(800, randomized=True)[0]
    assert with_steps_between(("taskgan_inverse_refined", "fine_tuned")) == (
        "fine_tuned", "taskgan_inverse", "taskgan_inverse_refined"
    )  # fmt: skip


def test_quick_is_what_train_does_by_default() -> None:
    assert preset_config("quick", False) == OWN_DATA
    assert preset_config("quick", True) == OWN_CLASSES
    assert preset_config("full", True).translator.steps == 2 * OWN_CLASSES.translator.steps


@pytest.mark.parametrize("preset", ["smoke", "quick", "full"])
@pytest.mark.parametrize("classes", [False, True])
def test_every_task_model_of_own_data_has_the_norm(preset, classes: bool) -> None:
    assert preset_config(preset, classes).networks.task_norm == "instance"
