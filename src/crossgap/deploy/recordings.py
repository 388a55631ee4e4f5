"""A recording through a translator, LeRobot's or in HDF5: all that is no image stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from crossgap.base.progress import progress_bar
from crossgap.data import hdf5_replaced
from crossgap.data.frames import read_frames
from crossgap.data.hdf5 import ENDINGS, is_demonstrations
from crossgap.data.lerobot import replaced
from crossgap.data.recording import Recording
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import as_taken, check_is_new, check_translates
from crossgap.deploy.rejection import Judge
from crossgap.errors import CrossgapError

BATCH = 64
"""Images that are translated at a time."""


@dataclass(frozen=True)
class TranslatedRecording:
    """A recording that was translated."""

    recording: Recording
    """The one that it was made of."""
    cameras: tuple[str, ...]
    """Whose images were translated."""
    left: dict[str, str]
    """Cameras that were not chosen and that the translator does not fit, and why."""
    errors: np.ndarray | None = None
    """(n,) task error of each frame once it is translated; None where nothing was to be left out."""
    kept: np.ndarray | None = None
    """(n,) bool: the frames of episodes that stay."""


def translate_recording(
    model: AdaptedModel, recording: Recording, output: str | Path, cameras: Sequence[str] = (),
    resize: bool = False, quiet: bool = False, judge: Judge | None = None,
) -> TranslatedRecording:  # fmt: skip
    """Translate the images of one or several cameras of a recording into a new one of the same form.

    All else is the same, byte for byte: numbers, texts, tasks, files, cameras that are not translated. It is
    written in one piece; one that was killed begins again.

    Episodes stay whole, for what is learnt from them are sequences: `judge` leaves out those whose frames
    have a larger error in the mean. Their images are then translated twice.

    Args:
        model: with a translator.
        recording: as `read_recording` has it.
        output: the new folder, or of demonstrations in HDF5 the new file.
        cameras: whose images are translated; by default of all whose images the model takes.
        resize: scale and centre-crop images into the model's size, where the model has no preparation.
        quiet: no progress bar.
        judge: leaves out episodes; it looks at the first of the cameras.

    Raises:
        CrossgapError: the model has no translator, or takes the images of no such camera; an image is
            damaged; there are no labels to judge by, or nothing would be kept; or `output` is there.
    """
    output = Path(output)
    check_translates(model)
    check_is_new(output)
    in_file = is_demonstrations(recording.path)
    if in_file and output.suffix.lower() not in ENDINGS:
        raise CrossgapError(f"{output} cannot be written. Expected a name that ends in {', '.join(ENDINGS)}.")
    if output.resolve().is_relative_to(recording.path.resolve()):
        raise CrossgapError(f"{output} lies within {recording.path}. Expected a place outside of it.")
    chosen, left = _cameras(model, recording, cameras, resize)
    changes = {camera: partial(_translated, model, resize, recording.path / camera) for camera in chosen}
    errors, kept = None, np.ones(len(recording), bool)
    if judge is not None:
        first, *others = chosen
        if others and not cameras:
            raise CrossgapError(
                f"--reject-above looks at one of the {len(chosen)} cameras ({', '.join(chosen)}). Expected "
                "--camera, the one that the task model knows first."
            )
        errors = _errors(recording, first, changes[first], judge, quiet)
        kept = _kept(recording, errors, judge)
    episodes = np.unique(recording.episodes[kept]).tolist()
    total = int(kept.sum()) * len(chosen)
    with progress_bar(f"translate {recording.path.name}", total, quiet=quiet) as advance:
        if in_file:
            hdf5_replaced.replace_images(recording.path, output, changes, episodes, advance)
        else:
            replaced.replace_images(recording, output, changes, episodes, advance)
    return TranslatedRecording(recording, chosen, left, errors, None if judge is None else kept)


def _cameras(
    model: AdaptedModel, recording: Recording, named: Sequence[str], resize: bool
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Whose images are translated, and why others are not."""
    if named:
        chosen = dict.fromkeys(recording.camera(name) for name in named)
        for camera in chosen:
            _take_first(model, recording, camera, resize)
        return tuple(chosen), {}
    if not recording.cameras:
        raise CrossgapError(f"{recording.path} has no camera. Expected images to translate.")
    left: dict[str, str] = {}
    for camera in recording.cameras:
        try:
            _take_first(model, recording, camera, resize)
        except CrossgapError as error:
            left[camera] = str(error)
    chosen = tuple(camera for camera in recording.cameras if camera not in left)
    if not chosen:
        raise CrossgapError(next(iter(left.values())))
    return chosen, left


def _take_first(model: AdaptedModel, recording: Recording, camera: str, resize: bool) -> None:
    """Whether a model takes a camera's first image."""
    for image in read_frames(recording.cameras[camera][:1], values=True):
        as_taken(image, model, resize, recording.path / camera)


def _translated(
    model: AdaptedModel, resize: bool, name: Path, images: Iterable[np.ndarray]
) -> Iterator[np.ndarray]:
    for batch in _batches(images):
        yield from model.translate(np.stack([as_taken(image, model, resize, name) for image in batch]))


def _batches(images: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    images = iter(images)
    while batch := list(islice(images, BATCH)):
        yield batch


def _errors(
    recording: Recording, camera: str, change: Callable[[Iterable[np.ndarray]], Iterator[np.ndarray]],
    judge: Judge, quiet: bool,
) -> np.ndarray:  # fmt: skip
    """(n,) the error of each frame once it is translated."""
    names, columns = judge.model.label_names, recording.columns()
    if lacking := [name for name in names if name not in columns]:
        raise CrossgapError(
            f"{recording.path} has no label column '{lacking[0]}', which the task model predicts. Available: "
            f"{', '.join(columns) or 'none'}."
        )
    labels, errors = recording.labels(names), []
    drawn = change(read_frames(recording.cameras[camera], values=True))
    with progress_bar(f"judge {recording.path.name}", len(recording), quiet=quiet) as advance:
        for batch in _batches(drawn):
            at = sum(map(len, errors))
            errors.append(judge.errors(np.stack(batch), labels[at : at + len(batch)]))
            advance(len(batch))
    return np.concatenate(errors)


def _kept(recording: Recording, errors: np.ndarray, judge: Judge) -> np.ndarray:
    """(n,) bool: frames of episodes whose error is small enough in the mean."""
    episodes = recording.episodes
    means = {one: errors[episodes == one].mean() for one in np.unique(episodes)}
    if not (stay := [one for one, mean in means.items() if mean <= judge.above]):
        raise CrossgapError(
            f"No episode of {recording.path} has a task error of {judge.above:g} or less in the mean once it "
            f"is translated; the smallest is {min(means.values()):.3g}. Expected a larger --reject-above."
        )
    return np.isin(episodes, stay)
