"""The table of Robot 1 over gaps and seeds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.errors import check_known, find
from crossgap.experiments.engine.experiment import Experiment, Names, Rows, unique
from crossgap.experiments.engine.markdown import code, having, origin, rate_cell, seeds_in, table
from crossgap.experiments.rl_cyclegan.many_steps import MANY_SIZES, ManyTrial
from crossgap.experiments.rl_cyclegan.methods import METHODS
from crossgap.experiments.rl_cyclegan.presets import ONCE_SIZES, STUDIES
from crossgap.experiments.rl_cyclegan.trial import OnceTrial


def once_table(results: dict[str, Any]) -> str:
    """Success by method and gap, with the range of the seeds, in Markdown."""
    rows = having(results["rows"], metric="success")
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    lines = [
        (title, [rate_cell(having(rows, method=method, domain=domain)) for domain in domains])
        for method, title in (*((name, made[0]) for name, made in METHODS.items()), ("qt_opt", "QT-Opt"))
        if having(rows, method=method)
    ]
    text = (
        f"Something held above the bin, mean of {seeds_in(rows)} seeds × {rows[0]['n']} grasps of unseen "
        f"things, each in a fresh bin (lowest – highest seed). {origin(results)}"
    )
    return table("method", code(domains), lines, text)


MANY = "many_steps"
"""The study of QT-Opt in many steps, and its domain."""
TABLES = {"rl-cyclegan-once-quick": ("rl_cyclegan/quick.json", once_table)}


class Grasping(Experiment):
    """Every gap × seed, all methods in each."""

    over = "gaps and seeds"
    trial = OnceTrial
    table = staticmethod(once_table)

    def __init__(self, preset: str, studies: Names = None, methods: Names = None):
        self.preset = find("Preset", preset, ONCE_SIZES)
        self.studies = unique(studies or ("robot1",))
        check_known("Study", self.studies, (*STUDIES, MANY))
        self.cells: dict[str, tuple[str, ...]] = {}
        for gaps, compared in (STUDIES[study] for study in self.studies if study != MANY):
            for gap in gaps:
                asked = methods or compared or tuple(METHODS)
                self.cells[gap] = unique((*self.cells.get(gap, ()), *asked))
        check_known("Method", unique(sum(self.cells.values(), ())), METHODS)
        self.preset_name = preset
        self.settings = asdict(self.preset)

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Gaps and seeds."""
        domains = *self.cells, *((MANY,) if MANY in self.studies else ())
        return [(domain, seed) for seed in range(seeds) for domain in domains]

    def run(self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, *part: Any) -> Rows:
        """The methods in a gap, or QT-Opt in many steps."""
        gap, seed = part
        if gap == MANY:
            return ManyTrial(folder, MANY_SIZES[self.preset_name], gap, seed, fabric, quiet).run()
        made = {name: METHODS[name][1] for name in METHODS if name in self.cells[gap]}
        return OnceTrial(folder, self.preset, gap, seed, fabric, quiet).run(made)

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """Nothing yet."""
