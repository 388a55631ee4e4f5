"""RL-CycleGAN: translators in both directions, and a Q-function of each domain, trained together."""

from dataclasses import dataclass
from typing import Literal

from crossgap.methods.translator_settings import TranslatorSettings


@dataclass(frozen=True)
class RLCycleGANConfig(TranslatorSettings):
    """The training of RL-CycleGAN. λ_GAN and λ_cycle are the paper's; it does not give the others."""

    q_learning_rate: float = 3e-4
    """Of both Q-functions; constant, then linear to zero over the second half."""
    cycle_weight: float = 10.0
    """λ_cycle."""
    cycle_distance: Literal["square", "absolute"] = "square"
    """d of the cycle: the mean square, the paper's, or the mean absolute difference, CycleGAN's."""
    scene_weight: float = 3.0
    """λ_RL-scene. With more of it than of λ_RL both Q-functions are drawn to one value for all actions."""
    rl_weight: float = 3.0
    """λ_RL."""
