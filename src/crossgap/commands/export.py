"""`crossgap export`: an adapted model as an ONNX file, and what is said of it."""

import re
from pathlib import Path

import numpy as np

from crossgap.base.progress import counted, say, track
from crossgap.commands.evaluate.checks import check_data
from crossgap.data.folder import image_folder, read_folder, read_unlabelled
from crossgap.data.images import Classes, LabelledImages
from crossgap.data.sizes import Size
from crossgap.data.table import find_table
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.latency import Latency, latency
from crossgap.deploy.onnx import OnnxModel, export_onnx
from crossgap.deploy.pictures import as_taken
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error


def export(
    path: Path, output: Path, picture: bool, camera: str | None, int8: bool, calibration: Path | None
) -> None:
    """Export a model, and say how near it is to torch, how fast, and what 8 bits cost.

    Raises:
        CrossgapError: there is no such model or folder, or whatever `export_onnx` says.
    """
    model, size = AdaptedModel.load(path, precision="32-true"), _camera(camera)
    calibrating, held_out = _halves(path, model, calibration, picture) if calibration else (None, None)
    images = None if calibrating is None else calibrating.images
    done = export_onnx(model, output, picture=picture, camera=size, images=images, int8=int8)
    near = "of all bytes" if done.output == "picture" else "of the labels' spread at most"
    names = f" ({', '.join(model.label_names)})" if done.output != "picture" else ""
    say(f"{output}: {done.takes} in, {done.output}{names} out.")
    say(f"Differs from torch by {done.difference:.1g} {near}{', before 8 bits' if int8 else ''}.")
    if model.preparation and not OnnxModel(output).about["preparation"]:
        say("Images have to be prepared before; with --camera HEIGHTxWIDTH the file does it.")
    say(f"{_latency(output)} on one thread here. examples/deploy_onnx.py runs it.")
    if int8 and held_out is not None:
        say(_cost(model, done.prepared, held_out, done.output == "picture"))


def _camera(text: str | None) -> Size | None:
    """HEIGHTxWIDTH, or one number for both."""
    if text is None:
        return None
    if not (match := re.fullmatch(r"(\d{1,5})(?:[x×](\d{1,5}))?", text.strip().lower())):
        raise CrossgapError(f"--camera {text}: expected HEIGHTxWIDTH in pixels, such as 480x640.")
    return int(match[1]), int(match[2] or match[1])


def _latency(file: Path) -> Latency:
    exported = OnnxModel(file)
    return latency(exported.run, exported.shape)


def _halves(
    path: Path, model: AdaptedModel, folder: Path, picture: bool
) -> tuple[LabelledImages, LabelledImages]:
    """The images of a folder: every other episode, and the others; of one episode every other image."""
    labelled = not picture and model.label_names and find_table(image_folder(folder)) is not None

    def prepared(image: np.ndarray, file: Path) -> np.ndarray:
        return as_taken(image, model, False, file)

    fit = prepared if model.preparation else None
    if labelled:
        data = read_folder(folder, model.label_names, track, fit)
    else:
        data = read_unlabelled(folder, track, fit)
    check_data(path, model, folder, data)
    if len(data) < 2:
        raise CrossgapError(f"{folder} has one image. Expected two at least: to calibrate, and to measure.")
    _, episode = np.unique(data.episodes, return_inverse=True)
    held_out = (episode if episode.max() else np.arange(len(data))) % 2 == 1
    return data.select(~held_out), data.select(held_out)


def _cost(model: AdaptedModel, exported: OnnxModel, data: LabelledImages, picture: bool) -> str:
    """What 8 bits cost on images that they were not calibrated on."""
    episodes = counted(len(np.unique(data.episodes)), "episode")
    on = f"8 bits, on {counted(len(data), 'image')} of {episodes} that they were not calibrated on:"
    if picture:
        levels = np.abs(model.translate(data.images).astype(int) - exported.translate(data.images))
        return f"{on} pictures differ by {levels.mean():.2f} of 255 levels."
    before, after = model.predict(data.images), exported.predict(data.images)
    if not data.label_names:
        apart = model.scale.errors(after, before)
        kind = "other classes" if isinstance(model.scale, Classes) else "mean squared difference of labels"
        return f"{on} {kind} {apart.mean():.3g}; without labels no error is known."
    errors = [offline_error(run, data, model.scale)["value"] for run in (model.predict, exported.predict)]
    own = ""
    if not isinstance(model.scale, Classes):
        off = [np.abs(found - data.labels).mean(0) for found in (before, after)]
        each = zip(data.label_names, *off, strict=True)
        own = "; " + ", ".join(f"{name} {one:.4g} → {two:.4g}" for name, one, two in each)
    return f"{on} {model.scale.error_name} {errors[0]:.4g} → {errors[1]:.4g}{own}."
