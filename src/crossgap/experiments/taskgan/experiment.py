"""The central experiment of the TaskGAN paper over looks and seeds."""

from functools import partial
from pathlib import Path

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import check_known
from crossgap.experiments.engine.experiment import Experiment, Names, unique
from crossgap.experiments.taskgan.figures import of_the_paper, regimes_plot
from crossgap.experiments.taskgan.presets import ALL_METHODS, as_json, get_preset, with_task_norm
from crossgap.experiments.taskgan.tables import success_table
from crossgap.experiments.taskgan.trial import PICTURED, TaskGANTrial
from crossgap.methods.config import TaskNorm
from crossgap.simulation.reach3.looks import get_target_look


class TaskGAN(Experiment):
    """Every method × look × seed. What a seed's looks share (source images, f_X, gain) is made once.

    Rows with a `task_norm` stand in the same file, beside those of the paper's network, and say so. Run
    folder and pictures are their own.
    """

    over = "looks and seeds"
    table = staticmethod(success_table)

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, task_norm: TaskNorm | None = None
    ):  # fmt: skip
        plain = get_preset(preset)
        hardest = ("target_d",) if preset in ("full", "paper") else ()  # all of these need OpenGL alone
        self.looks = unique(looks or ("target_a", "target_b", "target_c", *hardest))
        self.methods = unique(methods or plain.methods)
        for look in self.looks:
            get_target_look(look)
        check_known("Method of this experiment", self.methods, ALL_METHODS)
        self.trial = partial(TaskGANTrial, methods=self.methods)
        self.norm = task_norm or "none"
        self.preset = with_task_norm(plain, self.norm)
        self.settings = as_json(self.preset)
        self.depends = as_json(plain)  # without the norm, which rows say themselves

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Looks and seeds."""
        return [(look, seed) for look in self.looks for seed in range(seeds)]

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """`<preset>_regimes.png`, figure 9 of the paper, where all its regimes were run."""
        drawn = regimes_plot(of_the_paper(read_rows(path)), path.with_name(f"{path.stem}_regimes.png"))
        return [drawn] if drawn else []

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<look>….png`, what the translators of seed 0 draw (figure 7), a picture for each entry of
        `PICTURED`."""
        normed = "" if self.norm == "none" else f"_{self.norm}"
        for look in self.looks:
            trial = self.trial(folder, self.preset, look, 0, fabric)
            for end, translators in PICTURED.items():
                if pictures := trial.pictures(translators):
                    contact_sheet(pictures, path.with_name(f"{path.stem}{normed}_{look}{end}.png"))
