"""RL-CycleGAN: a Kuka iiwa grasps from bins, learnt in simulation, for bins that look real."""

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names

EXPERIMENTS.enter(
    "rl_cyclegan",
    Entry(
        "bin grasping by RL-CycleGAN and what it is compared with", ("smoke", "quick", "full"),
        "crossgap.experiments.rl_cyclegan.experiment:Grasping",
        {
            "studies": (Names, "Which studies, or gaps of them, such as `few`; by default `robot1`."),
            "methods": (Names, "Which methods; by default each study's."),
        },
        report="crossgap.experiments.rl_cyclegan.report:report_again",
    ),
)  # fmt: skip
