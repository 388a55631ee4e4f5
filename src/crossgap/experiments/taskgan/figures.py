"""The TaskGAN experiment's plot: success under the training regimes of the paper's figure 9."""

from pathlib import Path
from typing import Any

import numpy as np

from crossgap.report import plots

REGIMES = {
    "target_only": ("Benchmark", "#4aa3dc"),
    "source_only": ("Source", "#868d99"),
    "source_paired": ("Source + Paired", "#b5a642"),
    "source_translated": ("Source + Translated", "#8f6fb3"),
    "source_paired_translated": ("Source + Paired + Translated", "#5c3c8f"),
    "taskgan_inverse_refined": ("Inverse", "#cf4a0a"),
}
"""Every regime by its method: the paper's name, and a colour."""


def of_the_paper(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the paper's network: without a norm in the task model."""
    return [row for row in rows if "task_norm" not in row]


def regimes_plot(rows: list[dict[str, Any]], path: Path) -> Path | None:
    """Draw figure 9: success per target look and training regime, as a PNG.

    A bar is the mean over seeds; its whisker reaches from the lowest to the highest end of the seeds' 95 %
    Wilson intervals.

    Args:
        rows: flat result rows, of any number of looks and seeds.
        path: the PNG to write.

    Returns:
        The path, or None where not all regimes were run.
    """
    from matplotlib.ticker import PercentFormatter

    rows = [row for row in rows if row["metric"] == "success" and row["method"] in REGIMES]
    if {row["method"] for row in rows} != set(REGIMES):
        return None
    domains = sorted({row["domain"] for row in rows})
    figure, axes = plots.new_figure((1.8 + 1.9 * len(domains), 3.8))
    width = 0.8 / len(REGIMES)
    for index, (method, (name, colour)) in enumerate(REGIMES.items()):
        found = [[r for r in rows if (r["method"], r["domain"]) == (method, domain)] for domain in domains]
        places = np.array([i for i, part in enumerate(found) if part]) + (index - 2.5) * width
        mean, low, high = np.array([plots.span(part) for part in found if part]).T
        axes.bar(places, mean, width * 0.92, color=colour, label=name)
        whiskers = np.maximum([mean - low, high - mean], 0)
        axes.errorbar(places, mean, whiskers, fmt="none", ecolor="#333", elinewidth=0.8, capsize=2)
    axes.set_xticks(range(len(domains)), domains)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("success in closed loop")
    plots.tidy(axes)
    axes.set_axisbelow(True)
    figure.legend(frameon=False, fontsize=8, ncols=3, loc="outside upper center")
    return plots.save(figure, path)
