"""The Mico experiment's plot: error over the number of target images."""

from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import writing
from crossgap.report.palette import show

NAMES = {
    "target_only": "Normal: the target images alone",
    "fine_tuned": "f_X fine-tuned on the target images",
    "taskgan_inverse": "inverse TaskGAN",
    "taskgan_inverse_refined": "inverse TaskGAN, refined",
    "canonical_taskgan_near": "canonical TaskGAN, near the labels",
    "rcan_near": "RCAN, refined near the labels",
    "rcan_refined": "RCAN, no target images, refined",
    "source_only": "f_X on target images as they are",
    "benchmark": "Benchmark: f_X on source images",
}
"""What the plot shows, in the words of the paper (figure 12), in the order of the legend."""


def curve(rows: list[dict[str, Any]], path: Path) -> Path:
    """Plot `angle_l2` over the number of target images, as a PNG.

    A line is the mean over seeds; its band reaches from the lowest to the highest end of the seeds' 95 %
    intervals. A dashed line is a method that sees no target images.

    Args:
        rows: of `MicoTrial.run`, of any number of seeds.
        path: the PNG to write.
    """
    from matplotlib.figure import Figure

    figure = Figure((6.4, 4.2), layout="constrained", dpi=150)
    axes = figure.subplots()
    shown = show(NAMES, "few", "many")
    for method, name in NAMES.items():
        points = np.array(_points(rows, method))
        if not len(points):
            continue
        images, mean, low, high = points.T
        style: Any = {"color": shown[method].light, "label": name, "lw": 1.8}
        if images[0] == 0:
            axes.axhline(mean[0], ls="--", **style)
            axes.axhspan(low[0], high[0], color=style["color"], alpha=0.15, lw=0)
        else:
            axes.plot(images, mean, marker="o", ms=4, **style)
            axes.fill_between(images, low, high, color=style["color"], alpha=0.15, lw=0)
    _scale_axes(axes, sorted({row["images"] for row in rows} - {0}))
    with writing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
    return path


def _points(rows: list[dict[str, Any]], method: str) -> list[tuple[float, float, float, float]]:
    """(images, mean, lowest low, highest high) of a method's error, by rising number of images."""
    found = [row for row in rows if (row["method"], row["metric"]) == (method, "angle_l2")]
    points = []
    for images in sorted({row["images"] for row in found}):
        same = [row for row in found if row["images"] == images]
        mean = float(np.mean([row["value"] for row in same]))
        points.append((images, mean, min(row["low"] for row in same), max(row["high"] for row in same)))
    return points


def _scale_axes(axes: Any, images: list[int]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(images, [f"{number:,}" for number in images])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("labelled target images")
    axes.set_ylabel("L2 error of the joint angles, rad²")
    axes.grid(axis="y", lw=0.6, alpha=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
