"""MNIST to MNIST-M and to scanned digits, as a classification."""

from crossgap.experiments.digits.presets import DIGITS_PRESETS
from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names, Numbers
from crossgap.methods.config import TaskNorm

EXPERIMENTS.enter(
    "digits",
    Entry(
        "MNIST to MNIST-M and to scanned digits (classification; needs the extra `digits`)",
        tuple(DIGITS_PRESETS), "crossgap.experiments.digits.experiment:Digits",
        {
            "labels": (Numbers, "How many target images have a label, each number as rows of their own; by "
                       "default the preset's number."),
            "geometry": (float | None, "How far the source's digits are scaled, turned and moved in every "
                         "batch, as rows of their own; 1 as on own data. By default not at all."),
            "task_norm": (TaskNorm | None, "The norm in every task model, as rows of their own: instance as "
                          "on own data. By default none."),
            "looks": (Names, "The target domains; by default both, mnist_m and scanned_digits."),
            "methods": (Names, "Which methods; by default the preset's, without some baselines: augmented, "
                        "augmented_fine_tuned, randomized_per_frame, randomized_fine_tuned, plain_gan, "
                        "task_loss_only and task_loss_only_refined."),
        },
    ),
)  # fmt: skip
