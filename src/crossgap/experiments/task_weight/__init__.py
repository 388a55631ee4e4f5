"""λ_φ, swept."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry
from crossgap.experiments.taskgan.presets import PRESETS


@dataclass(frozen=True)
class TaskWeightOptions:
    """What of it is run."""

    looks: tuple[str, ...] | None = None
    """The target looks; by default target_b."""


EXPERIMENTS.enter(
    "task_weight",
    Entry(
        "task_weight", "the arm of taskgan over λ_φ", tuple(PRESETS), TaskWeightOptions,
        "crossgap.experiments.task_weight.experiment:TaskWeight",
    ),
)  # fmt: skip
