"""Target images that the best step of a training is chosen on."""

import numpy as np

from crossgap.data.images import LabelledImages
from crossgap.data.subsets import apart
from crossgap.errors import CrossgapError

VALIDATION = 0.2
"""Share of the target's episodes that the best step of a training is chosen on."""


def kept_apart(target: LabelledImages, seed: int) -> np.ndarray:
    """Which target images the best step of a training is chosen on, (n,) bool.

    Raises:
        CrossgapError: they have no labels, or are of one episode.
    """
    kept = apart(target.episodes, VALIDATION, seed)
    if target.label_names and kept.any():
        return kept
    what = "are of one episode" if target.label_names else "have no labels"
    raise CrossgapError(
        f"--keep best chooses on labelled target images of episodes kept apart; these {what}. Expected "
        "--keep last, or labels and two episodes at least."
    )
