"""Data in, methods trained and measured, a verdict out: `train`, `evaluate` and `report` together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import write_json
from crossgap.base.progress import say
from crossgap.commands.adapt.choice import (
    Kind,
    kind_of_labels,
    possible,
    preset_config,
    suited,
    with_rival,
    with_steps_between,
)  # fmt: skip
from crossgap.commands.adapt.compare import compare, on_test, read_test
from crossgap.commands.adapt.place import find_place
from crossgap.commands.adapt.policies import adapt_policy, is_policy
from crossgap.commands.adapt.say import counts, say_findings, say_result, sentences
from crossgap.commands.adapt.split import FEWEST, split
from crossgap.commands.options import AdaptOptions, Beside
from crossgap.commands.own_data import (
    OwnData,
    check_given,
    check_used,
    labels_like,
    own_data_of,
    read_own_data,
)  # fmt: skip
from crossgap.commands.train import Training
from crossgap.core.fabric import single_process
from crossgap.core.runs import check_seed
from crossgap.core.trainer import Trainer
from crossgap.data import LabelledImages
from crossgap.data.folder import has_labels, index_of, is_data_set
from crossgap.data.observations import Observations
from crossgap.data.overlap import without_known
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.adapted_policy import AdaptedPolicy, is_adapted_policy
from crossgap.errors import CrossgapError
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.own_task import OwnTask
from crossgap.report.adaptation import ADAPTATION
from crossgap.report.training import build_training_report


@dataclass(frozen=True)
class Adaptation:
    """What came of it."""

    run: Path
    """The run folder."""
    recommended: str
    """The method to use."""
    result: dict[str, Any]
    """All figures and sentences, as `adaptation.json` has them."""

    @property
    def path(self) -> Path:
        """The folder of the recommended model."""
        return self.run / "models" / self.recommended

    @property
    def report(self) -> Path:
        """The report."""
        return self.run / "report.html"

    @property
    def model(self) -> AdaptedModel | AdaptedPolicy:
        """What is recommended."""
        kind = AdaptedPolicy if is_adapted_policy(self.path) else AdaptedModel
        return kind.load(self.path)


def adapt_folders(options: AdaptOptions, config: TaskGANConfig | None = None) -> Adaptation:
    """Read two folders, train what suits them, and say what to use.

    Args:
        options: which, and what else is asked for.
        config: sizes, steps and rates, where they are not those of the preset.

    Raises:
        CrossgapError: bad data, options that do not fit, or the run folder holds another run.
    """
    check_seed(options.seed)
    if is_policy(options):
        return adapt_frames(options)
    kind, labelled = _kind(options)
    folders = {"unlabelled": options.unlabelled, "randomized": options.randomized}
    if options.methods is not None:
        names = with_steps_between(options.methods)
        check_used(names, folders)
        for name in names:
            check_given(name, {"randomized": options.randomized})
    say(kind.why)
    beside = Beside(target_labels="all" if labelled else "none", **folders)
    data = read_own_data(replace(options, classes=kind.classes), beside)
    say_findings({"": data.source}, {"": data.target}, options)
    return adapt_data(data, options, config)


def adapt_frames(
    options: AdaptOptions, frames: tuple[Observations, Observations] | None = None
) -> Adaptation:  # fmt: skip
    """The same of a network that sees several cameras or a state, of frames in memory where they are given;
    raises as `adapt_folders`."""
    run, record = adapt_policy(options, frames=frames)
    return Adaptation(run, record["recommended"], record)


def adapt_memory(
    source: LabelledImages, target: LabelledImages, options: AdaptOptions, config: TaskGANConfig | None,
    task: OwnTask | None,
) -> Adaptation:  # fmt: skip
    """The same of sets that are in memory; raises as `adapt_folders`."""
    check_seed(options.seed)
    values = [data.labels for data in (source, target) if data.label_names == source.label_names]
    kind = kind_of_labels(source.label_names, np.concatenate(values), options.classes)
    say(kind.why)
    data = own_data_of(source, target, kind.classes)
    if task is not None:
        task.check(source.size, data.scale)
        data = replace(data, task=task, about=data.about | {"task": task.about()})
    return adapt_data(data, options, config)


def _kind(options: AdaptOptions) -> tuple[Kind, bool]:
    """Whether labels are classes, and whether the target has labels that are to be read."""
    for name in ("source", "target"):
        if not is_data_set(folder := getattr(options, name)):
            what = "is a file" if folder.exists() else "does not exist"
            raise CrossgapError(f"--{name}: {folder} {what}. Expected a folder of images.")
    cameras = options.camera or (None,)
    source = index_of(options.source, options.labels, cameras[0])
    labelled = options.target_labels == "all" and has_labels(options.target)
    values = [source.labels]
    if labelled:
        names = labels_like(options.target, options.labels, source.label_names)
        theirs = index_of(options.target, names, cameras[-1])
        if theirs.label_names == source.label_names:  # else it is refused, in words, when it is read
            values.append(theirs.labels)
    return kind_of_labels(source.label_names, np.concatenate(values), options.classes), labelled


def adapt_data(data: OwnData, options: AdaptOptions, config: TaskGANConfig | None = None) -> Adaptation:
    """The same of data that were read.

    Args:
        data: both sides.
        options: what else is asked for; their folders were read.
        config: sizes, steps and rates, where they are not those of a preset.

    Raises:
        CrossgapError: as `adapt_folders`.
    """
    fresh = None if options.test is None else read_test(options, data)
    test, share, unit = None, 0.0, "episode"
    if data.target.label_names or len(data.target) >= FEWEST:
        parts = split(data.target, options.held_out, options.seed)
        data = replace(data, target=replace(data.target, episodes=parts.episodes))
        data, test = data.hold_out(parts.held)
        share, unit = options.held_out, parts.unit
        say(parts.text)
    names, why = suited(
        len(data.target) if data.target.label_names else 0, options.unlabelled is not None,
        options.randomized is not None,
    )  # fmt: skip
    names = possible(names, data.task)
    names, why = (options.methods, "") if options.methods is not None else (names, why)
    names = with_rival(with_steps_between(names), bool(data.target.label_names), data.task)
    say(f"{why} To train: {', '.join(names)}".strip())
    training = _training(data, test, share, options, config, names)
    if fresh is not None:
        known = data.source, data.target, *data.extra.values(), test
        fresh = without_known(fresh, training.output, *known)
    say(f"Run folder: {training.output}")
    models = {name: training.train(name) for name in names}
    measured = {name: training.measure(model) for name, model in models.items()}
    result = compare(models, measured, data.target, test, unit) | {"why": why}
    if fresh is not None and options.test is not None:
        result["test"] = on_test(models, fresh, options.test.name)
    result["preset"] = options.preset if config is None else "own settings"
    result |= {"said": sentences(result), "counts": counts(result)}
    write_json(training.output / ADAPTATION, result)
    build_training_report(training.output)
    found = Adaptation(training.output, result["recommended"], result)
    say_result(found.run, result, options)
    return found


def _training(
    data: OwnData, test: LabelledImages | None, share: float, options: AdaptOptions,
    config: TaskGANConfig | None, names: tuple[str, ...],
) -> Training:  # fmt: skip
    """What trains, all that can be wrong looked at."""
    fabric = single_process(options.device, options.precision)
    classes = data.about["classes"] is not None
    config = config or preset_config(options.preset, classes)
    make = partial(Training, config=config, data=data, test=test, share=share)
    place = options.output or Path("outputs")
    training = make(place, trainer=Trainer(place, fabric, options.seed))
    for name in names:
        training.check(name)
    if options.output is None:
        parts = {key: value for name in names for key, value in training.parts(name).items()}
        place = find_place(training.settings, parts)
        training = make(place, trainer=Trainer(place, fabric, options.seed))
    return training
