"""What the methods are on held-out target images, beside each other: figures, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crossgap.commands.adapt.verdict import Contestant, blind_sentence, judge, unlabelled_verdict
from crossgap.commands.evaluate.labels import read_taken
from crossgap.commands.measured import by_heart
from crossgap.commands.options import AdaptOptions
from crossgap.commands.own_data import OwnData
from crossgap.data import Classes, LabelledImages
from crossgap.data.folder import has_labels, is_data_set
from crossgap.data.overlap import check_pair
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import Taken
from crossgap.errors import CrossgapError
from crossgap.evaluation.labels import episode_means
from crossgap.evaluation.own_units import Measure, difference, own_units
from crossgap.methods.registry import METHODS


def compare(
    models: Mapping[str, AdaptedModel], measured: Mapping[str, dict[str, Any]], target: LabelledImages,
    held_out: LabelledImages | None, unit: str,
) -> dict[str, Any]:  # fmt: skip
    """The figures of all methods, and what to use.

    Args:
        models: by method, in the order of tables.
        measured: by method, as of `on_target_images`.
        target: what they were trained on, or could have been.
        held_out: what nothing was trained on; None where too few images are there.
        unit: what `held_out` is whole ones of.

    Returns:
        A record of the shape `report.adaptation.SHAPE`.
    """
    first = next(iter(models.values()))
    measure = Measure(first.scale, first.label_names)
    rows = {name: _about(name, model, measured[name]) for name, model in models.items()}
    record: dict[str, Any] = {"measure": measure.name, "unit": unit, "methods": rows, "labels": list(
        first.label_names), "trained_on": _counts(target), "held_out": _counts(held_out)}  # fmt: skip
    if held_out is None or not held_out.label_names:
        recommended, sentences = unlabelled_verdict({n: row["translates"] for n, row in rows.items()})
        return record | {
            "recommended": recommended,
            "worth": "unknown",
            "sentences": sentences,
            "blind": None,
        }
    means = {}
    for name, model in models.items():
        predicted = model.predict(held_out.images)
        means[name] = _means(measure, predicted, held_out, name)
        rows[name]["held_out"] = measure.figures(means[name])
        rows[name]["trained_on"] = measure.figures(
            _means(measure, model.predict(target.images), target, name)
        )
        if not isinstance(first.scale, Classes):
            rows[name]["own"] = own_units(predicted, held_out.labels, held_out.episodes, first.label_names)
    contestants = [
        Contestant(name, rows[name]["translates"], each, rows[name]["sees_target"])
        for name, each in means.items()
    ]
    verdict = judge(contestants, measure, unit)
    best = means[verdict.recommended]
    for name, each in means.items():
        if name != verdict.recommended:
            rows[name]["difference"] = difference(each, best)
    blind = _means(measure, knows_nothing(measure, target, len(held_out)), held_out)
    sentences = [*blind_sentence(verdict.recommended, best, blind, measure), *verdict.sentences]
    found = {"recommended": verdict.recommended, "worth": verdict.worth, "blind": measure.figures(blind)}
    return record | found | {"sentences": sentences}


def _about(name: str, model: AdaptedModel, measured: dict[str, Any]) -> dict[str, Any]:
    """What stands in every method's row."""
    sets = measured["sets"].values()
    agreement = [each["figures"]["agreement_error"] for each in sets if "agreement_error" in each["figures"]]
    return {
        "about": METHODS[name].about.replace("**", ""), "translates": model.translator is not None,
        "held_out": None, "trained_on": None, "difference": None, "own": {},
        "agreement": agreement[-1] if agreement else None, "by_heart": by_heart(measured),
        "sees_target": not METHODS[name].source_side, "unknown": measured["unknown"],
    }  # fmt: skip


def _counts(data: LabelledImages | None) -> dict[str, Any] | None:
    if data is None:
        return None
    labelled = bool(data.label_names)
    return {"images": len(data), "episodes": len(np.unique(data.episodes)), "labelled": labelled}


def _means(
    measure: Measure, predicted: np.ndarray, data: LabelledImages, name: str = "The model"
) -> np.ndarray:  # fmt: skip
    return episode_means(measure.errors(predicted, data.labels), data.episodes, name)


def knows_nothing(measure: Measure, target: LabelledImages, count: int) -> np.ndarray:
    """What one says without looking, (count, k): the most frequent class, or the mean label, of the target
    images to train with."""
    if isinstance(measure.scale, Classes):
        values, times = np.unique(target.labels, return_counts=True)
        return np.full((count, 1), values[times.argmax()], np.float32)
    return np.repeat(target.labels.mean(0, dtype=np.float64)[None], count, 0).astype(np.float32)


def read_test(options: AdaptOptions, data: OwnData) -> LabelledImages:
    """The labelled images of `--test` as the models will take them, of the target's camera: before hours of
    training, for something may be wrong with them.

    Args:
        options: which folder, and how it is read.
        data: what the models are trained on.

    Raises:
        CrossgapError: something is wrong with the images, or they lack the labels.
    """
    folder = options.test
    if folder is None or not (is_data_set(folder) and has_labels(folder)):
        what = "has no labels" if folder and folder.exists() else "does not exist"
        raise CrossgapError(f"--test: {folder} {what}. Expected a folder of labelled images.")
    model = Taken(data.source.size, data.preparations.get("target"))
    camera = options.camera[-1] if options.camera else None
    found = read_taken(model, data.source.label_names, folder, camera, options.skip_bad)
    check_pair(data.source, found, names=("Source", "--test"))
    return found


def on_test(models: Mapping[str, AdaptedModel], data: LabelledImages, name: str) -> dict[str, Any]:
    """The part `test` of a record: errors on labelled images that nothing was trained or chosen on.

    Args:
        models: by method.
        data: the images, as of `read_test`.
        name: of their folder.
    """
    model = next(iter(models.values()))
    measure = Measure(model.scale, model.label_names)
    figures = {
        method: measure.figures(_means(measure, each.predict(data.images), data, method))
        for method, each in models.items()
    }
    return {"folder": name, **(_counts(data) or {}), "methods": figures}
