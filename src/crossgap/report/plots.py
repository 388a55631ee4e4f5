"""What plots of results have in common: they are drawn as PNG, a line over seeds with a band around it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import writing
from crossgap.base.signature import sign


def new_figure(size: tuple[float, float], rows: int = 1, columns: int = 1, **panels: Any) -> tuple[Any, Any]:
    """A figure of (width, height) in inches, and its axes as `Figure.subplots` gives them."""
    from matplotlib.figure import Figure

    figure = Figure(size, layout="constrained", dpi=150)
    return figure, figure.subplots(rows, columns, **panels)


def save(figure: Any, path: Path) -> Path:
    """Write the PNG in one piece; its path."""
    with writing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
        sign(temporary)
    return path


def tidy(axes: Any, **grid: Any) -> None:
    """No frame above and to the right; a grid, by default of horizontal lines."""
    axes.grid(**(grid or {"axis": "y", "lw": 0.6, "alpha": 0.5}))
    axes.spines[["top", "right"]].set_visible(False)


def logarithmic(axes: Any, subs: Sequence[int] = (1, 2, 5)) -> None:
    """Values on a logarithmic axis, with ticks at these multiples of powers of ten, as plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def line(rows: Sequence[dict[str, Any]], over: str, low: str = "low", high: str = "high") -> np.ndarray:
    """(4, points): the values of a key of rows, rising, and at each the seeds' mean, lowest `low` and highest
    `high`; (0,) of no rows."""
    points: dict[float, list[dict[str, Any]]] = {}
    for row in rows:
        points.setdefault(row[over], []).append(row)
    return np.array([(at, *span(points[at], low, high)) for at in sorted(points)]).T


def span(rows: Sequence[dict[str, Any]], low: str = "low", high: str = "high") -> tuple[float, float, float]:
    """The seeds' mean, lowest `low` and highest `high`; where there is no interval, the value itself."""
    mean = float(np.mean([row["value"] for row in rows]))
    ends = [[row["value"] if row[end] is None else row[end] for row in rows] for end in (low, high)]
    return mean, min(ends[0]), max(ends[1])


def draw_band(axes: Any, x: Any, points: Any, colour: str, alpha: float = 0.15, **style: Any) -> None:
    """A line of means (3, points) as of `line`, and a band from its lowest to its highest values."""
    mean, low, high = points
    axes.plot(x, mean, color=colour, lw=1.8, **style)
    axes.fill_between(x, low, high, color=colour, alpha=alpha, lw=0)
