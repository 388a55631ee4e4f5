"""Sizes of the label-budget experiment. Imports no torch."""

from dataclasses import dataclass, field

from crossgap.experiments.taskgan.presets import PRESETS, Preset

BUDGET_METHODS = ("target_only", "fine_tuned", "taskgan_inverse_refined")
"""What is trained with each budget, unless others are asked for."""
COUNTS = (0, 10, 25, 50, 80, 100, 200, 400, 800)
"""Numbers of labelled target images; 0 is the source model as it is, 80 are 5 whole episodes."""


CHOSEN = {"spread": "images", "whole": "episodes"}
"""The kinds of choice, and their keys in rows and `subsets.SPREADS`."""


@dataclass(frozen=True)
class BudgetPreset:
    """Size of the label-budget experiment."""

    base: Preset = field(default_factory=lambda: PRESETS["quick"])
    """Images, training and tests, as in the experiment with all 800 images; its methods are not used."""
    counts: tuple[int, ...] = COUNTS
    """How many labelled target images to train with."""
    looks: tuple[str, ...] = ("target_a", "target_b", "target_c", "target_d")
    """The target looks."""
    methods: tuple[str, ...] = BUDGET_METHODS
    """What is trained with each budget."""
    chosen: tuple[str, ...] = tuple(CHOSEN)
    """How the images are chosen, keys of `CHOSEN`."""


BUDGET_PRESETS = {
    "smoke": BudgetPreset(PRESETS["smoke"], counts=(0, 12, 48), looks=("target_b",)),
    "quick": BudgetPreset(counts=(0, 10, 80, 200, 800), looks=("target_b",)),
    "full": BudgetPreset(
        PRESETS["full"]
    ),  # two kinds of choice: 15 trainings of each method per look and seed
    "paper": BudgetPreset(PRESETS["paper"]),
}
