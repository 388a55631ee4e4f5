"""Joint angles of a Mico arm from an image, with few target images (TaskGAN, section 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry
from crossgap.experiments.mico.presets import MICO_PRESETS


@dataclass(frozen=True)
class MicoOptions:
    """What of it is run."""

    methods: tuple[str, ...] | None = None
    """Which methods; by default all but augmented, augmented_fine_tuned, randomized_per_frame,
    randomized_fine_tuned, plain_gan, task_loss_only and task_loss_only_refined."""
    counts: tuple[int, ...] | None = None
    """Numbers of labelled target images; by default the preset's."""


EXPERIMENTS.enter(
    "mico",
    Entry(
        "mico", "the joint angles of an arm over the number of target images (TaskGAN, section 4.2)",
        tuple(MICO_PRESETS), MicoOptions, "crossgap.experiments.mico.experiment:Mico",
    ),
)  # fmt: skip
