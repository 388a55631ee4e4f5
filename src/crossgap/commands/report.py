"""Write the report of a run again."""

import pkgutil
from pathlib import Path

from crossgap.core.runs import read_run
from crossgap.errors import CrossgapError
from crossgap.experiments.engine.experiment import EXPERIMENTS


def report_again(folder: Path, look: str | None, seed: int | None, picture: Path | None) -> Path:
    """Write a report from a run folder, and its rows of images as one PNG where asked to; the report's path.

    Raises:
        CrossgapError: the folder is no run, or one that there is nothing to report on.
    """
    if picture is not None and picture.suffix.lower() != ".png":
        raise CrossgapError(f"--picture {picture} is no PNG. Expected a name that ends in .png.")
    run = read_run(folder)["experiment"]
    places = [e.report for name, e in EXPERIMENTS.items() if e.report and run in (name, *e.runs)]
    if not places:
        raise CrossgapError(f"{folder} is a run of {run}: nothing to report on.")
    config = read_run(folder, needs=("preset", "settings"))
    return pkgutil.resolve_name(places[0])(folder, config, look, seed, picture)
