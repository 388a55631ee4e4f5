"""The Mico experiment over numbers of target images and seeds."""

from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import CrossgapError, check_known, find
from crossgap.experiments.engine.experiment import Experiment, Names, Numbers, Rows, unique
from crossgap.experiments.engine.markdown import error_cell, having, origin, seeds_in, table
from crossgap.experiments.mico.figures import NAMES, curve
from crossgap.experiments.mico.presets import MICO_PRESETS
from crossgap.experiments.mico.trial import BENCHMARK, DEFAULT_METHODS, DRAWINGS, EVERY_METHOD, MicoTrial
from crossgap.experiments.taskgan.presets import with_task_norm
from crossgap.methods.config import TaskNorm, as_settings
from crossgap.methods.registry import METHODS


def error_table(results: dict[str, Any]) -> str:
    """Figure 12 of the TaskGAN paper: the Mico's error per method and number of target images."""
    rows = having(results["rows"], metric="angle_l2")
    numbers = sorted({row["images"] for row in rows} - {0})

    def cells(found: Rows) -> list[str]:
        if any(row["images"] for row in found):
            return [error_cell(having(found, images=n)) for n in numbers]
        return [error_cell(found), *[""] * (len(numbers) - 1)]

    norms = sorted({row.get("task_norm", "") for row in rows})
    lines = [
        (_called(method, norm), cells(found))
        for norm in norms
        for method in (*BENCHMARK, *EVERY_METHOD)  # whichever run came first
        if (found := [row for row in having(rows, method=method) if row.get("task_norm", "") == norm])
    ]
    text = f"rad², mean of {seeds_in(rows)} seeds × {rows[0]['n']:,} test images (lowest – highest seed)."
    return table("trained how", (f"{n:,}" for n in numbers), lines, f"{text} {origin(results)}")


def _called(method: str, norm: str) -> str:
    name = NAMES.get(method) or METHODS[method].about
    return f"{name}; {norm} norm in the task model" if norm else name


TABLES = {"mico-quick": ("mico/quick.json", error_table), "mico-full": ("mico/full.json", error_table)}


class Mico(Experiment):
    """Every method × number of target images × seed."""

    over = "numbers of images and seeds"
    metric = "angle_l2"
    row_keys: ClassVar = {"images": int, "task_norm": str}
    table = staticmethod(error_table)

    def __init__(
        self, preset: str, methods: Names = None, counts: Numbers = None, task_norm: TaskNorm | None = None
    ):
        sizes = find("Preset", preset, MICO_PRESETS)
        self.preset = sizes if task_norm is None else with_task_norm(sizes, task_norm)
        self.methods = unique(methods or DEFAULT_METHODS)
        self.counts = unique(counts or self.preset.target_images)
        check_known("Method of the Mico", self.methods, EVERY_METHOD)
        most = max(self.preset.target_images)
        for count in self.counts:
            if not 1 <= count <= most:
                raise CrossgapError(f"--counts must be from 1 to {most}, the preset's most; got {count}.")
        self.settings, self.depends = as_settings(self.preset), as_settings(sizes)  # rows say their norm

    def parts(self, seeds: int) -> list[tuple[int, int]]:
        """Numbers of images and seeds, the largest first: no worker is left alone with it at the end."""
        numbers = (0, *sorted(self.counts, reverse=True))
        return [(images, seed) for images in numbers for seed in range(seeds)]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, images: int, seed: int
    ) -> Rows:  # fmt: skip
        """Every method with that many target images."""
        return MicoTrial(folder, self.preset, seed, fabric, quiet, self.methods).run(images)

    @staticmethod
    def plot(path: Path) -> list[Path]:
        """`<preset>_curve.png`, the error over the number of images (of `figures.NAMES`)."""
        rows = [row for row in read_rows(path) if "task_norm" not in row]
        return [curve(rows, path.with_name(f"{path.stem}_curve.png"))]

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_pictures.png` and `_others.png`, what the translators of seed 0 make of test images."""
        trial, norm = MicoTrial(folder, self.preset, 0, fabric), self.preset.config.networks.task_norm
        normed = "" if norm == "none" else f"_{norm}_norm"
        for end, translators in DRAWINGS.items():
            if pictures := trial.pictures(translators):
                contact_sheet(pictures, path.with_name(f"{path.stem}{normed}{end}.png"))
