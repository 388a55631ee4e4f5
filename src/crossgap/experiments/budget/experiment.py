"""The label budget over looks, numbers of images and seeds."""

from dataclasses import replace
from pathlib import Path

from crossgap.core.results import read_rows
from crossgap.data.subsets import check_counts
from crossgap.errors import find
from crossgap.experiments.budget.figures import SUCCESS, plot
from crossgap.experiments.budget.presets import BUDGET_PRESETS
from crossgap.experiments.budget.tables import budget_table
from crossgap.experiments.budget.trial import WITHOUT_SETTINGS, BudgetTrial, check_methods
from crossgap.experiments.engine.experiment import Experiment, Names, Numbers, unique
from crossgap.experiments.taskgan.presets import as_json
from crossgap.simulation.reach3.looks import get_target_look


class LabelBudget(Experiment):
    """Every method × number and kind of labelled target images × look × seed."""

    over = "looks, numbers of images and seeds"
    trial, table = BudgetTrial, staticmethod(budget_table)

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, counts: Numbers = None
    ):  # fmt: skip
        sizes = find("Preset", preset, BUDGET_PRESETS)
        self.preset = replace(
            sizes, looks=unique(looks or sizes.looks),
            methods=unique(methods or sizes.methods), counts=unique(counts or sizes.counts),
        )  # fmt: skip
        for look in self.preset.looks:
            get_target_look(look)
        check_methods(self.preset.methods, WITHOUT_SETTINGS)
        check_counts(self.preset.counts, sizes.base.target_episodes * sizes.base.steps)
        self.depends = as_json(sizes.base)
        self.settings = {"base": self.depends}

    def parts(self, seeds: int) -> list[tuple[str, int, int]]:
        """Looks, numbers of images and seeds."""
        looks, counts = self.preset.looks, self.preset.counts
        return [(look, images, seed) for look in looks for images in counts for seed in range(seeds)]

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """`<preset>.png`, the success over the number of images; none of one number alone."""
        rows = read_rows(path)
        if len({row["images"] for row in rows}) < 2:
            return []
        return [plot(rows, SUCCESS, path.with_suffix(".png"))]
