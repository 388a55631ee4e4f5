"""Write the report of a run again."""

import pkgutil
from pathlib import Path

from crossgap.base.progress import say
from crossgap.base.signature import check_replaceable
from crossgap.core.runs import read_run
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.experiment import EXPERIMENTS


def _of_training(folder: Path, *chosen: object) -> Path:
    """The report of a training on own data, said; it has nothing to choose."""
    from crossgap.report.training import build_training_report, unfinished

    if any(value is not None for value in chosen):
        raise CrossgapError("The report of a training has one seed, no looks and no --picture.")
    say(f"Report: {(path := build_training_report(folder))}")
    for sentence in unfinished(folder):
        say(f"{sentence} The same command goes on where it was.")
    return path


def report_again(folder: Path, look: str | None, seed: int | None, picture: Path | None) -> Path:
    """Write a report from a run folder, and its rows of images as one PNG where asked to; the report's path.

    Raises:
        CrossgapError: the folder is no run, or one that there is nothing to report on.
    """
    if picture is not None and picture.suffix.lower() != ".png":
        raise CrossgapError(f"--picture {picture} is no PNG. Expected a name that ends in .png.")
    if picture is not None:
        check_replaceable(picture, "--picture")
    from crossgap.report.adaptation import POLICY_RUN  # which loads what makes reports

    run = read_run(folder)["experiment"]
    if run in ("train", POLICY_RUN):
        return _of_training(folder, look, seed, picture)
    places = [e.report for name, e in EXPERIMENTS.items() if e.report and run in (name, *e.runs)]
    if not places:
        raise CrossgapError(f"{folder} is a run of {run}: nothing to report on.")
    config = read_run(folder, needs=("preset", "settings"))
    return pkgutil.resolve_name(places[0])(folder, config, look, seed, picture)
