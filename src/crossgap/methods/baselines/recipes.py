"""What TaskGAN is compared with: without a translator."""

from __future__ import annotations

from functools import partial

from crossgap.data.augmentation import image_augmentation
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.methods import Method, Methods


def source_only(methods: Methods) -> AdaptedModel:
    """f_X, trained on the source alone."""
    return methods.supervised(
        "source_only", methods.new_task_model(), [methods.source], methods.config.source
    )


def target_only(methods: Methods) -> AdaptedModel:
    """The paper's "Benchmark": trained on the few target images alone."""
    return methods.supervised(
        "target_only", methods.new_task_model(), [methods.target], methods.config.target
    )


def oracle(methods: Methods) -> AdaptedModel:
    """What as many labelled target images as there are source images would give."""
    data = methods.extra("oracle")
    return methods.supervised("oracle", methods.new_task_model(), [data], methods.config.source)


def augmented(methods: Methods) -> AdaptedModel:
    """Trained on source images that are augmented: colour, blur, noise, JPEG, shadow, cutout."""
    return methods.supervised(
        "augmented", methods.new_task_model(), [methods.source], methods.config.source, image_augmentation()
    )


def randomized(methods: Methods, name: str) -> AdaptedModel:
    """Domain randomization; the method is called as its data: a new look for every episode, or frame."""
    config = methods.config.randomization
    return methods.supervised(name, methods.new_task_model(), [methods.extra(name)], config)


def fine_tuned(methods: Methods) -> AdaptedModel:
    """f_X trained on with the target images, mixed with the source so that it forgets nothing."""
    start = methods.get("source_only").task_model
    return methods.supervised(
        "fine_tuned", start, [methods.target, methods.source], methods.config.fine_tuning
    )


def augmented_fine_tuned(methods: Methods) -> AdaptedModel:
    """The augmented model trained on with the target images, still augmented."""
    start = methods.get("augmented").task_model
    data = [methods.target, methods.source]
    return methods.supervised(
        "augmented_fine_tuned", start, data, methods.config.fine_tuning, image_augmentation()
    )


def randomized_fine_tuned(methods: Methods, name: str, base: str) -> AdaptedModel:
    """A model of randomized images trained on with the target images, mixed with such images."""
    start, data = methods.get(base).task_model, [methods.target, methods.extra(base)]
    return methods.supervised(name, start, data, methods.config.randomized_fine_tuning)


def _randomized(name: str, about: str, fine_tuned: str) -> dict[str, Method]:
    then, settings = partial(randomized_fine_tuned, name=fine_tuned, base=name), ("randomization",)
    build = partial(randomized, name=name)
    return {
        name: Method(build, about, True, name, target_labels=False, settings=settings),
        fine_tuned: Method(
            then, f"{about}, then fine-tuned", needs=name, settings=(*settings, "randomized_fine_tuning")
        ),
    }


TUNED = ("source", "fine_tuning")
BASELINES = {
    "source_only": Method(
        source_only, "source only", source_side=True, target_labels=False, settings=("source",)
    ),
    "target_only": Method(target_only, "target only (the paper's “Benchmark”)", settings=("target",)),
    "fine_tuned": Method(fine_tuned, "source model fine-tuned on the target images", settings=TUNED),
    "augmented": Method(
        augmented,
        "image augmentation of the source",
        source_side=True,
        target_labels=False,
        settings=("source",),
    ),
    "augmented_fine_tuned": Method(
        augmented_fine_tuned, "image augmentation, then fine-tuned", settings=TUNED
    ),
    **_randomized("randomized", "domain randomization per episode", "randomized_per_episode_fine_tuned"),
    **_randomized("randomized_per_frame", "domain randomization per frame", "randomized_fine_tuned"),
    "oracle": Method(
        oracle,
        "oracle: as many labelled target images as source images",
        needs="oracle",
        settings=("source",),
    ),
}
