"""The central experiment of the TaskGAN paper over looks and seeds."""

from functools import partial
from pathlib import Path
from typing import ClassVar

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import check_known
from crossgap.experiments.engine.experiment import Experiment, Names, unique
from crossgap.experiments.taskgan.figures import of_the_paper, regimes_plot
from crossgap.experiments.taskgan.presets import ALL_METHODS, SIGHTLESS, as_json, get_preset, with_task_norm
from crossgap.experiments.taskgan.tables import current_success
from crossgap.experiments.taskgan.trial import PICTURED, TaskGANTrial
from crossgap.methods.config import TaskNorm
from crossgap.simulation.reach3.looks import get_target_look


class TaskGAN(Experiment):
    """Every method × look × seed. What a seed's looks share (source images, f_X, gain) is made once.

    Rows say the `task_norm` of their task model, those of the paper's network none; all stand in one file.
    With another norm than the preset's, run folder and pictures are their own.
    """

    over, depends = "looks and seeds", {}
    table = staticmethod(current_success)
    row_keys: ClassVar = {"task_norm": str, "settings": str}

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, task_norm: TaskNorm | None = None
    ):  # fmt: skip
        plain = get_preset(preset)
        hardest = ("target_d",) if preset in ("full", "paper") else ()  # all of these need OpenGL alone
        self.looks = unique(looks or ("target_a", "target_b", "target_c", *hardest))
        self.methods = unique(methods or plain.methods)
        for look in self.looks:
            get_target_look(look)
        check_known("Method of this experiment", self.methods, (*SIGHTLESS, *ALL_METHODS))
        self.trial = partial(TaskGANTrial, methods=self.methods)
        self.preset = plain if task_norm is None else with_task_norm(plain, task_norm)
        self.normed = "" if self.preset == plain else f"_{task_norm}_norm"
        self.settings = as_json(self.preset)

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
        for look in self.looks:
            trial = self.trial(folder, self.preset, look, 0, fabric)
            for end, translators in PICTURED.items():
                if pictures := trial.pictures(translators):
                    contact_sheet(pictures, path.with_name(f"{path.stem}{self.normed}_{look}{end}.png"))
