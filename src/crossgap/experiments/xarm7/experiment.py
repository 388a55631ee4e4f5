"""The xArm7 that reaches, over configurations and seeds."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric
import numpy as np

from crossgap.core.results import read_rows
from crossgap.errors import find
from crossgap.experiments.engine.experiment import Experiment, Names, unique
from crossgap.experiments.engine.goals import by_goals, checked
from crossgap.experiments.engine.markdown import code, having, origin, rate_cell, seeds_in, table
from crossgap.experiments.xarm7.figures import distance_histograms, learning_curves, region_map
from crossgap.experiments.xarm7.presets import XARM7_PRESETS, settled
from crossgap.experiments.xarm7.report import (
    episodes_by_domain,
    evaluated_trials,
    first_configuration,
    xarm7_report,
)
from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS, domains_of
from crossgap.experiments.xarm7.trial import XArm7Trial
from crossgap.simulation.xarm7.looks import check_meshes


def reach_table(results: dict[str, Any]) -> str:
    """Mean success per configuration and domain of the xArm7, with the range of the seeds, in Markdown."""
    rows = having(results["rows"], metric="success")
    domains = [name for name in DOMAINS if having(rows, domain=name)]

    def learnt(method: str) -> str:
        steps = [row["value"] for row in having(results["rows"], metric="steps_to_learn", method=method)]
        every = bool(steps) and len(steps) == seeds_in(rows, method=method)
        return f"{np.mean(steps):,.0f} ({min(steps):,}–{max(steps):,})" if every else "–"

    lines = [
        (f"`{m}`{kind}", [*(rate_cell(having(found, domain=d)) for d in domains), "" if kind else learnt(m)])
        for m in sorted({row["method"] for row in rows}, key=_configuration)
        for kind, found in by_goals(having(rows, method=m))
    ]
    text = (
        f"Success at 5 cm, mean of {seeds_in(rows)} seeds × {rows[0]['n']} test goals (lowest – highest "
        "seed). The last column: environment steps until 80 % of the validation goals are reached, – where a "
        f"seed never did, or nothing was learnt anew. {origin(results)}"
    )
    return table("configuration", [*code(domains), "steps to 80 %"], lines, text)


def _configuration(method: str) -> tuple[int, str]:
    """Order of the configurations, what was made of one right after it."""
    base = method.removesuffix("_goggles").removesuffix("_fine_tuned")
    return list(SETUPS).index(base), method


TABLES = {"xarm7-quick": ("xarm7/quick.json", reach_table), "xarm7-full": ("xarm7/full.json", reach_table)}


class XArm7(Experiment):
    """Every configuration × domain × seed."""

    over = "configurations and seeds"
    learns = True
    table = staticmethod(reach_table)
    row_keys: ClassVar = {"environment_steps": int, "goals": str}

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, goals: Names = None
    ):  # fmt: skip
        sizes = find("Preset", preset, XARM7_PRESETS)
        self.trial = partial(XArm7Trial, goals=checked(goals))
        self.preset = replace(sizes, domains=unique(looks or sizes.domains))
        self.setups = unique(methods or sizes.setups)
        for setup in self.setups:
            domains_of(find("Configuration", setup, SETUPS), self.preset.domains)
        check_meshes(self.preset.domains)
        self.settings = settled(self.preset)

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Configurations and seeds."""
        return [(setup, seed) for setup in self.setups for seed in range(seeds)]

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """`<preset>_curves.png`, success over environment steps."""
        beside = path.with_name(f"{path.stem}_curves.png")
        return [learning_curves(read_rows(path), list(SETUPS), beside)]

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """Of the first configuration's episodes `<preset>_regions.png`, where in the workspace it reaches its
        goals, and `<preset>_distances.png`. The run folder gets a report with films."""
        episodes = episodes_by_domain(first_configuration(evaluated_trials(folder, self.preset, fabric)))
        region_map(episodes, path.with_name(f"{path.stem}_regions.png"))
        distance_histograms(episodes, path.with_name(f"{path.stem}_distances.png"))
        xarm7_report(folder)
