"""What the verbs that look through a network look through, and at: the network, and pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from crossgap.base.files import digest_of
from crossgap.commands.options import LookOptions
from crossgap.core.fabric import bf16_is_fast, checked_device
from crossgap.data.batches import to_tensor
from crossgap.data.image_file import read_image
from crossgap.deploy.adapted import ABOUT, AdaptedModel, weights_of
from crossgap.errors import CrossgapError, unknown
from crossgap.networks.pretrained import PRETRAINED, pretrained

SMALLEST = 32
"""Pixels of the shorter side: VGG's last convolutions see 2 × 2 positions of it."""


def network_of(options: LookOptions) -> tuple[nn.Module, dict[str, Any]]:
    """The network that is looked through, and what tells it from others.

    Raises:
        CrossgapError: there is none of that name or in that folder, it has no task model, or its weights
            cannot be had.
    """
    device, folder = checked_device(options.device), Path(options.network)
    if options.network in PRETRAINED:
        of = {"network": options.network, "weights": digest_of(options.weights) if options.weights else None}
        return pretrained(options.network, options.weights).to(device), of
    if not folder.is_dir():
        raise unknown("Network", options.network, [*PRETRAINED, "the folder of an adapted model"])
    if options.weights is not None:
        raise CrossgapError(f"{folder} has its own weights. Expected --weights beside a --network by name.")
    model = AdaptedModel.load(folder, device)
    return model.task_model, {"network": str(folder / ABOUT), "weights": weights_of(folder)}


def is_bf16(options: LookOptions) -> bool:
    """Whether the network is to compute in bfloat16."""
    if options.precision == "auto":
        return bf16_is_fast(checked_device(options.device).type)
    return options.precision == "bf16-mixed"


def read_scaled(path: Path, side: int, device: torch.device) -> Tensor:
    """A picture as (1, 3, h, w) in [-1, 1], scaled so that its longer side is `side` pixels.

    Raises:
        CrossgapError: it is missing or no whole picture, or its shorter side would be below `SMALLEST`.
    """
    if not path.is_file():
        raise CrossgapError(f"No picture at {path}. Expected a PNG, JPEG or BMP file.")
    image = Image.fromarray(read_image(path))
    by = side / max(image.size)
    width, height = (round(by * length) for length in image.size)
    if min(width, height) < SMALLEST:
        raise CrossgapError(
            f"{path}: {image.width} × {image.height} pixels, at --size {side} {width} × {height}. Expected "
            f"at least {SMALLEST} on the shorter side: a larger --size, or a picture that is less narrow."
        )
    scaled = image.resize((width, height), Image.Resampling.LANCZOS)
    return to_tensor(np.asarray(scaled)[None].copy()).to(device)


def outputs(given: Path, output: Path) -> dict[Path, Path]:
    """The pictures to work on, and where each result goes: a file to a PNG, a folder's pictures to PNGs of
    the same names in another folder.

    Raises:
        CrossgapError: there is no picture, two would become one, or a name is none of a PNG.
    """
    if not given.is_dir():
        if output.suffix.lower() != ".png" or output.is_dir():
            raise CrossgapError(f"{output} is no name for a picture. Expected one that ends in .png.")
        return {given: output}
    endings = (".png", ".jpg", ".jpeg", ".bmp")
    seen = (file for file in given.iterdir() if not file.name.startswith("."))
    files = sorted(file for file in seen if file.suffix.lower() in endings)
    if not files:
        raise CrossgapError(f"No pictures in {given}. Expected PNG, JPEG or BMP files.")
    if output.is_file() or output.resolve() == given.resolve():
        raise CrossgapError(f"{output} cannot be the folder of the results. Expected another, or a new one.")
    places = {file: output / f"{file.stem}.png" for file in files}
    if len(set(places.values())) < len(files):
        raise CrossgapError(f"Two pictures of {given} differ by their ending alone. Expected other names.")
    return places
