"""How a picture was made: a record beside it, by which it is found to be there already or not."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from crossgap.base.files import digest_of, read_json, write_json, writing
from crossgap.commands.looking import is_bf16
from crossgap.commands.options import LookOptions
from crossgap.data.batches import to_images
from crossgap.errors import CrossgapError

RECORD = {"made_of": dict, "picture": str, ...: object}
"""Of the JSON beside a picture."""


def record_of(picture: Path) -> Path:
    """The JSON beside a picture, which says how it was made."""
    return picture.with_suffix(".json")


def made_before(picture: Path, made_of: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a picture that was made of just this; None where there is none, or of something else.

    Raises:
        CrossgapError: a picture of that name is there that was not made by this verb, or was changed since;
            or a JSON file of its record's name that is no such record.
    """
    path, remedy = record_of(picture), "Expected a name that is free, or delete it."
    record = read_json(path, "picture's record", RECORD, remedy) if path.exists() else None
    if not picture.exists():
        return None
    if record is None:
        raise CrossgapError(f"{picture} is there, and was not made by this command. {remedy}")
    if record["picture"] != digest_of(picture):
        raise CrossgapError(f"{picture} was changed since this command made it. {remedy}")
    return record if record["made_of"] == made_of else None


def check_beside(picture: Path, *others: Path) -> None:
    """Whether files may be written beside a picture: they are free, or this verb made the picture.

    Raises:
        CrossgapError: one is there, and the picture's record is not.
    """
    if not record_of(picture).exists() and (taken := [other for other in others if other.exists()]):
        raise CrossgapError(
            f"{taken[0]} is there, and was not made by this command. Expected a name for the picture whose "
            "neighbours are free, or delete it."
        )


def keep(picture: Path, image: Tensor, record: dict[str, Any]) -> None:
    """Write a picture (1, 3, h, w) in [-1, 1] as PNG, and its record before it."""
    with writing(picture) as temporary:
        Image.fromarray(to_images(image)[0]).save(temporary, "PNG")
        write_json(record_of(picture), record | {"picture": digest_of(temporary)})


def made_of(options: LookOptions, config: Any, network: dict[str, Any], **files: Path) -> dict[str, Any]:
    """What decides how a picture becomes: settings, network, and the files it is made of, by digest."""
    settings = {"size": options.size, "seed": options.seed, "bf16": is_bf16(options)}
    of = asdict(config) | settings | network | {name: digest_of(file) for name, file in files.items()}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in of.items()}
