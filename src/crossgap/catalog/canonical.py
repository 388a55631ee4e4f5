"""Inverse TaskGAN that also learns from randomized source images."""

from __future__ import annotations

import copy
from functools import partial

from crossgap.adapted import AdaptedModel
from crossgap.catalog.forward import sample_source
from crossgap.catalog.inverse import new_translator
from crossgap.catalog.methods import Method, Methods
from crossgap.data.batches import to_tensor
from crossgap.errors import CrossgapError
from crossgap.methods.taskgan import CanonicalTaskGAN, translate
from crossgap.networks import Generator

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


def canonical(methods: Methods, name: str, labelled: bool = True) -> AdaptedModel:
    """f_X behind F, which was trained on the target images and on randomized source images.

    Args:
        methods: data, settings and trainer.
        name: of the method.
        labelled: whether the target images' labels are used.
    """
    config, randomized = methods.config.translator, methods.extra(RANDOMIZED)
    task_model = methods.get("source_only").task_model
    generator, discriminator = new_translator(methods)
    phase = CanonicalTaskGAN(
        name,
        generator,
        discriminator,
        task_model,
        inputs=methods.batches(methods.target, config.batch, 2),
        real=methods.batches(methods.source, config.batch, 1),
        randomized=methods.batches(randomized, config.batch, 6),
        canonical=methods.batches(methods.source, config.batch, 6),  # the same order
        task_weight=config.task_weight,
        canonical_weight=config.canonical_weight,
        steps=config.steps,
        learning_rate=config.learning_rate,
        labelled=labelled,
        loss=methods.scale.loss,
    )
    methods.fit(name, phase)
    return methods.adapted(task_model, generator)


def canonical_refined(methods: Methods, name: str, base: str, labelled: bool = True) -> AdaptedModel:
    """The same translator, and f_X refined on what it makes of the labelled images, target and randomized."""
    model, config = methods.get(base), methods.config.refinement
    assert isinstance(model.translator, Generator)
    device, chosen = methods.trainer.fabric.device, sample_source(methods, methods.extra(RANDOMIZED))
    data = [methods.batches(methods.source, config.batch, 4)]
    for stream, images in ((3, methods.target), (5, chosen)) if labelled else ((5, chosen),):
        translated = translate(model.translator, to_tensor(images.images).to(device))
        data.append(methods.generated(translated, images, config.batch, stream))
    task_model = copy.deepcopy(model.task_model)
    methods.supervised(name, task_model, data, config)
    return methods.adapted(task_model, model.translator)


def _canonical(name: str, about: str, labelled: bool) -> dict[str, Method]:
    refined = f"{name}_refined"
    return {
        name: Method(
            partial(canonical, name=name, labelled=labelled),
            about,
            needs=RANDOMIZED,
            target_labels=labelled,
            check=check_pairs,
        ),
        refined: Method(
            partial(canonical_refined, name=refined, base=name, labelled=labelled),
            f"{about}, refined",
            needs=RANDOMIZED,
            target_labels=labelled,
            check=check_pairs,
        ),
    }


CANONICAL = {
    **_canonical("canonical_taskgan", "TaskGAN inverse with randomized source images", True),
    **_canonical(
        "canonical_taskgan_unlabelled",
        "TaskGAN inverse with randomized source images, no target labels",
        False,
    ),
}
