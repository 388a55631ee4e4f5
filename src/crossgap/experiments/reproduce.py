"""`crossgap reproduce taskgan`: the demo over seeds and looks, as one results file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossgap.config import as_json, get_preset
from crossgap.errors import CrossgapError
from crossgap.experiments.taskgan import TaskGANExperiment
from crossgap.files import write_json
from crossgap.runs import find_run, lock_run, open_run, provenance, start
from crossgap.simulation.looks import get_look
from crossgap.training import hardware, single_process


def reproduce_taskgan(
    preset: str, seeds: int, looks: tuple[str, ...], methods: tuple[str, ...] | None, output: Path | None,
    results: Path, device: str, precision: str,
) -> Path:  # fmt: skip
    """Every method × look × seed; the path of the results file.

    What a seed's looks share (source images, f_X, gain) is made once. Killed and started again, it goes
    on where it was.

    Raises:
        CrossgapError: an unknown look or preset, no seeds, or `output` holds another run.
    """
    if seeds < 1:
        raise CrossgapError(f"--seeds must be at least 1; got {seeds}.")
    for look in looks:
        get_look(look)
    fabric = single_process(device, precision)
    chosen = methods or get_preset(preset).methods
    config = {
        "experiment": "taskgan", "preset": preset, "seeds": seeds, "looks": list(looks),
        "methods": list(chosen), **hardware(fabric),
        "settings": as_json(get_preset(preset)),
    }  # fmt: skip
    folder = open_run(output, config) if output else find_run("taskgan", config)
    lock_run(folder)
    start(folder, preset=preset, **hardware(fabric))
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        for look in looks:
            rows += TaskGANExperiment(folder, get_preset(preset), look, seed, fabric, methods=chosen).run()
    path = results / f"{preset}.json"
    write_json(path, {"provenance": provenance(folder), "rows": rows})
    return path
