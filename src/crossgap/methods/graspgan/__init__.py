"""GraspGAN: a translator that keeps the foreground, and a Q whose features do not tell the domains apart."""

from dataclasses import dataclass

from crossgap.errors import CrossgapError
from crossgap.methods.translator_settings import TranslatorSettings, check_settings


@dataclass(frozen=True)
class GraspGANConfig(TranslatorSettings):
    """The training of GraspGAN's translator; the weights are ours."""

    content_weight: float = 1.0
    """λ_content, of the PMSE of the foreground."""
    mask_weight: float = 1.0
    """λ_mask, of the cross-entropy of the masks that G predicts."""
    foreground: tuple[int, ...] = (1, 3)
    """Classes that count for the content: the robot and the objects."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        super().__post_init__()
        if self.content_weight and not self.foreground:
            raise CrossgapError("GraspGAN's foreground is at least one class where content_weight is not 0.")


GAN = GraspGANConfig(content_weight=0.0, mask_weight=0.0)
"""A plain GAN: nothing but the discriminator says what G(x) is."""


@dataclass(frozen=True)
class DomainAdversarialConfig:
    """The training of a Q whose features do not tell the domains apart."""

    steps: int = 2_500
    """Updates of Q."""
    domain_weight: float = 1.0
    """Factor on λ_p, the weight of the reversed gradient, which grows from 0 to 1."""
    photometric_weight: float = 0.5
    """Strength of the photometric distortion of all images; 0 for none."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        check_settings(self)
