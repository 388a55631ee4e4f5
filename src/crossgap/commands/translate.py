"""`crossgap translate`: pictures and videos through an adapted model's translator."""

from pathlib import Path

from crossgap.base.progress import say
from crossgap.core.fabric import make_fabric
from crossgap.data.folder import EXTENSIONS, UNREAD
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
    model = AdaptedModel.load(path, make_fabric(device).device)
    if source.is_dir():
        found = translate_folder(model, source, output, resize)
        strips = sum(found.images.values())
        say(f"{len(found.images):,} pictures{f', {strips:,} of them strips,' if strips else ''} in {output}.")
        if found.others:
            say(f"{len(found.others):,} other files are there as they were: {_listed(found.others)}.")
    elif source.suffix.lower() in (*EXTENSIONS, *UNREAD):
        translate_picture(model, source, output, resize)
        say(f"One picture: {output}")
    else:
        count = translate_video(model, source, output, resize)
        say(f"{count:,} frames: {output}")


def _listed(files: tuple[Path, ...], most: int = 3) -> str:
    more = f" and {len(files) - most:,} more" if len(files) > most else ""
    return ", ".join(map(str, files[:most])) + more
