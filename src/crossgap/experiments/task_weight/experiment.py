"""The sweep over λ_φ, looks and seeds."""

from __future__ import annotations

from pathlib import Path

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.experiments.engine.experiment import Experiment, Rows, unique
from crossgap.experiments.task_weight import TaskWeightOptions, trial
from crossgap.experiments.task_weight.tables import weight_table
from crossgap.experiments.taskgan.presets import as_json, get_preset
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.report.pictures import gallery
from crossgap.simulation.reach3.looks import get_target_look


class TaskWeight(Experiment):
    """Inverse TaskGAN for every λ_φ × look × seed."""

    over = "looks, weights and seeds"
    table = staticmethod(weight_table)

    def __init__(self, preset: str, options: TaskWeightOptions):
        self.preset, self.looks = get_preset(preset), unique(options.looks or ("target_b",))
        for look in self.looks:
            get_target_look(look)
        self.settings = as_json(self.preset) | {"weights": list(trial.WEIGHTS)}

    def parts(self, seeds: int) -> list[tuple[str, float, int]]:
        """Looks, weights and seeds."""
        return [(look, w, seed) for look in self.looks for w in trial.WEIGHTS for seed in range(seeds)]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, look: str, weight: float, seed: int
    ) -> Rows:  # fmt: skip
        """The translator of one λ_φ."""
        whole = TaskGANTrial(folder, self.preset, look, seed, fabric, quiet)
        return trial.TaskWeightTrial(whole, weight).run()

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<look>.png`: task error, style and alignment over λ_φ, and `…_pictures.png`: what
        F of each draws."""
        every = read_rows(path)  # other seeds of an earlier run, too
        for look in self.looks:
            beside = path.with_name(f"{path.stem}_{look}.png")
            trial.plot([row for row in every if row["domain"] == look], beside)
            drawn = trial.pictures(TaskGANTrial(folder, self.preset, look, 0, fabric))
            gallery(drawn, beside.with_name(f"{beside.stem}_pictures.png"))
