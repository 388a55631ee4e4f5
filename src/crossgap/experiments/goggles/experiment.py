"""A frozen policy in another look, over looks and seeds."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric
import numpy as np

from crossgap.core.statistics import paired_difference
from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import check_known, find
from crossgap.experiments.engine.experiment import Experiment, Names, Rows, unique
from crossgap.experiments.engine.goals import by_goals, checked
from crossgap.experiments.engine.markdown import (
    code,
    difference,
    fewer,
    having,
    origin,
    rate_cell,
    seeds_in,
    table,
)
from crossgap.experiments.goggles.presets import GOGGLES_PRESETS, METHODS
from crossgap.experiments.goggles.trial import SOURCE, GogglesTrial
from crossgap.methods.config import as_settings
from crossgap.simulation.xarm7.looks import check_meshes, get_look

TITLES = {
    "policy": "the policy as it is", "goggles": "behind goggles",
    "goggles_without_actions": "behind goggles taught without actions",
    "fine_tuned": "its weights fine-tuned (rival)",
    "augmented_fine_tuned": "its weights fine-tuned on augmented images (rival)",
}  # fmt: skip


BEST_RIVAL = "augmented_fine_tuned"


def goggles_table(results: dict[str, Any]) -> str:
    """Mean success of what acts per look, with the range of the seeds, in Markdown."""
    return _table(results, "test goals", origin(results))


def act_table(results: dict[str, Any]) -> str:
    """The same of LeRobot's ACT, of `examples/act_goggles/act.py`."""
    said = results["provenance"]
    commits = ", ".join(dict.fromkeys(run["commit"] for run in (*said.get("earlier", ()), said)))
    return _table(results, "fresh test goals", f"`examples/act_goggles/act.py`, commit {commits}.")


def _table(results: dict[str, Any], goals: str, made_by: str) -> str:
    rows = having(results["rows"], metric="success")
    looks = sorted({row["domain"] for row in rows}, key=lambda look: (look != SOURCE, look))
    seeds = seeds_in(rows)

    def cell(found: Rows) -> str:
        return rate_cell(found) + fewer(len(found), seeds)

    lines = [
        (TITLES[method] + kind, [cell(having(found, domain=look)) for look in looks])
        for method in METHODS
        for kind, found in by_goals(having(rows, method=method))
    ]
    text = (
        f"Gripper within 5 cm of the goal at the end, mean of {seeds} seeds × {rows[0]['n']} "
        f"{goals} (lowest – highest seed). {made_by}"
    )
    return table("what acts", code(looks), lines, f"{text}{_ahead(rows)}")


def _ahead(rows: Rows) -> str:
    """By how much goggles are ahead of the best rival, on the same goals, by look and kind of goals."""
    said = []
    for look in dict.fromkeys(row["domain"] for row in having(rows, method=BEST_RIVAL)):
        for kind, found in by_goals(having(rows, domain=look)):
            one, other = (
                {row["seed"]: row["won"] for row in having(found, method=method)}
                for method in ("goggles", BEST_RIVAL)
            )
            if seeds := sorted(one.keys() & other.keys()):
                won = (np.array([[*map(int, of[seed])] for seed in seeds]) for of in (one, other))
                said.append("`{}`{} {} ({} to {})".format(look, kind, *difference(paired_difference(*won))))
    about = "Goggles less fine-tuning on augmented images, points, with 95 % intervals over seeds and goals"
    return f" {about}: {'; '.join(said)}." if said else ""


TABLES = {
    "goggles-quick": ("goggles/quick.json", goggles_table), "goggles-act": ("goggles/act.json", act_table)
}  # fmt: skip


class FrozenPolicyInALook(Experiment):
    """Every method × look × seed."""

    over = "looks and seeds"
    trial, table = GogglesTrial, staticmethod(goggles_table)
    row_keys: ClassVar = {"goals": str}

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, goals: Names = None
    ):  # fmt: skip
        sizes, self.goals = find("Preset", preset, GOGGLES_PRESETS), checked(goals)
        self.preset = replace(
            sizes, looks=unique(looks or sizes.looks), methods=unique(methods or sizes.methods)
        )
        for look in self.preset.looks:
            get_look(look)
        check_meshes(self.preset.looks)
        check_known("Method", self.preset.methods, METHODS)
        self.settings = as_settings(replace(self.preset, looks=(), methods=()))

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Looks and seeds."""
        return [(look, seed) for look in self.preset.looks for seed in range(seeds)]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, look: str, seed: int
    ) -> Rows:  # fmt: skip
        """Every method in a look."""
        return GogglesTrial(folder, self.preset, look, seed, fabric, quiet).run(self.goals)

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<look>.png`: frames of both cameras, what goggles make of them, and the source's."""
        for look in self.preset.looks:
            drawn = GogglesTrial(folder, self.preset, look, 0, fabric).pictures()
            contact_sheet(drawn, path.with_name(f"{path.stem}_{look}.png"))
