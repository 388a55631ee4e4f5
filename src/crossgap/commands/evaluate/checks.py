"""Whether folders are models, and data theirs to be evaluated on."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np

from crossgap.base.files import read_json
from crossgap.base.progress import say
from crossgap.core.runs import CONFIG
from crossgap.data import LabelledImages
from crossgap.data.images import digest
from crossgap.data.overlap import count_seen
from crossgap.data.sizes import Size, shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError

DEPTH = 3
"""Folders from a model up to its run: run/models/name; of a label budget run/images_00010/models/name."""


def check_replaceable(output: Path) -> None:
    """Whether figures may be written there: nothing is there, or the figures of an earlier evaluation.

    Raises:
        CrossgapError: a folder is there, or another file.
    """
    if output.is_dir():
        raise CrossgapError(f"--output {output} is a folder. Expected a file for the figures, as JSON.")
    if not output.exists():
        return
    with suppress(CrossgapError):
        if {"models", "policies"} & read_json(output, "evaluation", dict).keys():
            return
    raise CrossgapError(
        f"--output {output} is there, and is no evaluation. Expected a name that is free, or delete it."
    )


def check_data(path: Path, model: AdaptedModel, folder: Path, data: LabelledImages) -> None:
    """Whether the model takes these images; a word where its run has these images, or, wherever the model
    was copied to, its own record of what it was trained on.

    Raises:
        CrossgapError: they are of another size.
    """
    check_size(folder, data.images, model.size, path)
    run = next((above for above in path.resolve().parents[:DEPTH] if (above / CONFIG).exists()), None)
    record = json.dumps(model.made_of)
    if run is not None:
        record += (run / CONFIG).read_text(encoding="utf-8", errors="replace")
    seen = count_seen(run, data) if run is not None else 0
    if seen == len(data) or any(digest(same) in record for same in (data, data.without_labels())):
        say(f"{folder} is of the run of {path}: what was trained on these images is too good here.")
    elif seen:
        say(
            f"{seen:,} of the {len(data):,} images of {folder} are of the run of {path}: what was trained on "
            "them is too good here."
        )


def check_size(folder: Path, images: np.ndarray, size: Size, of: Path) -> None:
    """Whether a model takes images (n, H, W, 3).

    Args:
        folder: where they are from, for the message.
        images: of any size.
        size: the model's, (height, width).
        of: the model, for the message.

    Raises:
        CrossgapError: they are of another size.
    """
    height, width = images.shape[1:3]
    if (height, width) != size:
        raise CrossgapError(
            f"{folder} has images of {width}×{height} pixels, {of} takes {shown(size)}. Expected one size."
        )
