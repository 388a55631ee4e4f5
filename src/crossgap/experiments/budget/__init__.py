"""The label budget: an arm's success over the number of labelled target images, and of which."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.experiments.budget.presets import BUDGET_PRESETS
from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry


@dataclass(frozen=True)
class BudgetOptions:
    """What of it is run; by default the preset's."""

    looks: tuple[str, ...] | None = None
    """The target looks."""
    methods: tuple[str, ...] | None = None
    """Which methods."""
    counts: tuple[int, ...] | None = None
    """Numbers of labelled target images."""


EXPERIMENTS.enter(
    "budget",
    Entry(
        "budget", "the arm of taskgan over the number of labelled target images, and of which",
        tuple(BUDGET_PRESETS), BudgetOptions, "crossgap.experiments.budget.experiment:LabelBudget",
    ),
)  # fmt: skip
