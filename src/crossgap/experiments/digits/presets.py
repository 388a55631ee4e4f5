"""Sizes of the digits experiment. Imports no torch."""

from dataclasses import dataclass, field, replace

from crossgap.experiments.taskgan.presets import tiny
from crossgap.methods.config import (
    DANNConfig,
    NetworkConfig,
    SupervisedConfig,
    TaskGANConfig,
    TranslatorConfig,
)

DIGITS_METHODS = (
    "source_only", "target_only", "fine_tuned", "dann", "dann_labelled", "taskgan_inverse",
    "taskgan_inverse_refined", "taskgan_inverse_unlabelled", "taskgan_inverse_unlabelled_refined",
    "oracle",
)  # fmt: skip
"""What is compared unless other methods are asked for."""
ALL_DIGITS_METHODS = (
    "source_only", "target_only", "fine_tuned", "augmented", "augmented_fine_tuned", "randomized_per_frame",
    "randomized_fine_tuned", "dann", "dann_labelled", "plain_gan", "task_loss_only", "task_loss_only_refined",
    "taskgan_inverse", "taskgan_inverse_refined", "taskgan_inverse_unlabelled",
    "taskgan_inverse_unlabelled_refined", "source_supervised_gan", "source_supervised_taskgan",
    "source_supervised_taskgan_refined",
    "source_supervised_taskgan_unlabelled", "source_supervised_taskgan_unlabelled_refined", "oracle",
)  # fmt: skip
"""What can be compared, in the order of tables."""


@dataclass(frozen=True)
class DigitsPreset:
    """Size of the digits experiment."""

    mnist_m_labels: int = 1000
    """How many of MNIST-M's 55,000 training images have a label; the rest is seen without."""
    scanned_digits_labels: int = 100
    """How many of the 1,000 scanned training digits have a label."""
    variants: int = 20
    """Images made of each labelled target image, by shifts and, in MNIST-M, other colours; 1 is none."""
    images: int = 55_000
    """How many training images of each domain are used, at most."""
    test_images: int = 10_000
    """How many test images are used, at most; and validation images."""
    methods: tuple[str, ...] = DIGITS_METHODS
    """What is compared."""
    config: TaskGANConfig = field(default_factory=TaskGANConfig)
    """The training."""


def _sized(few: SupervisedConfig, translator_steps: int) -> TaskGANConfig:
    """The training with what is done on few target images, and how long a translator learns."""
    return TaskGANConfig(
        networks=NetworkConfig(32, 256, 16, 2, 16),
        source=SupervisedConfig(3000, 64), randomization=SupervisedConfig(3000, 64),
        target=few, fine_tuning=few, randomized_fine_tuning=few, dann=DANNConfig(3000, 64, domain_weight=0.3),
        translator=TranslatorConfig(translator_steps, 16, 4e-4), refinement=SupervisedConfig(1000, 64, 5e-4),
    )  # fmt: skip


DIGITS_PRESETS = {
    "smoke": DigitsPreset(
        mnist_m_labels=64, scanned_digits_labels=32, variants=2, images=256, test_images=64,
        config=replace(
            tiny(10, 5), networks=NetworkConfig(4, 16, 4, 1, 4), dann=DANNConfig(5, 8),
            canonical=TranslatorConfig(),
        ),
    ),
    "quick": DigitsPreset(
        methods=tuple(m for m in DIGITS_METHODS if m not in ("taskgan_inverse", "taskgan_inverse_refined")),
        config=_sized(SupervisedConfig(1000, 32), 5000),
    ),
    "full": DigitsPreset(config=_sized(SupervisedConfig(5000, 32), 9000)),
}  # fmt: skip
"""Every preset by name; the paper has no such experiment, so there is none of its sizes."""
