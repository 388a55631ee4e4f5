"""Forward TaskGAN, and the training regimes of the paper's figure 9 (section 4.1.4)."""

from __future__ import annotations

from functools import partial

import numpy as np

from crossgap.data.batches import Batches
from crossgap.data.images import LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.methods import Method, Methods
from crossgap.methods.taskgan.phase import TaskGAN, translate
from crossgap.methods.taskgan.recipes import new_translator
from crossgap.methods.taskgan_forward.two_columns import TwoColumns
from crossgap.networks import Generator, TaskModel, TwoColumnTaskModel

Pairs = tuple[Batches, Batches]


def _two_columns(methods: Methods, name: str, start: str, pairs: list[Pairs]) -> AdaptedModel:
    """The target's column, trained on pairs; both columns start as another method's task model."""
    task_model, config = methods.get(start).task_model, methods.config.two_columns
    assert isinstance(task_model, TaskModel)
    network = TwoColumnTaskModel(task_model)
    phase = TwoColumns(
        name, network, pairs, config.feature_weight, config.steps, config.learning_rate, methods.scale.loss
    )
    methods.fit(name, phase)
    return methods.adapted(network.target())


def _paired(methods: Methods) -> Pairs:
    """The few target images beside their true pairs, in one order."""
    batch, data = methods.config.two_columns.batch, methods.extra("pairs")
    return methods.batches(data, batch, 20), methods.batches(methods.target, batch, 20)


def sample_source(methods: Methods, data: LabelledImages | None = None) -> LabelledImages:
    """The source images that are translated, 8,000 of them in the paper; or so many of other `data`."""
    data = methods.source if data is None else data
    count = min(methods.config.translated_images, len(data))
    order = np.random.default_rng(methods.trainer.seed).permutation(len(data))
    return data.select(np.sort(order[:count]))


def _translated(methods: Methods) -> Pairs:
    """Source images beside what the translator G: X → Y makes of them, in one order."""
    generator = methods.get("taskgan_forward").translator
    assert isinstance(generator, Generator)
    data, batch = sample_source(methods), methods.config.two_columns.batch
    images = translate(generator, data.images, methods.trainer.fabric)
    pixels = images.add(1).mul(127.5).round().clamp(0, 255).byte()  # a quarter of the memory
    translated = methods.generated(pixels.permute(0, 2, 3, 1).contiguous(), data, batch, 21_000)
    return methods.batches(data, batch, 21), translated


def source_paired(methods: Methods) -> AdaptedModel:
    """The regime "Source + Paired", which is also step 1: f_Y, weak, from the few pairs."""
    return _two_columns(methods, "source_paired", "source_only", [_paired(methods)])


def forward(methods: Methods, name: str, supervised: bool = True) -> AdaptedModel:
    """Step 2: G: X → Y, trained through f_Y; the model keeps f_Y as it was, and G as its translator.

    Without supervision it is the paper's "typical GAN" (figure 7), which needs no f_Y.
    """
    config = methods.config.translator
    task_model = methods.get("source_paired" if supervised else "source_only").task_model
    generator, discriminator = new_translator(methods)
    phase = TaskGAN(
        name,
        generator,
        discriminator,
        task_model,
        inputs=methods.batches(methods.source, config.batch, 1),
        real=methods.batches(methods.target, config.batch, 2),
        task_weight=config.task_weight,
        supervise_inputs=supervised,
        steps=config.steps,
        learning_rate=config.learning_rate,
        loss=methods.scale.loss,
        discriminator_rate=config.forward_discriminator_rate,
    )
    methods.fit(name, phase)
    return methods.adapted(task_model, generator)


def source_translated(methods: Methods) -> AdaptedModel:
    """The regime "Source + Translated"."""
    return _two_columns(methods, "source_translated", "source_only", [_translated(methods)])


def source_paired_translated(methods: Methods) -> AdaptedModel:
    """Step 3 as the regime "Source + Paired + Translated": trained on both from f_X on, as every regime is,
    so that they differ in their data alone."""
    pairs = [_paired(methods), _translated(methods)]
    return _two_columns(methods, "source_paired_translated", "source_only", pairs)


TRANSLATED = ("source", "two_columns", "translator", "translated_images")
FORWARD = {
    "source_paired": Method(
        source_paired, "Source + Paired (two columns)", needs="pairs", settings=("source", "two_columns")
    ),
    "plain_gan_forward": Method(
        partial(forward, name="plain_gan_forward", supervised=False),
        "plain GAN forward (λ = 0): the translator G",
        target_labels=False,
        translates_source=True,
        settings=("source", "translator"),
    ),
    "taskgan_forward": Method(
        partial(forward, name="taskgan_forward"),
        "TaskGAN forward: the translator G",
        needs="pairs",
        translates_source=True,
        settings=("source", "two_columns", "translator"),
    ),
    "source_translated": Method(
        source_translated, "TaskGAN forward: Source + Translated", needs="pairs", settings=TRANSLATED
    ),
    "source_paired_translated": Method(
        source_paired_translated,
        "TaskGAN forward: Source + Paired + Translated",
        needs="pairs",
        settings=TRANSLATED,
    ),
}
