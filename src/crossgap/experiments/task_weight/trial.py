"""λ_φ, swept: where the translator ignores the task, and where it loses the source's style."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import writing
from crossgap.core.results import with_threads
from crossgap.experiments.taskgan.trial import TaskGANTrial, Variant

WEIGHTS = (0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
"""λ_φ for labels scaled to spread 1; 0 is a plain GAN."""
METHOD = "taskgan_inverse"


class TaskWeightTrial(Variant):
    """The translator of one λ_φ; images, f_X and gain are those of the whole experiment.

    Args:
        whole: the experiment with the preset's own λ_φ.
        weight: λ_φ.
    """

    def __init__(self, whole: TaskGANTrial, weight: float):
        config = whole.preset.config
        translator = replace(config.translator, task_weight=weight)
        preset = replace(whole.preset, config=replace(config, translator=translator))
        super().__init__(whole, f"lambda_{weight:g}", (METHOD,), preset)
        self.weight = weight

    def run(self) -> list[dict[str, Any]]:
        """Do what is not done yet; rows with the key `task_weight`, and the metric `histogram_distance`."""
        self.gain  # noqa: B018 (chosen before anything is seen of the target)
        about = {"domain": self.domain, "method": METHOD, "seed": self.seed, "task_weight": self.weight}
        rows = [row | about for row in self.rows()]
        model = self.model(METHOD)
        translated = model.translate(self.held_out.images)
        distance = histogram_distance(translated, self.held_out_pairs.images)
        style = {"value": distance, "low": None, "high": None, "n": len(translated)}
        found = with_threads({"histogram_distance": style}, model.made_of.get("threads"))
        return [*rows, *({**about, "metric": metric, **figures} for metric, figures in found.items())]


def pictures(whole: TaskGANTrial, count: int = 6) -> dict[str, np.ndarray]:
    """Rows by label, (count, H, W, 3) uint8: held-out target images, F(y) of every λ_φ, and true pairs.

    Args:
        whole: the experiment with the preset's own λ_φ, every weight of which was run.
        count: of images.
    """
    drawn = {w: TaskWeightTrial(whole, w).pictures((METHOD,), count) for w in WEIGHTS}
    first, *_, last = drawn[WEIGHTS[0]].items()
    rows = {f"F(y), λ_φ = {weight:g}": [*found.values()][1] for weight, found in drawn.items()}
    return dict([first, *rows.items(), last])


def histogram_distance(images: np.ndarray, others: np.ndarray, bins: int = 32) -> float:
    """How unlike two sets' colours are: total variation of their histograms, in [0, 1], mean over channels.

    Args:
        images: (n, H, W, 3) uint8.
        others: (m, H, W, 3) uint8.
        bins: of each channel.
    """
    distances = []
    for channel in range(3):
        a, b = (
            np.histogram(part[..., channel], bins, (0, 256))[0] / part[..., channel].size
            for part in (images, others)
        )
        distances.append(float(np.abs(a - b).sum() / 2))
    return float(np.mean(distances))


def plot(rows: list[dict[str, Any]], path: Path) -> Path:
    """Task error, style and alignment over λ_φ, mean over seeds with the range of the seeds, as a PNG.

    Args:
        rows: of `TaskWeightTrial.run`, of any number of weights and seeds.
        path: the PNG to write.
    """
    from matplotlib.figure import Figure

    figure = Figure((9.6, 3.4), layout="constrained", dpi=150)
    panels = (
        ("held_out_mse", "task error of f_X(F(y))\n(1 = knows nothing)", "#0b6e99"),
        ("histogram_distance", "style: distance of F(Y)'s colours\nfrom the true pairs'", "#c2410c"),
        ("pair_l1", "difference between F(y)\nand its true pair", "#4d7c0f"),
    )
    weights = sorted({row["task_weight"] for row in rows})
    for axes, (metric, title, colour) in zip(figure.subplots(1, 3), panels, strict=True):
        values = [
            [r["value"] for r in rows if (r["metric"], r["task_weight"]) == (metric, w)] for w in weights
        ]
        axes.plot(range(len(weights)), [np.mean(v) for v in values], marker="o", ms=4, lw=1.8, color=colour)
        axes.fill_between(
            range(len(weights)),
            [min(v) for v in values],
            [max(v) for v in values],
            color=colour,
            alpha=0.15,
            lw=0,
        )
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(weights)), [f"{weight:g}" for weight in weights], fontsize=8)
        axes.set_xlabel("λ_φ, for labels of spread 1", fontsize=8)
        axes.margins(y=0.08)
        axes.set_ylim(bottom=0)
        axes.tick_params(axis="y", labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    with writing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
    return path
