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
from crossgap.data import LabelledImages
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
    about, share = METHODS[method], given.held_out if isinstance(given, TrainOptions) else 0.0
    seed, fabric = check_seed(given.seed), make_fabric(given.device, given.precision)
    data, test = read(), None
    if share:
        data, test = data.hold_out(hold_out(data.target.episodes, share, seed))
    training = Training(given.output, config, data, test, share, Trainer(given.output, fabric, seed))
    model = training.train(method)
    path = given.output / "models" / method
    if fabric.is_global_zero and about.source_labels:
        _say_model(path, model)
        if about.policy:
            say_measured(model.method, training.measure(model))
            on_others = command("evaluate", path, "--data", "FOLDER")
            report = {"A report": command("report", given.output)}
            say_next({"Next, on labelled images that it has not seen": on_others} | report)
    elif fabric.is_global_zero:
        _say_image_model(given.output, path, model)
    return path


class Training:
    """Methods on one user's data in one run folder, which goes on where it was: what they share is trained
    once.

    Args:
        output: the run folder.
        config: sizes, steps, rates.
        data: what is trained on.
        test: target images that are held out; None where there are none.
        share: of the target's episodes that these are.
        trainer: in the run folder.
    """

    def __init__(
        self, output: Path, config: TaskGANConfig, data: OwnData, test: LabelledImages | None, share: float,
        trainer: Trainer,
    ):  # fmt: skip
        self.output, self.config, self.data, self.test = output, config, data, test
        self.fabric, self.seed = trainer.fabric, trainer.seed
        self.settings = {"experiment": "train", **data.about, "seed": self.seed, **hardware(self.fabric)}
        if share:
            self.settings["held_out"] = share
        self.methods = data.methods(config, trainer, held_out=test)
        self._started = False

    def check(self, method: str) -> None:
        """All that can be wrong, before a run folder is there; raises `CrossgapError` as `Methods.check`."""
        self.methods.check(method)

    def parts(self, method: str) -> dict[str, Any]:
        """The settings, with those of a method's own."""
        about, parts = METHODS[method], as_settings(self.config)
        return parts | ({about.family: own_record(self.methods.own(method))} if about.own else {})

    def train(self, method: str) -> AdaptedModel:
        """A method's model: trained, or the one that is there.

        Raises:
            CrossgapError: as of `check`, or the run folder holds another run.
        """
        self.check(method)
        if self.fabric.is_global_zero:
            self._open(method)
        self.fabric.barrier()
        with timed(self.output, f"train {method}") if self.fabric.is_global_zero else nullcontext():
            return self.methods.get(method)

    def measure(self, model: AdaptedModel) -> dict[str, Any]:
        """What a model is on target images, kept in the run: as `keep_measured`."""
        return keep_measured(self.output, model, self.data.source, self.data.target, self.test)

    def _open(self, method: str) -> None:
        """The run folder, with what this method depends on beside what others did."""
        there, new = _of_run(self.output, self.parts(method), METHODS[method].parts)
        lock_run(open_run(self.output, self.settings | {"config": there}))
        if not new.items() <= there.items():  # only of a run that is this one
            path = self.output / CONFIG
            write_json(path, read_json(path, "run configuration", dict) | {"config": there | new})
        keep_extra(self.output, self.data.extra_settings([method]))
        if not self._started:
            self.data.keep_seen(self.output)
            start(self.output, seed=self.seed, **hardware(self.fabric))
            self._started = True


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
