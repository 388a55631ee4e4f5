"""What the GAN family does for robot imaging, in studies that each have a ground truth."""

from crossgap.experiments.engine.experiment import EXPERIMENTS, Entry, Names

EXPERIMENTS.enter(
    "imaging",
    Entry(
        "image translation for robots: several studies (needs the extra `imaging`)",
        ("smoke", "quick", "full"), "crossgap.experiments.imaging.experiment:Imaging",
        {"studies": (Names, "Which studies; by default all.")},
    ),
)  # fmt: skip
