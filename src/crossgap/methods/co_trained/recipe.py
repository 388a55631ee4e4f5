"""Co-training (as Wei et al. 2025, "Empirical analysis of sim-and-real cotraining of diffusion policies for
planar pushing from pixels"): one task model sees source and labelled target images in every batch, from the
start, mixed in a ratio that is chosen on validation."""

from crossgap.data import LabelledImages
from crossgap.data.batches import Batches
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.choosing import choose
from crossgap.methods.methods import Methods
from crossgap.methods.supervised import Supervised


def co_trained(methods: Methods, name: str) -> AdaptedModel:
    """A task model of both domains, with the ratio that did best in short trials without the validation
    episodes, trained anew with these, too."""
    settings, config = methods.own(name), methods.config.source

    def train(phase: str, ratio: float, target: LabelledImages, steps: int) -> AdaptedModel:
        task_model, data = methods.new_task_model(), mixed(methods, target, config.batch, ratio)
        methods.fit(
            name, Supervised(phase, task_model, data, steps, config.learning_rate, methods.scale.loss)
        )
        return methods.adapted(task_model)

    def trial(ratio: float, target: LabelledImages) -> AdaptedModel:
        return train(f"{name}_{100 * ratio:g}", ratio, target, max(1, round(settings.trial * config.steps)))

    what = "share of target images in a batch"
    ratio = choose(methods, name, what, settings.ratios, settings.validation, trial)
    return train(name, ratio, methods.target, config.steps)


def mixed(methods: Methods, target: LabelledImages, size: int, ratio: float) -> tuple[Batches, Batches]:
    """Batches of source and of target images, which make one of `size` images together; at least one of
    each."""
    count = min(max(1, round(ratio * size)), max(1, size - 1))
    return (
        methods.source_batches(max(1, size - count), streams.SUPERVISED, methods.target_augment()),
        methods.labelled_target(count, streams.SUPERVISED + 1, target),
    )
