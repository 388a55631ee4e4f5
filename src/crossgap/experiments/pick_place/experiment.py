"""Pick & Place over seeds."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.errors import check_known, find
from crossgap.experiments.engine.experiment import Experiment, Rows, unique
from crossgap.experiments.pick_place import PickPlaceOptions
from crossgap.experiments.pick_place.presets import PICK_PLACE_PRESETS
from crossgap.experiments.pick_place.setups import SETUPS
from crossgap.experiments.pick_place.tables import pick_place_table
from crossgap.experiments.pick_place.trial import PickPlaceTrial
from crossgap.experiments.xarm7.figures import learning_curves
from crossgap.simulation.xarm7.looks import check_meshes, get_look


class PickPlace(Experiment):
    """Every method × look × seed."""

    over = "seeds"
    learns = True
    table = staticmethod(pick_place_table)

    def __init__(self, preset: str, options: PickPlaceOptions):
        sizes = find("Preset", preset, PICK_PLACE_PRESETS)
        self.preset = replace(
            sizes,
            looks=unique(options.looks or sizes.looks),
            methods=unique(options.methods or sizes.methods),
        )
        for look in self.preset.looks:
            get_look(look)
        check_meshes(self.preset.looks)
        check_known("Method", self.preset.methods, SETUPS)
        self.settings = asdict(replace(self.preset, looks=(), methods=()))

    def parts(self, seeds: int) -> list[tuple[int]]:
        """Seeds."""
        return [(seed,) for seed in range(seeds)]

    def run(self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, seed: int) -> Rows:
        """Every method in every look."""
        return PickPlaceTrial(folder, self.preset, seed, fabric, quiet).run()

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_curves.png`, success over environment steps."""
        learning_curves(read_rows(path), list(SETUPS), path.with_name(f"{path.stem}_curves.png"))
