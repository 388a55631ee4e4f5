"""`crossgap train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from crossgap.cli.types import Device, Precision
from crossgap.methods.config import OWN_DATA, TaskGANConfig


def train(
    method: Positional[str], source: Path, target: Path, output: Path, seed: int = 0,
    labels: tuple[str, ...] | None = None, target_labels: Literal["all", "none"] = "all",
    pairs: Path | None = None, unlabelled: Path | None = None, randomized: Path | None = None,
    classes: int | None = None, device: Device = "auto", precision: Precision = "auto",
    config: Annotated[TaskGANConfig, arg(name="")] = OWN_DATA,
) -> None:  # fmt: skip
    """Train a method on your own two data sets: folders of images with a labels.csv.

    Started again after a kill, it goes on where it was. The model is <output>/models/<method>. Sizes, steps
    and rates begin with those of preset quick: some minutes to train on 2 cores.

    Args:
        method: such as taskgan_inverse_refined, fine_tuned or cycle_taskgan_unlabelled_refined; `crossgap
            methods` lists all.
        source: many labelled images of the source domain.
        target: the few images of the target domain.
        output: run folder.
        seed: of training.
        labels: label columns to predict; all by default.
        target_labels: none leaves the target's labels unread; it then needs no labels.csv.
        pairs: true pairs of the target images in the source domain, row by row, for the forward mapping.
        unlabelled: further target images, beside the target's own, for the methods that use such (dann,
            taskgan_inverse_unlabelled, source_supervised_taskgan_unlabelled). Needs no labels.csv: every
            file is then one image, but for the strips that `crossgap collect` made.
        randomized: labelled source images in random looks, for domain randomization; for canonical_taskgan
            every source image once more, row by row.
        classes: how many classes there are, where the one label column holds a class from 0 on.
        device: where to train.
        precision: of training.
        config: sizes, steps, rates; the defaults are those of preset `quick`.
    """
    from crossgap.commands.train import train_on_folders

    train_on_folders(
        method, source, target, output, seed, labels, target_labels, pairs, unlabelled, randomized, classes,
        device, precision, config,
    )  # fmt: skip
