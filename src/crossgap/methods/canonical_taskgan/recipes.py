"""Inverse TaskGAN that also learns from randomized source images."""

from collections.abc import Collection

import numpy as np
import torch

from crossgap.data.batches import Batches
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods import streams
from crossgap.methods.canonical_taskgan.phase import CanonicalTaskGAN
from crossgap.methods.config import TranslatorConfig
from crossgap.methods.methods import Methods
from crossgap.methods.translation import (
    drawn,
    drawn_target,
    new_translator,
    refined,
    refining_source,
    sample_source,
)

RANDOMIZED = "randomized_per_frame"


def check_pairs(methods: Methods) -> None:
    """Whether the randomized images are those of the source, row by row.

    Raises:
        CrossgapError: they are not.
    """
    randomized = methods.extra(RANDOMIZED)
    if len(randomized) != len(methods.source) or not (randomized.labels == methods.source.labels).all():
        raise CrossgapError(
            "Expected every source image once more in a randomized look, row by row, with the same labels; "
            f"got {len(randomized)} randomized and {len(methods.source)} source images."
        )


def rcan(methods: Methods, name: str, refine: bool, near: bool) -> AdaptedModel:
    """f_X behind F, which was trained on randomized source images alone: it has seen no target image."""
    if refine:
        base = methods.get(name, near=False) if near else methods.get(name, refine=False)
        return _refined(methods, name, base, target=near, near=near)
    return _canonical_phase(methods, name, "source_only", methods.config.canonical, None)


def canonical(
    methods: Methods, name: str, supervise: Collection[str], refine: bool, near: bool
) -> AdaptedModel:  # fmt: skip
    """RCAN's F, trained on with the target images, and f_X that knows its drawings; what the switches say,
    `Canonical` tells."""
    labelled = "target" in supervise
    if refine:
        base = methods.get(name, refine=False, near=False)
        return _refined(methods, name, base, target=labelled, near=near)
    inputs = methods.labelled_target(methods.config.translator.batch, streams.TARGET)
    return _canonical_phase(methods, name, "rcan_refined", methods.config.translator, inputs, labelled)


def _canonical_phase(
    methods: Methods, name: str, base: str, config: TranslatorConfig, inputs: Batches | None,
    labelled: bool = True,
) -> AdaptedModel:  # fmt: skip
    """A translator trained through the base's f_X, beginning with the base's F if it has one."""
    model, randomized = methods.get(base), methods.extra(RANDOMIZED)
    generator, discriminator = new_translator(methods)
    if model.translator is not None:
        generator.load_state_dict(model.translator.state_dict())
    phase = CanonicalTaskGAN(
        name, generator, discriminator, model.task_model, inputs,
        real=methods.source_batches(config.batch, streams.SOURCE),
        randomized=methods.batches(randomized, config.batch, streams.RANDOMIZED),
        canonical=methods.batches(methods.source, config.batch, streams.RANDOMIZED),  # the same order
        config=config, labelled=labelled, loss=methods.scale.loss,
    )  # fmt: skip
    methods.fit(name, phase)
    return methods.adapted(model.task_model, generator)


def _refined(methods: Methods, name: str, base: AdaptedModel, target: bool, near: bool) -> AdaptedModel:
    """The base's translator, and its f_X refined on what that makes of randomized images, with `target` also
    of target images; with `near`, source and randomized images are those with labels like the target's."""
    source, randomized = methods.source, methods.extra(RANDOMIZED)
    if near:
        rows = near_the_target(methods)
        source, randomized = source.select(rows), randomized.select(rows)
    else:
        randomized = sample_source(methods, randomized)
    translator = base.networks["translator"]
    drawings = [drawn_target(methods, translator)] if target else []
    drawings.append(drawn(methods, translator, randomized, streams.DRAWN_RANDOMIZED))
    return refined(methods, name, base, [refining_source(methods, source), *drawings])


def near_the_target(methods: Methods) -> np.ndarray:
    """Rows of source images to refine on where the target's labels are spread otherwise than the source's.

    A robot at its work shows few of the configurations that a simulator can show. A row is drawn with the
    weight exp(−d² / 2), d the distance of its label, scaled to spread 1, to the next target label, beyond
    that of the nearest row of all: what the source has too much of is left out (label shift).

    Returns:
        (`translated_images`,) rows, drawn with replacement.
    """
    source, target = (
        torch.from_numpy(methods.scale.apply(data.labels)) for data in (methods.source, methods.target)
    )
    distance = torch.cat([torch.cdist(part, target).amin(1) for part in source.split(1000)]).double().numpy()
    weight = np.exp(-np.square(distance - distance.min()) / 2)
    rng = np.random.default_rng(methods.trainer.seed)
    return rng.choice(len(source), methods.config.translated_images, p=weight / weight.sum())
