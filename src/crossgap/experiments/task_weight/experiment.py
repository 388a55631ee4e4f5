"""The sweep over λ_φ, looks and seeds."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric
import numpy as np

from crossgap.core.results import read_rows, with_threads
from crossgap.data.contact_sheet import contact_sheet
from crossgap.evaluation import figures
from crossgap.experiments.engine.experiment import Experiment, Names, Rows, rows_of, unique
from crossgap.experiments.engine.markdown import error_cell, having, origin, rate_cell, seeds_in, table
from crossgap.experiments.taskgan.presets import (
    PRESETS,
    Preset,
    as_json,
    current,
    get_preset,
    measured_with,
    with_task_norm,
)
from crossgap.experiments.taskgan.tables import NOT_MEASURED, SUCCESS, apart, by_norm
from crossgap.experiments.taskgan.trial import TaskGANTrial, Variant
from crossgap.methods.config import TaskNorm
from crossgap.report import plots
from crossgap.simulation.reach3.looks import get_target_look

WEIGHTS = (0.0, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
"""λ_φ for labels scaled to spread 1; 0 is a plain GAN."""
METHOD = "taskgan_inverse"


def weighted(preset: Preset, weight: float) -> Preset:
    """The preset with another λ_φ."""
    translator = replace(preset.config.translator, task_weight=weight)
    return replace(preset, config=replace(preset.config, translator=translator))


class TaskWeightTrial(Variant):
    """The translator of one λ_φ; images, f_X and gain are those of the whole experiment.

    Args:
        whole: the experiment with the preset's own λ_φ.
        weight: λ_φ.
    """

    def __init__(self, whole: TaskGANTrial, weight: float):
        super().__init__(whole, f"lambda_{weight:g}", (METHOD,), weighted(whole.preset, weight))
        self.weight = weight

    def run(self) -> list[dict[str, Any]]:
        """Do what is not done yet; rows with the key `task_weight`, and the metric `histogram_distance`."""
        self.gain  # noqa: B018 (chosen before anything is seen of the target)
        about = {"domain": self.domain, "method": METHOD, "seed": self.seed, "task_weight": self.weight}
        rows = [row | about for row in self.rows()]
        model = self.model(METHOD)
        translated = model.translate(self.held_out.images)
        distance = histogram_distance(translated, self.held_out_pairs.images)
        made = measured_with(self.preset, METHOD)
        style = {"histogram_distance": made | figures(distance, (None, None), len(translated))}
        return rows + rows_of(with_threads(style, model.made_of.get("threads")), **about)


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
    a, b = (
        np.stack([np.histogram(one, bins, (0, 256))[0] / one.size for one in np.moveaxis(part, -1, 0)])
        for part in (images, others)
    )
    return float(np.mean(np.abs(a - b).sum(1) / 2))


def plot(rows: list[dict[str, Any]], path: Path) -> Path:
    """Task error, style and alignment over λ_φ, mean over seeds with the range of the seeds, as a PNG.

    Args:
        rows: of `TaskWeightTrial.run`, of any number of weights and seeds.
        path: the PNG to write.
    """
    figure, panels = plots.new_figure((9.6, 3.4), 1, 3)
    shown = (
        ("held_out_mse", "task error of f_X(F(y))\n(1 = knows nothing)", "#0b6e99"),
        ("histogram_distance", "style: distance of F(Y)'s colours\nfrom the true pairs'", "#c2410c"),
        ("pair_l1", "difference between F(y)\nand its true pair", "#4d7c0f"),
    )
    for axes, (metric, title, colour) in zip(panels, shown, strict=True):
        weights, *points = plots.line(having(rows, metric=metric), "task_weight", "value", "value")
        plots.draw_band(axes, range(len(weights)), points, colour, marker="o", ms=4)
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(weights)), [f"{weight:g}" for weight in weights], fontsize=8)
        axes.set_xlabel("λ_φ, for labels of spread 1", fontsize=8)
        axes.margins(y=0.08)
        axes.set_ylim(bottom=0)
        axes.tick_params(axis="y", labelsize=8)
        plots.tidy(axes, alpha=0.25)
    return plots.save(figure, path)


WEIGHED = {
    "held_out_mse": "task error of f_X(F(y))", "histogram_distance": "distance of F(Y)'s colours",
    "pair_l1": "distance from the true pair", "success": "success",
}  # fmt: skip
"""What is shown of every λ_φ: metrics and their titles."""


def weight_table(results: dict[str, Any]) -> str:
    """What λ_φ does to task, style and alignment in Markdown, a table for each norm in the task model with a
    line for each weight, and where it comes from."""
    rows = results["rows"]

    def cell(some: Rows, metric: str, **at: Any) -> str:
        found = having(some, metric=metric, **at)
        return rate_cell(found) if metric == "success" else error_cell(found)

    def of_norm(some: Rows) -> str:
        lines = [
            (f"`{look}`", [f"{weight:g}", *(cell(some, m, domain=look, task_weight=weight) for m in WEIGHED)])
            for look in sorted({row["domain"] for row in some})
            for weight in sorted({row["task_weight"] for row in some})
        ]
        return table("look", ["λ_φ", *WEIGHED.values()], lines)

    about = "error in the source's label scale (1 = knows nothing), colours by total variation in [0, 1]"
    text = f"Mean of {seeds_in(rows)} seeds (lowest – highest); {about}; success: {SUCCESS}."
    return "\n\n".join([*apart(rows, of_norm), f"{text} {origin(results)}"])


def current_weights(results: dict[str, Any]) -> str:
    """The same of the rows alone that were measured with the preset as it is now, whatever the norm."""
    preset, rows = PRESETS[results["provenance"]["preset"]], results["rows"]
    found = [
        row
        for weight in dict.fromkeys(row["task_weight"] for row in rows)
        for row in current({"rows": having(rows, task_weight=weight)}, weighted(preset, weight))["rows"]
    ]
    return weight_table(results | {"rows": found}) if found else NOT_MEASURED


TABLES = {"task-weight-quick": ("task_weight/quick.json", current_weights)}


def _of_norm(path: Path, norm: str) -> str:
    """How names of plots and pictures of a norm in the task model begin, beside a results file: with that of
    the file where it is the preset's own, \"\" being none."""
    own = PRESETS[path.stem].config.networks.task_norm
    return path.stem if (norm or "none") == own else f"{path.stem}_{norm or 'no'}_norm"


class TaskWeight(Experiment):
    """Inverse TaskGAN for every λ_φ × look × seed.

    Rows say the `task_norm` of their task model, those of the paper's network none; all stand in one file.
    With another norm than the preset's, run folder, plots and pictures are their own.
    """

    over, depends = "looks, weights and seeds", {}
    table = staticmethod(current_weights)
    row_keys: ClassVar = {"task_weight": float, "task_norm": str, "settings": str}

    def __init__(self, preset: str, looks: Names = None, task_norm: TaskNorm | None = None):
        plain, self.looks = get_preset(preset), unique(looks or ("target_b",))
        self.preset = plain if task_norm is None else with_task_norm(plain, task_norm)
        for look in self.looks:
            get_target_look(look)
        self.settings = as_json(self.preset) | {"weights": list(WEIGHTS)}

    def parts(self, seeds: int) -> list[tuple[str, float, int]]:
        """Looks, weights and seeds."""
        return [(look, w, seed) for look in self.looks for w in WEIGHTS for seed in range(seeds)]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, look: str, weight: float, seed: int
    ) -> Rows:  # fmt: skip
        """The translator of one λ_φ."""
        whole = TaskGANTrial(folder, self.preset, look, seed, fabric, quiet)
        return TaskWeightTrial(whole, weight).run()

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """`<preset>_<look>.png`: task error, style and alignment over λ_φ; of another norm in the task model
        than the preset's `<preset>_no_norm_<look>.png` and the like."""
        return [
            plot(having(rows, domain=look), path.with_name(f"{_of_norm(path, norm)}_{look}.png"))
            for norm, rows in by_norm(read_rows(path))
            for look in sorted({row["domain"] for row in rows})
        ]

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<look>_pictures.png`, named like the plots: what F of each λ_φ draws."""
        norm = self.preset.config.networks.task_norm
        name = _of_norm(path, "" if norm == "none" else norm)
        for look in self.looks:
            drawn = pictures(TaskGANTrial(folder, self.preset, look, 0, fabric))
            contact_sheet(drawn, path.with_name(f"{name}_{look}_pictures.png"))
