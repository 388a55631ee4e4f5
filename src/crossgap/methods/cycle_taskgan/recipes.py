"""Cycle TaskGAN in both directions, and what needs no labels of the target images."""

import copy
from collections.abc import Collection

from torch import nn

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.cycle_taskgan.phase import CycleTaskGAN
from crossgap.methods.methods import Methods
from crossgap.methods.registry import resolve
from crossgap.methods.translation import new_translator, refined, sample_source, translate
from crossgap.networks import Discriminator, Generator, TaskModel


def cycle(
    methods: Methods, name: str, supervise: Collection[str], direction: str, refine: bool
) -> AdaptedModel:  # fmt: skip
    """Of translators G and F that were trained together: f_X behind F, or refined there; f_Y, which was
    trained on G(x) as G learnt; or G itself in front of f_X, what the cycle draws of source images."""
    labelled = "target" in supervise
    if refine:
        base = resolve(name, refine=False)
        return refined(methods, name, base) if labelled else _unlabelled_refined(methods, name)
    phase = _train(methods, labelled)
    if direction == "forward":
        return methods.adapted(phase.networks["target_model"])
    return methods.adapted(
        phase.source_model, phase.networks["inverse" if direction == "inverse" else "forward"]
    )


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


def _unlabelled_refined(methods: Methods, name: str) -> AdaptedModel:
    """The same translators, and f_X refined on F(G(x)), whose labels are those of x."""
    config = methods.config.refinement
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
