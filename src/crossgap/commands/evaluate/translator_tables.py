"""What is printed of translators, and said of them as JSON."""

from typing import Any

import numpy as np
from rich.table import Column, Table

from crossgap.base.progress import console, say
from crossgap.commands.evaluate.tables import warn_of_few
from crossgap.evaluation.kernel_distance import MOST, KernelDistance
from crossgap.evaluation.translators import Judges, PerImage

IDENTITY = "identity"
"""The images as they are: what a translator has to beat."""
FEW_EPISODES = 10
"""With fewer an interval is printed with a warning."""
TITLES = {
    "psnr": "PSNR (dB)", "ssim": "SSIM", "kid": "KID", "label_error": "label error",
    "disagreement": "disagreement",
}  # fmt: skip
Measured = dict[str, dict[str, PerImage | KernelDistance]]
"""By model, that of the images as they are first, then by metric."""


def print_translators(judges: Judges, measured: Measured, names: dict[str, str]) -> None:
    """Two tables: the metrics, and what each translator changes in them.

    Args:
        judges: what translated images were held against.
        measured: what came of it.
        names: what to call each model.
    """
    columns = ["model", *(TITLES[metric] for metric in measured[IDENTITY])]
    table = _table("Translated images, with 95 % intervals", columns)
    for name, metrics in measured.items():
        table.add_row(names[name], *(_cell(metric.figures()) for metric in metrics.values()))
    console.print(table)
    table = _table("Minus identity", columns)
    for name, changes in minus_identity(measured).items():
        table.add_row(names[name], *(_cell(change, "+") for change in changes.values()))
    console.print(table)
    say(f"{IDENTITY} is the images as they are. Better: higher PSNR and SSIM, lower KID and errors.")
    if judges.features is not None:
        say(f"KID: on {judges.features.name}, of at most {MOST:,} images a set.")
    if judges.task_model is not None:
        say(
            f"Label error: {judges.task_model.scale.error_name} of the task model on translated images; "
            "disagreement: the same with its predictions of the images before as labels."
        )
    warn_of_few(len(np.unique(judges.data.episodes)), "episodes", FEW_EPISODES)


def _table(title: str, columns: list[str]) -> Table:
    return Table(*(Column(column, overflow="fold") for column in columns), title=title)


def _cell(figures: dict[str, Any], sign: str = "") -> str:
    """A figure, and its interval below."""
    value, low, high = (f"{figures[key]:{sign}.4g}" for key in ("value", "low", "high"))
    return f"{value}\n{low} … {high}"


def minus_identity(measured: Measured) -> dict[str, dict[str, dict[str, float]]]:
    """By model, what of each metric is not there in the images as they are."""
    before: dict[str, Any] = measured[IDENTITY]
    return {
        name: {metric: value.minus(before[metric]) for metric, value in metrics.items()}
        for name, metrics in measured.items()
        if name != IDENTITY
    }
