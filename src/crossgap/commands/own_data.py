"""A user's own data sets: read, checked against each other, and described so that a run knows them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crossgap.base.progress import counted, say, track
from crossgap.commands.options import Beside, Given
from crossgap.commands.preparing import SIDES, Preparing
from crossgap.core.runs import check_seed
from crossgap.core.trainer import Trainer
from crossgap.data import Classes, LabelledImages, LabelScale, read_folder, read_unlabelled
from crossgap.data.folder import collected, has_labels, is_data_set, label_columns
from crossgap.data.images import LabelCoding, constant_labels, describe
from crossgap.data.overlap import check_pair, check_shared, keep_seen, say_held_out, without_held_out
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import written
from crossgap.data.table import LABELS
from crossgap.errors import CrossgapError
from crossgap.evaluation.units import other_units
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.own_task import OwnTask
from crossgap.methods.registry import METHODS, OPTIONS, needed
from crossgap.networks.factory import from_factory, here_on_path, own_loss

FAR = 0.5
"""Of the labels' spread: real labels are measured, and may differ from their pairs', but not by so much;
labels that have nothing to do with each other differ by about 1.1."""
FAR_OFF = 10
"""Of a source label's spread: a target's that is further off, or spreads wider, may be in other units."""
FEW = 10
"""Target images; a word where there are fewer."""
Labels = tuple[str, ...] | None
"""The label columns to use; None for all."""


@dataclass(frozen=True)
class OwnData:
    """Two sides of a gap, and what some methods need beside."""

    source: LabelledImages
    """Of X."""
    target: LabelledImages
    """Of Y; without labels where they are to be left unread."""
    extra: Mapping[str, LabelledImages]
    """Further data sets, by their key in `registry.EXTRA`."""
    scale: LabelCoding
    """Of the labels."""
    about: dict[str, Any]
    """Where source and target come from and what they hold: of a run's settings."""
    extra_about: dict[str, dict[str, Any] | None]
    """The same of further data sets, by their option; None of those that are not there."""
    preparations: Mapping[str, Preparation] = field(default_factory=dict)
    """What became of the images of `source` and `target` before, where something did."""
    task: OwnTask | None = None
    """A task model of the user's own."""

    def extra_settings(self, methods: Iterable[str]) -> dict[str, Any]:
        """`extra_about` of what these methods use."""
        options = {OPTIONS[needs].removeprefix("--") for m in methods if (needs := METHODS[m].needs)}
        return {key: self.extra_about[key] for key in sorted(options)}

    def hold_out(self, held: np.ndarray) -> tuple[OwnData, LabelledImages]:
        """The same to train with, without the target images of a mask (n,), and these, to test on."""
        pool, test, extra = self.target.select(~held), self.target.select(held), dict(self.extra)
        extra_about = dict(self.extra_about)
        if "pairs" in extra:  # row by row the target's
            extra["pairs"] = extra["pairs"].select(~held)
        if "unlabelled" in extra:
            extra["unlabelled"] = without_held_out(extra["unlabelled"], test)
            # as trained on: a run of before, which left none out, is another one
            extra_about["unlabelled"] = (extra_about["unlabelled"] or {}) | describe(extra["unlabelled"])
        labelled = {"source": self.source, "target": pool, "randomized": extra.get("randomized")}
        say_held_out({key: data for key, data in labelled.items() if data is not None}, test)
        return replace(self, target=pool, extra=extra, extra_about=extra_about), test

    def keep_seen(self, run: Path) -> None:
        """Note in a run folder which images are trained on: an evaluation says where it has some of them."""
        keep_seen(run, (self.source, self.target, *self.extra.values()))

    def methods(
        self, config: TaskGANConfig, trainer: Trainer, source_trainer: Trainer | None = None,
        target: LabelledImages | None = None, held_out: LabelledImages | None = None,
    ) -> Methods:  # fmt: skip
        """What trains every method on these; with `target`, some of the target images, on no other labels;
        `held_out` as in `Methods`."""
        extra = dict(self.extra)
        extra["unlabelled"] = _joined(self.target.without_labels(), self.extra.get("unlabelled"))
        makers = {key: partial(extra.__getitem__, key) for key in extra}
        target = self.target if target is None else target
        return Methods(
            self.source, target, config, trainer, source_trainer, makers, self.scale,
            preparations=self.preparations, held_out=held_out, task=self.task,
        )  # fmt: skip


def read_own_data(given: Given, beside: Beside = Beside()) -> OwnData:  # noqa: B008
    """Read the folders of a user, and check that they can be the two sides of one gap.

    Raises:
        CrossgapError: whatever is wrong with a folder, or two that do not fit together.
    """
    coding = None if given.classes is None else _classes(given.classes)
    task = own_task(given)
    labels, labelled = given.labels, beside.target_labels == "all"
    places = {"source": given.source, "target": given.target, "pairs": beside.pairs,
              "unlabelled": beside.unlabelled, "randomized": beside.randomized}  # fmt: skip
    folders = {key: folder for key, folder in places.items() if folder is not None}
    _check_folders(folders, labelled)
    preparing = Preparing(given.images)
    x, y = (partial(_how, given, preparing, side) for side in SIDES)
    data = {"source": read_folder(given.source, labels, **x())}
    names = data["source"].label_names
    if labelled:
        target = _read_like(given.target, labels, names, y())
    else:
        target = read_unlabelled(given.target, **y())
    data["target"] = target
    if beside.unlabelled is not None:
        data["unlabelled"] = read_unlabelled(beside.unlabelled, **y())
    if beside.pairs is not None:
        data["pairs"] = _read_pairs(beside.pairs, labels, names, target, x())
    if beside.randomized is not None:
        data["randomized"] = _read_like(beside.randomized, labels, names, x())
    preparing.report()
    for name, images in data.items():
        check_pair(data["source"], images, names=("Source", f"--{name}"))
        if coding is not None:
            _check_classes(coding, images, folders[name])
    check_shared(data)
    if coding is None:
        for name, value in constant_labels(data["source"]).items():  # no spread to scale it with
            raise CrossgapError(
                f"{given.source / LABELS}: '{name}' is {value:g} in every row. Expected labels that vary; "
                "--labels chooses columns."
            )
        show_labels(data["source"], target)
    about = {
        key: {"path": str(folders[key].resolve()), **describe(data[key])} if key in folders else None
        for key in places
    }
    sides = {key: about.pop(key) for key in ("source", "target")}
    source, _ = data.pop("source"), data.pop("target")
    if "randomized" in data:
        data["randomized_per_frame"] = data["randomized"]
    for side in SIDES:
        sides[side] |= preparing.about(side)  # type: ignore[operator]
    settings = sides | {"labels": list(names), "classes": given.classes}
    if given.images.size is not None:
        settings["size"] = written(source.size)
    scale = coding or LabelScale.of(source)
    if task is not None:
        task.check(source.size, scale)
        settings["task"] = task.about()
    return OwnData(source, target, data, scale, settings, about, preparing.decided(), task)


def own_task(given: Given) -> OwnTask | None:
    """The task model that the options name, always the same for a seed; None where they name none.

    Raises:
        CrossgapError: it cannot be made, or an option is of no use without one.
    """
    if given.task is None:
        if given.frozen or given.loss is not None:
            raise CrossgapError(f"--{'frozen' if given.frozen else 'loss'} needs --task, a network of yours.")
        return None
    torch.manual_seed(check_seed(given.seed))
    here_on_path()
    network = from_factory(given.task) if isinstance(given.task, str) else given.task
    return OwnTask(network, given.frozen, *own_loss(given.loss))


def own_data_of(source: LabelledImages, target: LabelledImages, classes: int | None = None) -> OwnData:
    """The same of two sets that are in memory.

    Raises:
        CrossgapError: they do not fit together, a label never varies, or one is no class.
    """
    check_pair(source, target)
    check_shared({"source": source, "target": target})
    coding: LabelCoding = LabelScale.of(source) if classes is None else _classes(classes)
    for data in (source, target):
        if data.label_names:
            coding.apply(data.labels)
    if classes is None:
        show_labels(source, target)
    about = {"source": describe(source), "target": describe(target)}
    about |= {"labels": list(source.label_names), "classes": classes}
    return OwnData(source, target, {}, coding, about, dict.fromkeys(("pairs", "unlabelled", "randomized")))


def check_given(name: str, folders: Mapping[str, Path | None]) -> None:
    """Before anything is read: whether a folder that a method cannot do without is given, and is of its kind.

    Raises:
        CrossgapError: it is not.
    """
    needs = METHODS[name].needs
    option = OPTIONS.get(needs, "").removeprefix("--")
    folder = folders.get(option)
    if option in folders and folder is None:
        raise CrossgapError(f"Method '{name}' needs {needed(needs)}; there are none here.")
    if needs not in ("randomized", "randomized_per_frame") or folder is None:
        return
    again = "Put a whole copy there, or delete it where the folder is not one that `crossgap collect` made."
    about = collected(folder, again)
    if about and about.get("randomization", "none") == "none":
        raise CrossgapError(
            f"{folder} was collected without --randomization. '{name}' needs {needed(needs)}."
        )
    if needs == "randomized_per_frame" and about and not about.get("per_frame"):
        say(f"{folder}: collected without --per-frame, fewer looks than '{name}' can use.")


def check_used(names: Iterable[str], folders: Mapping[str, Path | None]) -> None:
    """Before anything is read: whether each folder that is given is of use to one of these methods.

    Raises:
        CrossgapError: one is not; the message says which methods use it.
    """
    names = tuple(names)
    used = {OPTIONS.get(METHODS[name].needs, "") for name in names}
    for key, folder in folders.items():
        option = f"--{key}"
        if folder is not None and option not in used:
            users = ", ".join(other for other, about in METHODS.items() if OPTIONS.get(about.needs) == option)
            verb = "does" if len(names) == 1 else "do"
            raise CrossgapError(f"{', '.join(names)} {verb} not use {option}. These do: {users}.")


def show_labels(source: LabelledImages, target: LabelledImages) -> None:
    """Which labels are learnt, with mean and spread in both domains, and whether something looks wrong."""
    if len(target) < FEW:
        kind = "labelled target image" if target.label_names else "target image"
        say(
            f"{counted(len(target), kind)}: whatever is trained on so few knows them by heart, and nothing "
            f"that is measured on them says much. {FEW} or more, of several episodes, are a beginning."
        )
    if len(target) > len(source):
        say(f"More target images ({len(target):,}) than source images ({len(source):,}): swapped?")
    mean, spread = source.labels.mean(0, dtype=np.float64), source.labels.std(0, dtype=np.float64)
    labels = target.labels if target.label_names else np.zeros((0, len(mean)))
    others = other_units(source.label_names, mean, spread, labels)
    for index, name in enumerate(source.label_names):
        mean, spread = source.labels[:, index].mean(), source.labels[:, index].std()
        text = f"label {name}: source {mean:.3g} ± {spread:.3g}"
        if target.label_names:
            theirs = target.labels[:, index]
            text += f", target {theirs.mean():.3g} ± {theirs.std():.3g}"
            if name in others:
                text += f", {others[name]}"
            elif max(theirs.std(), abs(theirs.mean() - mean)) > FAR_OFF * spread:
                text += " (other units?)"
        if (count := _classes_seen(source, target)) and len(source.label_names) == 1:
            text += f"; whole numbers, learnt as such: if they are classes, --classes {count}"
        say(text)


def _classes_seen(source: LabelledImages, target: LabelledImages) -> int:
    """How many classes labels may be of: one more than the largest, where all are whole numbers from 0 on and
    most of them are there several times; else 0."""
    values = np.concatenate([data.labels.ravel() for data in (source, target)])
    whole = (values == np.floor(values)).all() and values.min() >= 0
    return int(values.max()) + 1 if whole and 2 * len(np.unique(values)) <= len(values) else 0


def _joined(images: LabelledImages, further: LabelledImages | None) -> LabelledImages:
    """Unlabelled images and further ones, of episodes of their own."""
    if further is None:
        return images
    both, none = np.concatenate([images.images, further.images]), np.zeros((len(images) + len(further), 0))
    episodes = np.concatenate([images.episodes, further.episodes + images.episodes.max() + 1])
    return LabelledImages(both, none.astype(np.float32), (), episodes)


def _check_folders(folders: Mapping[str, Path], target_labels: bool) -> None:
    """Before minutes are spent on reading the others: each folder is there."""
    for option, folder in folders.items():
        if not is_data_set(folder):
            what = "is a file" if folder.exists() else "does not exist"
            raise CrossgapError(f"--{option}: {folder} {what}. Expected a folder of images.")
    target = folders["target"]
    if target_labels and not has_labels(target):
        raise CrossgapError(
            f"No {LABELS} in {target}. Expected one row per image. Target images without labels are for "
            "`crossgap train METHOD --target-labels none`."
        )


def _how(given: Given, preparing: Preparing, side: str) -> dict[str, Any]:
    """How a set of the source's camera, or of the target's, is read.

    Raises:
        CrossgapError: there are more cameras than two.
    """
    names = given.camera or ()
    if len(names) > 2:
        raise CrossgapError(
            f"--camera names {len(names)} cameras. Expected one, or the source's and the target's."
        )
    cameras = names * 2 if len(names) == 1 else names
    camera = cameras[SIDES.index(side)] if cameras else None
    fit = preparing.fit(side)
    return {"track": track, "fit": fit, "camera": camera, "skip_bad": given.skip_bad}


def labels_like(folder: Path, labels: Labels, names: tuple[str, ...]) -> Labels:
    """The columns to read of a folder beside the source: the source's, in its order, where the folder has
    them all and none are asked for. Others of its own, such as who recorded it, need be no numbers then.

    Raises:
        CrossgapError: the folder or its table is not there or not readable.
    """
    has_them = labels is None and set(names) <= set(label_columns(folder))
    return names if has_them else labels


def _read_like(
    folder: Path, labels: Labels, names: tuple[str, ...], how: Mapping[str, Any]
) -> LabelledImages:
    """A folder's images with the source's labels, as of `labels_like`."""
    return read_folder(folder, labels_like(folder, labels, names), **how)


def _classes(count: int) -> Classes:
    if count < 2:
        raise CrossgapError(f"--classes must be at least 2; got {count}.")
    return Classes(count)


def _check_classes(scale: Classes, images: LabelledImages, folder: Path) -> None:
    """Whether all labels are classes; images without labels have none that could be wrong."""
    if not images.label_names:
        return
    if len(images.label_names) > 1:
        raise CrossgapError(
            f"{folder / LABELS} has the label columns {', '.join(images.label_names)}. --classes needs a "
            "single one: choose it with --labels."
        )
    for line, (label,) in enumerate(images.labels, 2):
        if not scale.is_class(label):
            raise CrossgapError(
                f"{folder / LABELS}, line {line}: expected a class from 0 to {scale.count - 1}, "
                f"found {label:g}."
            )


def _read_pairs(
    folder: Path, labels: Labels, names: tuple[str, ...], target: LabelledImages, how: Mapping[str, Any]
) -> LabelledImages:
    pairs = _read_like(folder, labels, names, how)
    if len(pairs) != len(target):
        raise CrossgapError(
            f"{folder} has {len(pairs)} images, the target {len(target)}. Expected one pair per target image."
        )
    if target.label_names == pairs.label_names and (off := _spreads_off(pairs.labels, target.labels)) > FAR:
        raise CrossgapError(
            f"The labels in {folder} are not those of the target images: they differ by {off:.1f} of their "
            "spread on average. Expected the same moments, in the same order."
        )
    return pairs


def _spreads_off(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of two sets of labels (n, k), over the second's standard deviation; 0 where
    nothing varies."""
    spread = other.std(0)
    varies = spread > 0
    off = np.abs(one - other).mean(0)[varies] / spread[varies]
    return float(off.mean()) if len(off) else 0.0
