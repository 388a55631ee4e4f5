"""Charts: dots of the distance strips, and loss curves drawn by matplotlib as SVG for both page colours."""

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from crossgap.report.palette import Shown
from crossgap.report.plots import logarithmic

STRIP_HEIGHT = 38
"""Of a row of dots, CSS pixels."""
MOST_POINTS = 240
"""A longer curve is averaged in blocks."""
_INK, _LINE = "#010203", "#040506"
"""Stand-ins for the page's colours, replaced by its CSS variables."""
_WORDS = {"task_loss": "task"}
"""Names of metrics as a legend says them, where they differ."""
_STYLES = ("-", (0, (4, 2)), (0, (1, 1.4)), (0, (6, 1.5, 1, 1.5)))


def distance_limit(values: Sequence[float]) -> float:
    """Right end of the distance axis, metres: a whole number of 0.1 m, not below the largest value."""
    return max(0.2, float(np.ceil(max(values) * 10)) / 10)


def across(distance: float, limit: float) -> float:
    """Where a distance lies on the axis, in percent of its width: by its square root, to part small ones."""
    return round(100 * float(np.sqrt(min(max(distance / limit, 0.0), 1.0))), 2)


def strip(values: Sequence[float], limit: float) -> list[tuple[float, float]]:
    """Dots of one method's distances: (x in percent of the width, y in pixels), stacked where they meet."""
    bins: dict[int, int] = {}
    dots = []
    for value in sorted(values):
        x = across(value, limit)
        place = round(x)
        count = bins[place] = bins.get(place, 0) + 1
        offset = (count // 2) * (1 if count % 2 else -1)
        dots.append((x, STRIP_HEIGHT / 2 + float(np.clip(3.2 * offset, -16, 16))))
    return dots


def loss_chart(rows: list[dict[str, Any]], shown: Shown) -> str:
    """One phase's metrics over its steps, as inline SVG.

    Args:
        rows: of `metrics.jsonl`, of one phase.
        shown: the method whose colour the task loss has.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: Any = {
        "svg.fonttype": "none", "svg.hashsalt": shown.method, "font.size": 8, "axes.edgecolor": _LINE,
        "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "text.color": _INK,
        "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8, "grid.color": _LINE,
    }  # fmt: skip
    names = sorted(
        {name for row in rows for name in row} - {"phase", "step"}, key=lambda n: (n != "task_loss", n)
    )
    with mpl.rc_context(style):
        figure = Figure((3.5, 2.1), layout="constrained")
        axes = figure.subplots()
        for index, name in enumerate(names):
            steps, values = _curve(rows, name)
            colour = shown.light if index == 0 else _INK
            axes.plot(
                steps, values, color=colour, ls=_STYLES[index % len(_STYLES)], lw=1.5 if index == 0 else 1.1,
                marker="o" if len(steps) == 1 else None, label=_WORDS.get(name, name.replace("_", " ")),
            )  # fmt: skip
        _limit_axes(axes, [row[name] for row in rows for name in names if name in row])
        if len(names) > 1:
            axes.legend(frameon=False, fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=3,
                        handlelength=1.7, columnspacing=1, borderpad=0)  # fmt: skip
        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    return _inline(out.getvalue(), shown)


def _curve(rows: list[dict[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    found = np.array([(row["step"], row[name]) for row in rows if name in row], float)
    block = -(-len(found) // MOST_POINTS)
    cuts = np.array_split(found, -(-len(found) // block))
    steps, values = np.array([cut.mean(0) for cut in cuts]).T
    return steps, values


def _limit_axes(axes: Any, values: list[float]) -> None:
    from matplotlib.ticker import MaxNLocator

    positive = [value for value in values if value > 0]
    if len(positive) == len(values) and values and max(values) > 4 * min(values):
        wide = max(values) > 50 * min(values)
        logarithmic(axes, (1,) if wide else (1, 2, 5))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("step")
    axes.grid(axis="y", lw=0.6, alpha=0.6)
    axes.tick_params(length=2.5)


def _inline(svg: str, shown: Shown) -> str:
    """The part that belongs inside a page, coloured by the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r' (width|height)="[\d.]+pt"| xmlns(:xlink)?="[^"]*"| version="[^"]*"', "", svg, count=5)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    for colour, variable in ((_INK, "--quiet"), (_LINE, "--line"), (shown.light, shown.css)):
        svg = svg.replace(colour, f"var({variable})")
    return svg
