"""`crossgap translate`: pictures and videos through an adapted model's translator."""

from pathlib import Path

import torch

from crossgap.base.progress import counted, say
from crossgap.commands.convert import model_of_file
from crossgap.core.fabric import make_fabric
from crossgap.data.folder import EXTENSIONS, UNREAD
from crossgap.data.sizes import shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.folders import translate_folder
from crossgap.deploy.pictures import translate_picture
from crossgap.deploy.videos import translate_video
from crossgap.errors import CrossgapError


def translate(path: Path, source: Path, output: Path, resize: bool, device: str) -> None:
    """Translate what `source` is, and say what came of it.

    Raises:
        CrossgapError: there is no such model or source, or whatever is wrong with either or with `output`.
    """
    if not source.exists():
        raise CrossgapError(f"No {source}. Expected a folder of pictures, a picture or a video.")
    model = _model(path, make_fabric(device).device)
    if source.is_dir():
        found = translate_folder(model, source, output, resize)
        strips = sum(found.images.values())
        of_them = f", {strips:,} of them strips," if strips and len(found.images) > 1 else ""
        say(f"{counted(len(found.images), 'picture')}{of_them} in {output}.")
        if count := len(found.others):
            are = "is there as it was" if count == 1 else "are there as they were"
            say(f"{counted(count, 'other file')} {are}: {_listed(found.others)}.")
    elif source.suffix.lower() in (*EXTENSIONS, *UNREAD):
        translate_picture(model, source, output, resize)
        say(f"One picture: {output}")
    else:
        count = translate_video(model, source, output, resize)
        say(f"{counted(count, 'frame')}: {output}")


def _model(path: Path, device: torch.device) -> AdaptedModel:
    """The model of a folder, or of another code's file of a generator."""
    if path.suffix != ".pth":
        return AdaptedModel.load(path, device)
    model = model_of_file(path)
    size = shown(model.size)
    say(f"{path} takes pictures of {size} pixels here; `crossgap convert` makes a model for others.")
    model.translator = model.networks["translator"].to(device)
    return model


def _listed(files: tuple[Path, ...], most: int = 3) -> str:
    more = f" and {len(files) - most:,} more" if len(files) > most else ""
    return ", ".join(map(str, files[:most])) + more
