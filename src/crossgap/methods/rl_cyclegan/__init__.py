"""RL-CycleGAN: translators in both directions, and a Q-function of each domain, trained together."""

import math
from dataclasses import dataclass
from typing import Literal

from crossgap.errors import CrossgapError


@dataclass(frozen=True)
class RLCycleGANConfig:
    """The training of RL-CycleGAN. λ_GAN and λ_cycle are the paper's; it does not give the others."""

    steps: int = 2_000
    """Steps, each of one update of everything."""
    batch: int = 8
    """Transitions per step, of each domain."""
    learning_rate: float = 2e-4
    """Of generators and discriminators; constant, then linear to zero over the second half."""
    q_learning_rate: float = 3e-4
    """Of both Q-functions, likewise."""
    adversarial_weight: float = 1.0
    """λ_GAN."""
    cycle_weight: float = 10.0
    """λ_cycle."""
    cycle_distance: Literal["square", "absolute"] = "square"
    """d of the cycle: the mean square, the paper's, or the mean absolute difference, CycleGAN's."""
    scene_weight: float = 3.0
    """λ_RL-scene."""
    rl_weight: float = 1.0
    """λ_RL."""
    pool: int = 50
    """Translated images that are kept for each discriminator; 0 for none."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        for name, least in (("steps", 1), ("batch", 1), ("pool", 0)):
            if not (value := getattr(self, name)) >= least:
                raise CrossgapError(f"RL-CycleGAN's {name} is at least {least}; got {value}.")
        for name in ("adversarial_weight", "cycle_weight", "scene_weight", "rl_weight"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise CrossgapError(f"RL-CycleGAN's {name} is a number from 0 on; got {value}.")
        for name in ("learning_rate", "q_learning_rate"):
            if not 0 < (value := getattr(self, name)) < math.inf:
                raise CrossgapError(f"RL-CycleGAN's {name} is a number above 0; got {value}.")
        if self.cycle_distance not in (known := ("square", "absolute")):
            distance = f"{' or '.join(known)}; got {self.cycle_distance}"
            raise CrossgapError(f"RL-CycleGAN's cycle_distance is {distance}.")
