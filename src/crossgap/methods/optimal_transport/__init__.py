"""Optimal transport of features and labels together: the rival that adapts features, with target labels."""

from dataclasses import dataclass

from crossgap.methods.registry import Method, check_setting, enter


@dataclass(frozen=True)
class OptimalTransportConfig:
    """The alignment of optimal transport; steps, batch and rate are those of f_X."""

    weight: float = 0.1
    """λ, of the transport's cost beside the task loss."""
    label_weight: float = 1.0
    """Of the distance of labels beside that of features in the cost of a pair; 0 aligns images alone."""
    entropy: float = 0.05
    """ε, which blurs the plan; in costs of which 1 is that of an average pair."""
    relaxation: float = 1.0
    """ρ, what it costs to leave a part of the images alone: the larger, the nearer to balanced transport."""
    iterations: int = 50
    """Of Sinkhorn, in every step."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a weight below 0, another number not above 0, or no iteration."""
        for name in ("weight", "label_weight"):
            value = getattr(self, name)
            check_setting("optimal-transport", name, value, 0 <= value < float("inf"), "a number from 0 on")
        for name in ("entropy", "relaxation"):
            value = getattr(self, name)
            check_setting("optimal-transport", name, value, 0 < value < float("inf"), "a number above 0")
        check_setting("optimal-transport", "iterations", self.iterations, self.iterations >= 1, "at least 1")


enter("optimal_transport", Method(
    "optimal transport of features and labels", "crossgap.methods.optimal_transport.recipe:optimal_transport",
    settings=("source", "augmentation"), own=OptimalTransportConfig(), layers=True,
), 11)  # fmt: skip
