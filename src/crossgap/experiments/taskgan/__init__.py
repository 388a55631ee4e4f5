"""One arm that reaches for a cube, in several looks (TaskGAN, section 4.1)."""

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names
from crossgap.experiments.taskgan.presets import PRESETS
from crossgap.methods.config import TaskNorm

EXPERIMENTS.enter(
    "taskgan",
    Entry(
        "an arm that reaches for a cube (TaskGAN, section 4.1)", tuple(PRESETS),
        "crossgap.experiments.taskgan.experiment:TaskGAN",
        {
            "looks": (Names, "The target looks; by default target_a, b and c, at presets full and paper d. "
                      "target_pbr, which needs Vulkan, only if named."),
            "methods": (Names, "Which methods; by default the preset's."),
            "task_norm": (TaskNorm | None, "The norm in every task model, as rows of their own: none is the "
                          "paper's; by default the preset's."),
        },
        report="crossgap.experiments.taskgan.report:report_again", runs=("demo",),
    ),
    rank=-1,
)  # fmt: skip
