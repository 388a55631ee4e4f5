"""The label budget over looks, numbers of images and seeds."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from crossgap.core.results import read_rows
from crossgap.data.subsets import check_counts
from crossgap.errors import check_known, find
from crossgap.experiments.budget.figures import SUCCESS, plot
from crossgap.experiments.budget.presets import BUDGET_PRESETS, CHOSEN
from crossgap.experiments.budget.tables import current_budgets
from crossgap.experiments.budget.trial import WITHOUT_SETTINGS, BudgetTrial, check_methods
from crossgap.experiments.engine.experiment import Experiment, Names, Numbers, unique
from crossgap.experiments.taskgan.presets import as_json, with_task_norm
from crossgap.experiments.taskgan.tables import by_norm
from crossgap.methods.config import TaskNorm
from crossgap.simulation.reach3.looks import get_target_look


class LabelBudget(Experiment):
    """Every method × number and kind of labelled target images × look × seed."""

    over, depends = "looks, numbers of images and seeds", {}
    trial, table = BudgetTrial, staticmethod(current_budgets)
    row_keys: ClassVar = {
        "images": int, "spread": str, "episodes": int, "task_norm": str, "settings": str
    }  # fmt: skip

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, counts: Numbers = None,
        chosen: Names = None, task_norm: TaskNorm | None = None,
    ):  # fmt: skip
        sizes = find("Preset", preset, BUDGET_PRESETS)
        base = sizes.base if task_norm is None else with_task_norm(sizes.base, task_norm)
        self.preset = replace(
            sizes, base=base, looks=unique(looks or sizes.looks), methods=unique(methods or sizes.methods),
            counts=unique(counts or sizes.counts), chosen=unique(chosen or sizes.chosen),
        )  # fmt: skip
        check_known("Kind of choice", self.preset.chosen, CHOSEN)
        for look in self.preset.looks:
            get_target_look(look)
        check_methods(self.preset.methods, WITHOUT_SETTINGS)
        check_counts(self.preset.counts, sizes.base.target_episodes * sizes.base.steps)
        self.settings = {"base": as_json(base)}

    def parts(self, seeds: int) -> list[tuple[str, int, int]]:
        """Looks, numbers of images and seeds."""
        looks, counts = self.preset.looks, self.preset.counts
        return [(look, images, seed) for look in looks for images in counts for seed in range(seeds)]

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """`<preset>.png`, the success over the number of images; that of the paper's task model, which has no
        norm, is `<preset>_no_norm.png`. None of one number alone."""
        several = {
            norm: rows for norm, rows in by_norm(read_rows(path)) if len({row["images"] for row in rows}) > 1
        }
        return [
            plot(rows, SUCCESS, path.with_name(f"{path.stem}{'' if norm else '_no_norm'}.png"))
            for norm, rows in several.items()
        ]
