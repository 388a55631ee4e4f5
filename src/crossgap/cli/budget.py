"""`crossgap budget`."""

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from crossgap.cli.settings import as_config, settings_type
from crossgap.cli.types import Device, Precision
from crossgap.methods.registry import METHODS

SETTINGS = settings_type(dict.fromkeys(part for method in METHODS.values() for part in method.parts))


def budget(
    source: Path, target: Path, output: Path,
    methods: tuple[str, ...] | None = None, counts: tuple[int, ...] | None = None,
    spread: Literal["images", "episodes", "both"] = "both", held_out: float = 0.25, seed: int = 0,
    labels: tuple[str, ...] | None = None, classes: int | None = None, unlabelled: Path | None = None,
    randomized: Path | None = None, device: Device = "auto", precision: Precision = "auto",
    settings: Annotated[SETTINGS, arg(name="")] = SETTINGS(),  # noqa: B008  # pyright: ignore[reportInvalidTypeForm]
) -> None:  # fmt: skip
    """How many real images must I take, and of what? Train on growing numbers of your own target images.

    Prints the error on episodes that are held out, and writes <output>/budget.json and budget.png. Started
    again, after a kill or with other counts or methods, it does only what is not done yet. Sizes, steps and
    rates begin with those of preset quick.

    Args:
        source: many labelled images of the source domain, a folder with a labels.csv.
        target: the labelled images of the target domain that you have.
        output: run folder.
        methods: what to train with each number of images; by default target_only, fine_tuned and
            taskgan_inverse_refined. source_supervised_taskgan_unlabelled_refined, as
            others whose name has "unlabelled", also uses the other target images, without their labels;
            canonical_taskgan_refined needs --randomized.
        counts: numbers of labelled target images, 0 for the source model as it is; by default those of 0, 10,
            25, 50, 80, 100, 200, 400, 800 that are at most 80 % of what there is to train with, and all.
        spread: images, spread over as many episodes as possible (in the table: spread); episodes, whole ones
            (whole); or both to compare.
        held_out: share of the target's episodes that is kept for the test.
        seed: of the choice of images and of training.
        labels: label columns to predict; all by default.
        classes: how many classes there are, where the one label column holds a class from 0 on.
        unlabelled: further target images for the methods that use such, beside the target images that are not
            held out, without their labels. Needs no labels.csv: every file is then one image, but for the
            strips that `crossgap collect` made. Held-out images among them are left out.
        randomized: labelled source images in random looks, for domain randomization; for canonical_taskgan
            every source image once more, row by row.
        device: where to train.
        precision: of training.
        settings: sizes, steps, rates; the defaults are those of preset `quick`.
    """
    from crossgap.commands.budget import budget_on_folders

    budget_on_folders(
        source, target, output, methods, counts, spread, held_out, seed, labels, classes, unlabelled,
        randomized, device, precision, as_config(settings),
    )  # fmt: skip
