"""Translators on images: how near to true pairs, how like a domain, and whether labels are preserved."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.progress import progress_bar, track
from crossgap.commands.evaluate.checks import check_data
from crossgap.commands.evaluate.tables import print_own_units, short
from crossgap.commands.evaluate.translator_tables import IDENTITY, minus_identity, print_translators
from crossgap.commands.options import EvaluationOptions
from crossgap.data import Classes, LabelledImages, read_folder
from crossgap.data.cells import Fit
from crossgap.data.folder import has_labels, label_columns, read_unlabelled
from crossgap.data.pictures import noted, read_counterparts
from crossgap.data.sizes import shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.description import check_is_model
from crossgap.deploy.pictures import as_taken, check_translates
from crossgap.errors import CrossgapError
from crossgap.evaluation.kernel_distance import NamedFeatures, task_features
from crossgap.evaluation.photograph_features import photograph_features
from crossgap.evaluation.translators import Judges

BATCH = 64
"""Images between two steps of the progress bar."""


def compare_translators(loaded: dict[str, AdaptedModel], options: EvaluationOptions) -> dict[str, Any]:
    """Translate the images of --data with each model, print the metrics, and say them as JSON.

    Raises:
        CrossgapError: there is nothing to hold them against, a model has no translator, or whatever is wrong
            with a folder.
    """
    for model in loaded.values():
        check_translates(model)
    if IDENTITY in loaded:
        raise CrossgapError(
            f"A folder {IDENTITY} would be taken for the images as they are. Expected its whole path, "
            f"{Path(IDENTITY).absolute()}."
        )
    if options.data is None or not options.held_against:
        raise CrossgapError(
            "A translator is evaluated on images. Expected --data, and --pairs, --like or --task-model: what "
            "translated images are held against."
        )
    sizes = {name: model.size for name, model in loaded.items()}
    if len(set(sizes.values())) > 1:
        each = ", ".join(f"{name} takes {shown(size)}" for name, size in sizes.items())
        raise CrossgapError(f"{each} pixels. Expected models of one size, or each evaluated by itself.")
    judges = _judges(options, next(iter(loaded.values())))
    for name, model in loaded.items():
        check_data(Path(name), model, options.data, judges.data)
    images = {IDENTITY: judges.data.images}
    images |= {name: _translated(name, model, judges.data.images) for name, model in loaded.items()}
    measured = {name: judges.measure(made) for name, made in images.items()}
    own = {name: _own_units(judges, made) for name, made in images.items()}
    names = short([IDENTITY, *loaded])
    print_translators(judges, measured, names)
    print_own_units({names[name]: errors for name, errors in own.items()})
    return {
        "data": str(options.data),
        **{name: str(path) for name, path in options.held_against.items()},
        "features": None if judges.features is None else judges.features.name,
        "models": {
            name: {metric: value.figures() for metric, value in metrics.items()}
            | {"mean_absolute_error": own[name]}
            for name, metrics in measured.items()
        },
        "minus_identity": minus_identity(measured),
    }


def _judges(options: EvaluationOptions, model: AdaptedModel) -> Judges:
    """What translated images are held against, read and checked before weights are fetched; `model` is one of
    those that translate."""
    assert options.data is not None
    task_model, pairs, like, features = _task_model(options, model), None, None, None
    shapes: list[float] = []
    fit = partial(_as_taken, model, options.resize)
    data = _read_labelled(options.data, task_model, noted(shapes, fit))
    if options.pairs is not None:
        pairs = read_counterparts(options.data, options.pairs, fit, shapes, track).images
    if options.like is not None:
        like = read_unlabelled(options.like, track, fit)
        for folder, images in ((options.data, data), (options.like, like)):
            _check_enough(folder, images)
        features = _features(options, task_model, model)
    return Judges(data, pairs, like, features, task_model)


def _as_taken(model: AdaptedModel, resize: bool, image: np.ndarray, file: Path) -> np.ndarray:
    return as_taken(image, model, resize, file)


def _check_enough(folder: Path, data: LabelledImages) -> None:
    """Whether KID can be had of these images.

    Raises:
        CrossgapError: it compares pairs of independent ones, and there are none.
    """
    if len(np.unique(data.episodes)) < 2:
        found = "1 picture" if len(data) == 1 else f"{len(data):,} pictures of one episode"
        raise CrossgapError(
            f"{folder} has {found}. Expected two pictures at least, of two episodes, for KID (--like)."
        )


def _task_model(options: EvaluationOptions, model: AdaptedModel) -> AdaptedModel | None:
    """The one that tells whether labels are preserved, where there is one."""
    if options.task_model is None:
        return None
    check_is_model(options.task_model)
    found = AdaptedModel.load(options.task_model, model.device)
    if "task_model" not in found.networks:
        raise CrossgapError(
            f"--task-model {options.task_model} has none. Expected a model that predicts labels."
        )
    if found.size != model.size:
        raise CrossgapError(
            f"--task-model {options.task_model} takes images of {shown(found.size)} pixels, the translators "
            f"of {shown(model.size)}. Expected one size."
        )
    return found


def _features(
    options: EvaluationOptions, task_model: AdaptedModel | None, model: AdaptedModel
) -> NamedFeatures:
    """What KID compares: the task model's features, or where there is none those of photographs."""
    if task_model is None:
        return photograph_features(model.device)
    return task_features(task_model, str(options.task_model))


def _read_labelled(folder: Path, task_model: AdaptedModel | None, fit: Fit) -> LabelledImages:
    """The images of a folder, with the labels that the task model predicts where it has them."""
    names = () if task_model is None else task_model.label_names
    if names and has_labels(folder) and set(names) <= set(label_columns(folder)):
        return read_folder(folder, names, track, fit)
    return read_unlabelled(folder, track, fit)


def _translated(name: str, model: AdaptedModel, images: np.ndarray) -> np.ndarray:
    made = []
    with progress_bar(f"translate with {Path(name).name}", len(images)) as advance:
        for start in range(0, len(images), BATCH):
            made.append(model.translate(images[start : start + BATCH]))
            advance(len(made[-1]))
    return np.concatenate(made)


def _own_units(judges: Judges, images: np.ndarray) -> dict[str, float]:
    """Mean absolute error of every label that is a number, where the labels are known."""
    task_model = judges.task_model
    if task_model is None or not judges.labelled or isinstance(task_model.scale, Classes):
        return {}
    errors = np.abs(task_model.predict(images) - judges.data.labels).mean(0).tolist()
    return dict(zip(task_model.label_names, errors, strict=True))
