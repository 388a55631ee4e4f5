"""The inverse mapping of TaskGAN, and what is left of it when a part is taken away; the forward mapping, and
the training regimes of the paper's figure 9 (section 4.1.4)."""

from collections.abc import Collection
from typing import Any

from torch import nn

from crossgap.data.batches import Batches
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.methods import Methods
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.methods.taskgan.two_columns import TwoColumns
from crossgap.methods.translation import new_translator, refined, sample_source, translate
from crossgap.networks import TaskModel, TwoColumnTaskModel

Pairs = tuple[Batches, Batches]


def inverse(
    methods: Methods, name: str, supervise: Collection[str], task_loss_only: bool, unlabelled: bool,
    refine: bool,
) -> AdaptedModel:  # fmt: skip
    """f_X behind a translator F: Y → X that was trained through it; what the switches say, `Inverse` tells.
    With "source" among `supervise` F must leave source images what they are, to f_X and to the eye."""
    if refine:
        return refined(methods, name, methods.get(name, refine=False))
    task_model, batch = methods.source_model(), methods.config.translator.batch
    return _translator(
        methods, name, task_model,
        inputs=methods.labelled_target(batch, streams.TARGET),
        real=methods.source_batches(batch, streams.SOURCE),
        adversarial_weight=0.0 if task_loss_only else 1.0, supervise_inputs="target" in supervise,
        supervise_real="source" in supervise, unlabelled=_further(methods, batch) if unlabelled else None,
    )  # fmt: skip


def forward(
    methods: Methods, name: str, supervise: Collection[str], refine_on: Collection[str]
) -> AdaptedModel:  # fmt: skip
    """Step 2: G: X → Y, trained through f_Y; the model keeps f_Y as it was, and G as its translator.

    Without supervision it is the paper's "typical GAN" (figure 7), which needs no f_Y. `refine_on` leads to a
    regime of figure 9, all of them trained from f_X on, so that they differ in their data alone: the few true
    pairs (step 1, a weak f_Y), what G makes of the source, or both (step 3).
    """
    if refine_on:
        pairs = {"paired": _paired, "translated": _translated}
        return _two_columns(methods, name, [make(methods) for on, make in pairs.items() if on in refine_on])
    config, base = methods.config.translator, "source_paired" if supervise else "source_only"
    return _translator(
        methods, name, methods.get(base).task_model,
        inputs=methods.source_batches(config.batch, streams.SOURCE),
        real=methods.batches(methods.target, config.batch, streams.TARGET),
        supervise_inputs=bool(supervise), discriminator_rate=config.forward_discriminator_rate,
    )  # fmt: skip


def _translator(methods: Methods, name: str, task_model: nn.Module, **given: Any) -> AdaptedModel:
    """Step 2: a new translator, trained through a task model."""
    generator, discriminator = new_translator(methods)  # after what may train, or only load, the task model
    config, loss = methods.config.translator, methods.scale.loss
    methods.fit(name, TaskGAN(name, generator, discriminator, task_model, config=config, loss=loss, **given))
    return methods.adapted(task_model, generator)


def _further(methods: Methods, batch: int) -> Batches:
    """Target images without labels, which join the GAN: changed as those with labels are, so that the
    discriminator finds no other difference between their drawings."""
    data = methods.extra("unlabelled")
    return methods.batches(data, batch, streams.UNLABELLED, methods.target_augment())


def _two_columns(methods: Methods, name: str, pairs: list[Pairs]) -> AdaptedModel:
    """The target's column, trained on pairs; both columns start as f_X."""
    task_model, config = methods.get("source_only").task_model, methods.config.two_columns
    assert isinstance(task_model, TaskModel)
    network = TwoColumnTaskModel(task_model)
    methods.fit(name, TwoColumns(name, network, pairs, config, methods.scale.loss))
    return methods.adapted(network.target())


def _paired(methods: Methods) -> Pairs:
    """The few target images beside their true pairs, in one order."""
    batch, data = methods.config.two_columns.batch, methods.extra("pairs")
    stream = streams.PAIRED
    return methods.batches(data, batch, stream), methods.labelled_target(batch, stream)


def _translated(methods: Methods) -> Pairs:
    """Source images beside what the translator G: X → Y makes of them, in one order."""
    generator = methods.get("taskgan_forward").networks["translator"]
    data, batch = sample_source(methods), methods.config.two_columns.batch
    images = translate(generator, data.images, methods.trainer.fabric)
    pixels = images.add(1).mul(127.5).round().clamp(0, 255).byte()  # a quarter of the memory
    translated = methods.generated(
        pixels.permute(0, 2, 3, 1).contiguous(), data, batch, 1000 * streams.TRANSLATED
    )
    return methods.batches(data, batch, streams.TRANSLATED), translated
