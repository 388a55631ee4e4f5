"""`crossgap sample`: images from noise as a sheet, and whether they are copies of what was trained on."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import read_json, writing
from crossgap.base.progress import counted, progress_bar, say, track
from crossgap.base.signature import check_replaceable
from crossgap.core.fabric import make_fabric
from crossgap.core.runs import CONFIG
from crossgap.core.statistics import wilson_interval
from crossgap.data import Classes, LabelledImages
from crossgap.data.contact_sheet import contact_sheet
from crossgap.data.image_file import save_image
from crossgap.data.images import digest
from crossgap.data.neighbours import COPY, Nearness, nearness
from crossgap.data.pictures import read_pictures
from crossgap.data.preparation import Preparation
from crossgap.data.prepared import Prepared
from crossgap.data.sizes import Size, as_size, shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.noise import spherical
from crossgap.errors import CrossgapError
from crossgap.evaluation.coverage import mode_coverage

COLUMNS, WAYS = 8, 3
"""Pictures in a row of the sheet; ways from one noise to another that it shows."""
SHOWN = 512
"""Images that the sheet shows at most."""
QUICK = 2e11
"""Products that a search for the nearest may take without a progress bar: some seconds."""


def sample_images(
    folder: Path, count: int, seed: int, output: Path, interpolate: int, images: Path | None,
    classifier: Path | None, files: Path | None, device: str,
) -> Nearness | None:  # fmt: skip
    """Draw images, write the sheet, and say how near training images are; None where there are none.

    Raises:
        CrossgapError: there is no such model, it draws nothing, a number or a name cannot be, the training
            images are not the model's, `output` is no earlier sheet, or the classifier is none.
    """
    if output.suffix.lower() != ".png":
        raise CrossgapError(f"--output {output} is no name for a PNG. Expected one that ends in .png.")
    check_replaceable(output, "--output")
    if interpolate < 0 or interpolate == 1:
        raise CrossgapError(f"--interpolate must be 0, for none, or at least 2; got {interpolate}.")
    if files is not None and files.exists():
        raise CrossgapError(f"--folder: {files} exists already. Expected a new folder to write to.")
    model = AdaptedModel.load(folder, make_fabric(device).device)
    judge = None if classifier is None else read_classifier(classifier, model, "--classifier")
    noise = model.noise(count, seed)
    drawn = draw(model, noise)
    training = _training_images(folder, model, images)
    rows = {
        f"G(z), seed {seed}, {at + 1} to {min(at + COLUMNS, len(drawn))}": drawn[at : at + COLUMNS]
        for at in range(0, min(len(drawn), SHOWN), COLUMNS)
    }
    if interpolate:
        rows |= _ways(model, interpolate, seed)
    near = None if training is None else _near(drawn, training)
    if near is not None and training is not None:
        closest = near.distance.argsort()[:COLUMNS]
        rows["G(z), those nearest to a training image"] = drawn[closest]
        rows["their nearest training images"] = training[near.rows[closest]]
    say(f"{counted(len(drawn), 'image')} of {shown(model.size)} pixels: {contact_sheet(rows, output)}")
    if files is not None:
        _write(drawn, files)
        say(f"Each as a file: {files}")
    if near is not None:
        _say_near(near)
    if judge is not None:
        _say_coverage(judge, drawn)
    return near


def read_classifier(folder: Path, model: AdaptedModel, option: str) -> AdaptedModel:
    """A model that predicts classes of images of the size that a sampler draws.

    Raises:
        CrossgapError: `folder`, which `option` gave, is none.
    """
    judge = AdaptedModel.load(folder, model.device)
    if not isinstance(judge.scale, Classes) or judge.size != model.size:
        found = "classes" if isinstance(judge.scale, Classes) else ", ".join(judge.label_names)
        raise CrossgapError(
            f"{option}: {folder} predicts {found} of {shown(judge.size)} pixels. Expected a model that "
            f"predicts classes of {shown(model.size)} pixels: `crossgap train source_only --classes K`."
        )
    return judge


def draw(model: AdaptedModel, noise: np.ndarray, part: int = 256) -> np.ndarray:
    """G(z) of noise as of `AdaptedModel.noise`, (n, h, w, 3) uint8, with a progress bar where
    there are many."""
    starts = range(0, len(noise), part)
    tracked = track(starts, "draw", len(starts)) if len(starts) > 4 else starts
    return np.concatenate([model.sampled(noise[start : start + part]) for start in tracked])


def _ways(model: AdaptedModel, count: int, seed: int) -> dict[str, np.ndarray]:
    """Rows of images between two noises each: the first and the second image, the third and the fourth, …"""
    ends = model.noise(2 * WAYS, seed)
    return {
        f"on the way from {first + 1} to {first + 2}": model.sampled(
            spherical(ends[first], ends[first + 1], count)
        )
        for first in range(0, 2 * WAYS, 2)
    }


def _training_images(folder: Path, model: AdaptedModel, given: Path | None) -> np.ndarray | None:
    """The images (n, size, size, 3) that the model was trained on: those given, or of its run; None, with the
    reason, where there are none any more."""
    path, size = (given, model.size) if given is not None else _place(folder)
    prepared = model.preparation or (None if size is None else Preparation(size))
    if path is None or not path.is_dir():
        if given is not None:
            raise CrossgapError(f"--images: no folder {given}. Expected a folder of the training images.")
        lost = (
            f"are no longer in {path}" if path else f"are unknown: {folder} is in no run of `crossgap train`"
        )
        say(f"Its training images {lost}. --images says where they are, to see how near the nearest is.")
        return None
    try:
        found = _read(path, prepared, model)
    except CrossgapError as error:
        if given is not None:
            raise
        say(f"{error} How near the nearest training image is cannot be told; --images names other ones.")
        return None
    record = model.made_of.get("target", {})
    if record and record.get("fingerprint") != digest(found):
        say(f"{path} does not hold the very images that the model was trained on: what is near is of these.")
    return found.images


def _read(path: Path, prepared: Preparation | None, model: AdaptedModel) -> LabelledImages:
    found = read_pictures(path, None if prepared is None else Prepared(prepared, "data"), track)
    if len(found) < 2 or found.size != model.size:
        raise CrossgapError(
            f"{path} has {counted(len(found), 'image')} of {shown(found.size)} pixels. Expected at least "
            f"2 of {shown(model.size)}, as the model was trained on."
        )
    return found


def _place(folder: Path) -> tuple[Path | None, Size | None]:
    """Where the run of a model has its training images from, and the size that it read them in, of which a
    model of before says nothing."""
    config = folder.resolve().parent.parent / CONFIG
    found: dict[str, Any] = read_json(config, "run configuration", dict) if config.exists() else {}
    path = found.get("target", {}).get("path") if isinstance(found.get("target"), dict) else None
    size = found.get("size")
    return (Path(path) if isinstance(path, str) else None), None if size is None else as_size(size)


def _near(drawn: np.ndarray, training: np.ndarray) -> Nearness:
    long = len(drawn) * training.size > QUICK
    bar = progress_bar("nearest", 2 * len(training)) if long else nullcontext(lambda _: None)
    with bar as advance:
        return nearness(drawn, training, advance=advance)


def _say_near(near: Nearness) -> None:
    """Distances in words, beside those that tell what near means."""
    among, of = near.among_training, near.distance
    say(
        "Distance to the nearest training image, in pixel space (root mean square, levels from 0 to 255): "
        f"{of.mean():.1f} on average, {of.min():.1f} at least."
    )
    say(
        f"For comparison, a training image and the nearest other one: {among.mean():.1f} on average, "
        f"{among.min():.1f} at least."
    )
    more = wilson_interval(near.copies, len(of))[0] > near.alike
    say(
        f"Closer than {COPY:.0%} of that average are {near.copies} of {len(of):,} images, "
        f"{near.copies / len(of):.1%}; of training images, to another one, {near.alike:.1%}. "
        + ("It has learnt some by heart." if more else "No sign that it copies.")
    )
    if near.uniform:
        say(
            f"All are nearly alike: they are {near.spread:.1f} from their mean, training images "
            f"{near.spread_of_training:.1f}. Whatever the noise, it draws the same."
        )
    if near.far:
        say("They are far from all training images: it does not draw such pictures, or not yet.")


def _say_coverage(judge: AdaptedModel, drawn: np.ndarray) -> None:
    """How many of a classifier's classes are drawn, and how often each."""
    found = mode_coverage(judge.predict(drawn), judge.scale.outputs)
    each = ", ".join(f"{name}: {count}" for name, count in enumerate(found.histogram))
    say(
        f"{found.covered} of {judge.scale.outputs} classes are drawn, each by at least {found.least:.2%} of "
        f"the images, as {judge.method or 'the classifier'} sees them ({each})."
    )


def _write(drawn: np.ndarray, folder: Path) -> None:
    """The images as files of a new folder, in one piece."""
    with writing(folder) as temporary:
        temporary.mkdir(parents=True)
        shown = track(drawn, "write", len(drawn)) if len(drawn) > 2_000 else drawn
        for index, image in enumerate(shown):
            save_image(image, temporary / f"{index:06d}.png")
