"""The digits over target domains and seeds."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric

from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import CrossgapError, check_known, find
from crossgap.experiments.digits import trial
from crossgap.experiments.digits.presets import ALL_DIGITS_METHODS, DIGITS_PRESETS
from crossgap.experiments.digits.trial import TARGETS, DigitsTrial
from crossgap.experiments.engine.experiment import Experiment, Names, Numbers, Rows, unique
from crossgap.experiments.engine.markdown import having, origin, rate_cell, seeds_in, table
from crossgap.experiments.taskgan.presets import as_json, with_task_norm
from crossgap.methods.config import TaskNorm
from crossgap.methods.registry import METHODS


def accuracy_table(results: dict[str, Any]) -> str:
    """Mean test accuracy per method and target domain of the digits, with the range of the seeds."""
    columns: dict[str, Rows] = {}
    for row in having(results["rows"], metric="accuracy"):
        columns.setdefault(_column(row), []).append(row)
    rows = [row for column in columns.values() for row in column]
    lines = [
        (METHODS[m].about, [rate_cell(having(column, method=m), 1) for column in columns.values()])
        for m in ALL_DIGITS_METHODS  # in whatever order they were run
        if having(rows, method=m)
    ]
    text = (
        f"Test accuracy, mean of {seeds_in(rows)} seeds (lowest – highest); every seed's Wilson interval is "
        f"in the file. {origin(results)}"
    )
    return table("trained how", columns, lines, text)


def _column(row: dict[str, Any]) -> str:
    """The title of a row's column."""
    labels = f", {row['labels']:,} labels" if "labels" in row else ""
    placed = ", digits placed at random" if "geometry" in row else ""
    normed = f", {row['task_norm']} norm in the task model" if "task_norm" in row else ""
    return f"`{row['domain']}`, {row['n']:,} images{labels}{placed}{normed}"


TABLES = {f"digits-{size}": (f"digits/{size}.json", accuracy_table) for size in ("quick", "full")}


class Digits(Experiment):
    """Every method × target domain × seed."""

    over = "domains and seeds"
    metric, trial = "accuracy", DigitsTrial
    table = staticmethod(accuracy_table)
    row_keys: ClassVar = {"labels": int, "geometry": float, "task_norm": str}

    def __init__(
        self, preset: str, looks: Names = None, methods: Names = None, labels: Numbers = None,
        geometry: float | None = None, task_norm: TaskNorm | None = None,
    ):  # fmt: skip
        sizes = find("Preset", preset, DIGITS_PRESETS)
        config = replace(sizes.config, geometry=geometry) if geometry else sizes.config
        sized = replace(sizes, methods=unique(methods or sizes.methods), config=config)
        self.preset = sized if task_norm is None else with_task_norm(sized, task_norm)
        self.labels = unique(labels or (None,))
        self.domains = unique(looks or tuple(TARGETS))
        check_known("Method of the digits", self.preset.methods, ALL_DIGITS_METHODS)
        check_known("Target domain", self.domains, TARGETS)
        if wrong := [str(count) for count in labels or () if count < 1]:
            raise CrossgapError(f"--labels must be 1 or more; got {', '.join(wrong)}.")
        self.settings = as_json(self.preset)
        self.depends = as_json(sizes)  # rows say what else was chosen

    def prepare(self) -> None:
        """The source's images.

        Raises:
            CrossgapError: they cannot be had.
        """
        trial.SOURCE("train")

    def parts(self, seeds: int) -> list[tuple[str, int | None, int]]:
        """Domains, numbers of labelled images and seeds."""
        return [
            (domain, count, seed) for seed in range(seeds) for domain in self.domains for count in self.labels
        ]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, domain: str, labels: int | None,
        seed: int,
    ) -> Rows:  # fmt: skip
        """The methods with so many labels."""
        return DigitsTrial(folder, self.preset, domain, seed, fabric, quiet, labels=labels).run()

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_<domain>.png`, what the translators of seed 0 make of digits."""
        for domain in self.domains:
            pictures = DigitsTrial(folder, self.preset, domain, 0, fabric, labels=self.labels[0]).pictures()
            placed = "_placed" if self.preset.config.geometry else ""
            norm = self.preset.config.networks.task_norm
            normed = "" if norm == "none" else f"_{norm}_norm"
            contact_sheet(pictures, path.with_name(f"{path.stem}_{domain}{placed}{normed}.png"))
