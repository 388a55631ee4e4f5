"""λ_φ, swept."""

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.methods.config import TaskNorm

EXPERIMENTS.enter(
    "task_weight",
    Entry(
        "the arm of taskgan over λ_φ", tuple(PRESETS),
        "crossgap.experiments.task_weight.experiment:TaskWeight",
        {
            "looks": (Names, "The target looks; by default target_b."),
            "task_norm": (TaskNorm | None, "The norm in every task model, as rows of their own: none is the "
                          "paper's; by default the preset's."),
        },
    ),
)  # fmt: skip
