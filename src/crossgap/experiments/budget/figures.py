"""The label budget's plot: a metric over the number of labelled target images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.experiments.engine.markdown import having
from crossgap.methods.registry import METHODS
from crossgap.report import plots
from crossgap.report.palette import Shown, show

LINES = {"images": "-", "episodes": "--"}
LEGEND = {"images": "images spread over many episodes", "episodes": "whole episodes"}
"""How each kind of choice is drawn, and what it is called."""


@dataclass(frozen=True)
class Measure:
    """What is plotted."""

    metric: str
    """Its name in the rows."""
    axis: str
    """Of the vertical axis."""
    percent: bool
    """Whether it is a rate, drawn from 0 to 100 %; else the axis is logarithmic."""


SUCCESS = Measure("success", "success in closed loop", percent=True)
ERROR = Measure("held_out_mse", "error on held-out images\n(1 = knows nothing)", percent=False)
ERROR_RATE = Measure("held_out_error", "error rate on held-out images", percent=True)


def plot(rows: list[dict[str, Any]], measure: Measure, path: Path) -> Path:
    """Draw a metric over the number of labelled target images as a PNG, one panel per domain, two in a row.

    A line is the mean over seeds; its band (solid lines: images spread over as many episodes as possible) or
    bars (dashed ones: whole episodes) reach from the lowest to the highest end of their 95 % intervals. The
    source model as it is stands at 0.

    Args:
        rows: of `BudgetTrial.run` or `budget_on_folders`, of any number of seeds.
        measure: what to plot.
        path: the PNG to write.
    """
    rows = [row for row in rows if row["metric"] == measure.metric]
    domains = sorted({row["domain"] for row in rows})
    shown = show(sorted({row["method"] for row in rows}, key=list(METHODS).index), "few", "many")
    columns = min(2, len(domains))
    lines = -(-len(domains) // columns)
    size = 2.4 + 4.0 * columns, 0.9 + 3.9 * lines
    figure, panels = plots.new_figure(size, lines, columns, sharey=True, squeeze=False)
    for axes in panels.flat[len(domains) :]:
        axes.remove()
    for axes, domain in zip(panels.flat, domains, strict=False):
        for method, look in shown.items():
            for spread in LINES:
                if found := having(rows, domain=domain, method=method, spread=spread):
                    _draw(axes, plots.line(found, "images"), look, spread)
        _axes(axes, sorted({row["images"] for row in rows}), domain if len(domains) > 1 else "")
    for first in panels[:, 0]:
        _value_axis(first, measure)
    kinds = [kind for kind in LINES if kind in {row["spread"] for row in rows}]
    _legend(figure, list(shown.values()), kinds, columns=1 + columns)
    return plots.save(figure, path)


def _draw(axes: Any, line: np.ndarray, look: Shown, spread: str) -> None:
    images, mean, low, high = line
    style: Any = {"color": look.light, "zorder": 3 if look.ours else 2}
    if images[-1] == 0:  # the source model as it is
        axes.errorbar(images, mean, [mean - low, high - mean], marker="D", ms=5, lw=1.2, **style)
        axes.axhline(mean[0], ls=":", lw=1, color=look.light)
        return
    filled = look.light if spread == "images" else "white"
    axes.plot(images, mean, LINES[spread], marker="o", ms=4, mfc=filled, lw=1.8, **style)
    if spread == "images" and len(images) > 1:
        axes.fill_between(images, low, high, color=look.light, alpha=0.16, lw=0)
    else:
        axes.errorbar(images, mean, [mean - low, high - mean], fmt="none", lw=0.9, capsize=2, **style)


def _axes(axes: Any, images: list[int], title: str) -> None:
    first, last = next((number for number in images if number), 1), max(images[-1], 1)
    decades = max(0.5, np.log10(last / first))
    axes.set_xscale("symlog", linthresh=first, linscale=0.25 * decades)  # from 0 to the first: a fifth
    axes.set_xlim((-0.25 * first, last * 10 ** (0.04 * decades)))
    shown = [n for n, after in zip(images, [*images[1:], np.inf], strict=True) if after > 1.3 * n]
    axes.set_xticks(shown, [f"{number:,}" for number in shown])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labelled target images")
    axes.set_title(title, fontsize=10)
    plots.tidy(axes)


def _value_axis(axes: Any, measure: Measure) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_ylabel(measure.axis)
    if measure.percent:
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    else:
        plots.logarithmic(axes)
        drawn = [y for line in axes.get_lines() for y in line.get_ydata() if y > 0]
        axes.set_ylim(bottom=0.5 * min(drawn))  # an interval can reach to 0, which is far away here


def _legend(figure: Any, shown: list[Shown], kinds: list[str], columns: int) -> None:
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], color=look.light, lw=2, label=look.name) for look in shown]
    marks += [Line2D([], [], color="#444", ls=LINES[kind], label=LEGEND[kind]) for kind in kinds]
    figure.legend(handles=marks, frameon=False, fontsize=8, ncols=columns, loc="outside upper center")
