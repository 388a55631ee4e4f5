"""A model on target images that it was trained on, and on such that it was not: whether it learnt them by
heart; and what cannot be known without labels."""

from typing import Any

import numpy as np

from crossgap.data.images import Classes, LabelCoding, LabelledImages
from crossgap.data.neighbours import nearest
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation.labels import disagreement, error_over_episodes
from crossgap.evaluation.rows import AGGREGATE
from crossgap.evaluation.vectors import mean_distances

SHOWN, ASKED = 8, 2000
"""Of how many images F(y) is shown, and among how many source images the nearest is looked for, at most."""
MEASURED = {
    "error_name": str,
    "sets": {...: {"images": int, "figures": AGGREGATE, "mean_absolute_error": {...: float},
                   "mean_distance": {...: float}}},
    "unknown": [str],
}  # fmt: skip
"""Shape of `on_target_images`, as in `records.mismatch`."""


def on_target_images(
    model: AdaptedModel, sets: dict[str, LabelledImages], learnt_labels: bool
) -> dict[str, Any]:
    """What can be said of a model on target images.

    Args:
        model: with a task model.
        sets: target images by what they are, "trained on" or "held out", with labels or without.
        learnt_labels: whether the method learns from target labels.

    Returns:
        By set, each as `figures`: `error` where there are labels; `agreement_error` where there is a
        translator, what f_X(F(y)) and f_X(y) are apart, as if f_X(y) were the label; mean absolute errors and
        distances in the labels' own units; and sentences on what is `unknown`.
    """
    scale = model.scale
    assert scale is not None, "only models that predict labels"
    found = {name: _measure(model, scale, data) for name, data in sets.items() if len(data)}
    labelled = any(data.label_names for data in sets.values())
    translated = model.translator is not None
    sentences = unknown(labelled, learnt_labels, translated, "held out" in found)
    return {"error_name": scale.error_name, "sets": found, "unknown": sentences}


def _measure(model: AdaptedModel, scale: LabelCoding, data: LabelledImages) -> dict[str, Any]:
    predicted, figures, own, distances = model.predict(data.images), {}, {}, {}
    if data.label_names:
        figures["error"] = error_over_episodes(predicted, data, scale)
    if data.label_names and not isinstance(scale, Classes):
        absolute = np.abs(predicted - data.labels).mean(0).tolist()
        own = dict(zip(data.label_names, absolute, strict=True))
        distances = mean_distances(predicted, data.labels, data.label_names)
    if model.translator is not None:
        alone = AdaptedModel(model.task_model, scale, model.label_names, model.size)
        before = alone.predict(data.images)
        figures["agreement_error"] = disagreement(before, predicted, data.episodes, scale)
    return {
        "images": len(data), "figures": figures, "mean_absolute_error": own, "mean_distance": distances,
    }  # fmt: skip


def unknown(labelled: bool, learnt_labels: bool, translated: bool, held_out: bool) -> list[str]:
    """What nobody can know of a model, a sentence each.

    Args:
        labelled: whether target images with labels were at hand to measure on.
        learnt_labels: whether the method learns from target labels.
        translated: whether it has a translator.
        held_out: whether some target images were kept out of the training.
    """
    found = []
    if not labelled:
        found.append(
            "How often it is right on target images is unknown: none of them has a label. Label some twenty, "
            "of several episodes, and evaluate on them."
        )
    if not learnt_labels and translated:
        found.append(
            "Whether the translator keeps what the label is of cannot be known from images alone: it was "
            "never told, may draw another digit or another pose, and agree with itself. Look at F(y)."
        )
    if labelled and learnt_labels and not held_out:
        found.append(
            "How it does on target images that it was not trained on is unknown: none were held out "
            "(--held-out), and those it was trained on it may know by heart."
        )
    return found


def translations(
    model: AdaptedModel, sets: dict[str, LabelledImages], source: LabelledImages
) -> dict[str, np.ndarray]:  # fmt: skip
    """Rows of images by label: of each set y, F(y), and the source image nearest to that; none without a
    translator. One that knows images by heart draws these as source images, and others not."""
    if model.translator is None:
        return {}
    rows: dict[str, np.ndarray] = {}
    asked = source.images[np.unique(np.linspace(0, len(source) - 1, ASKED).round().astype(int))]
    for name, data in sets.items():
        if not len(data):
            continue
        chosen = np.unique(np.linspace(0, len(data) - 1, SHOWN).round().astype(int))
        drawn = model.translate(data.images[chosen])
        rows |= {f"y, {name}": data.images[chosen], f"F(y), {name}": drawn}
        rows[f"the nearest x, {name}"] = asked[nearest(drawn, asked)[1]]
    return rows
