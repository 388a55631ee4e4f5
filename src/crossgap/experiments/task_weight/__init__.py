"""λ_φ, swept."""

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names
from crossgap.experiments.taskgan.presets import PRESETS

EXPERIMENTS.enter(
    "task_weight",
    Entry(
        "the arm of taskgan over λ_φ", tuple(PRESETS),
        "crossgap.experiments.task_weight.experiment:TaskWeight",
        {"looks": (Names, "The target looks; by default target_b.")},
    ),
)  # fmt: skip
