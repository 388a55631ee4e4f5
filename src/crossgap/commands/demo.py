"""`crossgap demo`: the main job, from nothing to a report."""

import sys
from pathlib import Path

from crossgap.base.files import write_text
from crossgap.core.fabric import hardware, single_process
from crossgap.core.results import as_text, of_run
from crossgap.core.runs import check_seed, find_run, lock_run, open_run, provenance, start
from crossgap.experiments.taskgan.presets import as_json, get_preset
from crossgap.experiments.taskgan.report import write_report
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.simulation.reach3.looks import get_target_look


def run_demo(
    look: str, preset: str, seed: int, output: Path | None, fresh: bool, device: str, precision: str
) -> Path:  # fmt: skip
    """Run what is not done yet and write the report; its path.

    Raises:
        CrossgapError: an unknown look or preset, a negative seed, torchrun, `output` holds another run, or
            another process works on it.
    """
    get_target_look(look)
    fabric = single_process(device, precision)
    config = {
        "experiment": "demo", "preset": preset, "look": look, "seed": check_seed(seed), **hardware(fabric),
        "settings": as_json(get_preset(preset)),
    }  # fmt: skip
    folder = open_run(output, config) if output else find_run("demo", config, fresh=fresh)
    print(f"Run folder: {folder}", file=sys.stderr)
    lock_run(folder)
    start(folder, preset=preset, **hardware(fabric))
    experiment = TaskGANTrial(folder, get_preset(preset), look, seed, fabric)
    rows = experiment.run()
    write_text(folder / "results.json", as_text(of_run(rows, provenance(folder))))
    return write_report(experiment, folder / "report.html")
