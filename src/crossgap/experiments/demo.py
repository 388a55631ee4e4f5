"""`crossgap demo`: the main job, from nothing to a report."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.config import PRESETS, Preset, get_preset
from crossgap.errors import CrossgapError
from crossgap.experiments.taskgan import TaskGANExperiment
from crossgap.files import once, read_json
from crossgap.metrics import read_metrics
from crossgap.report import ReportContent, build_report
from crossgap.report.pictures import gallery
from crossgap.runs import find_run, open_run, origin, provenance, read_times
from crossgap.simulation.looks import get_look
from crossgap.training import make_fabric

RESULTS, REPORT = "results.json", "report.html"


def run_demo(
    look: str, preset: str, seed: int, output: Path | None, fresh: bool, device: str, precision: str
) -> Path:  # fmt: skip
    """Run what is not done yet and write the report; its path.

    Raises:
        CrossgapError: an unknown look or preset, or `output` holds another run.
    """
    get_look(look)
    config = _config(look, preset, seed)
    folder = open_run(output, config) if output else find_run("demo", config, fresh=fresh)
    print(f"Run folder: {folder}", file=sys.stderr)
    experiment = _experiment(folder, config, device, precision)
    origin(folder, preset)
    rows = experiment.run()
    once(folder / RESULTS, lambda: {"provenance": provenance(folder), "rows": rows})
    return _write_report(experiment, folder)


def report_again(folder: Path, picture: Path | None = None) -> Path:
    """Write the report of a finished run again, and its rows of images as one PNG where asked to.

    Raises:
        CrossgapError: the folder is not a finished demo's.
    """
    if not (folder / RESULTS).exists():
        raise CrossgapError(f"{folder} is not a finished demo run: no {RESULTS} in it.")
    config = read_json(folder / "config.json", "run configuration")
    experiment = _experiment(folder, config, "auto", "auto")
    if picture is not None:
        rows = _pictures(experiment)
        names = {"target": "what the robot sees", "translated": "translated", "true pair": "truly there"}
        gallery({names[label]: rows[label] for label in names}, picture)
    return _write_report(experiment, folder)


def _config(look: str, preset: str, seed: int) -> dict[str, Any]:
    return {"experiment": "demo", "preset": preset, "look": look, "seed": seed} | {
        "settings": jsonable(get_preset(preset))
    }


def jsonable(preset: Preset) -> dict[str, Any]:
    """A preset as JSON would give it back."""
    return asdict(preset) | {"gains": list(preset.gains)}


def _experiment(folder: Path, config: dict[str, Any], device: str, precision: str) -> TaskGANExperiment:
    preset = PRESETS[config["preset"]]
    fabric = make_fabric(device, precision)
    return TaskGANExperiment(folder, preset, config["look"], config["seed"], fabric)


def _write_report(experiment: TaskGANExperiment, folder: Path) -> Path:
    results = read_json(folder / RESULTS, "results")
    played = experiment.closed_loops()
    content = ReportContent(
        title=f"Crossing the gap from source to {experiment.domain}",
        domain=experiment.domain,
        rows=results["rows"],
        played=played,
        frames={method: experiment.frames(method) for method in played},
        images=_pictures(experiment),
        metrics=[*read_metrics(experiment.source_folder), *read_metrics(experiment.folder)],
        provenance=results["provenance"],
        config=experiment.description(),
        times=read_times(folder),
    )
    return build_report(content, folder / REPORT)


def _pictures(experiment: TaskGANExperiment, count: int = 8) -> dict[str, np.ndarray]:
    """Evenly spread held-out moments: as the robot sees them, translated, and as they truly are."""
    held_out, pairs = experiment.held_out, experiment.held_out_pairs
    shown = np.linspace(0, len(held_out) - 1, count + 2).astype(int)[1:-1]
    source = np.linspace(0, len(experiment.source) - 1, count + 2).astype(int)[1:-1]
    translated = experiment.model("taskgan_inverse").translate(held_out.images[shown])
    return {
        "source": experiment.source.images[source],
        "target": held_out.images[shown],
        "translated": translated,
        "true pair": pairs.images[shown],
    }
