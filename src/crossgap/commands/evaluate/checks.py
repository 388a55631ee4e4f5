"""Whether folders are models, and data theirs to be evaluated on."""

import json
from pathlib import Path

import numpy as np

from crossgap.base.progress import say
from crossgap.core.runs import CONFIG
from crossgap.data import LabelledImages
from crossgap.data.images import digest
from crossgap.data.overlap import count_seen
from crossgap.deploy.adapted import ABOUT, AdaptedModel
from crossgap.errors import CrossgapError

DEPTH = 3
"""Folders from a model up to its run: run/models/name; of a label budget run/images_00010/models/name."""


def check_is_model(path: Path) -> None:
    """Whether a folder is no model, but has some in it or beside it.

    Raises:
        CrossgapError: so it is; the message names them.
    """
    if (path / ABOUT).exists():
        return
    folder, files = (path, f"**/{ABOUT}") if path.exists() else (path.parent, f"*/{ABOUT}")
    models = {about.parent for about in folder.glob(files)}
    if found := sorted(str(model) for model in models if not model.name.startswith(".")):
        raise CrossgapError(
            f"{path} is no model. Expected one or several of those in {folder}: {', '.join(found)}."
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


def check_size(folder: Path, images: np.ndarray, size: int, of: Path) -> None:
    """Whether a model takes images (n, H, W, 3).

    Args:
        folder: where they are from, for the message.
        images: of any size.
        size: the model's.
        of: the model, for the message.

    Raises:
        CrossgapError: they are of another size.
    """
    height, width = images.shape[1:3]
    if (height, width) != (size, size):
        raise CrossgapError(
            f"{folder} has images of {width}×{height} pixels, {of} takes {size}×{size}. Expected one size."
        )
