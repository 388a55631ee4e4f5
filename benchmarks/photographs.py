"""Own data against the built-in experiment: the same images as photographs, by the command line alone.

    python benchmarks/photographs.py --preset quick --seed 0

The target's demonstrations of `crossgap reproduce taskgan` in look target_b are drawn at 480 pixels,
mirrored beyond the sides to 640×480, and written as JPEGs that are turned and say so in EXIF, with a
`labels.csv`. Then `crossgap train … --size 64` adapts the same simulated images to them, with the settings of
the preset. The saved model drives the arm; it is given 640×480 images and prepares them itself. Beside it the
built-in experiment trains on its own images of 64 pixels, and both play the same starts at the same gain.
Writes success, its interval and the paired difference to results/benchmarks/photographs.json.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from crossgap.base.progress import say
from crossgap.core.fabric import make_fabric
from crossgap.core.results import add_results, with_threads
from crossgap.core.runs import provenance, start, timed
from crossgap.core.statistics import paired_difference
from crossgap.data import read_folder
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation import TEST_STARTS, closed_loop
from crossgap.experiments.taskgan.presets import Preset, as_json, get_preset
from crossgap.experiments.taskgan.trial import SOURCE_SEED, TARGET_SEED, TaskGANTrial
from crossgap.methods.config import OWN_DATA, option_name
from crossgap.methods.registry import METHODS as ALL

OUTPUT = Path("results/benchmarks/photographs.json")
LOOK, METHODS = "target_b", ("fine_tuned", "taskgan_inverse", "taskgan_inverse_refined")
HEIGHT, MARGIN = 480, 80
"""Pixels of a photograph, and how many are beside its middle square on each side: 640×480."""
TURNS = {1: 0, 6: 1, 3: 2, 8: 3}
"""What EXIF calls an orientation, and by how many quarters to the left the pixels are turned for it."""


def photograph(images: np.ndarray) -> np.ndarray:
    """Square images (n, 480, 480, 3) as a wider camera has them, (n, 480, 640, 3)."""
    return np.pad(images, ((0, 0), (0, 0), (MARGIN, MARGIN), (0, 0)), mode="reflect")


def write_photographs(drawn: Path, folder: Path) -> None:
    """A collected folder as photographs and a table: `image`, `episode`, and the labels."""
    data = read_folder(drawn)
    folder.mkdir(parents=True)
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "episode", *data.label_names))
        for row, image in enumerate(photograph(data.images)):
            name, orientation = f"IMG_{row:04d}.jpg", list(TURNS)[row % len(TURNS)]
            exif = Image.Exif()
            exif[0x0112] = orientation
            turned = Image.fromarray(np.ascontiguousarray(np.rot90(image, TURNS[orientation])))
            turned.save(folder / name, quality=92, exif=exif)
            writer.writerow((name, int(data.episodes[row]), *map(float, data.labels[row])))


def crossgap(*words: object) -> None:
    """A command of ours, in a process of its own."""
    subprocess.run([sys.executable, "-m", "crossgap", *map(str, words)], check=True, env=os.environ)


def options(method: str, preset: Preset) -> Iterator[str]:
    """What is typed for a method's settings in a preset that are not those of `crossgap train`."""
    for part in fields(OWN_DATA):
        ours, default = getattr(preset.config, part.name), getattr(OWN_DATA, part.name)
        if not is_dataclass(ours) or part.name not in ALL[method].parts:
            continue
        for item in fields(ours):
            value = getattr(ours, item.name)
            if value == getattr(default, item.name):
                continue
            name = option_name(f"{part.name}.{item.name}")
            if isinstance(value, bool):
                yield f"--{name}" if value else f"--{name.replace('.', '.no-')}"
            else:
                yield from (f"--{name}", str(value))


def adapt(work: Path, preset: Preset, seed: int) -> Path:
    """The run folder of what a user would type."""
    sides = ("--episodes", preset.source_episodes, "--steps", preset.steps)
    sides += ("--perturbation", preset.perturbation)
    if not (work / "sim").exists():
        crossgap("collect", work / "sim", *sides, "--size", preset.size, "--seed", 100 * seed + SOURCE_SEED)
    if not (work / "photographs").exists():
        drawn = ("--episodes", preset.target_episodes, "--steps", preset.steps, "--look", LOOK)
        drawn += ("--perturbation", preset.target_perturbation, "--seed", 100 * seed + TARGET_SEED)
        crossgap("collect", work / "drawn", *drawn, "--size", HEIGHT, "--format", "png")
        write_photographs(work / "drawn", partial_folder := work / "photographs.partial")
        partial_folder.rename(work / "photographs")
    given = ("--source", work / "sim", "--target", work / "photographs", "--size", preset.size)
    given += ("--seed", seed, "--output", work / "run")
    for method in METHODS:
        crossgap("train", method, *given, *options(method, preset))
    return work / "run"


def own_rows(work: Path, run: Path, preset: Preset, trial: TaskGANTrial) -> list[dict[str, Any]]:
    """A row for each method of own data and of the experiment, and for how far they are apart."""
    played, rows = trial.closed_loops(), []
    for method in METHODS:
        model = AdaptedModel.load(run / "models" / method)
        with timed(work, f"evaluate {method}"):
            found, _ = closed_loop(
                lambda images, model=model: model.predict(photograph(images)),
                TEST_STARTS[: preset.starts], trial.gain, preset.episode_steps, label=f"{method}, own data",
                look=LOOK, size=HEIGHT,
            )  # fmt: skip
        about = {"method": method, "seed": trial.seed}
        for data, one in (("photographs", found), ("built_in", played[method])):
            success = with_threads({"success": one.aggregate()["success"]})["success"]
            won = "".join(str(int(each)) for each in one.success)
            rows.append(about | {"domain": data, "metric": "success", **success, "won": won})
        apart = paired_difference(found.success, played[method].success)
        rows.append(about | {"domain": "photographs", "metric": "success_more_than_built_in", **apart})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="goes on in this folder; outputs/photographs/… by default")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    preset = get_preset(arguments.preset)
    work = arguments.work or Path("outputs", "photographs", f"{arguments.preset}_{arguments.seed}")
    work.mkdir(parents=True, exist_ok=True)
    start(work, seed=arguments.seed, preset=arguments.preset)
    with timed(work, "own data"):
        run = adapt(work, preset, arguments.seed)
    trial = TaskGANTrial(work / "built_in", preset, LOOK, arguments.seed, make_fabric("cpu"), methods=METHODS)
    with timed(work, "built-in experiment"):
        trial.run()
    rows = own_rows(work, run, preset, trial)
    origin = provenance(work) | {"command": f"python benchmarks/photographs.py --preset {arguments.preset}"}
    add_results(arguments.output, rows, origin, as_json(preset))
    for row in rows:
        say("{method}, {domain}, {metric}: {value:.2f} ({low:.2f} to {high:.2f})".format(**row))


if __name__ == "__main__":
    main()
