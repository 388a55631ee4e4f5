"""An xArm7 that learns to reach from images alone (seed "Transferring Simulated Learning to Real Robots")."""

from crossgap.experiments.engine import goals
from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names
from crossgap.experiments.xarm7.presets import XARM7_PRESETS

EXPERIMENTS.enter(
    "xarm7",
    Entry(
        "an arm that learns to reach from images alone, in many configurations, with goggles, too",
        tuple(XARM7_PRESETS), "crossgap.experiments.xarm7.experiment:XArm7",
        {
            "looks": (Names, "Where policies are tested; by default the preset's. camera_far, too, and "
                      "target_mesh where the real arm's meshes are."),
            "methods": (Names, "Which configurations; by default the preset's."),
            "goals": goals.OPTION,
        },
        report="crossgap.experiments.xarm7.report:report_again",
        verbs={"learn": "crossgap.experiments.xarm7.learn:learn"},
    ),
)  # fmt: skip
