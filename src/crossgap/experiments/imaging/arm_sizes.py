"""Sizes of the arm's studies, which share pictures and policy. Imports no torch."""

from dataclasses import dataclass, field, replace
from typing import Any

from crossgap.experiments.taskgan.presets import tiny
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig, TranslatorConfig
from crossgap.methods.cut import CUTConfig
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.pix2pix import Pix2PixConfig


@dataclass(frozen=True)
class ArmSize:
    """One of them."""

    size: int = 64
    """Width and height of the images in pixels."""
    source_episodes: int = 500
    """Demonstrations whose labelled pictures the policy learns on."""
    pair_episodes: int = 200
    """Demonstrations that translators learn on."""
    few_episodes: int = 50
    """Demonstrations that they learn on where there are few pairs."""
    held_out_episodes: int = 30
    """Demonstrations, in each condition, that images are measured on."""
    steps: int = 8
    """Images per demonstration."""
    perturbation: float = 0.1
    """Disturbance of the demonstrated states, standard deviation in rad."""
    starts: int = 100
    """Start configurations in the test."""
    first_start: int = 40_000
    """Seed of the first of them. Those of other experiments, and held-out demonstrations of stream 2, were
    seen before the sizes were chosen."""
    held_out_seed: int = 3
    """Stream of the demonstrations that images are measured on, as of `arm.SOURCE_SEED`."""
    episode_steps: int = 40
    """Steps of an episode in closed loop."""
    gain: float = 0.4
    """Of the control: from 40 validation starts in the clear look the policy is always there in 40 steps."""
    conditions: tuple[str, ...] = ("night", "rain", "haze", "motion_blur", "sensor_noise")
    """Looks that the arm is seen in where that is studied, an equal share of each."""
    config: TaskGANConfig = field(default_factory=TaskGANConfig)
    """The training."""

    @property
    def test_starts(self) -> range:
        """Seeds of the start configurations in the test."""
        return range(self.first_start, self.first_start + self.starts)


PIX2PIX = Pix2PixConfig(1000, 4, 4e-4, width=32, enlarged=1.0, mirror=False)
CYCLEGAN = CycleGANConfig(
    2000, 1, 4e-4, source_cycle_weight=2.0, width=16, blocks=4, discriminator_width=16,
    discriminator_layers=2, enlarged=1.0, mirror=False,
)  # fmt: skip
"""λ of the side that is translated is small: F cannot know which weather it was, or which noise."""
CUT = CUTConfig(2000, 1, 4e-4, width=16, blocks=4, patches=64, enlarged=1.0, mirror=False)
"""None of the three mirrors or enlarges: the arm stands where it stands, and a pixel matters."""


def _training(policy: int, translator: int, **own: Any) -> TaskGANConfig:
    return TaskGANConfig(
        NetworkConfig(generator_width=16, generator_blocks=4, discriminator_width=16),
        source=SupervisedConfig(policy, 64, 2e-3), translator=TranslatorConfig(translator, 8, 4e-4), own=own,
    )  # fmt: skip


ARM_SIZES = {
    "smoke": ArmSize(
        size=32, source_episodes=10, pair_episodes=10, few_episodes=3, held_out_episodes=3, steps=4, starts=4,
        episode_steps=2, conditions=("night", "rain"), config=replace(tiny(10, 3), own={
            "pix2pix": replace(PIX2PIX, steps=3, batch=4, width=4),
            "cyclegan": replace(CYCLEGAN, steps=3, width=4, blocks=1, discriminator_width=4),
            "cut": replace(CUT, steps=3, width=4, blocks=1),
        }),
    ),
    "quick": ArmSize(config=_training(1000, 500, pix2pix=PIX2PIX, cyclegan=CYCLEGAN, cut=CUT)),
    "full": ArmSize(
        source_episodes=1000, pair_episodes=400, config=_training(
            4000, 3000, pix2pix=replace(PIX2PIX, steps=4000), cyclegan=replace(CYCLEGAN, steps=15_000),
            cut=replace(CUT, steps=15_000),
        ),
    ),
}  # fmt: skip
