"""The Mico experiment over numbers of target images and seeds."""

from __future__ import annotations

from pathlib import Path

import lightning_fabric

from crossgap.core.results import read_rows
from crossgap.errors import find
from crossgap.experiments.engine.experiment import Experiment, Rows, unique
from crossgap.experiments.mico import MicoOptions
from crossgap.experiments.mico.figures import curve
from crossgap.experiments.mico.presets import MICO_PRESETS
from crossgap.experiments.mico.tables import error_table
from crossgap.experiments.mico.trial import DEFAULT_METHODS, PICTURED, MicoTrial, check_selection
from crossgap.methods.config import as_settings
from crossgap.report.pictures import gallery


class Mico(Experiment):
    """Every method × number of target images × seed."""

    over = "numbers of images and seeds"
    metric = "angle_l2"
    table = staticmethod(error_table)

    def __init__(self, preset: str, options: MicoOptions):
        self.preset = find("Preset", preset, MICO_PRESETS)
        self.methods = unique(options.methods or DEFAULT_METHODS)
        self.counts = unique(options.counts or self.preset.target_images)
        check_selection(self.methods, self.counts, max(self.preset.target_images))
        self.settings = as_settings(self.preset)

    def parts(self, seeds: int) -> list[tuple[int, int]]:
        """Numbers of images and seeds, the largest first: no worker is left alone with it at the end."""
        numbers = (0, *sorted(self.counts, reverse=True))
        return [(images, seed) for images in numbers for seed in range(seeds)]

    def run(
        self, folder: Path, fabric: lightning_fabric.Fabric, quiet: bool, images: int, seed: int
    ) -> Rows:  # fmt: skip
        """Every method with that many target images."""
        return MicoTrial(folder, self.preset, seed, fabric, quiet, self.methods).run(images)

    def draw(self, folder: Path, path: Path, fabric: lightning_fabric.Fabric) -> None:
        """`<preset>_curve.png`, the error over the number of images (of `figures.NAMES`), and
        `<preset>_pictures.png` and `_others.png`, what the translators of seed 0 make of test images."""
        curve(read_rows(path), path.with_name(f"{path.stem}_curve.png"))
        trial = MicoTrial(folder, self.preset, 0, fabric)
        for end, translators in PICTURED.items():
            if pictures := trial.pictures(translators):
                gallery(pictures, path.with_name(f"{path.stem}{end}.png"))
