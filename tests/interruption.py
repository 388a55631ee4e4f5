"""A training that is stopped in the middle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lightning_fabric import Fabric
from torch import Tensor

from crossgap.core.trainer import Phase, Trainer, read_metrics


def interrupted_at(phase: Phase, at: int) -> Phase:
    """The phase, which raises a KeyboardInterrupt at the beginning of step `at`."""
    training_step = phase.training_step

    def until(step: int) -> dict[str, Tensor]:
        if step == at:
            raise KeyboardInterrupt
        return training_step(step)

    phase.training_step = until  # type: ignore[method-assign]
    return phase


def assert_goes_on(
    folder: Path, fabric: Fabric, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Phase], at: int = 13
) -> None:
    """That a phase, made anew by `make`, ends bit for bit as one that was not killed at step `at`."""
    monkeypatch.setattr(Phase, "log_every", 5)
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    Trainer(folder / "whole", fabric, quiet=True).fit(make())
    with pytest.raises(KeyboardInterrupt):
        Trainer(folder / "broken", fabric, quiet=True).fit(interrupted_at(make(), at))
    Trainer(folder / "broken", fabric, quiet=True).fit(make())
    whole, broken = (
        sorted((folder / run / "checkpoints").glob("*/*/state.safetensors"))[-1]
        for run in ("whole", "broken")
    )
    assert whole.read_bytes() == broken.read_bytes()
    assert read_metrics(folder / "whole") == read_metrics(folder / "broken")
