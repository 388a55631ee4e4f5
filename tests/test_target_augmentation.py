"""On own data labelled target images are augmented, in every method that learns from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crossgap.core.trainer import Trainer
from crossgap.data.augmentation import shifted, target_augmentation
from crossgap.errors import CrossgapError
from crossgap.experiments.digits.presets import DIGITS_PRESETS
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.methods.config import (
    OWN_CLASSES,
    OWN_DATA,
    AugmentationConfig,
    SupervisedConfig,
    TaskGANConfig,
    as_settings,
    for_classes,
)
from crossgap.methods.registry import METHODS
from untrained import CONFIG, Untrained


@pytest.fixture
def untrained(toy, fabric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Untrained:
    made = Untrained(toy, fabric, tmp_path)
    made.methods.config = replace(CONFIG, augmentation=AugmentationConfig(True, 0.1))
    made.methods._source_config = made.methods.config
    monkeypatch.setattr(Trainer, "fit", lambda _, phase: made.fit(phase))
    return made


def test_shifts_by_hand() -> None:
    torch.manual_seed(0)
    images = torch.arange(36.0).reshape(1, 1, 6, 6).repeat(200, 3, 1, 1)
    moved = shifted(images, 0.2)
    assert moved.shape == images.shape
    offsets = {(float(one[0, 2, 2]) - 14.0) for one in moved}
    assert offsets == {6.0 * row + column for row in (-1, 0, 1) for column in (-1, 0, 1)}
    for one in moved[:20]:
        assert one[0, 2, 3] - one[0, 2, 2] == 1
    assert shifted(images, 0.05) is images  # less than half a pixel


def test_few_images_change_in_colour_and_in_place() -> None:
    torch.manual_seed(0)
    images = torch.rand(4, 3, 24, 24) * 2 - 1
    made = target_augmentation(0.1)(images)
    assert made.shape == images.shape
    assert made.min() >= -1
    assert made.max() <= 1
    assert (made - images).abs().mean((1, 2, 3)).min() > 0.01


def learns_target_labels() -> list[str]:
    return [
        name for name, about in METHODS.items()
        if about.source_labels and about.target_labels and not about.source_side and name != "oracle"
    ]  # fmt: skip


@pytest.mark.parametrize("method", learns_target_labels())
def test_every_method_that_learns_target_labels_augments_them(untrained: Untrained, method: str) -> None:
    untrained.methods.get(method)
    to_draw_like = {name for name, about in METHODS.items() if about.translates_source}
    phases = [phase for name, phase in untrained.phases.items() if name not in to_draw_like]
    labelled = [part for phase in phases for part in phase.data if untrained.is_set(part, "target")]
    assert labelled
    assert all(part.augment is not None for part in labelled)
    assert "augmentation" in METHODS[method].parts


@pytest.mark.parametrize(
    ("method", "base"),
    [("taskgan_inverse", "augmented"), ("cycle_taskgan", "augmented"), ("fine_tuned", "source_only")],
)
def test_translators_learn_through_an_augmented_f_x(untrained: Untrained, method: str, base: str) -> None:
    untrained.methods.get(method)
    assert base in untrained.phases
    assert ("augmented" in untrained.phases) == (base == "augmented")


def test_refinement_draws_anew_of_every_changed_image(untrained: Untrained) -> None:
    phase = untrained.of("taskgan_inverse_refined")
    drawings = phase.data[0]
    torch.manual_seed(0)
    first, labels = drawings(0)
    second, _ = drawings(0)
    assert not torch.equal(first, second)
    index = drawings.indices(0)
    expected = untrained.methods.scale.apply(untrained.data["target"].labels[index])
    torch.testing.assert_close(labels, torch.from_numpy(expected))
    assert not first.requires_grad


@pytest.mark.parametrize(
    ("method", "place"),
    [("source_supervised_taskgan_refined", 1), ("cycle_taskgan_unlabelled_refined", 1),
     ("augmented_fine_tuned", 1)],
)  # fmt: skip
def test_source_images_beside_them_are_changed_as_the_rivals_are(
    untrained: Untrained, method: str, place: int
) -> None:
    part = untrained.of(method).data[place]
    assert untrained.is_set(part, "source")
    assert part.augment is not None


def test_images_without_labels_in_the_gan_are_changed_as_those_with_labels(untrained: Untrained) -> None:
    phase = untrained.of("source_supervised_taskgan_unlabelled")
    parts = [part for part in phase.data if untrained.is_set(part, "unlabelled")]
    assert [part.augment is not None for part in parts] == [True]


def test_the_published_presets_have_none() -> None:
    assert OWN_DATA.augmentation.target
    for presets in (PRESETS, DIGITS_PRESETS):
        for preset in presets.values():
            assert preset.config.augmentation == AugmentationConfig()
            assert "augmentation" not in as_settings(preset.config)
            assert preset.config.keep == "last"


def test_defaults_for_classes_are_the_digits_and_what_is_said_stays() -> None:
    quick = DIGITS_PRESETS["quick"].config
    assert replace(OWN_CLASSES.networks, task_norm="none") == quick.networks
    for part in ("source", "target", "fine_tuning", "translator", "refinement"):
        assert getattr(OWN_CLASSES, part) == getattr(quick, part), part
    assert for_classes(OWN_DATA) == OWN_CLASSES
    said = for_classes(replace(OWN_DATA, source=SupervisedConfig(7, 64, 2e-3), keep="best"))
    assert said.source == SupervisedConfig(7, 64, 1e-3)
    assert said.keep == "best"
    assert said.translator == OWN_CLASSES.translator
    assert round(OWN_CLASSES.augmentation.shift * 32) == 2


def test_a_shift_that_cannot_be() -> None:
    with pytest.raises(CrossgapError, match=r"--augmentation\.shift must be a share of the width from 0 on"):
        TaskGANConfig(augmentation=AugmentationConfig(True, 0.5))
