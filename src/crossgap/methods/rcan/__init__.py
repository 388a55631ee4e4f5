"""RCAN: a translator from randomized simulated images to plain ones, which real ones go through, too."""

from dataclasses import dataclass
from typing import Literal

from crossgap.methods.translator_settings import TranslatorSettings


@dataclass(frozen=True)
class RCANConfig(TranslatorSettings):
    """The training of RCAN's translator; the weights are ours."""

    image_weight: float = 10.0
    """λ_x, of the distance from the plain image."""
    image_distance: Literal["absolute", "pairwise"] = "absolute"
    """d of it: the mean absolute difference, or the mean pairwise squared error (PMSE), the paper's."""
    mask_weight: float = 1.0
    """λ_m, of the cross-entropy of the masks that G predicts; 0 for none."""
