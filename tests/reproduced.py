"""Experiments at preset smoke, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossgap.experiments.engine.experiment import Where
from crossgap.experiments.engine.reproduce import reproduce


def reproduced(name: str, seeds: int, run: Path, results: Path, **options: Any) -> Path:
    """`crossgap reproduce NAME --preset smoke` on the CPU in one process; the results file."""
    return reproduce(name, "smoke", seeds, Where(run, results, 1, "cpu", "32-true"), **options)
