"""`crossgap demo`: the main job, from nothing to a report."""

from __future__ import annotations

from pathlib import Path

from crossgap.config import as_json, get_preset
from crossgap.experiments.run_report import write_report
from crossgap.experiments.taskgan import TaskGANExperiment
from crossgap.files import once
from crossgap.progress import console
from crossgap.runs import find_run, open_run, origin, provenance
from crossgap.simulation.looks import get_look
from crossgap.training import make_fabric


def run_demo(
    look: str, preset: str, seed: int, output: Path | None, fresh: bool, device: str, precision: str
) -> Path:  # fmt: skip
    """Run what is not done yet and write the report; its path.

    Raises:
        CrossgapError: an unknown look or preset, or `output` holds another run.
    """
    get_look(look)
    config = {
        "experiment": "demo", "preset": preset, "look": look, "seed": seed,
        "settings": as_json(get_preset(preset)),
    }  # fmt: skip
    folder = open_run(output, config) if output else find_run("demo", config, fresh=fresh)
    console.print(f"Run folder: {folder}", highlight=False)
    origin(folder, preset)
    experiment = TaskGANExperiment(folder, get_preset(preset), look, seed, make_fabric(device, precision))
    rows = experiment.run()
    once(folder / "results.json", lambda: {"provenance": provenance(folder), "rows": rows})
    return write_report(experiment, folder / "report.html")
