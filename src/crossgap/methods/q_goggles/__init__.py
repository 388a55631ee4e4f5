"""Goggles for a Q: TaskGAN's inverse mapping, with Q as the task model."""

from dataclasses import dataclass

from crossgap.methods.translator_settings import TranslatorSettings


@dataclass(frozen=True)
class QGogglesConfig(TranslatorSettings):
    """The training of the goggles."""

    task_weight: float = 1.0
    """λ_φ, of Q's cross-entropy on F(y); 0 for a plain inverse GAN."""
