"""Settings of the cycle TaskGAN."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CycleConfig:
    """The training of the cycle TaskGAN."""

    steps: int = 15_000
    """Steps, each of one update of both generators, both discriminators and f_Y."""
    batch: int = 16
    """Images per step, of each domain."""
    learning_rate: float = 2e-4
    """Of all Adams; constant, then linear to zero over the second half."""
    task_weight: float = 1.0
    """λ_φ, for labels scaled to spread 1."""
    cycle_weight: float = 10.0
    """λ_c of the L1 cycle loss; CycleGAN's value."""
    feature_weight: float = 1.0
    """λ_f of the L2 loss between feature layers."""
