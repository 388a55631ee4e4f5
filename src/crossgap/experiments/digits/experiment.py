"""The digits over target domains and seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightning_fabric

from crossgap.errors import check_known, find
from crossgap.experiments.digits import DigitsOptions
from crossgap.experiments.digits.presets import ALL_DIGITS_METHODS, DIGITS_PRESETS, settled
from crossgap.experiments.digits.tables import accuracy_table
from crossgap.experiments.digits.trial import TARGETS, DigitsTrial, fetch
from crossgap.experiments.engine.experiment import Experiment, Rows, unique
from crossgap.report.pictures import gallery


class Digits(Experiment):
    """Every method × target domain × seed."""

    over = "domains and seeds"
    metric = "accuracy"
    table = staticmethod(accuracy_table)

    def __init__(self, preset: str, options: DigitsOptions):
        sizes = find("Preset", preset, DIGITS_PRESETS)
        self.preset = replace(sizes, methods=unique(options.methods or sizes.methods))
        self.domains = unique(options.looks or tuple(TARGETS))
        check_known("Method of the digits", self.preset.methods, ALL_DIGITS_METHODS)
        check_known("Target domain", self.domains, TARGETS)
        self.settings = settled(sizes)

    def prepare(self) -> None:
        """The source's images.

        Raises:
            CrossgapError: they cannot be had.
        """
        fetch()

    def parts(self, seeds: int) -> list[tuple[str, int]]:
        """Domains and seeds."""
        return [(domain, seed) for seed in range(seeds) for domain in self.domains]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, domain: str, seed: int
    ) -> Rows:  # fmt: skip
        """Every method in a domain."""
        return DigitsTrial(folder, self.preset, domain, seed, fabric, quiet).run()

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<domain>.png`, what the translators of seed 0 make of digits."""
        for domain in self.domains:
            pictures = DigitsTrial(folder, self.preset, domain, 0, fabric).pictures()
            gallery(pictures, path.with_name(f"{path.stem}_{domain}.png"))
