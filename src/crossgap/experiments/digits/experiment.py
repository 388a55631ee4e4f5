"""The digits over target domains and seeds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import check_known, find
from crossgap.experiments.digits import trial
from crossgap.experiments.digits.presets import ALL_DIGITS_METHODS, DIGITS_PRESETS
from crossgap.experiments.digits.trial import TARGETS, DigitsTrial
from crossgap.experiments.engine.experiment import Experiment, Names, unique
from crossgap.experiments.engine.markdown import having, origin, rate_cell, seeds_in, table
from crossgap.experiments.taskgan.presets import as_json
from crossgap.methods.registry import METHODS


def accuracy_table(results: dict[str, Any]) -> str:
    """Mean test accuracy per method and target domain of the digits, with the range of the seeds."""
    rows = having(results["rows"], metric="accuracy")
    tested = {row["domain"]: row["n"] for row in rows}
    lines = [
        (METHODS[m].about, [rate_cell(having(rows, method=m, domain=d), 1) for d in tested])
        for m in ALL_DIGITS_METHODS  # in whatever order they were run
        if having(rows, method=m)
    ]
    text = (
        f"Test accuracy, mean of {seeds_in(rows)} seeds (lowest – highest); every seed's Wilson interval is "
        f"in the file. {origin(results)}"
    )
    return table("trained how", (f"`{domain}`, {n:,} images" for domain, n in tested.items()), lines, text)


TABLES = {f"digits-{size}": (f"digits/{size}.json", accuracy_table) for size in ("quick", "full")}


class Digits(Experiment):
    """Every method × target domain × seed."""

    over = "domains and seeds"
    metric, trial = "accuracy", DigitsTrial
    table = staticmethod(accuracy_table)

    def __init__(self, preset: str, looks: Names = None, methods: Names = None):
        sizes = find("Preset", preset, DIGITS_PRESETS)
        self.preset = replace(sizes, methods=unique(methods or sizes.methods))
        self.domains = unique(looks or tuple(TARGETS))
        check_known("Method of the digits", self.preset.methods, ALL_DIGITS_METHODS)
        check_known("Target domain", self.domains, TARGETS)
        self.settings = as_json(sizes)

    def prepare(self) -> None:
        """The source's images.

        Raises:
            CrossgapError: they cannot be had.
        """
        trial.SOURCE("train")

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Domains and seeds."""
        return [(domain, seed) for seed in range(seeds) for domain in self.domains]

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<domain>.png`, what the translators of seed 0 make of digits."""
        for domain in self.domains:
            pictures = DigitsTrial(folder, self.preset, domain, 0, fabric).pictures()
            contact_sheet(pictures, path.with_name(f"{path.stem}_{domain}.png"))
