"""Joint angles of a Mico arm from an image, with few target images (TaskGAN, section 4.2)."""

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names, Numbers
from crossgap.experiments.mico.presets import MICO_PRESETS
from crossgap.methods.config import TaskNorm

EXPERIMENTS.enter(
    "mico",
    Entry(
        "the joint angles of an arm over the number of target images (TaskGAN, section 4.2)",
        tuple(MICO_PRESETS), "crossgap.experiments.mico.experiment:Mico",
        {
            "methods": (Names, "Which methods; by default all but augmented, augmented_fine_tuned, "
                        "randomized_per_frame, randomized_fine_tuned, plain_gan, task_loss_only and "
                        "task_loss_only_refined."),
            "task_norm": (TaskNorm | None, "The norm in every task model, as rows of their own: instance as "
                          "on own data. By default none."),
            "counts": (Numbers, "Numbers of labelled target images; by default the preset's."),
        },
    ),
)  # fmt: skip
