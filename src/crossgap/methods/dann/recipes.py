"""Adapting features instead of images: the other family."""

from __future__ import annotations

from functools import partial

import torch

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.dann.phase import DANN
from crossgap.methods.methods import Method, Methods
from crossgap.networks import DomainClassifier


def dann(methods: Methods, name: str, labelled: bool) -> AdaptedModel:
    """A task model whose features do not tell the domains apart.

    Args:
        methods: data, settings and trainer.
        name: of the method.
        labelled: whether the target's labels join the task loss; in the paper they do not.
    """
    config = methods.config.dann
    task_model = methods.new_task_model()
    torch.manual_seed(methods.trainer.seed)
    classifier = DomainClassifier(methods.config.networks.task_hidden, config.domain_hidden)
    phase = DANN(
        name,
        task_model,
        classifier,
        source=methods.batches(methods.source, config.batch, 20),
        target=methods.batches(methods.extra("unlabelled"), config.batch, 21),
        labelled=methods.batches(methods.target, config.batch, 22) if labelled else None,
        steps=config.steps,
        learning_rate=config.learning_rate,
        domain_weight=config.domain_weight,
        loss=methods.scale.loss,
    )
    methods.fit(name, phase)
    return methods.adapted(task_model)


FEATURES = {
    "dann": Method(
        partial(dann, name="dann", labelled=False),
        "DANN",
        needs="unlabelled",
        target_labels=False,
        settings=("dann",),
    ),
    "dann_labelled": Method(
        partial(dann, name="dann_labelled", labelled=True),
        "DANN, with the target labels",
        needs="unlabelled",
        settings=("dann",),
    ),
}
