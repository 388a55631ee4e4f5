"""A training that is stopped in the middle."""

from __future__ import annotations

from torch import Tensor

from crossgap.core.trainer import Phase


def interrupted_at(phase: Phase, at: int) -> Phase:
    """The phase, which raises a KeyboardInterrupt at the beginning of step `at`."""
    training_step = phase.training_step

    def until(step: int) -> dict[str, Tensor]:
        if step == at:
            raise KeyboardInterrupt
        return training_step(step)

    phase.training_step = until  # type: ignore[method-assign]
    return phase
