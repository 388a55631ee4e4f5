"""`crossgap translate`: pictures, recordings and videos through an adapted model's translator."""

from pathlib import Path

import numpy as np
import torch

from crossgap.base.progress import counted, say
from crossgap.commands.convert import model_of_file
from crossgap.core.fabric import make_fabric
from crossgap.data.folder import EXTENSIONS, UNREAD, is_data_set, read_recording
from crossgap.data.sizes import shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.folders import translate_folder
from crossgap.deploy.pictures import translate_picture
from crossgap.deploy.recordings import TranslatedRecording, translate_recording
from crossgap.deploy.rejection import Judge, Yield
from crossgap.deploy.videos import translate_video
from crossgap.errors import CrossgapError


def translate(
    path: Path, source: Path, output: Path, resize: bool, device: str, reject_above: float | None = None,
    task_model: Path | None = None, camera: tuple[str, ...] = (),
) -> None:  # fmt: skip
    """Translate what `source` is, and say what came of it.

    Raises:
        CrossgapError: there is no such model or source, or whatever is wrong with either or with `output`.
    """
    if not source.exists():
        raise CrossgapError(f"No {source}. Expected a folder of pictures, a recording, a picture or a video.")
    if task_model is not None and reject_above is None:
        raise CrossgapError("--task-model is for --reject-above X, the largest error that is kept.")
    if (reject_above is not None or camera) and not is_data_set(source):
        option, needs = ("reject-above", "labels") if reject_above is not None else ("camera", "several")
        raise CrossgapError(
            f"--{option} needs {needs}. Expected a folder of pictures and a table, or a recording."
        )
    device_of = make_fabric(device).device
    model, judge = _model(path, device_of), None
    if reject_above is not None:
        by = AdaptedModel.load(task_model, device_of) if task_model else model
        judge = Judge(by, reject_above, camera[0] if camera else None)
    if recording := read_recording(source):
        _say_recording(
            translate_recording(model, recording, output, camera, resize, judge=judge), output, judge
        )
    elif source.is_dir():
        found = translate_folder(model, source, output, resize, judge=judge, cameras=camera)
        strips = sum(found.images.values())
        of_them = f", {strips:,} of them strips," if strips and len(found.images) > 1 else ""
        say(f"{counted(len(found.images), 'picture')}{of_them} in {output}.")
        if count := len(found.others):
            are = "is there as it was" if count == 1 else "are there as they were"
            say(f"{counted(count, 'other file')} {are}: {_listed(found.others)}.")
        if found.kept is not None and judge is not None:
            say(_kept(found.kept, judge))
    elif source.suffix.lower() in (*EXTENSIONS, *UNREAD):
        translate_picture(model, source, output, resize)
        say(f"One picture: {output}")
    else:
        count = translate_video(model, source, output, resize)
        say(f"{counted(count, 'frame')}: {output}")


def _kept(found: Yield, judge: Judge) -> str:
    """The yield, in words."""
    kept, total = int(found.kept.sum()), len(found.kept)
    median, most = np.quantile(found.errors, (0.5, 0.95))
    files = counted(len(found.left_out), "picture file")
    return (
        f"Yield: {kept:,} of {total:,} pictures ({kept / total:.0%}) have a task error of {judge.above:g} or "
        f"less ({judge.model.scale.error_name}; median {median:.3g}, 95 % below {most:.3g}). "
        f"{counted(total - kept, 'row')} of the table and {files} are left out."
    )


def _say_recording(found: TranslatedRecording, output: Path, judge: Judge | None) -> None:
    """Which cameras were translated, which not, and the yield."""
    recording, frames = found.recording, len(found.recording) if found.kept is None else int(found.kept.sum())
    say(f"{counted(frames, 'frame')} of {', '.join(found.cameras)} translated: {output}")
    for camera, why in found.left.items():
        say(f"{camera} is there as it was: {why}")
    if others := [one for one in recording.cameras if one not in (*found.cameras, *found.left)]:
        say(f"There as they were, for --camera does not name them: {', '.join(others)}.")
    if found.errors is None or found.kept is None or judge is None:
        return
    stay, total = (len(np.unique(recording.episodes[of])) for of in (found.kept, np.ones_like(found.kept)))
    single = int((found.errors[found.kept] > judge.above).sum())
    say(
        f"Yield: {stay:,} of {total:,} episodes ({frames:,} of {len(recording):,} frames) have a task error "
        f"of {judge.above:g} or less in the mean ({judge.model.scale.error_name}; frames: median "
        f"{np.median(found.errors):.3g}). Of the frames that stay {single:,} are above by themselves."
    )


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
