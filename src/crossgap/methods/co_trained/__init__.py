"""Co-training: one task model on source and target images from the start, what most use today."""

from dataclasses import dataclass

from crossgap.methods.registry import Method, check_setting, enter


@dataclass(frozen=True)
class CoTrainingConfig:
    """The mixing of co-training; steps, batch and rate are those of f_X."""

    ratios: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75)
    """Shares of target images in a batch to choose from; a single one is taken as it is."""
    validation: float = 0.2
    """Share of the target's episodes that the ratio is chosen on; the model itself is trained on all."""
    trial: float = 0.2
    """Share of f_X's steps that each ratio is tried with, of which the rate falls as in a whole training; the
    model itself is trained with all."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: no ratio, or a share that is not above 0 and below 1; a trial may be 1."""
        right = bool(self.ratios) and all(0 < ratio < 1 for ratio in self.ratios)
        said = " ".join(f"{ratio:g}" for ratio in self.ratios) or "none"
        check_setting("co-trained", "ratios", said, right, "one or more, each above 0 and below 1")
        check_setting("co-trained", "validation", self.validation, 0 < self.validation < 1,
                      "above 0 and below 1")  # fmt: skip
        check_setting("co-trained", "trial", self.trial, 0 < self.trial <= 1, "above 0 and at most 1")


enter("co_trained", Method(
    "co-trained on source and target images", "crossgap.methods.co_trained.recipe:co_trained",
    settings=("source", "augmentation"), own=CoTrainingConfig(),
), 9)  # fmt: skip
