"""An xArm7 that learns to reach from images alone (seed "Transferring Simulated Learning to Real Robots")."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry
from crossgap.experiments.xarm7.presets import XARM7_PRESETS


@dataclass(frozen=True)
class XArm7Options:
    """What of it is run; by default the preset's."""

    looks: tuple[str, ...] | None = None
    """Where policies are tested; camera_far, too, and target_mesh where the real arm's meshes are."""
    methods: tuple[str, ...] | None = None
    """Which configurations."""


EXPERIMENTS.enter(
    "xarm7",
    Entry(
        "xarm7", "an arm that learns to reach from images alone, in many configurations, with goggles, too",
        tuple(XARM7_PRESETS), XArm7Options, "crossgap.experiments.xarm7.experiment:XArm7",
        report="crossgap.experiments.xarm7.report:report_again",
        verbs={"learn": "crossgap.experiments.xarm7.learn:learn"},
    ),
)  # fmt: skip
