"""Two data sets beside each other: whether they fit, and which images both have, pixel by pixel: what was
trained on is no test, and is said to be none."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from crossgap.base.files import writing
from crossgap.base.progress import say
from crossgap.data import LabelledImages
from crossgap.data.cells import strip_hint
from crossgap.data.images import ImageSet, image_digests
from crossgap.data.sizes import misfit
from crossgap.errors import CrossgapError

Images = TypeVar("Images", bound=ImageSet)
SEEN = "images.npy"
"""In a run folder: the digests of all images that its models may have been trained on."""


def check_pair(
    source: LabelledImages, target: LabelledImages, names: tuple[str, str] = ("Source", "Target")
) -> None:  # fmt: skip
    """Whether two data sets can be the two sides of one gap; `names` are what errors call them.

    Raises:
        CrossgapError: they differ in image size or labels, or the networks cannot take the size.
    """
    if source.images.shape[1:] != target.images.shape[1:]:
        (h, w), (height, width) = source.images.shape[1:3], target.images.shape[1:3]
        raise CrossgapError(
            f"{names[0]} images are {w}×{h} pixels, {names[1].lower()} images {width}×{height}. "
            "Expected one size." + (strip_hint(h, w) or strip_hint(height, width))
        )
    h, w = source.images.shape[1:3]
    if problem := misfit((h, w)):
        raise CrossgapError(problem + strip_hint(h, w))
    if target.label_names and source.label_names != target.label_names:
        order = ", in the same order," if set(source.label_names) == set(target.label_names) else ""
        raise CrossgapError(
            f"{names[0]} labels are {', '.join(source.label_names)}, {names[1].lower()} labels "
            f"{', '.join(target.label_names)}. Expected the same labels{order} in both, or none "
            "in the target."
        )


def check_shared(data: Mapping[str, LabelledImages]) -> None:
    """Whether data sets, by their option, are the same images as the source's; a word where some are.

    Raises:
        CrossgapError: all are.
    """
    source = data["source"]
    for key in ("target", "randomized", "unlabelled"):
        if key not in data:
            continue
        if np.array_equal(source.images, data[key].images):
            raise CrossgapError(f"--source and --{key} are the same images. Expected two data sets.")
        if count := _shared(data[key], source).sum():
            say(f"{count:,} of the {len(data[key]):,} images of --{key} are in --source, too.")


def without_held_out(unlabelled: Images, test: ImageSet) -> Images:
    """Images without labels, less those that are held out for a test; a word on how many those were."""
    same = _shared(unlabelled, test)
    if same.any():
        say(f"--unlabelled: {same.sum():,} of its images are held out for the test: left out.")
        return unlabelled.select(~same)
    return unlabelled


def say_held_out(data: Mapping[str, ImageSet], test: ImageSet) -> None:
    """A word where data sets to train with, by their option, have images that are held out for a test."""
    for key, images in data.items():
        if count := _shared(images, test).sum():
            say(
                f"--{key}: {count:,} of the {len(images):,} images to train with are held out for the test, "
                "too: errors will be too low."
            )


def without_known(test: Images, run: Path, *others: ImageSet | None) -> Images:
    """Images to test on, less those that models of a run were trained on, or that a choice among these was
    made on; a word on how many those were.

    Args:
        test: the images.
        run: the run folder, which need not be there yet.
        others: what is to be trained on there, and chosen on; None for nothing.

    Raises:
        CrossgapError: all were.
    """
    known = np.isin(image_digests(test.images), _seen(run))
    for images in others:
        if images is not None:
            known |= _shared(test, images)
    if known.all():
        raise CrossgapError(
            f"--test: all of its {len(test):,} images were trained on, or held out to choose on. Expected "
            "others, which say what neither can."
        )
    if known.any():
        say(
            f"--test: {known.sum():,} of its {len(test):,} images were trained on, or held out to choose on: "
            "left out."
        )
        return test.select(~known)
    return test


def _shared(images: ImageSet, others: ImageSet) -> np.ndarray:
    """Which images are among the others: (n,) bool."""
    return np.isin(image_digests(images.images), image_digests(others.images))


def keep_seen(run: Path, images: Iterable[ImageSet]) -> None:
    """Note in a run folder what is trained on there, beside what was before."""
    digests = np.concatenate([image_digests(data.images) for data in images])
    with writing(run / SEEN) as temporary, temporary.open("wb") as file:
        np.save(file, np.union1d(_seen(run), digests))


def count_seen(run: Path, images: LabelledImages) -> int:
    """How many images models of a run folder may have been trained on; 0 where it has no note of them."""
    return int(np.isin(image_digests(images.images), _seen(run)).sum())


def _seen(run: Path) -> np.ndarray:
    path, remedy = run / SEEN, f"Delete it; the next training in {run} writes it anew."
    if not path.exists():
        return np.empty(0, np.uint64)
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CrossgapError(f"{path} is damaged: {error}. {remedy}") from error
    if found.dtype != np.uint64 or found.ndim != 1:
        raise CrossgapError(
            f"{path} holds {found.dtype} of shape {found.shape}. Expected (n,) uint64. {remedy}"
        )
    return found
