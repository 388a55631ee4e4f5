"""`crossgap explain`: what an adapted model's task model looks for, as one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crossgap.base.progress import say, track
from crossgap.base.signature import check_replaceable
from crossgap.core.fabric import checked_device
from crossgap.data.batches import to_images, to_tensor
from crossgap.data.image_file import read_values
from crossgap.data.images import Classes
from crossgap.data.sizes import shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import as_taken
from crossgap.errors import CrossgapError
from crossgap.methods.deep_dream import DreamConfig
from crossgap.methods.deep_dream.dream import DeepDream
from crossgap.methods.integrated_gradients.saliency import Saliency, integrated_gradients
from crossgap.networks.features import convolutions
from crossgap.report.plots import new_figure, save

DREAM = DreamConfig(octaves=2, steps=20, jitter=2)
"""Of small images."""
MOST = 8
"""Outputs that have a column each."""
CELL = 1.9
"""Width and height of an image in the picture, inches."""


def explain(
    folder: Path, images: Sequence[Path], output: Path, layers: tuple[str, ...], device: str, seed: int
) -> dict[str, Any]:
    """Draw the picture.

    Returns:
        `completeness`: of each label the largest gap over the images, in its own unit, and the mean change;
        `activation`: of each layer and image before and after the dream.

    Raises:
        CrossgapError: the model has no task model or no such layer, an image is missing or no image, or
            `output` is there and was not made here.
    """
    if output.suffix.lower() != ".png":
        raise CrossgapError(f"--output {output} is no name for a PNG. Expected one that ends in .png.")
    check_replaceable(output, "--output")
    if not images:
        raise CrossgapError("Nothing to explain. Expected --image FILE, once for each image.")
    model = AdaptedModel.load(folder, checked_device(device))
    network = model.task_model
    given = np.stack([_read(path, model) for path in images])
    layers = layers or tuple(convolutions(network)[-1:])
    dreamers = [DeepDream(network, (layer,), DREAM, seed) for layer in layers]
    seen = to_tensor(model.translate(given)).to(model.device)
    columns = [("image", list(given))]  # a label may be called so, too
    if model.translator:
        columns.append(("as translated", list(to_images(seen))))
    names = _outputs(model, seen)
    predicted, told = model.predict(given), {}
    shares = {
        name: _in_units(integrated_gradients(network, seen, index), model, index)
        for index, name in track(list(names.items()), "integrated gradients", len(names))
    }
    for number, (name, found) in enumerate(shares.items()):
        told[name] = {"gap": float(found.gap.abs().max()), "change": float(found.change.abs().mean())}
        of = None if isinstance(model.scale, Classes) else predicted[:, number]
        columns.append((name, _overlays(found.shares, seen, of)))
    activation = {}
    for layer, dreamer in zip(layers, dreamers, strict=True):
        dreams = [dreamer(image[None]) for image in track(seen, f"dream of {layer}", len(seen))]
        activation[layer] = [
            (dreamer.activation(image[None]), dreamer.activation(dreamt))
            for image, dreamt in zip(seen, dreams, strict=True)
        ]
        columns.append((f"dream of {layer}", [to_images(dreamt)[0] for dreamt in dreams]))
    _draw(columns, output)
    _say(told, activation, output)
    return {"completeness": told, "activation": activation}


def _read(path: Path, model: AdaptedModel) -> np.ndarray:
    """An image as the model takes it, (h, w, 3) uint8; without a preparation another size is scaled, for
    which it has to be of the model's shape."""
    if not path.is_file():
        raise CrossgapError(f"No image at {path}. Expected a PNG, JPEG, BMP or TIFF file.")
    image, (height, width) = read_values(path), model.size
    if model.preparation is None and image.shape[0] * width != image.shape[1] * height:
        raise CrossgapError(
            f"{path}: {shown(image.shape[:2])} pixels. Expected the shape of the {shown(model.size)} that "
            "the model was trained on: crop it as those were."
        )
    return as_taken(image, model, True, path)


def _outputs(model: AdaptedModel, seen: Tensor) -> dict[int, str]:
    """The network's outputs that are explained, and their names: labels; of classes those that it holds for
    the likeliest."""
    if not isinstance(model.scale, Classes):
        found = dict(enumerate(model.label_names))
    else:
        with torch.no_grad():
            likely = model.task_model(seen).softmax(1).mean(0).argsort(descending=True).tolist()
        found = {index: f"{model.label_names[0]} {index}" for index in likely}
    if len(found) > MOST:
        which = "likeliest" if isinstance(model.scale, Classes) else "first"
        say(f"Of {len(found)} outputs the {which} {MOST} are shown.")
    return dict(list(found.items())[:MOST])


def _in_units(found: Saliency, model: AdaptedModel, output: int) -> Saliency:
    """In the label's own unit; of classes in the network's, logits."""
    spread = 1.0 if isinstance(model.scale, Classes) else model.scale.spread[output]
    return Saliency(found.shares * spread, found.change * spread)


def _overlays(shares: Tensor, seen: Tensor, predicted: np.ndarray | None) -> list[Any]:
    """Shares summed over the colours, red where they raise the output and blue where they lower it, on the
    image in grey; and what is predicted, where that is a number."""
    from matplotlib import colormaps

    maps = shares.sum(1)
    largest = maps.abs().flatten(1).quantile(0.995, 1)[:, None, None].clamp_min(1e-12)
    strength = (maps / largest).clamp(-1, 1).cpu().numpy()
    grey = (0.25 * (seen.mean(1).cpu().numpy() + 1) + 0.5)[..., None]
    colour = colormaps["bwr"]((strength + 1) / 2)[..., :3]
    weight = np.abs(strength)[..., None] ** 0.7
    mixed = (255 * (weight * colour + (1 - weight) * grey)).round().astype(np.uint8)
    return list(mixed) if predicted is None else list(zip(mixed, predicted.tolist(), strict=True))


def _draw(columns: list[tuple[str, list[Any]]], output: Path) -> None:
    """A row per image, a column for each title."""
    rows = len(columns[0][1])
    size = CELL * len(columns), CELL * rows + 0.3
    figure, axes = new_figure(size, rows, len(columns), squeeze=False)
    for column, (title, cells) in enumerate(columns):
        for row, cell in enumerate(cells):
            image, value = cell if isinstance(cell, tuple) else (cell, None)
            place = axes[row, column]
            place.imshow(image, interpolation="nearest")
            place.set_xticks([])
            place.set_yticks([])
            if value is not None:
                place.set_xlabel(f"{value:+.3g}", fontsize=7, labelpad=2)
        axes[0, column].set_title(title, fontsize=8, parse_math=False)
    save(figure, output)


def _say(told: dict[str, dict[str, float]], activation: dict[str, list[Any]], output: Path) -> None:
    for name, of in told.items():
        say(
            f"{name}: an image changes it by {of['change']:.4g} on average, from that of a black one; the "
            f"pixels' shares miss that by {of['gap']:.2g} at most."
        )
    for layer, pairs in activation.items():
        rise = [after / before for before, after in pairs if before > 0]
        if rise:
            say(f"{layer}: the dream raises its mean square activation × {np.mean(rise):.1f}.")
    say(f"What the task model looks for: {output}")
