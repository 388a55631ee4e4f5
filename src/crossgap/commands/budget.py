"""`crossgap budget`: error over the number of labelled target images, on a user's own two data sets."""

from functools import partial
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np

from crossgap.base.files import once
from crossgap.base.progress import console, say
from crossgap.commands.options import Beside, BudgetOptions
from crossgap.commands.own_data import OwnData, check_given, check_used, read_own_data
from crossgap.core.fabric import hardware, single_process
from crossgap.core.results import add_results, read_rows, with_threads
from crossgap.core.runs import check_seed, keep_extra, lock_run, open_run, provenance, start, timed
from crossgap.core.trainer import Trainer
from crossgap.data import Classes, LabelledImages
from crossgap.data.subsets import SPREADS, Budget, check_counts, check_share, choose_budgets, hold_out
from crossgap.deploy.adapted import weights_of
from crossgap.errors import CrossgapError
from crossgap.evaluation import AGGREGATE, offline_error
from crossgap.experiments.budget.figures import ERROR, ERROR_RATE, LEGEND, plot
from crossgap.experiments.budget.presets import BUDGET_METHODS, COUNTS
from crossgap.experiments.budget.tables import terminal_table
from crossgap.experiments.budget.trial import budget_rows, check_methods
from crossgap.methods.config import TaskGANConfig, as_settings
from crossgap.methods.methods import Methods
from crossgap.methods.registry import SHORTHANDS

FEW = 5
"""Held-out episodes, below which a run says that it has few."""


def budget_on_folders(options: BudgetOptions, config: TaskGANConfig) -> Path:
    """Train each method on growing numbers of target images, print the errors, and write them.

    `<output>/budget.json` has them as flat rows, `<output>/budget.png` as a plot, both with what earlier runs
    in this folder measured; every model is in `<output>/<kind>_<number>/models/`. Killed and started again,
    it goes on where it was.

    Raises:
        CrossgapError: bad data, an unknown method, a number of images above what is left to train with,
            too few episodes, or the run folder holds another run.
    """
    methods = check_methods([SHORTHANDS.get(name, name) for name in options.methods or BUDGET_METHODS])
    seed, held_out, output = check_seed(options.seed), check_share(options.held_out), options.output
    for method in methods:
        check_given(method, {"randomized": options.randomized})
    check_used(methods, {"unlabelled": options.unlabelled, "randomized": options.randomized})
    if (counts := options.counts) is not None:
        check_counts(counts)
    fabric = single_process(options.device, options.precision)
    beside = Beside(unlabelled=options.unlabelled, randomized=options.randomized)
    data = read_own_data(options, beside)
    if not data.target.label_names:
        raise CrossgapError(f"{options.target} has no labels. A label budget needs labelled target images.")
    held = hold_out(data.target.episodes, held_out, seed)
    spreads = tuple(SPREADS) if options.spread == "both" else (options.spread,)
    data, test = data.hold_out(held)
    pool = data.target
    if (count := len(np.unique(test.episodes))) < FEW:
        say(f"{count} held-out episodes say little: --held-out keeps more of them.")
    budgets = choose_budgets(pool.episodes, default_counts(len(pool)) if counts is None else counts,
                             spreads, seed)  # fmt: skip
    trainings = _Trainings(output, data, test, config, seed, fabric)
    whole = trainings.methods(pool, output)
    for method in methods:
        whole.check(method)  # all that can be wrong, before a run folder is there
    settings = {
        "experiment": "budget", **data.about, "held_out": held_out, "seed": seed, **hardware(fabric),
        "config": as_settings(config),
    }  # fmt: skip
    open_run(output, settings)
    lock_run(output)
    keep_extra(output, data.extra_settings(methods))
    data.keep_seen(output)
    start(output, **hardware(fabric))
    rows = [row for budget in budgets for row in trainings.rows(budget, methods)]
    data_sets = {key: {**settings[key], "path": None} for key in ("source", "target")}  # may be moved
    path = add_results(output / "budget.json", rows, provenance(output), settings | data_sets)
    rows = read_rows(path)
    plot(rows, trainings.measure, output / "budget.png")
    console.print(terminal_table(rows, trainings.measure))
    say(f"Results: {path}, plot: {path.with_suffix('.png')}, models: {output / 'KIND_NUMBER' / 'models'}")
    return path


def default_counts(available: int) -> tuple[int, ...]:
    """The numbers of the built-in experiment that are clearly below what there is, and all there is."""
    return (*(count for count in COUNTS if count <= 0.8 * available), available)


class _Trainings:
    """The trainings of one run, each done once and kept in its folder; f_X is shared."""

    def __init__(
        self, root: Path, data: OwnData, test: LabelledImages, config: TaskGANConfig, seed: int,
        fabric: lightning_fabric.Fabric,
    ):  # fmt: skip
        self.root, self.data, self.test, self.config, self.seed = root, data, test, config, seed
        self.measure = ERROR_RATE if isinstance(data.scale, Classes) else ERROR
        self.trainer = partial(Trainer, fabric=fabric, seed=seed)

    def rows(self, budget: Budget, methods: tuple[str, ...]) -> list[dict[str, Any]]:
        """The errors of the methods with one budget; with no images that of f_X as it is."""
        result = []
        for method in methods if budget.images else ("source_only",):
            folder = self.root / (budget.name if budget.images else "source")
            path, model = folder / "evaluation" / f"{method}.json", folder / "models" / method
            measure, of = partial(self._error, budget, method, folder), partial(weights_of, model)
            errors = once(path, measure, "evaluation", AGGREGATE, of=of)
            result += budget_rows("target", budget, method, self.seed, errors)
        return result

    def _error(self, budget: Budget, method: str, folder: Path) -> dict[str, dict[str, float]]:
        pool = self.data.target
        target = pool.select(budget.rows) if budget.images else pool
        chosen = f"{LEGEND[budget.spread]} ({budget.episodes})" if budget.images else "the source model"
        say(f"{budget.images} labelled target images: {chosen}: {method}")
        models = self.methods(target, folder)
        with timed(self.root, f"train {method}"):
            model = models.get(method)
        with timed(self.root, "evaluate"):
            figures = {self.measure.metric: offline_error(model.predict, self.test, self.data.scale)}
        return with_threads(figures, model.made_of.get("threads"))

    def methods(self, target: LabelledImages, folder: Path) -> Methods:
        """What trains every method on some of the target images, in a folder."""
        return self.data.methods(
            self.config, self.trainer(folder), self.trainer(self.root / "source"), target
        )
