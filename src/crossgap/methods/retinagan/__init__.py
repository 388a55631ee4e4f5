"""RetinaGAN: translators in both directions that leave alone what a frozen network perceives."""

from dataclasses import dataclass
from typing import Literal

from crossgap.methods.translator_settings import TranslatorSettings, check_settings


@dataclass(frozen=True)
class SegmentationConfig:
    """The training of the network that perceives, on simulated images and what the simulator says of them."""

    steps: int = 2_000
    """Steps of Adam."""
    batch: int = 16
    """Images per step."""
    learning_rate: float = 1e-3
    """Of Adam; constant, then linear to zero over the second half."""
    photometric_weight: float = 1.0
    """Strength of the photometric distortion of its images; 0 for none."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        check_settings(self)


@dataclass(frozen=True)
class RetinaGANConfig(TranslatorSettings):
    """The training of RetinaGAN; λ_GAN and λ_cycle are the paper's."""

    cycle_weight: float = 10.0
    """λ_cycle."""
    cycle_distance: Literal["square", "absolute"] = "square"
    """d of the cycle: the mean square, or the mean absolute difference, CycleGAN's."""
    perception_weight: float = 10.0
    """λ_prcp; the paper's 0.1 is of boxes and classes of a detector."""
