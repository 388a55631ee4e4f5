"""`crossgap train`: a method on a user's own two data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Column, Table

from crossgap.base.progress import command, say, say_next
from crossgap.commands.own_data import check_given, read_own_data
from crossgap.core.fabric import hardware, make_fabric
from crossgap.core.runs import check_seed, keep_extra, lock_run, open_run
from crossgap.core.trainer import Trainer
from crossgap.data import Classes, LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError, unknown
from crossgap.methods.config import TaskGANConfig, as_settings
from crossgap.methods.registry import EXTRA, METHODS, OPTIONS, Method

TRAINABLE = [name for name, about in METHODS.items() if about.needs != "oracle"]
"""The methods that need nothing which nobody has."""
KINDS = (
    "nothing of the target", "images of the target", "labelled images of the target",
    "in `demo` and `reproduce` alone",
)  # fmt: skip
"""What methods need of the target."""


def train_on_folders(
    method: str, source: Path, target: Path, output: Path, seed: int, labels: tuple[str, ...] | None,
    target_labels: str, pairs: Path | None, unlabelled: Path | None, randomized: Path | None,
    classes: int | None, device: str, precision: str, config: TaskGANConfig,
) -> Path:  # fmt: skip
    """Train a method, and what it builds on, in the run folder `output`; the adapted model's folder.

    Without `unlabelled`, the target images themselves are the unlabelled ones. With `classes`, the one label
    column holds a class from 0 on, and the task loss is cross-entropy.

    Several methods may be trained in one run folder, on the same data; what they share is trained once.

    Raises:
        CrossgapError: an unknown method, bad data, or `output` holds another run.
    """
    if method in METHODS and method not in TRAINABLE:
        needs = EXTRA[METHODS[method].needs]
        raise CrossgapError(f"Method '{method}' needs {needs}: `crossgap demo` and `reproduce` have them.")
    if method not in TRAINABLE:
        raise unknown("Method", method, TRAINABLE)
    check_given(method, {"pairs": pairs, "randomized": randomized})
    seed, fabric = check_seed(seed), make_fabric(device, precision)
    data = read_own_data(
        source, target, labels, classes, target_labels=target_labels == "all", pairs=pairs,
        unlabelled=unlabelled, randomized=randomized,
    )  # fmt: skip
    methods = data.methods(config, Trainer(output, fabric, seed))
    methods.check(method)  # all that can be wrong, before a run folder is there
    settings = {"experiment": "train", **data.about, "seed": seed, **hardware(fabric)}
    if fabric.is_global_zero:
        lock_run(open_run(output, settings | {"config": as_settings(config)}))
        keep_extra(output, data.extra_settings([method]))
        data.keep_seen(output)
    fabric.barrier()
    model, path = methods.get(method), output / "models" / method
    if fabric.is_global_zero:
        _say_model(path, model, data.target)
    return path


def _say_model(path: Path, model: AdaptedModel, target: LabelledImages) -> None:
    """Where a trained model is, what it is and takes, its error on the images it was trained on, and what is
    next: its error on others."""
    about, labels = METHODS[model.method], ", ".join(model.label_names)
    say(f"Adapted model: {path}")
    say(f"{about.about.replace('**', '')}: images of {model.size} × {model.size} pixels → {labels}")
    if about.policy and target.label_names:
        seen = "" if about.source_side else ", which it was trained on"
        say(f"On the {len(target):,} target images{seen}: {_error(model, target)}")
    if about.policy:
        say_next(
            {"Next, on labelled images that it has not seen": command("evaluate", path, "--data", "FOLDER")}
        )


def _error(model: AdaptedModel, data: LabelledImages) -> str:
    """A model's error on labelled images in words."""
    predicted = model.predict(data.images)
    if isinstance(model.scale, Classes):
        return f"{model.scale.errors(predicted, data.labels).mean():.1%} are taken for another class"
    errors, spreads = np.abs(predicted - data.labels).mean(0), data.labels.std(0)
    each = (
        f"{name} {error:.3g} (spread {spread:.3g})"
        for name, error, spread in zip(data.label_names, errors, spreads, strict=True)
    )
    return f"mean absolute error of {', '.join(each)}"


def list_methods() -> None:
    """Print every method with what it is, by what it needs of the target."""
    table = Table(Column(no_wrap=True), Column(overflow="fold"), box=None, pad_edge=False, show_header=False)
    for kind in KINDS:
        table.add_row(f"[bold]{kind}[/bold]")
        for name, about in METHODS.items():
            if _kind(about) == kind:
                verb = "may have" if about.needs == "unlabelled" else "needs"  # the target images do, too
                also = f"; {verb} {OPTIONS[about.needs]}" if about.needs in OPTIONS else ""
                table.add_row(f"  {name}", about.about.replace("**", "") + also)
    for option in dict.fromkeys(OPTIONS.values()):
        table.add_row(option, ", or ".join(EXTRA[key] for key in OPTIONS if OPTIONS[key] == option))
    Console().print(table)


def _kind(about: Method) -> str:
    """What a method needs of the target, one of `KINDS`."""
    nothing, images, labelled, built_in = KINDS
    if about.needs == "oracle":
        return built_in
    return nothing if about.source_side else labelled if about.target_labels else images
