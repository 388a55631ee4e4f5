"""Pictures of the xArm7 experiment: learning curves, where in the workspace it succeeds, how far off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.experiments.engine.markdown import having
from crossgap.report import plots
from crossgap.simulation.xarm7.reach import SUCCESS_DISTANCE, WORKSPACE_HIGH, WORKSPACE_LOW

COLOURS = ("#0b6e99", "#c2410c", "#4d7c0f", "#7c3aed", "#be185d", "#0f766e", "#92400e", "#475569")
TOGETHER, COLUMNS = len(COLOURS), 5
"""How many learning curves share a panel at most, and how many panels stand in a row."""
CELLS = 5
"""Parts of each side of the workspace in the map."""


def learning_curves(rows: list[dict[str, Any]], methods: Sequence[str], path: Path) -> Path:
    """Success on validation goals over environment steps: mean over seeds, from the lowest to the highest.

    Up to `TOGETHER` configurations share a panel; of more, each has its own, with the others in grey.

    Args:
        rows: of `XArm7Trial.run`, of any number of seeds.
        methods: which configurations, those without a curve left out.
        path: the PNG to write.
    """
    every, shown = ("environment_steps", "value", "value"), having(rows, metric="validation_success")
    curves = {m: plots.line(found, *every) for m in methods if (found := having(shown, method=m))}
    if len(curves) <= TOGETHER:
        figure, axes = plots.new_figure((7.2, 4.0))
        for colour, (method, curve) in zip(COLOURS, curves.items(), strict=False):
            plots.draw_band(axes, curve[0], curve[1:], colour, 0.12, label=method.replace("_", " "))
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        panels = np.array([[axes]])
    else:
        lines = -(-len(curves) // COLUMNS)
        size, shared = (9.6, 1.5 * lines + 0.4), {"sharex": True, "sharey": True, "squeeze": False}
        figure, panels = plots.new_figure(size, lines, COLUMNS, **shared)
        for axes, (method, curve) in zip(panels.flat, curves.items(), strict=False):
            for steps, mean, *_ in curves.values():
                axes.plot(steps, mean, lw=0.6, color="#cbd5e1")
            plots.draw_band(axes, curve[0], curve[1:], COLOURS[0], 0.12)
            axes.set_title(method.replace("_", " "), fontsize=7)
            axes.tick_params(labelsize=7)
        for axes in panels.flat[len(curves) - COLUMNS : len(curves)]:  # the last of each column
            axes.tick_params(labelbottom=True)
        for axes in panels.flat[len(curves) :]:
            axes.remove()
    for axes in panels.flat[: len(curves)]:
        axes.axhline(0.8, color="#94a3b8", lw=0.8, ls=":")
        axes.set_ylim(0, 1.02)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        plots.tidy(axes, alpha=0.25)
    figure.supxlabel("environment steps", fontsize=9)
    figure.supylabel("success, validation goals, source look", fontsize=9)
    return plots.save(figure, path)


def region_map(episodes: dict[str, list[dict[str, Any]]], path: Path) -> Path:
    """Where goals are reached: the workspace from above and from the side, a row of maps per name.

    The seed speaks of a "good area" of the camera's view; this shows it.

    Args:
        episodes: of `XArm7Trial.episodes` of all seeds together, by a name such as the domain's.
        path: the PNG to write.
    """
    views = (("from above", 1, 0, "y, m", "x, m"), ("from the side", 0, 2, "x, m", "z, m"))
    figure, grid = plots.new_figure((6.6, 2.4 * len(episodes)), len(episodes), 2, squeeze=False)
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
    return plots.save(figure, path)


def distance_histograms(episodes: dict[str, list[dict[str, Any]]], path: Path) -> Path:
    """How far from the goal episodes end, a histogram per name. Arguments as of `region_map`."""
    size = 6.4, 1.1 * len(episodes) + 0.6
    figure, grid = plots.new_figure(size, len(episodes), squeeze=False, sharex=True)
    most = max(one["distance"] for found in episodes.values() for one in found)
    bins = np.arange(0, most + 0.01, 0.01)
    for (axes,), (name, found) in zip(grid, episodes.items(), strict=True):
        distances = [one["distance"] for one in found]
        axes.hist(distances, bins, color=COLOURS[0])
        axes.axvline(SUCCESS_DISTANCE, color=COLOURS[1], lw=1)
        axes.set_title(f"{name}: median {np.median(distances) * 100:.1f} cm", fontsize=8, loc="left")
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    grid[-1, 0].set_xlabel(
        "distance to the goal at the end of the episode, m; the line is a success", fontsize=8
    )
    return plots.save(figure, path)
