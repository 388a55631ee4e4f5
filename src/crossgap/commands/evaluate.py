"""`crossgap evaluate`: adapted models in closed loop or offline, compared on the same starts."""

import json
from collections import ChainMap
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Column, Table

from crossgap.base.files import write_json
from crossgap.base.progress import console, say, track
from crossgap.commands.options import EvaluationOptions
from crossgap.core.fabric import make_fabric
from crossgap.core.runs import CONFIG
from crossgap.core.statistics import paired_difference, paired_error_difference
from crossgap.data import Classes, LabelledImages, read_folder
from crossgap.data.images import digest
from crossgap.data.overlap import count_seen
from crossgap.deploy.adapted import ABOUT, AdaptedModel
from crossgap.errors import CrossgapError, find
from crossgap.evaluation import TEST_STARTS, VALIDATION_STARTS, ClosedLoop, closed_loop, error_over_episodes
from crossgap.simulation.registry import WORLDS, World

LOOK = "target_b"
"""Where it is played by default."""
FEW_EPISODES, FEW_STARTS = 10, 20
"""With fewer an interval is printed with a warning."""
DEPTH = 3
"""Folders from a model up to its run: run/models/name; of a label budget run/images_00010/models/name."""


def evaluate_folders(folders: tuple[Path, ...], options: EvaluationOptions) -> dict[str, Any]:
    """`evaluate_models`, or `evaluate_policies` where all folders are policies.

    Raises:
        CrossgapError: a run in place of its policy, models and policies together, or what no policy takes.
    """
    for folder in folders:
        if (folder / "policy" / "policy.json").exists():
            raise CrossgapError(f"{folder} is a run. Its policy is {folder / 'policy'}.")
    policies = [folder for folder in folders if (folder / "policy.json").exists()]
    if not policies:
        return evaluate_models(folders, options)
    for folder in folders:
        if not folder.exists():
            raise CrossgapError(f"No folder {folder}.")
    if len(policies) < len(folders):
        raise CrossgapError(f"{policies[0]} is a policy. Expected policies alone, or models alone.")
    if options.data is not None:
        raise CrossgapError("--data is for adapted models: a policy is played, in a look.")
    if options.gain is not None:
        raise CrossgapError("--gain is for adapted models: a policy's actions are taken as they are.")
    from crossgap.experiments.xarm7.learning import evaluate_policies

    look, output, device = options.look or LOOK, options.output, options.device
    return evaluate_policies(folders, look, options.starts, options.steps, options.validation, output, device)


def evaluate_models(models: tuple[Path, ...], options: EvaluationOptions) -> dict[str, Any]:
    """Evaluate each model, print a table, and write it as JSON where it is asked for.

    Raises:
        CrossgapError: no models, a damaged one, an unknown look, bad data, or too many starts.
    """
    if not models:
        raise CrossgapError("Expected at least one folder of an adapted model.")
    output, folder, defaults = options.output, options.data, EvaluationOptions()
    if output is not None and output.is_dir():
        raise CrossgapError(f"--output {output} is a folder. Expected a file for the figures, as JSON.")
    if folder and options != replace(defaults, data=folder, output=output, device=options.device):
        raise CrossgapError(
            "--look, --starts, --steps, --gain and --validation are for the closed loop, --data for images."
        )
    available = VALIDATION_STARTS if options.validation else TEST_STARTS
    look = LOOK if options.look is None else options.look
    gain = 0.2 if options.gain is None else options.gain
    steps = 100 if options.steps is None else options.steps
    starts = len(available) if options.starts is None else options.starts
    if not 1 <= starts <= len(available):
        raise CrossgapError(f"--starts must be from 1 to {len(available)}; got {starts}.")
    if steps < 1:
        raise CrossgapError(f"--steps must be at least 1; got {steps}.")
    if not 0 < gain < float("inf"):
        raise CrossgapError(f"--gain must be above 0; got {gain}.")
    find("Look", look, ChainMap(*(dict(world.looks) for world in _moving().values())))
    for path in models:
        _check_is_model(path)
    device = make_fabric(options.device).device
    loaded = {str(path): AdaptedModel.load(path, device) for path in models}
    if folder:
        result = _offline(loaded, folder)
    else:
        result = _closed_loop(loaded, look, gain, available[:starts], steps)
    if output is not None:
        write_json(output, result)
    return result


def _check_is_model(path: Path) -> None:
    if (path / ABOUT).exists():
        return
    folder, files = (path, f"**/{ABOUT}") if path.exists() else (path.parent, f"*/{ABOUT}")
    models = {about.parent for about in folder.glob(files)}
    if found := sorted(str(model) for model in models if not model.name.startswith(".")):
        raise CrossgapError(
            f"{path} is no model. Expected one or several of those in {folder}: {', '.join(found)}."
        )


def _short(paths: list[str]) -> dict[str, str]:
    """The last parts of each path, as few as tell them apart."""
    for count in range(1, max(len(Path(path).parts) for path in paths) + 1):
        short = {path: str(Path(*Path(path).parts[-count:])) for path in paths}
        if len(set(short.values())) == len(paths):
            return short
    return {path: path for path in paths}


def _offline(loaded: dict[str, AdaptedModel], folder: Path) -> dict[str, Any]:
    """Errors on labelled images, also in the labels' own units, and paired with the first model's."""
    names, first = _short(list(loaded)), next(iter(loaded))
    kinds = dict.fromkeys(model.scale.error_name for model in loaded.values())
    table = _table(names, "error", "95 % interval", "images", "episodes")
    table.title = " or ".join(kinds).capitalize()
    result: dict[str, Any] = {"data": str(folder), "models": {}, "paired_differences": {}}
    errors: dict[str, np.ndarray] = {}
    read = cache(partial(read_folder, folder, track=track))
    for name, model in loaded.items():
        data = read(model.label_names)
        _check_data(Path(name), model, folder, data)
        predicted = model.predict(data.images)
        error = error_over_episodes(predicted, data, model.scale)
        errors[name] = model.scale.errors(predicted, data.labels)
        absolute = np.abs(predicted - data.labels).mean(0).tolist()
        classes = isinstance(model.scale, Classes)
        own = {} if classes else dict(zip(data.label_names, absolute, strict=True))
        result["models"][name] = error | {"mean_absolute_error": own}
        difference = []
        if name != first and model.scale == loaded[first].scale:
            paired = paired_error_difference(errors[first], errors[name], data.episodes)
            result["paired_differences"][name] = paired
            between = f" ({paired['low']:+.4f} – {paired['high']:+.4f})" if error["n"] > 1 else ""
            difference = [f"{paired['value']:+.4f}{between}"]
        elif len(loaded) > 1:
            difference = ["" if name == first else "other labels or another scale"]
        interval = f"{error['low']:.4f} – {error['high']:.4f}" if error["n"] > 1 else "none"
        row = f"{error['value']:.4f}", interval, str(len(data)), str(error["n"])
        table.add_row(names[name], *row, *difference)
    console.print(table)
    _warn_of_few(min(about["n"] for about in result["models"].values()), "episodes", FEW_EPISODES)
    _print_own_units({names[name]: about["mean_absolute_error"] for name, about in result["models"].items()})
    return result


def _warn_of_few(number: int, of_what: str, enough: int) -> None:
    if number < enough:
        say(f"{number} {of_what} say little: intervals of so few are too narrow, or none.")


def _check_data(path: Path, model: AdaptedModel, folder: Path, data: LabelledImages) -> None:
    """Whether the model takes these images; a word where its run has these images, or, wherever the model
    was copied to, its own record of what it was trained on."""
    height, width = data.images.shape[1:3]
    if (height, width) != (model.size, model.size):
        raise CrossgapError(
            f"{folder} has images of {width}×{height} pixels, {path} takes {model.size}×{model.size}. "
            "Expected one size."
        )
    run = next((above for above in path.resolve().parents[:DEPTH] if (above / CONFIG).exists()), None)
    record = json.dumps(model.made_of)
    if run is not None:
        record += (run / CONFIG).read_text(encoding="utf-8", errors="replace")
    seen = count_seen(run, data) if run is not None else 0
    if seen == len(data) or any(digest(same) in record for same in (data, data.without_labels())):
        say(f"{folder} is of the run of {path}: what was trained on these images is too good here.")
    elif seen:
        say(
            f"{seen:,} of the {len(data):,} images of {folder} are of the run of {path}: what was trained on "
            "them is too good here."
        )


def _print_own_units(errors: dict[str, dict[str, float]]) -> None:
    """The mean absolute error of every label that is a number: a line per label, a column per model."""
    labels = dict.fromkeys(label for own in errors.values() for label in own)
    if not labels:
        return
    titles = (Column(title.replace("_", " "), overflow="fold") for title in ("label", *errors))
    table = Table(*titles, title="Mean absolute error, in the label's own units")
    for label in labels:
        cells = (f"{own[label]:.4g}" if label in own else "" for own in errors.values())
        table.add_row(label, *cells)
    console.print(table)


def _table(names: dict[str, str], *columns: str) -> Table:
    """A table of models, and of several with the differences to the first; no text of it is ever cut."""
    titles = ["model", *columns]
    if len(names) > 1:
        titles.append("first minus this")
    return Table(*(Column(title, overflow="fold") for title in titles))


def _moving() -> dict[tuple[str, ...], World]:
    """The worlds with a closed loop, by the labels that are actions there."""
    return {world.label_names: world for world in WORLDS.values() if world.closed_loop}


def _world_that_moves(loaded: dict[str, AdaptedModel]) -> World:
    """The one in whose closed loop all the models' labels are actions."""
    moving = _moving()
    for name, model in loaded.items():
        if model.label_names not in moving:
            expected = " or ".join(map(", ".join, moving))
            raise CrossgapError(
                f"{name} predicts {', '.join(model.label_names)}. Expected {expected} to move the arm; other "
                "labels are evaluated offline with --data."
            )
        moving = {model.label_names: moving[model.label_names]}  # the others act where the first does
    (world,) = moving.values()
    return world


def _closed_loop(
    loaded: dict[str, AdaptedModel], look: str, gain: float, seeds: tuple[int, ...], steps: int
) -> dict[str, Any]:
    world = _world_that_moves(loaded)
    find("Look", look, world.looks)
    names = _short(list(loaded))
    played: dict[str, ClosedLoop] = {}
    for name, model in loaded.items():
        label = f"{model.method}, {len(seeds)} starts, step"
        played[name], _ = closed_loop(
            model.predict, seeds, gain, steps, world.closed_loop, label, look=look, size=model.size
        )
    first = next(iter(played))
    table = _table(names, "success", "95 % interval", "final distance (m)")
    result: dict[str, Any] = {"look": look, "gain": gain, "models": {}, "paired_differences": {}}
    for name, episodes in played.items():
        result["models"][name] = episodes.to_json()
        success = episodes.aggregate()["success"]
        distance = episodes.aggregate()["final_distance_mean"]["value"]
        difference = [""] if len(played) > 1 else []
        if name != first:
            paired = paired_difference(played[first].success, episodes.success)
            result["paired_differences"][name] = paired
            difference = [f"{paired['value']:+.2f} ({paired['low']:+.2f} – {paired['high']:+.2f})"]
        interval = f"{success['low']:.2f} – {success['high']:.2f}"
        table.add_row(names[name], f"{success['value']:.2f}", interval, f"{distance:.3f}", *difference)
    console.print(table)
    _warn_of_few(len(seeds), "starts", FEW_STARTS)
    return result
