"""Cycle TaskGAN in both directions, and what needs no labels of the target images."""

from __future__ import annotations

import copy
from functools import partial

from torch import nn

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.cycle_taskgan.phase import CycleTaskGAN
from crossgap.methods.methods import Method, Methods
from crossgap.methods.taskgan.phase import translate
from crossgap.methods.taskgan.recipes import inverse, new_translator, refined
from crossgap.methods.taskgan_forward.recipes import sample_source
from crossgap.networks import Discriminator, Generator, TaskModel


def _train(methods: Methods, labelled: bool) -> CycleTaskGAN:
    """The phase, at its end: trained once, then read from its last checkpoint."""
    config, name = methods.config.cycle, "cycle_taskgan" if labelled else "cycle_taskgan_unlabelled"
    source_model = methods.get("source_only").task_model
    assert isinstance(source_model, TaskModel)
    generator, discriminator_x = new_translator(methods)
    networks = methods.config.networks
    phase = CycleTaskGAN(
        name,
        forward=Generator(networks.generator_width, networks.generator_blocks),
        inverse=generator,
        discriminators=(discriminator_x, Discriminator(networks.discriminator_width)),
        source_model=source_model,
        target_model=copy.deepcopy(source_model).train(),
        source=methods.batches(methods.source, config.batch, 1),
        target=methods.batches(methods.target, config.batch, 2),
        labelled=labelled,
        config=config,
        loss=methods.scale.loss,
    )
    methods.fit(name, phase)
    return phase


def inverse_side(methods: Methods, labelled: bool) -> AdaptedModel:
    """f_X behind F."""
    phase = _train(methods, labelled)
    return methods.adapted(phase.source_model, phase.networks["inverse"])


def forward_side(methods: Methods, labelled: bool) -> AdaptedModel:
    """f_Y, which was trained on G(x) as G learnt."""
    return methods.adapted(_train(methods, labelled).networks["target_model"])


def source_translator(methods: Methods, labelled: bool) -> AdaptedModel:
    """G itself, in front of f_X: what the cycle draws of source images."""
    phase = _train(methods, labelled)
    return methods.adapted(phase.source_model, phase.networks["forward"])


def unlabelled_refined(methods: Methods) -> AdaptedModel:
    """The same translators, and f_X refined on F(G(x)), whose labels are those of x."""
    name, config = "cycle_taskgan_unlabelled_refined", methods.config.refinement
    phase, chosen = _train(methods, labelled=False), sample_source(methods)
    there_and_back = nn.Sequential(phase.networks["forward"], phase.networks["inverse"])
    back = translate(there_and_back, chosen.images, methods.trainer.fabric)
    data = [
        methods.generated(back, chosen, config.batch, 3),
        methods.batches(methods.source, config.batch, 4),
    ]
    task_model = copy.deepcopy(phase.source_model).requires_grad_(True)
    methods.supervised(name, task_model, data, config)
    return methods.adapted(task_model, phase.networks["inverse"])


def _cycle(build, about: str, further: tuple[str, ...] = (), **kwargs) -> Method:
    labelled, forward = kwargs.get("labelled", False), build is source_translator
    return Method(
        partial(build, **kwargs),
        about,
        target_labels=labelled,
        translates_source=forward,
        settings=("source", "cycle", *further),
    )


CYCLE = {
    "source_supervised_gan": Method(
        partial(inverse, name="source_supervised_gan", target_labels=False, source_labels=True),
        "inverse GAN supervised on the source, no target labels",
        target_labels=False,
        settings=("source", "translator"),
    ),
    "cycle_taskgan": _cycle(inverse_side, "cycle TaskGAN, inverse", labelled=True),
    "cycle_taskgan_refined": Method(
        partial(refined, name="cycle_taskgan_refined", base="cycle_taskgan"),
        "cycle TaskGAN, inverse, refined",
        settings=("source", "cycle", "refinement"),
    ),
    "cycle_taskgan_forward": _cycle(forward_side, "cycle TaskGAN, forward", labelled=True),
    "cycle_taskgan_translator": _cycle(source_translator, "cycle TaskGAN: the translator G", labelled=True),
    "cycle_taskgan_unlabelled": _cycle(
        inverse_side, "cycle TaskGAN, inverse, no target labels", labelled=False
    ),
    "cycle_taskgan_unlabelled_refined": _cycle(
        unlabelled_refined,
        "cycle TaskGAN, inverse, no target labels, refined",
        further=("refinement", "translated_images"),
    ),
    "cycle_taskgan_unlabelled_forward": _cycle(
        forward_side, "cycle TaskGAN, forward, no target labels", labelled=False
    ),
    "cycle_taskgan_unlabelled_translator": _cycle(
        source_translator, "cycle TaskGAN, no target labels: the translator G", labelled=False
    ),
}
