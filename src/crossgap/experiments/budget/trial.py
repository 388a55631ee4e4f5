"""The label budget on the built-in robot: success over the number of labelled target images, and of which."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np

from crossgap.data import LabelledImages
from crossgap.data.subsets import Budget, choose_budgets
from crossgap.errors import CrossgapError, unknown
from crossgap.experiments.budget.presets import CHOSEN, BudgetPreset
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.taskgan.trial import TaskGANTrial, Variant
from crossgap.methods.registry import METHODS

AVAILABLE = ("unlabelled", "randomized", "randomized_per_frame")
"""What a method may need here beside the labelled images: all target images without their labels, or what a
simulation gives for free."""
WITHOUT_SETTINGS = ("dann_labelled",)
"""Methods that no preset of the arm has settings for; `crossgap budget` has, for own data."""


def check_methods(methods: Sequence[str], without: Sequence[str] = ()) -> tuple[str, ...]:
    """The methods, each once, if all of them learn from labelled target images and need nothing else but the
    source and what is `AVAILABLE`; none of those that it is to do without.

    Raises:
        CrossgapError: one does not; the message lists those that do.
    """
    possible = [
        name for name, about in METHODS.items()
        if about.policy and about.target_labels and not about.source_side
        and about.needs in ("", *AVAILABLE) and name not in without
    ]  # fmt: skip
    available = f"Available: {', '.join(sorted(possible))}."
    for method in methods:
        if method not in METHODS:
            raise unknown("Method", method, possible)
        if method in without:
            raise CrossgapError(
                f"No preset has settings for '{method}' here; `crossgap budget` on own data has. {available}"
            )
        if method not in possible:
            raise CrossgapError(
                f"Method '{method}' has no label budget here: it learns from no labelled target images, or "
                f"needs what is not there. {available}"
            )
    return tuple(dict.fromkeys(methods))


def budget_rows(
    domain: str, budget: Budget, method: str, seed: int, figures: dict[str, dict[str, Any]]
) -> Rows:
    """One flat row per figure; beside the keys of all results the `images`, their `spread` and `episodes`."""
    chosen = {"images": budget.images, "spread": budget.spread, "episodes": budget.episodes}
    return rows_of(figures, domain=domain, method=method, **chosen, seed=seed)


class TargetSubset(Variant):
    """An experiment as if only some of its target images existed, or, to methods that ask for unlabelled
    ones, as if only these had labels.

    Source images, f_X, gain and tests are those of the whole experiment, read and made once; models and
    evaluations are in a folder of their own. Arguments as in `Variant`, but which images (`budget`).
    """

    def __init__(self, whole: TaskGANTrial, budget: Budget, methods: Sequence[str]):
        super().__init__(whole, budget.name, methods)
        self.budget = budget

    @functools.cached_property
    def _extra(self) -> dict[str, Callable[[], LabelledImages]]:
        return super()._extra | {"unlabelled": self.whole.target.without_labels}

    @functools.cached_property
    def target(self) -> LabelledImages:
        """The few labelled images of the target look."""
        return self.whole.target.select(self.budget.rows)

    @functools.cached_property
    def target_pairs(self) -> LabelledImages:
        """Their true pairs in the source look."""
        return self.whole.target_pairs.select(self.budget.rows)


class BudgetTrial:
    """Every budget of one seed in one target look. Arguments as in `Trial`.

    Raises:
        CrossgapError: an unknown look, a method that does not learn from labelled target images, or a
            budget above what the preset has.
    """

    def __init__(
        self, root: Path, preset: BudgetPreset, domain: str, seed: int, fabric: lightning_fabric.Fabric,
        quiet: bool = False,
    ):  # fmt: skip
        base = preset.base
        self.methods = check_methods(preset.methods, WITHOUT_SETTINGS)
        self.whole = TaskGANTrial(root, base, domain, seed, fabric, quiet, ("source_only",))
        episodes = np.repeat(np.arange(base.target_episodes), base.steps)  # as they are collected
        self.budgets = choose_budgets(episodes, preset.counts, [CHOSEN[kind] for kind in preset.chosen], seed)

    def run(self, images: int) -> Rows:
        """Do what is not done yet with so many images; one flat row per figure.

        Where both kinds of choice choose the same images (none, or all), both have the row. With none
        there is f_X as it is, `source_only`.
        """
        self.whole.gain  # noqa: B018 (chosen before anything is seen of the target)
        rows = []
        for budget in (budget for budget in self.budgets if budget.images == images):
            methods = self.methods if budget.images else ("source_only",)
            subset = TargetSubset(self.whole, budget, methods) if budget.images else self.whole
            for method in methods:
                rows += budget_rows(subset.domain, budget, method, subset.seed, subset.figures(method))
        return rows
