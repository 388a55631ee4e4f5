"""How a reproduction is run, beside what it is of. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Where:
    """Where, and on what."""

    output: Path | None = None
    """Run folder; by default the newest run of these settings, or a new one under outputs/."""
    results: Path = Path("results")
    """Where results are collected."""
    workers: int = 1
    """How many parts at the same time, such as seeds and looks, each on its share of the cores; on a CPU as
    many as there are cores is fastest, and takes 1.5 GB of memory each, up to 4 GB where an arm learns under
    random looks, and with physically based rendering 1 GB more for each core."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """Of training."""
