"""Settings of QT-Opt."""

from dataclasses import dataclass, field

from crossgap.errors import CrossgapError
from crossgap.rl.cross_entropy import Search


@dataclass(frozen=True)
class QTOptConfig:
    """Of QT-Opt; where the paper's value is another one, it is for a farm of robots and GPUs."""

    batch: int = 64
    """Transitions per update."""
    learning_rate: float = 1e-3
    """Of Adam; the paper's 1e-4 is for 15 million updates."""
    weight_decay: float = 1e-4
    """Share of the weights that is lost per step of learning rate 1."""
    discount: float = 0.9
    """γ."""
    polyak: float = 0.97
    """Share of the old mean that the first target network keeps at an update; the paper's 0.9999."""
    lag: int = 100
    """Updates that the second target network is behind the first, at least; the paper's about 6,000."""
    monte_carlo_updates: int = 1_000
    """First updates, which learn from returns alone."""
    monte_carlo_share: float = 0.5
    """Of the return in the targets after that; 0 is the paper's Bellman target alone."""
    search: Search = field(default_factory=Search)
    """For the best action, where the policy acts."""
    target_search: Search = field(default_factory=lambda: Search(32, 4, 2))
    """For V(s'), once for every transition learnt from."""
    photometric: float = 0.5
    """Strength of the photometric distortion of images that are learnt from; 0 for none."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a value that cannot be."""
        for name in ("discount", "polyak", "monte_carlo_share"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise CrossgapError(f"QT-Opt's {name} is a number from 0 to 1; got {value}.")
        for name, least in (("batch", 1), ("lag", 1), ("monte_carlo_updates", 0)):
            if (value := getattr(self, name)) < least:
                raise CrossgapError(f"QT-Opt's {name} is at least {least}; got {value}.")
        for name in ("learning_rate", "weight_decay", "photometric"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise CrossgapError(f"QT-Opt's {name} is a number from 0 on; got {value}.")
