"""Settings of the forward mapping's two columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TwoColumnsConfig:
    """The training of the two-column task model on pairs."""

    steps: int = 15_000
    """Steps of Adam."""
    batch: int = 16
    """Images per step, of each data set that it trains on."""
    learning_rate: float = 1e-3
    """Of Adam; constant, then linear to zero over the second half."""
    feature_weight: float = 1.0
    """Weight of the squared distance between the feature layers."""
