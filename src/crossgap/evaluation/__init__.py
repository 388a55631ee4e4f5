"""Evaluation: in closed loop, of labels and of images; with intervals, and paired between methods.

What is measured of images alone is in `evaluation.images`, `evaluation.kernel_distance` and
`evaluation.coverage`, which are imported where they are needed.
"""

from functools import partial

from crossgap.evaluation.episodes import (
    EPISODE,
    PLAYED,
    TEST_STARTS,
    VALIDATION_STARTS,
    ClosedLoop,
    closed_loop,
    play,
)
from crossgap.evaluation.labels import Predict, error_over_episodes, offline_error
from crossgap.evaluation.rows import AGGREGATE, figures, share, share_won
from crossgap.moved import moved

__getattr__ = partial(moved, "evaluation")
__all__ = [
    "AGGREGATE", "EPISODE", "PLAYED", "TEST_STARTS", "VALIDATION_STARTS", "ClosedLoop", "Predict",
    "closed_loop", "error_over_episodes", "figures", "offline_error", "play", "share", "share_won",
]  # fmt: skip
