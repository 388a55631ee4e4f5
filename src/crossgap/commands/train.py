"""`crossgap train`: a method on a user's own data sets."""

from collections.abc import Callable, Collection
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from crossgap.base.files import read_json, write_json
from crossgap.base.progress import command, say, say_next
from crossgap.base.records import as_json
from crossgap.commands.measured import keep_measured, say_measured
from crossgap.commands.options import Beside, PictureSet, TrainOptions
from crossgap.commands.own_data import OwnData, check_given, check_used, read_own_data
from crossgap.commands.pictures import read_own_pictures
from crossgap.core.fabric import hardware, make_fabric
from crossgap.core.runs import CONFIG, check_seed, keep_extra, lock_run, open_run, start, timed
from crossgap.core.trainer import SAMPLES, Trainer
from crossgap.data.sizes import shown
from crossgap.data.subsets import check_share, hold_out
from crossgap.deploy.adapted import ABOUT, AdaptedModel
from crossgap.methods.config import TaskGANConfig, as_settings, own_record
from crossgap.methods.registry import METHODS


def train_on_folders(method: str, config: TaskGANConfig, given: TrainOptions, beside: Beside) -> Path:
    """Train a method, and what it builds on, in the given run folder; the adapted model's folder.

    Several methods may be trained in one run folder, on the same data; what they share is trained once.

    Args:
        method: its name.
        config: sizes, steps, rates.
        given: what every method is trained on, and where.
        beside: what it needs beside. Without `unlabelled`, the target images themselves are those.

    Raises:
        CrossgapError: an unknown method, bad data, or the run folder holds another run.
    """
    METHODS.find(method)
    folders = {"pairs": beside.pairs, "randomized": beside.randomized}
    check_given(method, folders)
    check_used((method,), folders | {"unlabelled": beside.unlabelled})
    if given.held_out:
        check_share(given.held_out)
    return _train(method, config, given, lambda: read_own_data(given, beside))


def train_on_pictures(method: str, config: TaskGANConfig, given: PictureSet) -> Path:
    """The same of a method that learns images alone, from folders of pictures.

    Raises:
        CrossgapError: as `train_on_folders`.
    """
    about = METHODS.find(method)
    return _train(method, config, given, lambda: read_own_pictures(given, about))


def _train(
    method: str, config: TaskGANConfig, given: TrainOptions | PictureSet, read: Callable[[], OwnData]
) -> Path:
    about, output = METHODS[method], given.output
    seed, fabric = check_seed(given.seed), make_fabric(given.device, given.precision)
    data, test, share = read(), None, given.held_out if isinstance(given, TrainOptions) else 0.0
    settings = {"experiment": "train", **data.about, "seed": seed, **hardware(fabric)}
    if share:
        settings["held_out"] = share
        data, test = data.hold_out(hold_out(data.target.episodes, share, seed))
    methods = data.methods(config, Trainer(output, fabric, seed), held_out=test)
    methods.check(method)  # all that can be wrong, before a run folder is there
    if fabric.is_global_zero:
        parts = as_settings(config) | ({about.family: own_record(methods.own(method))} if about.own else {})
        there, new = _of_run(output, parts, about.parts)
        lock_run(open_run(output, settings | {"config": there}))
        if not new.items() <= there.items():  # only of a run that is this one
            path = output / CONFIG
            write_json(path, read_json(path, "run configuration", dict) | {"config": there | new})
        keep_extra(output, data.extra_settings([method]))
        data.keep_seen(output)
        start(output, seed=seed, **hardware(fabric))
    fabric.barrier()
    with timed(output, f"train {method}") if fabric.is_global_zero else nullcontext():
        model = methods.get(method)
    path = output / "models" / method
    if fabric.is_global_zero and about.source_labels:
        _say_model(path, model)
        if about.policy:
            measured = keep_measured(output, model, data.source, data.target, test)
            say_measured(model.method, measured)
            on_others = command("evaluate", path, "--data", "FOLDER")
            report = {"A report": command("report", output)}
            say_next({"Next, on labelled images that it has not seen": on_others} | report)
    elif fabric.is_global_zero:
        _say_image_model(output, path, model)
    return path


def _of_run(
    output: Path, wanted: dict[str, Any], used: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """The settings of all methods of a run, as its file should have them: those that this method does not use
    are as they were; and those that none before it has used, which may still become as it wants them."""
    path = output / CONFIG
    found = read_json(path, "run configuration", dict) if path.exists() else {}
    there = found.get("config")
    if found.get("experiment") != "train" or not isinstance(there, dict):
        return wanted, {}
    begun, models = sorted((output / "checkpoints").glob("*.json")), (output / "models").glob(f"*/{ABOUT}")
    records = [read_json(record, "record", dict) for record in begun]
    made = [read_json(model, "model", dict) for model in models]
    records += [model.get("made_of", {}) for model in made]  # one that has no phase of its own, too
    trained = {part for record in records for part in record.get("config", {})}
    names = {str(model.get("method")) for model in made} | {record.stem for record in begun}
    trained |= {
        part for name in names & METHODS.keys() for part in METHODS[name].parts
    }  # also what is as by default
    as_by_default = {part for part in used if part not in wanted}  # settings that stand in no record then
    new = {part: as_json(wanted[part]) for part in used if part in wanted and part not in trained}
    there = {part: value for part, value in there.items() if part not in as_by_default & trained}
    return there | {part: wanted[part] for part in used if part in wanted and part not in new}, new


def _say_model(path: Path, model: AdaptedModel) -> None:
    """Where a trained model is, and what it is and takes."""
    about, labels = METHODS[model.method], ", ".join(model.label_names)
    say(f"Adapted model: {path}")
    say(f"{about.about.replace('**', '')}: images of {shown(model.size)} pixels → {labels}")


def _say_image_model(run: Path, path: Path, model: AdaptedModel) -> None:
    """Where a model of images alone is, where to see what it does, and what is next."""
    say(f"Adapted model: {path}")
    say(f"{METHODS[model.method].about.replace('**', '')}: images of {shown(model.size)} pixels")
    names = model.method, METHODS[model.method].family  # a phase is called as one of these
    sheets = [sheet for name in names for sheet in sorted((run / SAMPLES / name).glob("*.png"))[-1:]]
    if sheets:
        say(f"What it does: {sheets[0]}")
    draws = model.translator is None
    verb = command("sample", path) if draws else command("translate", path, "FOLDER", "OUT")
    say_next(
        {
            "Next, images of its own" if draws else "Next, other pictures": verb,
            "A report": command("report", run),
        }
    )
