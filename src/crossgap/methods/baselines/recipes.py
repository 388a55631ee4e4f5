"""What TaskGAN is compared with: without a translator."""

from crossgap.data.augmentation import image_augmentation
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.methods import Methods
from crossgap.methods.registry import resolve


def baseline(
    methods: Methods, name: str, augment: bool, randomized: bool, per_frame: bool, fine_tune: bool,
    fixed_features: bool,
) -> AdaptedModel:  # fmt: skip
    """f_X, trained on the source alone, on augmented images, or on such in random looks; or such a model, or
    its fully connected layers, trained on with the target images, mixed with its own so that it forgets
    nothing."""
    start = methods.new_task_model()
    if fine_tune:
        start = methods.get(resolve(name, fine_tune=False, fixed_features=False)).task_model
    if fixed_features:
        start.convolutions.requires_grad_(False)
    side = methods.extra("randomized_per_frame" if per_frame else "randomized") if randomized else None
    changed = image_augmentation() if augment else None
    if fine_tune:
        config = methods.config.randomized_fine_tuning if randomized else methods.config.fine_tuning
    else:
        config = methods.config.randomization if randomized else methods.config.source
    data = [methods.source_batches(config.batch, streams.SUPERVISED + fine_tune, changed, side)]
    if fine_tune:
        augment_target = methods.target_augment() or changed
        data = [methods.batches(methods.target, config.batch, streams.SUPERVISED, augment_target), *data]
    return methods.supervised(name, start, data, config)


def target_only(methods: Methods, name: str) -> AdaptedModel:
    """The paper's "Benchmark": trained on the few target images alone."""
    config, task_model = methods.config.target, methods.new_task_model()
    data = methods.labelled_target(config.batch, streams.SUPERVISED)
    return methods.supervised(name, task_model, [data], config)


def oracle(methods: Methods, name: str) -> AdaptedModel:
    """What as many labelled target images as there are source images would give."""
    data = methods.extra("oracle")
    return methods.supervised(name, methods.new_task_model(), [data], methods.config.source)
