"""Goggles: a translator in front of a policy that stays as it is, trained through it."""

from dataclasses import dataclass

from crossgap.methods.translator_settings import TranslatorSettings


@dataclass(frozen=True)
class GogglesConfig(TranslatorSettings):
    """The training of the goggles."""

    steps: int = 1_100
    """Steps, each of one update of everything."""
    learning_rate: float = 4e-4
    """Of generator and discriminator; constant, then linear to zero over the second half."""
    task_weight: float = 1.0
    """λ_φ, of the policy's action on F(y) against the demonstrated one, squared, in spreads of the action.
    With 10 and few frames F draws patterns that the policy reads, and no pictures."""
    consistency_weight: float = 1.0
    """λ_π, of the policy's output on F(x) against that on x, squared, in spreads of it."""
    identity_weight: float = 5.0
    """λ_id, of |F(x) − x|: what is simulated already stays as it is."""
    generator_width: int = 16
    """Filters of the generator's first layer."""
    generator_blocks: int = 4
    """Residual blocks of the generator."""
    discriminator_width: int = 16
    """Filters of the discriminator's first layer."""
    augment: bool = True
    """Real frames are seen in other colours, light and noise at every step: few are not learnt by heart."""
