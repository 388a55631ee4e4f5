"""The xArm7 that reaches, over configurations and seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.errors import find
from crossgap.experiments.engine.experiment import Experiment, Rows, unique
from crossgap.experiments.xarm7 import XArm7Options
from crossgap.experiments.xarm7.figures import distance_histograms, learning_curves, region_map
from crossgap.experiments.xarm7.presets import XARM7_PRESETS, settled
from crossgap.experiments.xarm7.report import (
    episodes_by_domain,
    evaluated_trials,
    first_configuration,
    xarm7_report,
)
from crossgap.experiments.xarm7.setups import SETUPS, domains_of
from crossgap.experiments.xarm7.tables import reach_table
from crossgap.experiments.xarm7.trial import XArm7Trial
from crossgap.simulation.xarm7.looks import check_meshes


class XArm7(Experiment):
    """Every configuration × domain × seed."""

    over = "configurations and seeds"
    learns = True
    table = staticmethod(reach_table)

    def __init__(self, preset: str, options: XArm7Options):
        sizes = find("Preset", preset, XARM7_PRESETS)
        self.preset = replace(sizes, domains=unique(options.looks or sizes.domains))
        self.setups = unique(options.methods or sizes.setups)
        for setup in self.setups:
            domains_of(find("Configuration", setup, SETUPS), self.preset.domains)
        check_meshes(self.preset.domains)
        self.settings = settled(self.preset)

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Configurations and seeds."""
        return [(setup, seed) for setup in self.setups for seed in range(seeds)]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, setup: str, seed: int
    ) -> Rows:  # fmt: skip
        """A configuration in every domain."""
        return XArm7Trial(folder, self.preset, setup, seed, fabric, quiet).run()

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_curves.png`, success over environment steps, and of the first configuration
        `<preset>_regions.png`, where in the workspace it reaches its goals, and `<preset>_distances.png`. The
        run folder gets a report with films."""
        learning_curves(read_rows(path), list(SETUPS), path.with_name(f"{path.stem}_curves.png"))
        episodes = episodes_by_domain(first_configuration(evaluated_trials(folder, self.preset, fabric)))
        region_map(episodes, path.with_name(f"{path.stem}_regions.png"))
        distance_histograms(episodes, path.with_name(f"{path.stem}_distances.png"))
        xarm7_report(folder)
