"""Models offline: how far predicted labels are off."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.progress import say, track
from crossgap.commands.evaluate.checks import check_data
from crossgap.commands.evaluate.tables import (
    model_table,
    print_own_units,
    print_table,
    short,
    warn_of_few,
)
from crossgap.core.statistics import paired_error_difference
from crossgap.data import Classes, LabelledImages, LabelScale, read_folder
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import Takes, as_taken
from crossgap.evaluation import error_over_episodes
from crossgap.evaluation.units import other_units
from crossgap.evaluation.vectors import mean_distances

FEW_EPISODES = 10
"""With fewer an interval is printed with a warning."""


def compare_errors(
    loaded: dict[str, AdaptedModel], folder: Path, camera: str | None = None
) -> dict[str, Any]:
    """Errors on labelled images, also in the labels' own units, and paired with the first model's."""
    names, first = short(list(loaded)), next(iter(loaded))
    kinds = dict.fromkeys(model.scale.error_name for model in loaded.values())
    table = model_table(names, "error", "95 % interval", "images", "episodes")
    table.title = " or ".join(kinds).capitalize()
    result: dict[str, Any] = {"data": str(folder), "models": {}, "paired_differences": {}}
    errors: dict[str, np.ndarray] = {}
    read: dict[Any, LabelledImages] = {}
    for name, model in loaded.items():
        as_read = model.label_names, model.preparation, model.size if model.preparation else None
        if as_read not in read:
            read[as_read] = read_for(model, folder, camera)
        data = read[as_read]
        check_data(Path(name), model, folder, data)
        predicted = model.predict(data.images)
        error = error_over_episodes(predicted, data, model.scale)
        errors[name] = model.scale.errors(predicted, data.labels)
        absolute = np.abs(predicted - data.labels).mean(0).tolist()
        classes = isinstance(model.scale, Classes)
        own = {} if classes else dict(zip(data.label_names, absolute, strict=True))
        distances = {} if classes else mean_distances(predicted, data.labels, data.label_names)
        result["models"][name] = error | {"mean_absolute_error": own, "mean_distance": distances}
        _warn_of_units(folder, name, model, data)
        difference = []
        if name != first and model.scale == loaded[first].scale:
            paired = paired_error_difference(errors[first], errors[name], data.episodes)
            result["paired_differences"][name] = paired
            between = f" ({paired['low']:+.4f} – {paired['high']:+.4f})" if error["n"] > 1 else ""
            difference = [f"{paired['value']:+.4f}{between}"]
        elif len(loaded) > 1:
            difference = ["" if name == first else "other labels or another scale"]
        interval = f"{error['low']:.4f} – {error['high']:.4f}" if error["n"] > 1 else "none"
        row = f"{error['value']:.4f}", interval, str(len(data)), str(error["n"])
        table.add_row(names[name], *row, *difference)
    print_table(table)
    warn_of_few(min(about["n"] for about in result["models"].values()), "episode", FEW_EPISODES)
    own, distances = (
        {names[name]: about[key] for name, about in result["models"].items()}
        for key in ("mean_absolute_error", "mean_distance")
    )
    print_own_units(own, distances)
    return result


def read_for(model: AdaptedModel, folder: Path, camera: str | None = None) -> LabelledImages:
    """Labelled images as a model takes them: prepared as it prepares a camera's; of a recording with several
    cameras those of one.

    Raises:
        CrossgapError: something is wrong with them, or they lack the model's labels.
    """
    return read_taken(model, model.label_names, folder, camera)


def read_taken(
    model: Takes, labels: tuple[str, ...], folder: Path, camera: str | None = None, skip_bad: bool = False
) -> LabelledImages:
    """The same, also of a model that is not there yet.

    Args:
        model: what is known of it.
        labels: that it predicts.
        folder: the images.
        camera: of a recording with several, or of a table's columns, which one.
        skip_bad: leave out images that cannot be read, and say which these are.

    Raises:
        CrossgapError: as `read_for`.
    """
    fit = None if model.preparation is None else partial(_as_taken, model)
    return read_folder(folder, labels, track, fit, camera, skip_bad)


def _as_taken(model: Takes, image: np.ndarray, file: Path) -> np.ndarray:
    return as_taken(image, model, False, file)


def _warn_of_units(folder: Path, name: str, model: AdaptedModel, data: LabelledImages) -> None:
    """A word for each label that looks as if in another unit than what the model was trained on."""
    if not isinstance(scale := model.scale, LabelScale):
        return
    found = other_units(data.label_names, np.array(scale.mean), np.array(scale.spread), data.labels)
    for label, unit in found.items():
        say(f"{folder}: label '{label}' is, against what {name} was trained on, {unit}")
