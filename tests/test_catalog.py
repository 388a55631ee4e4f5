"""What every method trains on, and from: which images, with whose labels, in which order, through which f.

Nothing is really trained here: see `untrained.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from crossgap.core.trainer import Trainer
from crossgap.methods.canonical_taskgan.phase import CanonicalTaskGAN
from crossgap.methods.canonical_taskgan.recipes import near_the_target
from crossgap.methods.cycle_taskgan.phase import CycleTaskGAN
from crossgap.methods.dann.phase import DANN
from crossgap.methods.supervised import Supervised
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.methods.taskgan.two_columns import TwoColumns
from crossgap.methods.translation import sample_source
from untrained import CONFIG, Untrained, assert_alike, assert_apart, assert_in_step


@pytest.fixture
def untrained(toy, fabric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Untrained]:
    made = Untrained(toy, fabric, tmp_path)
    monkeypatch.setattr(Trainer, "fit", lambda _, phase: made.fit(phase))
    return made


# baselines


@pytest.mark.parametrize(
    ("method", "data", "base", "settings", "augmented"),
    [
        ("source_only", ["source"], None, "source", False),
        ("target_only", ["target"], None, "target", False),
        ("oracle", ["oracle"], None, "source", False),
        ("augmented", ["source"], None, "source", True),
        ("randomized", ["randomized"], None, "randomization", False),
        ("randomized_per_frame", ["randomized_per_frame"], None, "randomization", False),
        ("fine_tuned", ["target", "source"], "source_only", "fine_tuning", False),
        ("frozen_fine_tuned", ["target", "source"], "source_only", "fine_tuning", False),
        ("augmented_fine_tuned", ["target", "source"], "augmented", "fine_tuning", True),
        ("randomized_per_episode_fine_tuned", ["target", "randomized"], "randomized",
         "randomized_fine_tuning", False),
        ("randomized_fine_tuned", ["target", "randomized_per_frame"], "randomized_per_frame",
         "randomized_fine_tuning", False),
    ],
)  # fmt: skip
def test_baselines(untrained: Untrained, method, data, base, settings, augmented) -> None:
    phase = untrained.of(method)
    assert isinstance(phase, Supervised)
    untrained.assert_sets(list(phase.data), data)
    assert untrained.settings(phase) == settings
    assert all((part.augment is not None) == augmented for part in phase.data)
    start = untrained.task_model(base) if base else untrained.methods.new_task_model()
    assert_alike(untrained.began[method]["task_model"], start)
    assert_alike(untrained.task_model(method), phase.networks["task_model"])
    assert untrained.methods.get(method).translator is None


def test_what_is_frozen_is_all_before_the_fully_connected_layers(untrained: Untrained) -> None:
    learns = {
        name: [key for key, weights in untrained.of(name).networks["task_model"].named_parameters()
               if weights.requires_grad]
        for name in ("fine_tuned", "frozen_fine_tuned")
    }  # fmt: skip
    assert learns["frozen_fine_tuned"] == learns["fine_tuned"][-4:]
    assert learns["frozen_fine_tuned"][-2:] == ["head.weight", "head.bias"]


# inverse TaskGAN


@pytest.mark.parametrize(
    ("method", "target_labels", "source_labels", "adversarial", "more"),
    [
        ("plain_gan", False, False, 1.0, False),
        ("task_loss_only", True, False, 0.0, False),
        ("source_supervised_task_loss_only", True, True, 0.0, False),
        ("taskgan_inverse", True, False, 1.0, False),
        ("source_supervised_taskgan", True, True, 1.0, False),
        ("source_supervised_gan", False, True, 1.0, False),
        ("taskgan_inverse_unlabelled", True, False, 1.0, True),
        ("source_supervised_taskgan_unlabelled", True, True, 1.0, True),
    ],
)
def test_inverse(untrained: Untrained, method, target_labels, source_labels, adversarial, more) -> None:
    """F: Y → X makes source images of target images, through f_X as it is."""
    phase = untrained.of(method)
    assert type(phase) is TaskGAN
    sets, names = [phase.inputs, phase.real], ["target", "source"]
    if more:
        sets, names = [*sets, phase.unlabelled], [*names, "unlabelled"]
    untrained.assert_sets(sets, names)
    assert (phase.unlabelled is not None) == more
    assert (phase.supervise_inputs, phase.supervise_real) == (target_labels, source_labels)
    assert (phase.adversarial_weight, phase.task_weight) == (adversarial, CONFIG.translator.task_weight)
    assert untrained.settings(phase) == "translator"
    model = untrained.methods.get(method)
    for f in (phase.task_model, model.task_model):
        assert_alike(f, untrained.task_model("source_only"))
    assert_alike(model.translator, phase.networks["generator"])


REFINED = {
    "task_loss_only_refined": "task_loss_only",
    "source_supervised_task_loss_only_refined": "source_supervised_task_loss_only",
    "taskgan_inverse_refined": "taskgan_inverse",
    "source_supervised_taskgan_refined": "source_supervised_taskgan",
    "taskgan_inverse_unlabelled_refined": "taskgan_inverse_unlabelled",
    "source_supervised_taskgan_unlabelled_refined": "source_supervised_taskgan_unlabelled",
    "cycle_taskgan_refined": "cycle_taskgan",
}


@pytest.mark.parametrize(("method", "base"), REFINED.items())
def test_refinement_sees_translated_target_images_beside_the_source(untrained, method, base) -> None:
    phase = untrained.of(method)
    translated, source = phase.data
    target = untrained.data["target"]
    untrained.assert_generated(translated, untrained.drawn(base, target), target)
    assert untrained.is_set(source, "source")
    assert_apart(phase.data)
    assert untrained.settings(phase) == "refinement"
    assert_alike(untrained.began[method]["task_model"], untrained.task_model(base))
    model = untrained.methods.get(method)
    assert_alike(model.translator, untrained.methods.get(base).translator)
    assert_alike(model.task_model, phase.networks["task_model"])


# the forward mapping


@pytest.mark.parametrize(
    ("method", "supervised", "through"),
    [("taskgan_forward", True, "source_paired"), ("plain_gan_forward", False, "source_only")],
)
def test_forward(untrained: Untrained, method: str, supervised: bool, through: str) -> None:
    """G: X → Y makes target images of source images, through f_Y."""
    phase = untrained.of(method)
    assert type(phase) is TaskGAN
    untrained.assert_sets([phase.inputs, phase.real], ["source", "target"])
    assert phase.unlabelled is None
    assert (phase.supervise_inputs, phase.supervise_real) == (supervised, False)
    assert (phase.adversarial_weight, phase.task_weight) == (1.0, CONFIG.translator.task_weight)
    assert phase.rate_factors == {"discriminator": CONFIG.translator.forward_discriminator_rate}
    assert untrained.settings(phase) == "translator"
    model = untrained.methods.get(method)
    assert_alike(model.task_model, untrained.task_model(through))
    assert_alike(model.translator, phase.networks["generator"])


@pytest.mark.parametrize(
    ("method", "paired", "translated"),
    [
        ("source_paired", True, False), ("source_translated", False, True),
        ("source_paired_translated", True, True),
    ],
)  # fmt: skip
def test_two_columns_see_pairs_in_step(untrained: Untrained, method, paired: bool, translated: bool) -> None:
    phase = untrained.of(method)
    assert isinstance(phase, TwoColumns)
    assert len(phase.pairs) == paired + translated
    assert (phase.feature_weight, untrained.settings(phase)) == (0.9, "two_columns")
    assert_apart([x for x, _ in phase.pairs])
    for x, y in phase.pairs:
        assert_in_step(x, y)
        for step in range(4):
            torch.testing.assert_close(x(step)[1], y(step)[1])  # of one label
    if paired:
        x, y = phase.pairs[0]
        assert untrained.is_set(x, "pairs")
        assert untrained.is_set(y, "target")
    if translated:
        x, y = phase.pairs[-1]
        chosen = sample_source(untrained.methods)
        np.testing.assert_array_equal(x.images.numpy(), chosen.images)
        expected = untrained.drawn("taskgan_forward", chosen)
        shown = torch.cat([y(step)[0] for step in range(6)])
        order = np.concatenate([y.indices(step) for step in range(6)])
        torch.testing.assert_close(shown, expected[order], rtol=0, atol=0.51 / 127.5)
        np.testing.assert_array_equal(y.labels.numpy(), untrained.methods.scale.apply(chosen.labels))
    start = untrained.task_model("source_only")
    assert_alike(untrained.began[method]["two_columns"].source, start)
    assert_alike(untrained.began[method]["two_columns"].target_features, start.features)
    assert_alike(untrained.task_model(method), phase.networks["two_columns"].target())


def test_so_many_source_images_are_translated(untrained: Untrained) -> None:
    chosen, source = sample_source(untrained.methods), untrained.data["source"]
    assert len(chosen) == 24
    assert len({image.tobytes() for image in chosen.images}) == 24
    assert {image.tobytes() for image in chosen.images} < {image.tobytes() for image in source.images}
    assert not np.array_equal(chosen.images, source.images[:24])  # at random
    few = source.select(slice(5))
    np.testing.assert_array_equal(sample_source(untrained.methods, few).images, few.images)


# the cycle


@pytest.mark.parametrize("labelled", [True, False])
def test_cycle(untrained: Untrained, labelled: bool) -> None:
    name = "cycle_taskgan" if labelled else "cycle_taskgan_unlabelled"
    inverse, forward, drawing = (untrained.methods.get(name + end) for end in ("", "_forward", "_translator"))
    phase = untrained.phases[name]
    assert isinstance(phase, CycleTaskGAN)
    untrained.assert_sets([phase.source, phase.target], ["source", "target"])
    assert phase.labelled == labelled
    assert phase.config == CONFIG.cycle
    f_x = untrained.task_model("source_only")
    for same in (phase.source_model, untrained.began[name]["target_model"], inverse.task_model):
        assert_alike(same, f_x)
    assert inverse.translator is not None
    assert forward.translator is None
    # each asks for the phase again, which goes the same way
    assert_alike(drawing.translator, phase.networks["forward"])
    assert_alike(inverse.translator, phase.networks["inverse"])
    assert_alike(forward.task_model, phase.networks["target_model"])


def test_the_cycle_without_labels_is_refined_on_what_comes_back(untrained: Untrained) -> None:
    name = "cycle_taskgan_unlabelled"
    phase = untrained.of(f"{name}_refined")
    returned, source = phase.data
    chosen = sample_source(untrained.methods)
    there = untrained.drawn(f"{name}_translator", chosen)
    untrained.assert_generated(returned, untrained.drawn(name, there), chosen)
    assert untrained.is_set(source, "source")
    assert_apart(phase.data)
    assert_alike(untrained.began[f"{name}_refined"]["task_model"], untrained.task_model("source_only"))
    assert all(weight.requires_grad for weight in phase.networks["task_model"].parameters())
    refined = untrained.methods.get(f"{name}_refined")
    assert_alike(refined.translator, untrained.methods.get(name).translator)


# randomized source images


@pytest.mark.parametrize(
    ("method", "base", "target", "labelled", "settings"),
    [
        ("rcan", "source_only", False, False, "canonical"),
        ("canonical_taskgan", "rcan_refined", True, True, "translator"),
        ("canonical_taskgan_unlabelled", "rcan_refined", True, False, "translator"),
    ],
)
def test_canonical(untrained: Untrained, method, base, target: bool, labelled: bool, settings: str) -> None:
    phase = untrained.of(method)
    assert isinstance(phase, CanonicalTaskGAN)
    sets, names = [phase.real, phase.randomized], ["source", "randomized_per_frame"]
    if target:
        sets, names = [*sets, phase.target], [*names, "target"]
    untrained.assert_sets(sets, names)
    assert untrained.is_set(phase.canonical, "source")
    assert_in_step(phase.randomized, phase.canonical)
    assert (phase.target is not None, phase.labelled) == (target, labelled)
    config = getattr(CONFIG, settings)
    assert untrained.settings(phase) == settings
    assert (phase.task_weight, phase.canonical_weight) == (config.task_weight, config.canonical_weight)
    model, begun = untrained.methods.get(method), untrained.methods.get(base)
    for f in (phase.task_model, model.task_model):
        assert_alike(f, begun.task_model)
    if begun.translator is not None:
        assert_alike(untrained.began[method]["generator"], begun.translator)
    assert_alike(model.translator, phase.networks["generator"])


@pytest.mark.parametrize(
    ("method", "base", "target", "near"),
    [
        ("rcan_refined", "rcan", False, False),
        ("canonical_taskgan_refined", "canonical_taskgan", True, False),
        ("canonical_taskgan_unlabelled_refined", "canonical_taskgan_unlabelled", False, False),
        ("rcan_near", "rcan_refined", True, True),
        ("canonical_taskgan_near", "canonical_taskgan", True, True),
    ],
)
def test_canonical_refinement(untrained: Untrained, method, base, target: bool, near: bool) -> None:
    """f_X refined on source images, F(x_r), and F(y) where the target's labels are used."""
    phase = untrained.of(method)
    methods, source = untrained.methods, untrained.data["source"]
    randomized = untrained.data["randomized_per_frame"]
    if near:
        rows = near_the_target(methods)
        np.testing.assert_array_equal(phase.data[0].images.numpy(), source.images[rows])
        randomized = randomized.select(rows)
    else:
        assert untrained.is_set(phase.data[0], "source")
        randomized = sample_source(methods, randomized)
    given = [untrained.data["target"], randomized] if target else [randomized]
    assert len(phase.data) == 1 + len(given)
    for batches, data in zip(phase.data[1:], given, strict=True):
        untrained.assert_generated(batches, untrained.drawn(base, data), data)
    assert_apart(phase.data)
    assert untrained.settings(phase) == "refinement"
    assert_alike(untrained.began[method]["task_model"], untrained.task_model(base))
    assert_alike(methods.get(method).translator, methods.get(base).translator)


# features


@pytest.mark.parametrize("labelled", [True, False])
def test_dann(untrained: Untrained, labelled: bool) -> None:
    phase = untrained.of("dann_labelled" if labelled else "dann")
    assert isinstance(phase, DANN)
    sets, names = [phase.source, phase.target], ["source", "unlabelled"]
    if labelled:
        sets, names = [*sets, phase.labelled], [*names, "target"]
    untrained.assert_sets(sets, names)
    assert (phase.labelled is not None) == labelled
    assert untrained.settings(phase) == "dann"
    both = untrained.began[phase.name]["both"]
    assert_alike(both.task_model, untrained.methods.new_task_model())
    assert_alike(untrained.task_model(phase.name), phase.networks["both"].task_model)
