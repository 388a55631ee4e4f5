"""The inverse mapping of TaskGAN, and what is left of it when a part is taken away; the forward mapping, and
the training regimes of the paper's figure 9 (section 4.1.4)."""

from collections.abc import Collection

from crossgap.data.batches import Batches
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.methods import Methods
from crossgap.methods.registry import resolve
from crossgap.methods.taskgan.phase import TaskGAN
from crossgap.methods.taskgan.two_columns import TwoColumns
from crossgap.methods.translation import new_translator, refined, sample_source, translate
from crossgap.networks import Generator, TaskModel, TwoColumnTaskModel

Pairs = tuple[Batches, Batches]


def inverse(
    methods: Methods, name: str, supervise: Collection[str], task_loss_only: bool, unlabelled: bool,
    refine: bool,
) -> AdaptedModel:  # fmt: skip
    """f_X behind a translator F: Y → X that was trained through it.

    Args:
        methods: data, settings and trainer.
        name: of the method.
        supervise: "target" where F must keep the labels of target images, "source" where it must leave source
            images what they are, to f_X and to the eye. With neither it is a plain GAN.
        task_loss_only: whether there is no adversary.
        unlabelled: whether unlabelled target images join the adversarial terms.
        refine: whether f_X is refined on what F makes of the target images.
    """
    if refine:
        return refined(methods, name, resolve(name, refine=False))
    config = methods.config.translator
    task_model = methods.get("source_only").task_model
    generator, discriminator = new_translator(methods)  # after what may train, or only load, f_X
    phase = TaskGAN(
        name,
        generator,
        discriminator,
        task_model,
        inputs=methods.batches(methods.target, config.batch, 2),
        real=methods.batches(methods.source, config.batch, 1),
        task_weight=config.task_weight,
        adversarial_weight=0.0 if task_loss_only else 1.0,
        supervise_inputs="target" in supervise,
        supervise_real="source" in supervise,
        steps=config.steps,
        learning_rate=config.learning_rate,
        loss=methods.scale.loss,
        unlabelled=methods.batches(methods.extra("unlabelled"), config.batch, 5) if unlabelled else None,
    )
    methods.fit(name, phase)
    return methods.adapted(task_model, generator)


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
    config = methods.config.translator
    task_model = methods.get("source_paired" if supervise else "source_only").task_model
    generator, discriminator = new_translator(methods)
    phase = TaskGAN(
        name,
        generator,
        discriminator,
        task_model,
        inputs=methods.batches(methods.source, config.batch, 1),
        real=methods.batches(methods.target, config.batch, 2),
        task_weight=config.task_weight,
        supervise_inputs=bool(supervise),
        steps=config.steps,
        learning_rate=config.learning_rate,
        loss=methods.scale.loss,
        discriminator_rate=config.forward_discriminator_rate,
    )
    methods.fit(name, phase)
    return methods.adapted(task_model, generator)


def _two_columns(methods: Methods, name: str, pairs: list[Pairs]) -> AdaptedModel:
    """The target's column, trained on pairs; both columns start as f_X."""
    task_model, config = methods.get("source_only").task_model, methods.config.two_columns
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


def _translated(methods: Methods) -> Pairs:
    """Source images beside what the translator G: X → Y makes of them, in one order."""
    generator = methods.get("taskgan_forward").translator
    assert isinstance(generator, Generator)
    data, batch = sample_source(methods), methods.config.two_columns.batch
    images = translate(generator, data.images, methods.trainer.fabric)
    pixels = images.add(1).mul(127.5).round().clamp(0, 255).byte()  # a quarter of the memory
    translated = methods.generated(pixels.permute(0, 2, 3, 1).contiguous(), data, batch, 21_000)
    return methods.batches(data, batch, 21), translated
