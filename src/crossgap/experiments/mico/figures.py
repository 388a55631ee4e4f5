"""The Mico experiment's plot: error over the number of target images."""

from pathlib import Path
from typing import Any

from crossgap.experiments.engine.markdown import having
from crossgap.report import plots
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
    figure, axes = plots.new_figure((6.4, 4.2))
    shown = show(NAMES, "few", "many")
    for method, name in NAMES.items():
        if not (found := having(rows, method=method, metric="angle_l2")):
            continue
        (images, *points), colour = plots.line(found, "images"), shown[method].light
        if images[0] == 0:
            (mean,), (low,), (high,) = points
            axes.axhline(mean, ls="--", color=colour, label=name, lw=1.8)
            axes.axhspan(low, high, color=colour, alpha=0.15, lw=0)
        else:
            plots.draw_band(axes, images, points, colour, marker="o", ms=4, label=name)
    images = sorted({row["images"] for row in rows} - {0})
    axes.set_xscale("log")
    plots.logarithmic(axes)
    axes.set_xticks(images, [f"{number:,}" for number in images])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labelled target images")
    axes.set_ylabel("L2 error of the joint angles, rad²")
    plots.tidy(axes)
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return plots.save(figure, path)
