"""How the losses of style transfer fall, drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crossgap.report.plots import logarithmic, new_figure, save, tidy

LOSSES = {"content": "#0069a8", "style": "#cf4a0a"}
"""The losses that are drawn, and in what colour."""

LEAST = 1e-3
"""Where the axis begins: the content's loss is 0 where a picture is the start."""


def losses_plot(curves: Mapping[str, Mapping[str, Sequence[float]]], path: Path) -> Path:
    """Both losses by step, a panel for each picture.

    Args:
        curves: by the panel's title `content` and `style`, each the loss before every step and at the end, in
            parts of what white noise has.
        path: the PNG to write.
    """
    width = 1.6 + 3.4 * len(curves)
    figure, panels = new_figure((width, 3.2), columns=len(curves), squeeze=False, sharey=True)
    for axes, (title, losses) in zip(panels[0], curves.items(), strict=True):
        for name, colour in LOSSES.items():
            axes.plot(losses[name], color=colour, label=f"{name} loss")
        logarithmic(axes)
        tidy(axes)
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("step")
    axes = panels[0][0]
    axes.set_ylim(bottom=max(LEAST, axes.get_ylim()[0]))
    axes.set_ylabel("loss, in parts of white noise's")
    panels[0][-1].legend(frameon=False)
    return save(figure, path)
