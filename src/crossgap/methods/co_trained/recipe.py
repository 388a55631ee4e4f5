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
    """A task model of both domains, with the ratio that did best without the validation episodes, trained
    anew with these, too."""
    settings = methods.own(name)

    def train(ratio: float, target: LabelledImages, phase: str = "") -> AdaptedModel:
        task_model, config = methods.new_task_model(), methods.config.source
        data = mixed(methods, target, config.batch, ratio)
        phase = phase or f"{name}_{100 * ratio:g}"
        loss = methods.scale.loss
        methods.fit(name, Supervised(phase, task_model, data, config.steps, config.learning_rate, loss))
        return methods.adapted(task_model)

    what = "share of target images in a batch"
    ratio = choose(methods, name, what, settings.ratios, settings.validation, train)
    return train(ratio, methods.target, name)


def mixed(methods: Methods, target: LabelledImages, size: int, ratio: float) -> tuple[Batches, Batches]:
    """Batches of source and of target images, which make one of `size` images together; at least one of
    each."""
    count = min(max(1, round(ratio * size)), max(1, size - 1))
    return (
        methods.batches(methods.source, max(1, size - count), streams.SUPERVISED, methods.target_augment()),
        methods.labelled_target(count, streams.SUPERVISED + 1, target),
    )
