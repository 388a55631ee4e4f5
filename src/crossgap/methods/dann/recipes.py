"""Adapting features instead of images: the other family."""

from collections.abc import Collection

import torch

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.dann.phase import DANN
from crossgap.methods.methods import Methods
from crossgap.networks import DomainClassifier


def dann(methods: Methods, name: str, supervise: Collection[str]) -> AdaptedModel:
    """A task model whose features do not tell the domains apart; with "target" among `supervise` the target's
    labels join the task loss, which in the paper they do not."""
    config = methods.config.dann
    task_model = methods.new_task_model()
    torch.manual_seed(methods.trainer.seed)
    classifier = DomainClassifier(methods.config.networks.task_hidden, config.domain_hidden)
    of_source, of_target, of_labelled = streams.FEATURES
    phase = DANN(
        name, task_model, classifier, methods.source_batches(config.batch, of_source),
        methods.batches(methods.extra("unlabelled"), config.batch, of_target), config,
        methods.labelled_target(config.batch, of_labelled) if "target" in supervise else None,
        methods.scale.loss,
    )  # fmt: skip
    methods.fit(name, phase)
    return methods.adapted(task_model)
