"""RL-CycleGAN: a Kuka iiwa grasps from bins, learnt in simulation, for bins that look real."""

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names

EXPERIMENTS.enter(
    "rl_cyclegan",
    Entry(
        "bin grasping by RL-CycleGAN and what it is compared with", ("smoke", "quick", "full"),
        "crossgap.experiments.rl_cyclegan.experiment:Grasping",
        {
            "gaps": (Names, "Which real bins; by default `target`, `few` and `few_dim`."),
            "methods": (Names, "Which methods; by default all."),
        },
    ),
)  # fmt: skip
