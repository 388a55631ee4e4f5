"""What is printed of translators, and said of them as JSON."""

from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Column, Table

from crossgap.base.progress import say
from crossgap.commands.evaluate.tables import print_table, warn_of_few
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
    """A table of each metric by model, and what it means.

    Args:
        judges: what translated images were held against.
        measured: what came of it.
        names: what to call each model.
    """
    titles = ("metric", "model", "value", "95 % interval", f"minus {IDENTITY}")
    columns = (Column(title, overflow="fold") for title in titles)
    table, changes = Table(*columns, box=SIMPLE_HEAD, pad_edge=False), minus_identity(measured)
    for metric in measured[IDENTITY]:
        table.add_section()
        for name, metrics in measured.items():
            value, low, high = _shown(metrics[metric].figures())
            change, least, most = _shown(changes[name][metric], "+") if name in changes else ("", "", "")
            between = f"{change} ({least} … {most})" if change else ""
            table.add_row(TITLES[metric] * (name == IDENTITY), names[name], value, f"{low} … {high}", between)
    print_table(table)
    say(f"{IDENTITY} is the images as they are. Better: higher PSNR and SSIM, lower KID and label error.")
    if judges.features is not None:
        say(f"KID: on {judges.features.name}, of at most {MOST:,} images a set.")
    if judges.task_model is not None:
        say(
            f"Label error: {judges.task_model.scale.error_name} of the task model on translated images; "
            "disagreement: the same with its predictions of the images before as labels."
        )
    count = len(np.unique(judges.data.episodes))
    warn_of_few(count, "picture" if count == len(judges.data) else "episode", FEW_EPISODES)


def _shown(figures: dict[str, Any], sign: str = "") -> list[str]:
    """A figure, and its interval's ends, which are shorter."""
    digits = {"value": 4, "low": 3, "high": 3}
    return [
        "–" if figures[key] is None else f"{figures[key]:{sign}.{count}g}" for key, count in digits.items()
    ]


def minus_identity(measured: Measured) -> dict[str, dict[str, dict[str, float]]]:
    """By model, what of each metric is not there in the images as they are."""
    before: dict[str, Any] = measured[IDENTITY]
    return {
        name: {metric: value.minus(before[metric]) for metric, value in metrics.items()}
        for name, metrics in measured.items()
        if name != IDENTITY
    }
