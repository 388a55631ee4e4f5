"""Pick & Place over seeds."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.errors import check_known, find
from crossgap.experiments.engine.experiment import Experiment, Names, Rows, unique
from crossgap.experiments.engine.goals import by_goals, checked
from crossgap.experiments.engine.markdown import code, having, origin, rate_cell, seeds_in, table
from crossgap.experiments.pick_place.presets import PICK_PLACE_PRESETS, SETUPS
from crossgap.experiments.pick_place.trial import PickPlaceTrial
from crossgap.experiments.xarm7.figures import learning_curves
from crossgap.simulation.xarm7.looks import check_meshes, get_look


def pick_place_table(results: dict[str, Any]) -> str:
    """Mean success per method and look of Pick & Place, with the range of the seeds, in Markdown."""
    rows = having(results["rows"], metric="success")
    domains = list(dict.fromkeys(row["domain"] for row in rows))
    lines = [
        (f"`{method}`{kind}", [rate_cell(having(found, domain=domain)) for domain in domains])
        for method in SETUPS
        for kind, found in by_goals(having(rows, method=method))
    ]
    text = (
        f"Cube within 5 cm of the goal, mean of {seeds_in(rows)} seeds × {rows[0]['n']} test goals (lowest – "
        f"highest seed). {origin(results)}"
    )
    return table("method", code(domains), lines, text)


TABLES = {"pick-place-quick": ("pick_place/quick.json", pick_place_table)}


class PickPlace(Experiment):
    """Every method × look × seed."""

    over = "seeds"
    learns = True
    row_keys: ClassVar = {"environment_steps": int, "goals": str}
    table = staticmethod(pick_place_table)

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, goals: Names = None
    ):  # fmt: skip
        sizes, self.goals = find("Preset", preset, PICK_PLACE_PRESETS), checked(goals)
        self.preset = replace(
            sizes, looks=unique(looks or sizes.looks), methods=unique(methods or sizes.methods)
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
        return PickPlaceTrial(folder, self.preset, seed, fabric, quiet).run(self.goals)

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """`<preset>_curves.png`, success over environment steps."""
        beside = path.with_name(f"{path.stem}_curves.png")
        return [learning_curves(read_rows(path), list(SETUPS), beside)]
