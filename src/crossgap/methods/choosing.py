"""Choices on validation: target images, of whole episodes, that a training does not see meanwhile."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from crossgap.base.files import write_json
from crossgap.base.progress import counted, say
from crossgap.data import LabelledImages
from crossgap.data.subsets import apart
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.methods import Methods

CHOICES = "choices"
"""In a run folder: what each method chose, and on which errors, `<method>.json`."""
Option = TypeVar("Option")


def choose(
    methods: Methods, name: str, what: str, options: Sequence[Option], share: float,
    train: Callable[[Option, LabelledImages], AdaptedModel],
) -> Option:  # fmt: skip
    """The option whose model has the lowest error on validation images; kept in `CHOICES`, and said.

    Args:
        methods: whose target images are divided.
        name: of the method.
        what: is chosen, such as "share of target images in a batch".
        options: to choose from; a single one is taken as it is, and so is the middle one where the target has
            one episode alone, which is said.
        share: of the target's episodes that is chosen on.
        train: trains a model with an option on those target images that are not.
    """
    target, seed = methods.target, methods.trainer.seed
    held = apart(target.episodes, share, seed)
    if len(options) == 1 or not held.any():
        chosen = options[len(options) // 2]
        if len(options) > 1:
            say(f"{name}: {what} is {chosen:g}: the target has one episode, and none to choose on.")
        _keep(methods, name, {"what": what, "chosen": chosen, "errors": [], "images": 0, "episodes": 0})
        return chosen
    pool, validation = target.select(~held), target.select(held)
    errors = [_error(methods, train(option, pool), validation) for option in options]
    chosen, episodes = options[int(np.argmin(errors))], len(np.unique(validation.episodes))
    found = {"images": len(validation), "episodes": episodes}
    rows = [{"option": option, "error": error} for option, error in zip(options, errors, strict=True)]
    _keep(methods, name, {"what": what, "chosen": chosen, "errors": rows, **found})
    if not methods.trainer.quiet:
        each = ", ".join(f"{option:g}: {error:.4g}" for option, error in zip(options, errors, strict=True))
        say(
            f"{name}: {what} is {chosen:g}. {methods.scale.error_name.capitalize()} on "
            f"{counted(len(validation), 'image')} of {counted(episodes, 'episode')} kept apart, by it: {each}"
        )
    return chosen


def _error(methods: Methods, model: AdaptedModel, data: LabelledImages) -> float:
    return float(methods.scale.errors(model.predict(data.images), data.labels).mean())


def _keep(methods: Methods, name: str, found: dict[str, Any]) -> None:
    if methods.trainer.fabric.is_global_zero:
        write_json(methods.trainer.folder / CHOICES / f"{name}.json", found)
