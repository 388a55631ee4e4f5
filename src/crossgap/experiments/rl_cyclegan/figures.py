"""Plots of the experiment, of a results file's rows alone: success over real grasps, and learning curves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crossgap.experiments.engine.experiment import Rows
from crossgap.experiments.engine.markdown import having
from crossgap.experiments.rl_cyclegan.presets import FINETUNE, GAPS, MANY, STUDIES
from crossgap.report import plots
from crossgap.report.palette import show

NAMES = {
    "rl_cyclegan": "RL-CycleGAN",
    "cyclegan": "CycleGAN",
    "rcan": "RCAN",
    "fine_tuned": "simulation, fine-tuned on real grasps",
    "target_only": "real grasps alone",
    "oracle": "unlimited real grasps",
    "source_only": "simulation alone",
}
"""Of what is plotted, in the order of the legend."""
LOOKS = show(NAMES, "few", "many")
LEVELS = "oracle", "source_only"
"""Methods that are a level to compare with."""
REACHED = 0.9
"""Share of the oracle's success that fine-tuning is to reach."""


def ladder(rows: Rows, real: int, path: Path) -> Path | None:
    """Plot success over the number of real grasps of the script, as a PNG; none of fewer than two numbers.

    A line is the mean over seeds; its band reaches from the lowest to the highest end of their intervals.
    Dashed lines are `LEVELS`, of the gap `target`.

    Args:
        rows: of `OnceTrial.run`, of any number of seeds.
        real: real grasps of the gap `target`.
        path: the PNG to write.
    """
    gaps, methods = STUDIES["ladder"]
    counts = {f"{gap}/robot_1": round(GAPS[gap].real * real) for gap in gaps}
    rows = [row for row in having(rows, metric="success") if row["domain"] in counts]
    found = [row | {"grasps": counts[row["domain"]]} for row in rows if row["method"] in (methods or ())]
    if len({row["grasps"] for row in found}) < 2:
        return None
    figure, axes = plots.new_figure((6.4, 4.2))
    _lines(axes, found, "grasps")
    _levels(axes, having(rows, domain="target/robot_1"))
    axes.set_xscale("log")
    _axes(axes, sorted({row["grasps"] for row in found}), "real grasps of the script")
    return plots.save(figure, path)


def finetune(rows: Rows, path: Path) -> Path | None:
    """Plot success over the number of real grasps of a policy's own, as a PNG; none where there are none.

    Lines and bands as of `ladder`. Dashed lines are `LEVELS`, of the gap `target`; the dotted one is at
    `REACHED` of the oracle.

    Args:
        rows: of `on_policy_rows` and `OnceTrial.run`, of any number of seeds.
        path: the PNG to write.
    """
    found = [row for row in rows if "grasped" in row]
    if not found:
        return None
    figure, axes = plots.new_figure((6.4, 4.2))
    _lines(axes, found, "grasped")
    _levels(axes, levels := having(rows, metric="success", domain="target/robot_1"))
    if oracle := having(levels, method="oracle"):
        goal, style = REACHED * plots.span(oracle)[0], {"ls": ":", "lw": 1.2, "color": LOOKS["oracle"].light}
        axes.axhline(goal, label=f"{REACHED:.0%} of unlimited real grasps", **style)
    _axes(axes, sorted({row["grasped"] for row in found}), "real grasps of the policy's own")
    return plots.save(figure, path)


def many_steps(rows: Rows, path: Path) -> Path | None:
    """Plot QT-Opt's learning curve in many steps, as a PNG: a line of each seed, and their mean; none where
    there is no curve.

    Args:
        rows: of `ManyTrial.run`, of any number of seeds.
        path: the PNG to write.
    """
    found = having(rows, metric="validation_success")
    if not found:
        return None
    figure, axes = plots.new_figure((6.4, 3.6))
    seeds = sorted({row["seed"] for row in found})
    for seed in seeds if len(seeds) > 1 else ():
        steps, values, *_ = plots.line(having(found, seed=seed), "environment_steps")
        label = "a seed" if seed == seeds[0] else None
        axes.plot(steps, values, color="#94a3b8", lw=1, marker="o", ms=3, label=label)
    steps, mean, *_ = plots.line(found, "environment_steps")
    label = f"mean of {len(seeds)} seeds" if len(seeds) > 1 else "one seed"
    axes.plot(steps, mean, color=LOOKS["rl_cyclegan"].light, lw=2.2, marker="o", ms=5, label=label)
    _axes(axes, sorted({int(step) for step in steps}), "environment steps of the policy's own")
    axes.set_ylabel(f"success in {found[0]['n']} validation bins")
    return plots.save(figure, path)


def _lines(axes: Any, rows: Rows, over: str) -> None:
    """A line for each method, and the band of its intervals."""
    for method, name in NAMES.items():
        if found := having(rows, method=method):
            x, *points = plots.line(found, over)
            plots.draw_band(axes, x, points, LOOKS[method].light, marker="o", ms=4, label=name)


def _levels(axes: Any, rows: Rows) -> None:
    for method in LEVELS:
        if found := having(rows, method=method):
            mean, *_ = plots.span(found)
            axes.axhline(mean, ls="--", lw=1.4, color=LOOKS[method].light, label=NAMES[method])


def _axes(axes: Any, numbers: Sequence[int], title: str) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_xticks(numbers, [f"{number:,}" for number in numbers])
    axes.set_xticks([], minor=True)
    axes.set_xlabel(title)
    axes.set_ylim(0, min(1.0, max(0.1, 1.1 * axes.dataLim.y1)))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("success with unseen things")
    plots.tidy(axes)
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def plot_all(rows: Rows, real: int, results: Path) -> dict[str, Path]:
    """Draw every plot that rows have, `<preset>_<study>.png` beside a results file; their paths by study.
    Arguments as of `ladder`."""
    paths = {study: results.with_name(f"{results.stem}_{study}.png") for study in ("ladder", FINETUNE, MANY)}
    drawn = {
        "ladder": ladder(rows, real, paths["ladder"]),
        FINETUNE: finetune(rows, paths[FINETUNE]),
        MANY: many_steps(rows, paths[MANY]),
    }
    return {study: path for study, path in drawn.items() if path}
