"""MNIST to MNIST-M and to scanned digits, as a classification."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.experiments.digits.presets import DIGITS_PRESETS
from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry


@dataclass(frozen=True)
class DigitsOptions:
    """What of it is run."""

    looks: tuple[str, ...] | None = None
    """The target domains; by default both, mnist_m and scanned_digits."""
    methods: tuple[str, ...] | None = None
    """Which methods; by default the preset's, without some baselines: augmented, augmented_fine_tuned,
    randomized_per_frame, randomized_fine_tuned, plain_gan, task_loss_only and task_loss_only_refined."""


EXPERIMENTS.enter(
    "digits",
    Entry(
        "digits", "MNIST to MNIST-M and to scanned digits (classification; needs the extra `digits`)",
        tuple(DIGITS_PRESETS), DigitsOptions, "crossgap.experiments.digits.experiment:Digits",
    ),
)  # fmt: skip
