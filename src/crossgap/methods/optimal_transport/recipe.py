"""One task model of both domains, whose features an unbalanced transport aligns."""

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.methods import Methods
from crossgap.methods.optimal_transport.phase import OptimalTransport


def optimal_transport(methods: Methods, name: str) -> AdaptedModel:
    """A task model trained on source and labelled target images, half and half, and aligned."""
    config, task_model = methods.config.source, methods.new_task_model()
    of_source, _, of_labelled = streams.FEATURES
    phase = OptimalTransport(
        name, task_model, methods.source_batches(config.batch, of_source, methods.target_augment()),
        methods.labelled_target(config.batch, of_labelled), config, methods.own(name),
        methods.scale.loss,
    )  # fmt: skip
    methods.fit(name, phase)
    return methods.adapted(task_model)
