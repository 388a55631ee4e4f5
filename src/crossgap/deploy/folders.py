"""A folder of pictures through a translator: names, labels and all other files stay as they are."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crossgap.base.files import attempt, write_json, writing
from crossgap.base.progress import progress_bar
from crossgap.core.weights import tensors_digest
from crossgap.data.contents import Contents, contents
from crossgap.data.folder import ABOUT, collected
from crossgap.data.image_file import image_size, read_images, save_image
from crossgap.data.sizes import Size, written
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import as_taken, check_ending, check_translates, wrong_size
from crossgap.deploy.rejection import Judge, Yield, labelled_rows, reject
from crossgap.deploy.translation_record import TranslationRecord
from crossgap.errors import CrossgapError

BATCH = 64
"""Pictures that are translated, and noted as done, at a time."""


@dataclass(frozen=True)
class Translated(Contents):
    """A folder that was translated: what the source holds."""

    kept: Yield | None = None
    """What was kept of it; None where nothing was left out."""


def translate_folder(
    model: AdaptedModel,
    source: str | Path,
    output: str | Path,
    resize: bool = False,
    quiet: bool = False,
    judge: Judge | None = None,
    cameras: Sequence[str] = (),
) -> Translated:
    """Translate every picture of a folder into another folder.

    A picture keeps its name, its place and its format (JPEG is written in quality 95), a strip its frames.
    Every other file, such as `labels.csv`, is copied byte for byte, and comes last, so that what is not
    finished is not taken for a data set; but what `crossgap collect` wrote of its pictures' size becomes the
    new one where they are resized. Hidden files are left out. Each file is written in one piece; a
    translation that was killed goes on where it was.

    Args:
        model: with a translator.
        source: the folder.
        output: the new folder, or one that this very translation began.
        resize: scale and centre-crop pictures into the model's size, where the model has no preparation.
        quiet: no progress bar.
        judge: leaves out pictures whose label is not kept, with their rows in the table; none by default.
        cameras: the columns of the table whose images are translated; by default all images of the folder.

    Returns:
        What the source holds, and what was kept of it.

    Raises:
        CrossgapError: the model has no translator; a picture is damaged, not of the model's size or in no
            format that is written; `output` was there before, or is of another model or other pictures.
    """
    source, output = Path(source), Path(output)
    check_translates(model)
    found = contents(source, cameras)
    if output.resolve() == source.resolve():
        raise CrossgapError(f"{source} is also the folder to write to. Expected another one.")
    if output.resolve().is_relative_to(source.resolve()):
        raise CrossgapError(f"{output} lies within {source}. Expected a place outside of it.")
    for file, strip in found.images.items():
        check_ending(output / file)
        if not (resize or model.preparation):
            _check_size(source / file, strip, model.size)
    table = labelled_rows(source, judge)[0].relative_to(source) if judge else None
    record = TranslationRecord(source, output, _made_of(model, resize, judge, cameras))
    files = len(found.images) + len(found.others)
    with progress_bar(f"translate {source.name}", files, quiet=quiet) as advance:
        for batch in _batches(source, found.images):
            digests = record.checked(batch)
            if not record.has(digests):
                translated = _translated(model, source, batch, resize)
                record.begin()
                for file, image in translated.items():
                    with writing(output / file) as temporary:
                        save_image(image, temporary, file.suffix)
                record.note(digests)
            advance(len(batch))
        for file in found.others:
            if file != table:
                _copy(source / file, output / file, model.size if resize or model.preparation else None)
            advance(1)
        rejected = reject(source, output, judge) if judge else None
    return Translated(found.images, found.others, rejected)


def _made_of(
    model: AdaptedModel, resize: bool, judge: Judge | None, cameras: Sequence[str]
) -> dict[str, object]:  # fmt: skip
    """What decides how a picture is translated."""
    assert model.translator is not None
    weights = tensors_digest(model.translator.state_dict())
    prepared = {} if model.preparation is None else {"preparation": model.preparation.to_json()}
    size = {"size": written(model.size), "resize": resize}
    kept, seen = {}, {"cameras": list(cameras)} if cameras else {}
    if judge is not None:
        task_model = tensors_digest(judge.model.task_model.state_dict())
        kept = {"reject_above": judge.above, "task_model": task_model}
    return {"weights": weights, "precision": model.precision, **size, **prepared, **kept, **seen}


def _check_size(file: Path, strip: bool, size: Size) -> None:
    """Whether a file has pictures of that size, by its header; a damaged one is found when it is read."""
    width, height = image_size(file) or size[::-1]
    if strip and height % width == 0:
        height = width  # of its frames
    if (height, width) != size:
        raise wrong_size(file, (height, width), size)


def _batches(source: Path, images: dict[Path, bool]) -> Iterator[dict[Path, bool]]:
    """The image files, as many at a time as have `BATCH` pictures. Always the same ones come together, so
    that what was interrupted ends like what was not, bit for bit."""
    batch: dict[Path, bool] = {}
    pictures = 0
    for file, strip in images.items():
        batch[file] = strip
        width, height = (image_size(source / file) if strip else None) or (1, 1)
        pictures += max(1, height // width)
        if pictures >= BATCH:
            yield batch
            batch, pictures = {}, 0
    if batch:
        yield batch


def _translated(
    model: AdaptedModel, source: Path, batch: dict[Path, bool], resize: bool
) -> dict[Path, np.ndarray]:
    """Some files with their pictures translated."""
    images = read_images((source / file for file in batch), values=True)
    pictures = [
        _frames(source / file, image, strip, model, resize)
        for (file, strip), image in zip(batch.items(), images, strict=True)
    ]
    translated = model.translate(np.concatenate(pictures))
    ends = np.cumsum([len(frames) for frames in pictures])[:-1]
    return {
        file: np.concatenate(frames) for file, frames in zip(batch, np.split(translated, ends), strict=True)
    }


def _frames(file: Path, image: np.ndarray, strip: bool, model: AdaptedModel, resize: bool) -> np.ndarray:
    """The pictures of a file as the model takes them, (n, h, w, 3) uint8: one, or those of a strip."""
    height, width = image.shape[:2]
    if strip and height % width:
        raise CrossgapError(
            f"{file}: {width}×{height} pixels. Expected a strip of square frames, one below the other."
        )
    frames = np.split(image, height // width) if strip else [image]
    return np.stack([as_taken(frame, model, resize, file) for frame in frames])


def _copy(file: Path, to: Path, size: Size | None) -> None:
    """Copy a file; with a size, the description of a collected folder gets that one, as its strips have."""
    if size and file.name == ABOUT and "size" in (about := collected(file.parent)):
        write_json(to, about | {"size": written(size)})
        return
    with writing(to) as temporary, attempt(f"copy {file}"):
        shutil.copyfile(file, temporary)
