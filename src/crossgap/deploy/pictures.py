"""One picture through a translator; and what pictures a model takes."""

from pathlib import Path

import numpy as np

from crossgap.base.files import writing
from crossgap.data.folder import strip_hint
from crossgap.data.image_file import WRITTEN, read_image, save_image
from crossgap.data.pictures import fitted
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError


def translate_picture(
    model: AdaptedModel, source: str | Path, output: str | Path, resize: bool = False
) -> None:
    """Translate one picture into a new file, in the format of its ending; JPEG in quality 95.

    Args:
        model: with a translator.
        source: the picture.
        output: the new file.
        resize: scale and centre-crop the picture into the model's size.

    Raises:
        CrossgapError: the model has no translator, the picture is damaged or not of the model's size, or
            `output` is there already or ends in no format that is written.
    """
    source, output = Path(source), Path(output)
    check_translates(model)
    check_ending(output)
    check_is_new(output)
    frame = as_taken(read_image(source), model.size, resize, source)
    with writing(output) as temporary:
        save_image(model.translate(frame)[0], temporary, output.suffix)


def as_taken(image: np.ndarray, size: int, resize: bool, name: Path) -> np.ndarray:
    """A picture (H, W, 3) uint8 as a model takes it, (size, size, 3).

    Args:
        image: the picture.
        size: width and height in pixels.
        resize: scale and centre-crop it (`fitted`) where it is of another size.
        name: what errors call it.

    Raises:
        CrossgapError: it is of another size, and not to be resized.
    """
    height, width = image.shape[:2]
    if (height, width) != (size, size) and not resize:
        raise wrong_size(name, width, height, size)
    return fitted(image, size)


def wrong_size(name: Path, width: int, height: int, size: int) -> CrossgapError:
    """What is wrong with a picture of that width and height."""
    return CrossgapError(
        f"{name}: {width}×{height} pixels, the model takes {size}×{size}. Expected that size, or --resize to "
        f"scale and centre-crop every picture into it.{strip_hint(height, width)}"
    )


def check_translates(model: AdaptedModel) -> None:
    """Whether a model has a translator.

    Raises:
        CrossgapError: it has none, and would leave pictures as they are.
    """
    if model.translator is None:
        raise CrossgapError(
            f"This model{f' of {model.method}' if model.method else ''} has no translator: it would leave "
            "pictures as they are. Expected a model of a method that trains one, such as cyclegan."
        )


def check_ending(file: Path) -> None:
    """Whether a picture can be written under that name.

    Raises:
        CrossgapError: it ends in no format that is written.
    """
    if file.suffix.lower() not in WRITTEN:
        raise CrossgapError(f"{file} cannot be written. Expected a name that ends in {', '.join(WRITTEN)}.")


def check_is_new(file: Path) -> None:
    """Whether nothing is there yet.

    Raises:
        CrossgapError: something is.
    """
    if file.exists():
        raise CrossgapError(f"{file} exists already. Expected a new file.")
