"""The table of Robot 1 over gaps and seeds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric

from crossgap.base.files import read_json
from crossgap.errors import CrossgapError, check_known, find
from crossgap.experiments.engine.experiment import Experiment, Names, Rows, unique
from crossgap.experiments.rl_cyclegan.figures import plot_all
from crossgap.experiments.rl_cyclegan.many_steps import MANY_SIZES, ManyTrial
from crossgap.experiments.rl_cyclegan.methods import GENERATORS, METHODS
from crossgap.experiments.rl_cyclegan.on_policy import on_policy_rows
from crossgap.experiments.rl_cyclegan.presets import (
    DRAWN,
    FINETUNE,
    GAP_STUDIES,
    MANY,
    ONCE_SIZES,
    PHYSICAL,
    STUDIES,
)
from crossgap.experiments.rl_cyclegan.report import write_report
from crossgap.experiments.rl_cyclegan.tables import PARTS, current, every_table, sizes_in, world_of
from crossgap.experiments.rl_cyclegan.trial import PBR, OnceTrial
from crossgap.experiments.rl_cyclegan.vanished import vanished_rows
from crossgap.simulation.base.vulkan import filament_problem


class Grasping(Experiment):
    """Every gap × seed, all methods in each."""

    over, depends = "gaps and seeds", {}
    trial = OnceTrial
    row_keys: ClassVar = {"environment_steps": int, "grasped": int, "settings": str, "world": str}
    table = staticmethod(lambda results: every_table(current(results)))

    def __init__(self, preset: str, studies: Names = None, methods: Names = None):
        self.preset = find("Preset", preset, ONCE_SIZES)
        self.studies = unique(studies or ("robot1",))
        apart = (MANY, FINETUNE, DRAWN)
        compared_in = STUDIES | GAP_STUDIES
        check_known("Study", self.studies, (*STUDIES, *apart, *GAP_STUDIES))
        self.apart = tuple(study for study in self.studies if study in apart)
        self.cells: dict[str, tuple[str, ...]] = {}
        for gaps, compared in (compared_in[study] for study in self.studies if study not in apart):
            for gap in gaps:
                asked = methods or compared or tuple(METHODS)
                self.cells[gap] = unique((*self.cells.get(gap, ()), *asked))
        self.physical = unique(methods or PHYSICAL)
        check_known("Method", unique((*sum(self.cells.values(), ()), *self.physical)), METHODS)
        self.preset_name = preset
        self.settings = asdict(self.preset)

    def prepare(self) -> None:
        """Raises `CrossgapError`: Filament is needed, and cannot draw here; said before anything learns."""
        if DRAWN in self.studies and (problem := filament_problem()):
            raise CrossgapError(f"The study '{DRAWN}' is tested in {PBR}. {problem}")

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Gaps and seeds."""
        domains = *self.cells, *self.apart
        return [(domain, seed) for seed in range(seeds) for domain in domains]

    def run(self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, *part: Any) -> Rows:
        """The methods in a gap; QT-Opt in many steps; fine-tuning in the gap `target`, or its policies where
        Filament draws it. Every row knows the size that it was measured with, and in which bins."""
        size = sizes_in(self.preset_name)[part[0] == MANY]
        rows = self._rows(folder, fabric, quiet, *part)
        return [row | {"settings": size, "world": world_of(row["domain"].partition("/")[0])} for row in rows]

    def _rows(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, gap: str, seed: int
    ) -> Rows:  # fmt: skip
        if gap == MANY:
            return ManyTrial(folder, MANY_SIZES[self.preset_name], gap, seed, fabric, quiet).run()
        if gap == DRAWN:
            trial = OnceTrial(folder, self.preset, "target", seed, fabric, quiet)
            return trial.run({name: METHODS[name] for name in self.physical}, (PBR,))
        if gap == FINETUNE:
            trial = OnceTrial(folder, self.preset, "target", seed, fabric, quiet)
            return trial.run({"oracle": METHODS["oracle"]}) + on_policy_rows(trial)
        made = {name: make for name, make in METHODS.items() if name in self.cells[gap]}
        translating = {name: make for name, make in GENERATORS.items() if name in self.cells[gap]}
        trial = OnceTrial(folder, self.preset, gap, seed, fabric, quiet)
        return trial.run(made) + vanished_rows(trial, translating)

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """Of all rows, where there are any, `<preset>_ladder.png`, `<preset>_finetune.png` and
        `<preset>_many_steps.png`."""
        results = read_json(path, "results")
        real = ONCE_SIZES[results["provenance"]["preset"]].real
        return [*plot_all(current(results)["rows"], real, path).values()]

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """Of seed 0 of every gap `<preset>_<gap>.png`, simulated bins and what translators make of them, real
        ones and where Q would grasp; and `<preset>_<gap>_episode.png`, an episode and its translations. The
        run folder gets films and the report."""
        write_report(folder, self.preset_name, fabric, path)


TABLES = {
    f"rl-cyclegan-{name}-quick": ("rl_cyclegan/quick.json", lambda results, make=make: make(current(results)))
    for name, make in PARTS.items()
}
