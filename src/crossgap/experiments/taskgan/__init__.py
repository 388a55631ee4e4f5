"""One arm that reaches for a cube, in several looks (TaskGAN, section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.methods.config import TaskNorm


@dataclass(frozen=True)
class TaskGANOptions:
    """What of it is run."""

    looks: tuple[str, ...] | None = None
    """The target looks; by default target_a, b and c, at presets full and paper d, too. target_pbr, which
    needs Vulkan, only if named."""
    methods: tuple[str, ...] | None = None
    """Which methods; by default the preset's."""
    task_norm: TaskNorm = "none"
    """A norm in every task model, with rows of their own; the paper has none."""


EXPERIMENTS.enter(
    "taskgan",
    Entry(
        "taskgan", "an arm that reaches for a cube (TaskGAN, section 4.1)", tuple(PRESETS), TaskGANOptions,
        "crossgap.experiments.taskgan.experiment:TaskGAN",
        report="crossgap.experiments.taskgan.report:report_again", runs=("demo",),
    ),
    rank=-1,
)  # fmt: skip
