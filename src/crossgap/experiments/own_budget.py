"""`crossgap budget`: error over the number of labelled target images, on a user's own two data sets."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import lightning_fabric

from crossgap.catalog import Methods, check_pair
from crossgap.config import TaskGANConfig
from crossgap.data import LabelledImages, LabelScale, read_folder
from crossgap.data.images import digest
from crossgap.data.subsets import SPREADS, Budget, choose_budgets, hold_out
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error
from crossgap.experiments.budget import budget_rows, check_methods
from crossgap.experiments.budget_figures import ERROR, plot
from crossgap.experiments.budget_presets import COUNTS
from crossgap.experiments.budget_tables import terminal_table
from crossgap.experiments.results import add_results
from crossgap.files import once, read_json
from crossgap.progress import console, track
from crossgap.runs import check_seed, lock_run, open_run, provenance, start, timed
from crossgap.training import Trainer, hardware, single_process


def budget_on_folders(
    source: Path, target: Path, output: Path, methods: tuple[str, ...], counts: tuple[int, ...] | None,
    spread: str, held_out: float, seed: int, labels: tuple[str, ...] | None, randomized: Path | None,
    device: str, precision: str, config: TaskGANConfig,
) -> Path:  # fmt: skip
    """Train each method on growing numbers of target images, print the errors, and write them.

    `<output>/budget.json` has them as flat rows, `<output>/budget.png` as a plot, both with what earlier runs
    in this folder measured; every model is in `<output>/<kind>_<number>/models/`. Killed and started again,
    it goes on where it was.

    Raises:
        CrossgapError: bad data, an unknown method, a number of images above what is left to train with,
            too few episodes, or `output` holds another run.
    """
    needs = ("unlabelled", *(("randomized", "randomized_per_frame") if randomized else ()))
    methods, seed = check_methods(methods, needs), check_seed(seed)
    fabric = single_process(device, precision)
    data = read_folder(source, labels, track), read_folder(target, labels, track)
    check_pair(*data)
    if not data[1].label_names:
        raise CrossgapError(f"{target} has no labels. A label budget needs labelled target images.")
    held = hold_out(data[1].episodes, held_out, seed)
    looks = read_folder(randomized, labels, track) if randomized else None
    spreads = tuple(SPREADS) if spread == "both" else (spread,)
    pool = data[1].select(~held)
    budgets = choose_budgets(pool.episodes, default_counts(len(pool)) if counts is None else counts,
                             spreads, seed)  # fmt: skip
    trainings = _Trainings(output, data[0], pool, data[1].select(held), looks, config, seed, fabric)
    whole = trainings.methods(pool, output)
    for method in methods:
        whole.check(method)  # all that can be wrong, before a run folder is there
    settings = {
        "experiment": "budget", "source": str(source.resolve()), "target": str(target.resolve()),
        "randomized": randomized and str(randomized.resolve()),
        "digests": [digest(images) for images in (*data, looks) if images is not None],
        "labels": list(data[0].label_names), "held_out": held_out, "seed": seed, **hardware(fabric),
        "config": asdict(config),
    }  # fmt: skip
    open_run(output, settings)
    lock_run(output)
    start(output, **hardware(fabric))
    rows = [row for budget in budgets for row in trainings.rows(budget, methods)]
    path = add_results(output / "budget.json", rows, provenance(output), settings)
    rows = read_json(path, "results")["rows"]
    plot(rows, ERROR, output / "budget.png")
    console.print(terminal_table(rows))
    return path


def default_counts(available: int) -> tuple[int, ...]:
    """The numbers of the built-in experiment that are clearly below what there is, and all there is."""
    return (*(count for count in COUNTS if count <= 0.8 * available), available)


class _Trainings:
    """The trainings of one run, each done once and kept in its folder; f_X is shared."""

    def __init__(
        self, root: Path, source: LabelledImages, pool: LabelledImages, test: LabelledImages,
        randomized: LabelledImages | None, config: TaskGANConfig, seed: int, fabric: lightning_fabric.Fabric,
    ):  # fmt: skip
        self.root, self.source, self.pool, self.test, self.config = root, source, pool, test, config
        self.seed, self.scale = seed, LabelScale.of(source)
        self.extra = {"unlabelled": pool.without_labels()}
        if randomized is not None:
            self.extra |= {"randomized": randomized, "randomized_per_frame": randomized}
        self.trainer = partial(Trainer, fabric=fabric, seed=seed)

    def rows(self, budget: Budget, methods: tuple[str, ...]) -> list[dict[str, Any]]:
        """The errors of the methods with one budget; with no images that of f_X as it is."""
        result = []
        for method in methods if budget.images else ("source_only",):
            folder = self.root / (budget.name if budget.images else "source")
            path = folder / "evaluation" / f"{method}.json"
            errors = once(path, partial(self._error, budget, method, folder))
            result += budget_rows("target", budget, method, self.seed, errors)
        return result

    def _error(self, budget: Budget, method: str, folder: Path) -> dict[str, dict[str, float]]:
        target = self.pool.select(budget.rows) if budget.images else self.pool
        models = self.methods(target, folder)
        with timed(self.root, f"train {method}"):
            model = models.get(method)
        with timed(self.root, "evaluate"):
            return {ERROR.metric: offline_error(model.predict, self.test, self.scale)}

    def methods(self, target: LabelledImages, folder: Path) -> Methods:
        """What trains every method on some of the target images, in a folder."""
        return Methods(
            self.source, target, self.config, self.trainer(folder),
            source_trainer=self.trainer(self.root / "source"),
            extra={key: partial(self.extra.__getitem__, key) for key in self.extra},
        )  # fmt: skip
