"""Cycle TaskGAN in both directions, and what needs no labels of the target images."""

import copy
from collections.abc import Collection

from torch import nn

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.cycle_taskgan.phase import CycleTaskGAN
from crossgap.methods.methods import Methods
from crossgap.methods.translation import drawn, new_translator, refined, refining_source, sample_source
from crossgap.networks import Discriminator, Generator, TaskModel


def cycle(
    methods: Methods, name: str, supervise: Collection[str], direction: str, refine: bool
) -> AdaptedModel:  # fmt: skip
    """Of translators G and F that were trained together: f_X behind F, or refined there; f_Y, which was
    trained on G(x) as G learnt; or G itself in front of f_X, what the cycle draws of source images."""
    labelled = "target" in supervise
    if refine and labelled:
        return refined(methods, name, methods.get(name, refine=False))
    phase = _train(methods, labelled)
    if refine:  # on F(G(x)), whose labels are those of x
        model = methods.adapted(phase.source_model, phase.networks["inverse"])
        back = nn.Sequential(phase.networks["forward"], phase.networks["inverse"])
        drawings = drawn(methods, back, sample_source(methods), streams.DRAWN_TARGET)
        return refined(methods, name, model, [drawings, refining_source(methods)])
    if direction == "forward":
        return methods.adapted(phase.networks["target_model"])
    translator = phase.networks["inverse" if direction == "inverse" else "forward"]
    return methods.adapted(phase.source_model, translator)


def _train(methods: Methods, labelled: bool) -> CycleTaskGAN:
    """The phase, at its end: trained once, then read from its last checkpoint."""
    config, name = methods.config.cycle, "cycle_taskgan" if labelled else "cycle_taskgan_unlabelled"
    source_model = methods.source_model()
    assert isinstance(source_model, TaskModel)
    generator, discriminator_x = new_translator(methods)
    networks = methods.config.networks
    phase = CycleTaskGAN(
        name, forward=Generator(networks.generator_width, networks.generator_blocks),
        inverse=generator, discriminators=(discriminator_x, Discriminator(networks.discriminator_width)),
        source_model=source_model, target_model=copy.deepcopy(source_model).train(),
        source=methods.source_batches(config.batch, streams.SOURCE),
        target=methods.labelled_target(config.batch, streams.TARGET),
        labelled=labelled, config=config, loss=methods.scale.loss,
    )  # fmt: skip
    methods.fit(name, phase)
    return phase
