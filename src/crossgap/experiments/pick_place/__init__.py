"""The xArm7 and a cube: Pick & Place, from the privileged state and from images."""

from __future__ import annotations

from dataclasses import dataclass

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry
from crossgap.experiments.pick_place.presets import PICK_PLACE_PRESETS


@dataclass(frozen=True)
class PickPlaceOptions:
    """What of it is run; by default the preset's."""

    looks: tuple[str, ...] | None = None
    """Where policies that see images are tested."""
    methods: tuple[str, ...] | None = None
    """Which ways to learn it."""


EXPERIMENTS.enter(
    "pick_place",
    Entry(
        "pick_place", "the arm of xarm7 and a cube", tuple(PICK_PLACE_PRESETS), PickPlaceOptions,
        "crossgap.experiments.pick_place.experiment:PickPlace",
    ),
)  # fmt: skip
