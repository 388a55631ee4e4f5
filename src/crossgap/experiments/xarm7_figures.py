"""Pictures of the xArm7 experiment: learning curves, where in the workspace it succeeds, how far off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.files import writing
from crossgap.simulation.xarm7_reach import SUCCESS_DISTANCE, WORKSPACE_HIGH, WORKSPACE_LOW

COLOURS = ("#0b6e99", "#c2410c", "#4d7c0f", "#7c3aed", "#be185d", "#0f766e", "#92400e", "#475569")
LINES = "-", "--", ":"
"""One after the other, when the colours have been used."""
CELLS = 5
"""Parts of each side of the workspace in the map."""


def learning_curves(rows: list[dict[str, Any]], methods: Sequence[str], path: Path) -> Path:
    """Success on validation goals over environment steps: mean over seeds, from the lowest to the highest.

    Args:
        rows: of `XArm7Experiment.run`, of any number of seeds.
        methods: which configurations, those without a curve left out.
        path: the PNG to write.
    """
    from matplotlib.figure import Figure

    figure = Figure((7.2, 4.0), layout="constrained", dpi=150)
    axes = figure.subplots()
    shown = [m for m in methods if any(_is_point(row, m) for row in rows)]
    for index, method in enumerate(shown):
        points: dict[int, list[float]] = {}
        for row in rows:
            if _is_point(row, method):
                points.setdefault(row["environment_steps"], []).append(row["value"])
        steps = sorted(points)
        style: Any = {"color": COLOURS[index % len(COLOURS)], "ls": LINES[index // len(COLOURS) % len(LINES)]}
        axes.plot(steps, [np.mean(points[s]) for s in steps], lw=1.8, label=method.replace("_", " "), **style)
        low, high = ([extreme(points[s]) for s in steps] for extreme in (min, max))
        axes.fill_between(steps, low, high, color=style["color"], alpha=0.12, lw=0)
    axes.axhline(0.8, color="#94a3b8", lw=0.8, ls=":")
    axes.set_xlabel("environment steps")
    axes.set_ylabel("success, validation goals, source look")
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return _save(figure, path)


def _is_point(row: dict[str, Any], method: str) -> bool:
    return (row["metric"], row["method"]) == ("validation_success", method)


def region_map(episodes: dict[str, list[dict[str, Any]]], path: Path) -> Path:
    """Where goals are reached: the workspace from above and from the side, a row of maps per name.

    The seed speaks of a "good area" of the camera's view; this shows it.

    Args:
        episodes: of `XArm7Experiment.episodes` of all seeds together, by a name such as the domain's.
        path: the PNG to write.
    """
    from matplotlib.figure import Figure

    views = (("from above", 1, 0, "y, m", "x, m"), ("from the side", 0, 2, "x, m", "z, m"))
    figure = Figure((6.6, 2.4 * len(episodes)), layout="constrained", dpi=150)
    grid = figure.subplots(len(episodes), 2, squeeze=False)
    for line, (name, found) in zip(grid, episodes.items(), strict=True):
        goals, won = np.array([e["goal"] for e in found]), np.array([e["success"] for e in found], float)
        for axes, (title, across, up, x_label, y_label) in zip(line, views, strict=True):
            edges = [np.linspace(WORKSPACE_LOW[a], WORKSPACE_HIGH[a], CELLS + 1) for a in (across, up)]
            count, reached = (
                np.histogram2d(goals[:, across], goals[:, up], edges, weights=weights)[0]
                for weights in (None, won)
            )
            share = np.divide(reached, count, out=np.full(count.shape, np.nan), where=count > 0)
            drawn = axes.pcolormesh(*edges, share.T, vmin=0, vmax=1, cmap="RdYlBu")
            for i, j in np.argwhere(count > 0):
                at = [(edge[k] + edge[k + 1]) / 2 for edge, k in zip(edges, (i, j), strict=True)]
                ink = "white" if abs(share[i, j] - 0.5) > 0.3 else "black"  # both ends of the map are dark
                text = f"{reached[i, j]:.0f}/{count[i, j]:.0f}"
                axes.text(*at, text, ha="center", va="center", fontsize=6, color=ink)
            axes.set_title(f"{name}, {title}", fontsize=8)
            axes.set_xlabel(x_label, fontsize=7)
            axes.set_ylabel(y_label, fontsize=7)
            axes.tick_params(labelsize=6)
            axes.set_aspect("equal")
    figure.colorbar(drawn, ax=grid, shrink=0.6, label="goals reached")
    return _save(figure, path)


def distance_histograms(episodes: dict[str, list[dict[str, Any]]], path: Path) -> Path:
    """How far from the goal episodes end, a histogram per name. Arguments as of `region_map`."""
    from matplotlib.figure import Figure

    figure = Figure((6.4, 1.1 * len(episodes) + 0.6), layout="constrained", dpi=150)
    grid = figure.subplots(len(episodes), 1, squeeze=False, sharex=True)[:, 0]
    most = max(one["distance"] for found in episodes.values() for one in found)
    bins = np.arange(0, most + 0.01, 0.01)
    for axes, (name, found) in zip(grid, episodes.items(), strict=True):
        distances = [one["distance"] for one in found]
        axes.hist(distances, bins, color=COLOURS[0])
        axes.axvline(SUCCESS_DISTANCE, color=COLOURS[1], lw=1)
        axes.set_title(f"{name}: median {np.median(distances) * 100:.1f} cm", fontsize=8, loc="left")
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    grid[-1].set_xlabel(
        "distance to the goal at the end of the episode, m; the line is a success", fontsize=8
    )
    return _save(figure, path)


def _save(figure: Any, path: Path) -> Path:
    with writing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
    return path
