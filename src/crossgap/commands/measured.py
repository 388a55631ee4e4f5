"""What a model is on target images that it was trained on, and on others: kept in its run, and said."""

from pathlib import Path
from typing import Any

from crossgap.base.files import write_json
from crossgap.base.progress import counted, say
from crossgap.data import LabelledImages
from crossgap.data.contact_sheet import contact_sheet
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation.held_out import on_target_images, translations
from crossgap.methods.registry import METHODS

EVALUATION = "evaluation"
"""In a run folder: `<method>.json`, and `<method>.png` where there is a translator."""
GAP = 3.0
"""How many times as large an error on held-out images has to be for a word on images known by heart."""


def keep_measured(
    run: Path, model: AdaptedModel, source: LabelledImages, target: LabelledImages,
    held_out: LabelledImages | None,
) -> dict[str, Any]:  # fmt: skip
    """Measure a method's model, and write it into its run.

    Args:
        run: the folder.
        model: of one of its methods, with a task model.
        source: images of X, among which those nearest to F(y) are shown.
        target: what was trained on, or could have been.
        held_out: target images that were not; None where there are none.

    Returns:
        As of `on_target_images`.
    """
    about = METHODS[model.method]
    seen = "not trained on" if about.source_side else "trained on"
    sets = {seen: target} | ({} if held_out is None else {"held out": held_out})
    found = on_target_images(model, sets, about.target_labels)
    write_json(run / EVALUATION / f"{model.method}.json", found)
    if rows := translations(model, sets, source):
        contact_sheet(rows, run / EVALUATION / f"{model.method}.png")
    return found


def say_measured(method: str, measured: dict[str, Any]) -> None:
    """The errors, side by side, and what nobody can know."""
    for name, found in measured["sets"].items():
        parts = [
            f"{_NAMES[key].format(error=measured['error_name'])} {_figure(figures)}"
            for key, figures in found["figures"].items()
        ]
        distances = {f"distance of {name}": value for name, value in found["mean_distance"].items()}
        own = (found["mean_absolute_error"] | distances).items()
        if own:
            parts.append("mean absolute error of " + ", ".join(f"{key} {value:.3g}" for key, value in own))
        if parts:
            say(f"On {counted(found['images'], 'target image')} {name}: {'; '.join(parts)}")
    if text := by_heart(measured):
        say(f"{method}: {text}")
    for sentence in measured["unknown"]:
        say(sentence)


_NAMES = {
    "error": "{error}",
    "agreement_error": "f_X(F(y)) against f_X(y), as if that were the label: {error}",
}


def _figure(figures: dict[str, Any]) -> str:
    interval = f" ({figures['low']:.3g} – {figures['high']:.3g})" if figures["n"] > 1 else ""
    return f"{figures['value']:.3g}{interval}"


def by_heart(measured: dict[str, Any]) -> str:
    """A sentence where the error on held-out images is several times that on those trained on; else ""."""
    errors = [
        measured["sets"].get(name, {}).get("figures", {}).get("error") for name in ("trained on", "held out")
    ]
    if None in errors:
        return ""
    known, others = (error["value"] for error in errors)
    low = errors[1]["low"]  # None of a single episode
    if others <= GAP * known or (low is not None and low <= known):
        return ""
    times = f"{others / known:.0f} times" if known > 0 else "far above"
    return (
        f"its error on held-out target images is {times} that on the images it was trained on: it knows "
        "these by heart. More labelled images of more episodes help; more steps do not."
    )
