"""The report of one look and seed of a run, a demo's or a reproduction's."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import read_json
from crossgap.base.progress import command, say, say_next
from crossgap.core.fabric import make_fabric
from crossgap.core.runs import provenance, read_times, seeds_of
from crossgap.core.trainer import read_metrics
from crossgap.data.contact_sheet import contact_sheet
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError, check_known
from crossgap.experiments.engine.closing import say_success
from crossgap.experiments.engine.experiment import check_settings
from crossgap.experiments.taskgan.presets import (
    ALL_METHODS,
    MAIN_METHODS,
    as_json,
    get_preset,
    with_task_norm,
)
from crossgap.experiments.taskgan.trial import TaskGANTrial
from crossgap.methods.config import TASK_NORMS
from crossgap.methods.registry import METHODS
from crossgap.report import ReportContent, build_report
from crossgap.report.verdict import recommended
from crossgap.simulation.reach3.kinematics import SUCCESS_DISTANCE
from crossgap.simulation.reach3.looks import LOOKS

SHOWN = {"target": "what the robot sees", "translated": "translated", "true pair": "what is truly there"}
"""Rows of the picture, by their label in the report."""
SEEDS = Path(__file__).with_name("seeds.json")
"""What trainings with other seeds came to; `make tables` writes it."""
OWN = ("sim", "real")
"""Folders of own images, as the docs call them."""


def report_again(
    folder: Path, config: dict[str, Any], look: str | None, seed: int | None, picture: Path | None
) -> Path:
    """Write a report from a run folder, and its rows of images as one PNG where asked to; the report's path.

    Of a reproduction it shows the methods that have been evaluated.

    Raises:
        CrossgapError: the run has no such look or seed, is not finished with it, or has no translator to draw
            a picture of.
    """
    begun = (look for look in LOOKS if look != "source" and any(folder.glob(f"seed_*/{look}")))
    looks: list[str] = [config["look"]] if "look" in config else [*begun]
    if not looks:
        raise CrossgapError(f"{folder} has no look yet: start it again to go on.")
    seeds: list[int] = [config["seed"]] if "seed" in config else seeds_of(folder)
    look, seed = looks[0] if look is None else look, seeds[0] if seed is None else seed
    check_known("Look of this run", (look,), looks)
    check_known("Seed of this run", (str(seed),), [*map(str, seeds)])
    found, preset = config["settings"], get_preset(config["preset"])
    normed = (with_task_norm(preset, norm) for norm in TASK_NORMS)
    preset = next((one for one in normed if as_json(one) == found), preset)
    check_settings(folder, config, as_json(preset))
    whole = TaskGANTrial(folder, preset, look, seed, make_fabric(), methods=ALL_METHODS)
    evaluated = [method for method in ALL_METHODS if whole.is_evaluated(method)]
    missing = [method for method in MAIN_METHODS if method not in evaluated]
    if not any(METHODS[method].policy for method in evaluated) or (missing and "look" in config):
        what = f"{', '.join(missing)} not" if "look" in config else "no method that acts"
        raise CrossgapError(f"{folder} is not finished: {what} evaluated in {look}, seed {seed}.")
    experiment = TaskGANTrial(folder, preset, look, seed, whole.fabric, methods=evaluated)
    if picture is not None:
        rows = pictures(experiment)
        if not rows:
            raise CrossgapError(f"--picture: no translator has been evaluated in {look}, seed {seed}.")
        contact_sheet(
            {SHOWN.get(label, label): row for label, row in rows.items() if label != "source"}, picture
        )
    name = "report.html" if "look" in config else f"report_{look}_seed_{seed}.html"
    return write_report(experiment, folder / name)


def write_report(experiment: TaskGANTrial, path: Path) -> Path:
    """Write the report of a finished experiment, and say what came of it, where it is and what comes next."""
    played = experiment.closed_loops()
    saved = {method: experiment.saved(method) for method in played}
    content = ReportContent(
        title=f"Crossing the gap from source to {experiment.domain}",
        domain=experiment.domain,
        rows=experiment.rows(),
        played=played,
        frames={method: experiment.frames(method) for method in played},
        images=pictures(experiment),
        metrics=[*read_metrics(experiment.source_folder), *read_metrics(experiment.folder)],
        provenance=provenance(experiment.root),
        config=experiment.description(),
        times=read_times(experiment.root),
        success_distance=SUCCESS_DISTANCE,
        one_training=one_training(experiment.domain),
        models={method: os.path.relpath(folder, path.parent) for method, folder in saved.items()},
    )
    build_report(content, path)
    say_success(content)
    say(f"Report: {path}")
    model = saved[recommended(content)]
    say(f"Model: {model}")
    other = "target_c" if experiment.domain == "target_b" else "target_b"
    played_on = command("evaluate", model, "--look", other, "--gain", experiment.gain)
    say_next({
        "Next, the model in another look": played_on,
        "Or your own images (docs/tutorial.md): folders that this looks at": command("data", "check", *OWN),
        "and that this makes a model of": command("adapt", "--source", OWN[0], "--target", OWN[1]),
    })  # fmt: skip
    return path


def one_training(look: str, kept: Path = SEEDS) -> str:
    """That a verdict is of one training, and what others with other seeds came to in a look, in a sentence;
    of the committed results, which `make tables` keeps in the package."""
    found = read_json(kept, "figures of seeds", {...: {...: [float]}}).get(look)
    if found is None:
        return "This is one training: another seed gives other figures."
    said = [
        f"{phrase} had {100 * min(found[method]):.0f} to {100 * max(found[method]):.0f} %"
        for method, phrase in (("taskgan_inverse_refined", "refined TaskGAN"), ("fine_tuned", "fine-tuning"))
    ]
    seeds = len(found["fine_tuned"])
    return f"This is one training: over {seeds} seeds of preset quick in {look}, {' and '.join(said)}."


def pictures(experiment: TaskGANTrial, count: int = 8) -> dict[str, np.ndarray]:
    """Evenly spread held-out moments: as the robot sees them, translated, and as they truly are; nothing
    where no translator was trained.

    The translator is inverse TaskGAN's, or that of the first method that has one.
    """
    chosen = [m for m in ("taskgan_inverse", *experiment.methods) if m in experiment.methods]
    models = (AdaptedModel.load(experiment.saved(m)) for m in chosen if METHODS[m].policy)
    model = next((model for model in models if model.translator is not None), None)
    if model is None:
        return {}
    by = "" if model.method == "taskgan_inverse" else f" by {model.method.replace('_', ' ')}"
    held_out, pairs = experiment.held_out, experiment.held_out_pairs
    shown = np.linspace(0, len(held_out) - 1, count + 2).astype(int)[1:-1]
    source = np.linspace(0, len(experiment.source) - 1, count + 2).astype(int)[1:-1]
    return {
        "source": experiment.source.images[source],
        "target": held_out.images[shown],
        f"translated{by}": model.translate(held_out.images[shown]),
        "true pair": pairs.images[shown],
    }
