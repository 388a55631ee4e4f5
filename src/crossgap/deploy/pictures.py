"""One picture through a translator; and what pictures a model takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from crossgap.base.files import writing
from crossgap.data.cells import strip_hint
from crossgap.data.image_file import WRITTEN, more_than_bytes, read_values, save_image
from crossgap.data.preparation import Preparation
from crossgap.data.prepared import say_outside
from crossgap.data.sizes import Size, shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError


class Takes(Protocol):
    """What says which images it takes: a model, or `Taken`."""

    @property
    def size(self) -> Size:
        """Height and width of what its networks see."""
        ...

    @property
    def preparation(self) -> Preparation | None:
        """What becomes of others; None where there may be none."""
        ...


@dataclass(frozen=True)
class Taken:
    """Which images a model will take, before it is there."""

    size: Size
    """Height and width of what its networks see."""
    preparation: Preparation | None = None
    """What becomes of others; None where there may be none."""


def translate_picture(
    model: AdaptedModel, source: str | Path, output: str | Path, resize: bool = False
) -> None:
    """Translate one picture into a new file, in the format of its ending; JPEG in quality 95.

    Args:
        model: with a translator.
        source: the picture.
        output: the new file.
        resize: scale and centre-crop the picture into the model's size, where the model has no preparation.

    Raises:
        CrossgapError: the model has no translator, the picture is damaged or not of the model's size, or
            `output` is there already or ends in no format that is written.
    """
    source, output = Path(source), Path(output)
    check_translates(model)
    check_ending(output)
    check_is_new(output)
    frame = as_taken(read_values(source), model, resize, source)
    with writing(output) as temporary:
        save_image(model.translate(frame)[0], temporary, output.suffix)


def as_taken(image: np.ndarray, model: Takes, resize: bool, name: Path) -> np.ndarray:
    """A picture as a model takes it, (h, w, 3) uint8: as it is where it has the model's size, else as the
    model prepares a camera's.

    Args:
        image: the picture as `read_values` has it.
        model: the model, or what is known of it.
        resize: scale and centre-crop what the model has no preparation for.
        name: what errors call it.

    Raises:
        CrossgapError: it is of another size or of more than 8 bits, and neither prepared nor to be resized;
            or of another camera than the model is for.
    """
    size: Size = image.shape[:2]
    if image.dtype == np.uint8 and size == model.size:
        return image
    if model.preparation is None and image.dtype != np.uint8:
        raise more_than_bytes(name, image)
    if model.preparation is None and not resize:
        raise wrong_size(name, size, model.size)
    try:
        if model.preparation is not None:
            say_outside(model.preparation, image, name)
        return (model.preparation or Preparation(model.size)).prepare(image)
    except CrossgapError as error:
        raise CrossgapError(f"{name}: {error}") from None


def wrong_size(name: Path, found: Size, size: Size) -> CrossgapError:
    """What is wrong with a picture of another size than the model's."""
    return CrossgapError(
        f"{name}: {shown(found)} pixels, the model takes {shown(size)}. Expected that size, or --resize to "
        f"scale and centre-crop every picture into it.{strip_hint(*found)}"
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
