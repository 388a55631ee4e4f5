"""`crossgap reproduce`: an experiment over seeds, as one results file that grows as its parts are done."""

from pathlib import Path
from typing import Any

from crossgap.base.processes import check_workers, in_parallel, threads_of
from crossgap.base.progress import say
from crossgap.core.fabric import hardware, learning_hardware, single_process
from crossgap.core.results import add_results, prepare
from crossgap.core.runs import find_run, lock_run, open_run, provenance, start
from crossgap.errors import CrossgapError, check_known
from crossgap.experiments.engine.experiment import EXPERIMENTS, Experiment, Rows, Where
from crossgap.methods.registry import SHORTHANDS


def reproduce(
    name: str, preset: str = "quick", seeds: int | None = None, where: Where = Where(),  # noqa: B008
    first_seed: int = 0, **options: Any,
) -> Path:  # fmt: skip
    """Every part of an experiment over seeds; the path of `<results>/<name>/<preset>.json`.

    Killed and started again, it goes on where it was; seeds, and what its options choose, can be added later.

    Args:
        name: of the experiment.
        preset: its size.
        seeds: how many, from 0 on; by default one at presets smoke and quick, three at the others.
        where: run folder, results, workers, device and precision.
        first_seed: those before it are left to another run, and so are pictures that need models, of seed 0;
            plots are of all rows.
        options: what is chosen, by the names in the experiment's entry.

    Raises:
        CrossgapError: no such experiment, preset or choice, no seed to run, or the folder holds another run.
    """
    entry = EXPERIMENTS.find(name)
    check_known(f"Option of {name}", options, entry.options)
    if options.get("methods"):
        options["methods"] = tuple(SHORTHANDS.get(method, method) for method in options["methods"])
    experiment: Experiment = entry.load()(preset, **options)  # type: ignore
    seeds = (1 if preset in ("smoke", "quick") else 3) if seeds is None else seeds
    if seeds < 1:
        raise CrossgapError(f"--seeds must be at least 1; got {seeds}.")
    if not 0 <= first_seed < seeds:
        raise CrossgapError(
            f"--first-seed must be one of the {seeds} of --seeds, from 0 to {seeds - 1}; got {first_seed}."
        )
    check_workers(where.workers)
    experiment.prepare()
    fabric = single_process(where.device, where.precision)
    path = where.results / name / f"{preset}.json"
    depends = (experiment.settings if experiment.depends is None else experiment.depends) | hardware(fabric)
    parts = [part for part in experiment.parts(seeds) if part[-1] >= first_seed]
    on = learning_hardware(fabric) if experiment.learns else hardware(fabric)
    about = {"experiment": name, "preset": preset, **on, "settings": experiment.settings}
    folder = _begin(name, about, on, where, threads_of(where.workers, len(parts)))
    _gather(experiment, folder, parts, where, path, depends)
    experiment.plot(path)
    if first_seed:
        say("Plots are drawn. No pictures: they are of seed 0.")
    else:
        experiment.draw(folder, path, fabric)
    return path


def _begin(name: str, about: dict[str, Any], on: dict[str, str], where: Where, threads: int) -> Path:
    """Make, or go on with, the run folder; nobody else works on it."""
    if where.output:
        folder = open_run(where.output, about, threads)
    else:
        folder = find_run(name, about, threads=threads)
    lock_run(folder)
    say(f"Run folder: {folder}" + (", gone on with" if any(folder.glob("seed_*")) else ""))
    start(folder, preset=about["preset"], **on, threads=threads)
    return folder


def _gather(
    experiment: Experiment, folder: Path, parts: Any, where: Where, path: Path, depends: dict[str, Any]
) -> None:  # fmt: skip
    """Run the parts, and let the results file grow as they are done."""
    prepare(path, depends)  # before anything is trained
    rows: Rows = []
    jobs = [(experiment, folder, where.device, where.precision, *part) for part in parts]
    for found in in_parallel(_run, jobs, where.workers, experiment.over):
        rows += found
        add_results(path, rows, provenance(folder), depends)


def _run(experiment: Experiment, folder: Path, device: str, precision: str, *part: Any) -> Rows:
    *arguments, quiet = part
    return experiment.run(folder, single_process(device, precision), quiet, *arguments)
