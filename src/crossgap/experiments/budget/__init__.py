"""The label budget: an arm's success over the number of labelled target images, and of which."""

from crossgap.experiments.budget.presets import BUDGET_PRESETS
from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names, Numbers
from crossgap.methods.config import TaskNorm

EXPERIMENTS.enter(
    "budget",
    Entry(
        "the arm of taskgan over the number of labelled target images, and of which", tuple(BUDGET_PRESETS),
        "crossgap.experiments.budget.experiment:LabelBudget",
        {
            "looks": (Names, "The target looks; by default the preset's."),
            "methods": (Names, "Which methods; by default the preset's."),
            "counts": (Numbers, "Numbers of labelled target images; by default the preset's."),
            "chosen": (Names, "spread: single images of as many episodes as possible; whole: of few whole "
                       "episodes. By default both."),
            "task_norm": (TaskNorm | None, "The norm in every task model, as rows of their own: none is the "
                          "paper's; by default the preset's."),
        },
    ),
)  # fmt: skip
