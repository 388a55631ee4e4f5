"""Sizes of the Mico experiment. Imports no torch."""

from dataclasses import dataclass, field

from crossgap.experiments.taskgan.presets import tiny
from crossgap.methods.config import SMALL, SupervisedConfig, TaskGANConfig, TranslatorConfig


@dataclass(frozen=True)
class MicoPreset:
    """Size of the Mico experiment (TaskGAN, section 4.2)."""

    size: int = 64
    """Width and height of the images in pixels; the paper does not give its own."""
    source_images: int = 50_000
    """Labelled images of the source look."""
    target_images: tuple[int, ...] = (1, 10, 100, 1000, 5399)
    """How many labelled target images to train with, each the first of the next; the real data set of the
    paper has 5,399."""
    test_images: int = 1000
    """Of the target look and, true pairs of these, of the source look."""
    config: TaskGANConfig = field(default_factory=TaskGANConfig)
    """The training, with each number of target images; at least so many steps."""
    passes: int = 24
    """How often what is trained on target images, or on its F(y), sees each of them, at least.
    With a thousand and as few steps as with ten F draws no arm; with ten and as many steps as with a thousand
    it learns their labels by heart. With 5,399 and the steps of ten a task model is far from done
    (docs/log.md)."""


MICO_PRESETS = {
    "smoke": MicoPreset(
        size=32, source_images=64, target_images=(1, 8), test_images=16,
        config=tiny(25, 5),
    ),
    "quick": MicoPreset(
        source_images=20_000, target_images=(1, 10, 100, 1000),
        config=TaskGANConfig(
            networks=SMALL,
            source=SupervisedConfig(3000, 64, 2e-3), randomization=SupervisedConfig(6000, 64),
            target=SupervisedConfig(600, 16), fine_tuning=SupervisedConfig(600, 16),
            randomized_fine_tuning=SupervisedConfig(600, 16),
            canonical=TranslatorConfig(2000, 8, 4e-4), translator=TranslatorConfig(400, 8, 4e-4),
            refinement=SupervisedConfig(400, 32, 5e-4), translated_images=4000,
        ),
    ),
    "full": MicoPreset(
        config=TaskGANConfig(
            networks=SMALL,
            source=SupervisedConfig(6000, 64, 2e-3), randomization=SupervisedConfig(12_000, 64),
            target=SupervisedConfig(1200, 16), fine_tuning=SupervisedConfig(1200, 16),
            randomized_fine_tuning=SupervisedConfig(1200, 16),
            canonical=TranslatorConfig(8000, 8, 4e-4), translator=TranslatorConfig(1000, 8, 4e-4),
            refinement=SupervisedConfig(800, 32, 5e-4), translated_images=8000,
        ),
    ),
    "paper": MicoPreset(size=128),
}  # fmt: skip
