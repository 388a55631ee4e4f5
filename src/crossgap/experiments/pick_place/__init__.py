"""The xArm7 and a cube: Pick & Place, from the privileged state and from images."""

from crossgap.experiments.engine import goals
from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names
from crossgap.experiments.pick_place.presets import PICK_PLACE_PRESETS

EXPERIMENTS.enter(
    "pick_place",
    Entry(
        "the arm of xarm7 and a cube", tuple(PICK_PLACE_PRESETS),
        "crossgap.experiments.pick_place.experiment:PickPlace",
        {
            "looks": (Names, "Where policies that see images are tested; by default the preset's."),
            "methods": (Names, "Which ways to learn it; by default the preset's."),
            "goals": goals.OPTION,
        },
    ),
)  # fmt: skip
