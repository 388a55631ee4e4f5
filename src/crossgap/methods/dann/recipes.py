"""Adapting features instead of images: the other family."""

from collections.abc import Collection

import torch

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.dann.phase import DANN
from crossgap.methods.methods import Methods
from crossgap.networks import DomainClassifier


def dann(methods: Methods, name: str, supervise: Collection[str]) -> AdaptedModel:
    """A task model whose features do not tell the domains apart.

    Args:
        methods: data, settings and trainer.
        name: of the method.
        supervise: with "target", the target's labels join the task loss; in the paper they do not.
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
        labelled=methods.batches(methods.target, config.batch, 22) if "target" in supervise else None,
        steps=config.steps,
        learning_rate=config.learning_rate,
        domain_weight=config.domain_weight,
        loss=methods.scale.loss,
    )
    methods.fit(name, phase)
    return methods.adapted(task_model)
