"""Settings of asymmetric DDPG."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DDPGConfig:
    """Of asymmetric DDPG; its seed gives none, most are those of hindsight experience replay."""

    batch: int = 128
    """Transitions per update."""
    learning_rate: float = 1e-3
    """Of all Adams."""
    discount: float = 0.98
    """γ, for episodes of 50 steps."""
    polyak: float = 0.98
    """Share of the old weights that target networks keep at an update."""
    bottleneck_weight: float = 1.0
    """Of MSE(s, s_pred), for positions scaled to [-1, 1]; 0 leaves the reward as the only teacher."""
    action_cost: float = 0.1
    """Of the mean squared action in L_a, which else saturates (Andrychowicz et al. 2017)."""
