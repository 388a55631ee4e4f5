"""Inverse TaskGAN, and what is left of it when a part is taken away."""

from __future__ import annotations

import copy
from functools import partial

import torch

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.methods import Method, Methods
from crossgap.methods.taskgan.phase import TaskGAN, translate
from crossgap.networks import Discriminator, Generator


def new_translator(methods: Methods) -> tuple[Generator, Discriminator]:
    """An untrained generator and discriminator, always the same for a seed."""
    torch.manual_seed(methods.trainer.seed)
    networks = methods.config.networks
    generator = Generator(networks.generator_width, networks.generator_blocks)
    return generator, Discriminator(networks.discriminator_width)


def inverse(
    methods: Methods, name: str, adversarial_weight: float = 1.0, target_labels: bool = True,
    source_labels: bool = False, unlabelled: bool = False,
) -> AdaptedModel:  # fmt: skip
    """f_X behind a translator F: Y → X that was trained through it.

    Args:
        methods: data, settings and trainer.
        name: of the method.
        adversarial_weight: 0 for the task loss alone.
        target_labels: whether F must keep the labels of target images.
        source_labels: whether F must leave source images what they are, to f_X and to the eye. With neither
            it is a plain GAN.
        unlabelled: whether unlabelled target images join the adversarial terms.
    """
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
        adversarial_weight=adversarial_weight,
        supervise_inputs=target_labels,
        supervise_real=source_labels,
        steps=config.steps,
        learning_rate=config.learning_rate,
        loss=methods.scale.loss,
        unlabelled=methods.batches(methods.extra("unlabelled"), config.batch, 5) if unlabelled else None,
    )
    methods.fit(name, phase)
    return methods.adapted(task_model, generator)


def refined(methods: Methods, name: str, base: str) -> AdaptedModel:
    """The same translator, and f_X refined on what it makes of the target images."""
    model, config = methods.get(base), methods.config.refinement
    assert isinstance(model.translator, Generator)
    translated = translate(model.translator, methods.target.images, methods.trainer.fabric)
    data = [
        methods.generated(translated, methods.target, config.batch, 3),
        methods.batches(methods.source, config.batch, 4),
    ]
    task_model = copy.deepcopy(model.task_model)
    methods.supervised(name, task_model, data, config)
    return methods.adapted(task_model, model.translator)


TRANSLATOR = ("source", "translator")
REFINED = (*TRANSLATOR, "refinement")
INVERSE = {
    "plain_gan": Method(
        partial(inverse, name="plain_gan", target_labels=False),
        "plain GAN (λ = 0)",
        target_labels=False,
        settings=TRANSLATOR,
    ),
    "task_loss_only": Method(
        partial(inverse, name="task_loss_only", adversarial_weight=0.0),
        "translator by task loss alone",
        settings=TRANSLATOR,
    ),
    "task_loss_only_refined": Method(
        partial(refined, name="task_loss_only_refined", base="task_loss_only"),
        "translator by task loss alone, refined",
        settings=REFINED,
    ),
    "taskgan_inverse": Method(
        partial(inverse, name="taskgan_inverse"), "TaskGAN inverse, before refinement", settings=TRANSLATOR
    ),
    "taskgan_inverse_refined": Method(
        partial(refined, name="taskgan_inverse_refined", base="taskgan_inverse"),
        "**TaskGAN inverse, refined**",
        settings=REFINED,
    ),
    "source_supervised_taskgan": Method(
        partial(inverse, name="source_supervised_taskgan", source_labels=True),
        "TaskGAN inverse, also supervised on the source",
        settings=TRANSLATOR,
    ),
    "source_supervised_taskgan_refined": Method(
        partial(refined, name="source_supervised_taskgan_refined", base="source_supervised_taskgan"),
        "**TaskGAN inverse, also supervised on the source, refined**",
        settings=REFINED,
    ),
    "taskgan_inverse_unlabelled": Method(
        partial(inverse, name="taskgan_inverse_unlabelled", unlabelled=True),
        "TaskGAN inverse with unlabelled target images in the GAN",
        needs="unlabelled",
        settings=TRANSLATOR,
    ),
    "taskgan_inverse_unlabelled_refined": Method(
        partial(refined, name="taskgan_inverse_unlabelled_refined", base="taskgan_inverse_unlabelled"),
        "TaskGAN inverse with unlabelled target images in the GAN, refined",
        needs="unlabelled",
        settings=REFINED,
    ),
    "source_supervised_taskgan_unlabelled": Method(
        partial(inverse, name="source_supervised_taskgan_unlabelled", source_labels=True, unlabelled=True),
        "TaskGAN inverse, also supervised on the source, with unlabelled target images in the GAN",
        needs="unlabelled",
        settings=TRANSLATOR,
    ),
    "source_supervised_taskgan_unlabelled_refined": Method(
        partial(
            refined,
            name="source_supervised_taskgan_unlabelled_refined",
            base="source_supervised_taskgan_unlabelled",
        ),
        "TaskGAN inverse, also supervised on the source, with unlabelled target images in the GAN, refined",
        needs="unlabelled",
        settings=REFINED,
    ),
}
