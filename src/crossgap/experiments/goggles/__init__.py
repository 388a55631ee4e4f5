"""A policy that simulation trained and nobody may touch: two cameras and a state, without and with goggles in
another look."""

from crossgap.experiments.engine import goals
from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names
from crossgap.experiments.goggles.presets import GOGGLES_PRESETS

EXPERIMENTS.enter(
    "goggles",
    Entry(
        "a frozen policy of two cameras and a state in another look, without and with goggles",
        tuple(GOGGLES_PRESETS), "crossgap.experiments.goggles.experiment:FrozenPolicyInALook",
        {
            "looks": (Names, "Where the policy is to act; by default the preset's."),
            "methods": (Names, "What is compared; by default all."),
            "goals": goals.OPTION,
        },
    ),
)  # fmt: skip
