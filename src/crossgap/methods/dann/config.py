"""Settings of DANN."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DANNConfig:
    """The training of DANN; a step takes a batch of every data set."""

    steps: int = 15_000
    """Steps of Adam."""
    batch: int = 16
    """Images per step, of each data set that it trains on."""
    learning_rate: float = 1e-3
    """Of Adam; constant, then linear to zero over the second half."""
    domain_hidden: int = 100
    """Units of the domain classifier's hidden layer."""
    domain_weight: float = 1.0
    """Factor on λ_p, the weight of the reversed gradient, which grows from 0 to 1; 1 is the paper's."""
