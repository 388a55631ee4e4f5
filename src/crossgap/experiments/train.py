"""`crossgap train`: a method on a user's own two data sets."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Column, Table

from crossgap.catalog import METHODS, Methods
from crossgap.catalog.methods import EXTRA
from crossgap.config import TaskGANConfig
from crossgap.data import Classes, LabelledImages, read_folder, read_unlabelled
from crossgap.data.images import digest
from crossgap.errors import CrossgapError, unknown
from crossgap.progress import track
from crossgap.runs import check_seed, lock_run, open_run
from crossgap.training import Trainer, hardware, make_fabric

FAR = 0.5
"""Of the labels' spread: real labels are measured, and may differ from their pairs', but not by so much;
labels that have nothing to do with each other differ by about 1.1."""
TRAINABLE = [name for name, about in METHODS.items() if about.needs != "oracle"]
"""The methods that need nothing which nobody has."""


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
    if method not in TRAINABLE:
        raise unknown("Method", method, TRAINABLE)
    fabric = make_fabric(device, precision)
    data = [read_folder(source, labels, track)]
    data.append(
        read_unlabelled(target, track) if target_labels == "none" else read_folder(target, labels, track)
    )
    extra = {"unlabelled": read_unlabelled(unlabelled, track) if unlabelled else data[1]}
    if pairs is not None:
        extra["pairs"] = _read_pairs(pairs, labels, data[1])
    if randomized is not None:
        extra["randomized"] = extra["randomized_per_frame"] = read_folder(randomized, labels, track)
    scale = None if classes is None else _classes(classes, data)
    settings = {
        "experiment": "train", "source": str(source.resolve()), "target": str(target.resolve()),
        "pairs": pairs and str(pairs.resolve()), "unlabelled": unlabelled and str(unlabelled.resolve()),
        "randomized": randomized and str(randomized.resolve()),
        "digests": [digest(images) for images in [*data, *extra.values()]],
        "labels": list(data[0].label_names), "classes": classes,
        "seed": check_seed(seed), **hardware(fabric), "config": asdict(config),
    }  # fmt: skip
    makers = {key: partial(extra.__getitem__, key) for key in extra}
    methods = Methods(data[0], data[1], config, Trainer(output, fabric, seed), extra=makers, scale=scale)
    methods.check(method)  # all that can be wrong, before a run folder is there
    if fabric.is_global_zero:
        lock_run(open_run(output, settings))
    fabric.barrier()
    methods.get(method)
    return output / "models" / method


def list_methods() -> None:
    """Print every method with what it is, and what it needs."""
    table = Table(
        Column("method", no_wrap=True), "what it is", "of the target", "also", box=None, pad_edge=False
    )
    for name, about in METHODS.items():
        target = "labelled images" if about.target_labels else "images"
        also = EXTRA.get(about.needs, "")
        if about.needs == "oracle":
            target, also = also, "in `crossgap reproduce` and `demo` alone"
        table.add_row(name, about.about.replace("**", ""), "nothing" if about.source_side else target, also)
    Console().print(table)


def _classes(count: int, data: list[LabelledImages]) -> Classes:
    """The classes of both domains' labels.

    Raises:
        CrossgapError: fewer than 2, not one label column, or a label that is none of them.
    """
    if count < 2:
        raise CrossgapError(f"--classes must be at least 2; got {count}.")
    scale = Classes(count)
    for images in data:
        if images.label_names:
            scale.apply(images.labels)
    return scale


def _read_pairs(folder: Path, labels: tuple[str, ...] | None, target: LabelledImages) -> LabelledImages:
    pairs = read_folder(folder, labels, track)
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
