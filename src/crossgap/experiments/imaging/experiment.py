"""The imaging studies over seeds."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric

from crossgap.errors import check_known, find
from crossgap.experiments.engine.experiment import Experiment, Names, Rows, unique
from crossgap.experiments.imaging.study import STUDIES, Study, study_of

PRESETS = ("smoke", "quick", "full")


class Imaging(Experiment):
    """Every study × seed. A study's rows say themselves which sizes they are of, so studies can be added to a
    run and a results file, and each can change alone."""

    over, metric = "studies and seeds", None
    settings, depends = {}, {}
    row_keys: ClassVar = {"settings": str}

    def __init__(self, preset: str, studies: Names = None):
        find("Preset", preset, dict.fromkeys(PRESETS))
        self.preset, self.studies = preset, unique(studies or tuple(STUDIES))
        check_known("Study", self.studies, STUDIES)

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Studies and seeds."""
        return [(study, seed) for seed in range(seeds) for study in self.studies]

    def study(
        self, name: str, folder: Path, seed: int, fabric: lightning_fabric.Fabric, quiet: bool = True
    ) -> Study:  # fmt: skip
        """One seed of a study in a run folder."""
        kind = STUDIES[name]
        return kind(folder, kind.sizes[self.preset], name, seed, fabric, quiet)

    def run(self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, *part: Any) -> Rows:
        """A study's rows of one seed."""
        name, seed = part
        return self.study(name, folder, seed, fabric, quiet).run()

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<study>.png`, what seed 0 of each study shows."""
        for name in self.studies:
            self.study(name, folder, 0, fabric).draw(path.with_name(f"{path.stem}_{name}.png"))

    @staticmethod
    def table(results: dict[str, Any]) -> str:
        """The tables of all studies that have rows, each below its name."""
        there = dict.fromkeys(map(study_of, results["rows"]))
        return "\n\n".join(f"**{name}**\n\n{STUDIES[name].table(name, results)}" for name in there)


def study_table(name: str, results: dict[str, Any]) -> str:
    """The table of one study; nothing where the file has none of its rows yet."""
    kind = STUDIES[name]
    return kind.table(name, results) if kind.rows_in(name, results) else ""


TABLES = {
    f"imaging-{name}-{size}": (f"imaging/{size}.json", partial(study_table, name))
    for name in STUDIES
    for size in ("quick", "full")
}
