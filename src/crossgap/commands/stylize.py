"""`crossgap stylize`: pictures in the style of another, how far each loss fell, and the steps on the way."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crossgap.base.progress import progress_bar, say
from crossgap.commands.looking import is_bf16, network_of, outputs, read_scaled
from crossgap.commands.made import check_beside, keep, made_before, made_of, record_of
from crossgap.commands.options import LookOptions
from crossgap.data.batches import to_images
from crossgap.data.contact_sheet import contact_sheet
from crossgap.errors import CrossgapError
from crossgap.methods.style_transfer import StyleConfig
from crossgap.methods.style_transfer.transfer import StyleTransfer
from crossgap.networks.features import convolutions
from crossgap.networks.vgg import VGG
from crossgap.report.style_losses import LOSSES, losses_plot

STEPS, CURVES = ".steps.png", ".losses.png"
"""How the names of what stands beside a picture end."""
SHOWN = 6
"""Pictures of the way from the start to the end."""


def stylize(
    content: Path, style: Path, output: Path, options: LookOptions, config: StyleConfig
) -> list[dict[str, Any]]:  # fmt: skip
    """Make a picture, or one of each in a folder; those that are there already are left as they are.

    Returns:
        The record of each: `made_of`, `losses` by step, and those of white noise.

    Raises:
        CrossgapError: a picture is missing, damaged or too small, or the network has no such layer.
    """
    _check(config)
    places = outputs(content, output)
    if not content.is_dir():
        check_beside(output, *(output.with_suffix(end) for end in (STEPS, CURVES)))
    for file in (next(iter(places)), style):  # before the weights are fetched
        read_scaled(file, options.size, torch.device("cpu"))
    network, of_network = network_of(options)
    config = _with_layers(network, config)
    records = []
    for number, (file, place) in enumerate(places.items(), 1):
        of = made_of(options, config, of_network, content=file, style=style)
        if (record := made_before(place, of)) is not None:
            say(f"{place} is there already, made with these settings.")
        else:
            title = f"{file.name} ({number} of {len(places)})" if len(places) > 1 else file.name
            way = None if content.is_dir() else place.with_suffix(STEPS)
            record = _made(network, file, style, place, options, config, of, title, way)
        _say(record, place)
        records.append(record)
    if not content.is_dir():
        say(f"On the way there: {output.with_suffix(STEPS)}; losses: {_plot(records[0], output)}")
    say(f"Every loss by step: {record_of(next(iter(places.values())))}" + " and so on" * (len(places) > 1))
    return records


def _made(
    network: torch.nn.Module, file: Path, style: Path, place: Path, options: LookOptions, config: StyleConfig,
    of: dict[str, Any], title: str, way: Path | None,
) -> dict[str, Any]:  # fmt: skip
    """One picture, and its record."""
    device = next(network.parameters()).device
    shown, manner = (read_scaled(path, options.size, device) for path in (file, style))
    began = time.perf_counter()
    transfer = StyleTransfer(network, shown, manner, config, options.seed, is_bf16(options))
    losses, pictures = [], [to_images(shown)[0]]
    kept = {round(config.steps * part / (SHOWN - 1)) for part in range(SHOWN)}
    with progress_bar(title, config.steps) as advance:
        for step in range(config.steps + 1):
            if step in kept:
                pictures.append(to_images(transfer.picture.detach())[0])
            if step < config.steps:
                losses.append(transfer.step())
                advance(1)
    with torch.no_grad():
        losses.append({name: float(loss) for name, loss in transfer.losses().items()})
    record = {
        "made_of": of, "of_noise": transfer.of_noise, "losses": losses,
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    if way is not None:
        on_the_way = f"content, then steps {', '.join(map(str, sorted(kept)))}"
        contact_sheet({"style": to_images(manner), on_the_way: np.stack(pictures)}, way)
    keep(place, transfer.picture.detach(), record)
    return record


def _with_layers(network: torch.nn.Module, config: StyleConfig) -> StyleConfig:
    """The layers that are asked for; of a network that is no VGG its convolutions instead of the defaults."""
    if isinstance(network, VGG):
        return config
    found, default = convolutions(network), StyleConfig()
    spread = {round(at * (len(found) - 1) / 4) for at in range(5)}
    if config.content_layers == default.content_layers:
        config = replace(config, content_layers=(found[len(found) // 2],))
    if config.style_layers == default.style_layers:
        config = replace(config, style_layers=tuple(found[at] for at in sorted(spread)))
    return config


def _check(config: StyleConfig) -> None:
    """Whether such numbers can be.

    Raises:
        CrossgapError: one cannot.
    """
    for option, layers in (("content", config.content_layers), ("style", config.style_layers)):
        if not layers:
            raise CrossgapError(f"--{option}-layers names no layer. Expected one at least, or leave it out.")
    weights = config.content_weight, config.style_weight, config.variation_weight
    if config.steps < 1 or not 0 < config.rate < 2:
        raise CrossgapError(
            f"Expected --steps from 1 and a --rate in (0, 2); got {config.steps}, {config.rate}."
        )
    if min(weights) < 0 or not max(weights[:2]) > 0:
        raise CrossgapError(f"Expected weights from 0, of content or style above 0; got {weights}.")


def _say(record: dict[str, Any], place: Path) -> None:
    """The losses from the start to the end, beside those of white noise."""
    first, last, noise = record["losses"][0], record["losses"][-1], record["of_noise"]
    told = [
        f"{name} {first[name]:.4f} → {last[name]:.4f} (white noise {noise[name]:.4f}: "
        f"{100 * (last[name] / noise[name] - 1):+.1f} %)"
        for name in LOSSES
    ]  # fmt: skip
    steps = len(record["losses"]) - 1
    say(f"{place}: {'; '.join(told)}; {1000 * record['seconds'] / steps:.0f} ms per step.")


def _plot(record: dict[str, Any], picture: Path) -> Path:
    """Both losses by step, in parts of what white noise has."""
    parts = {
        name: [losses[name] / record["of_noise"][name] for losses in record["losses"]] for name in LOSSES
    }
    return losses_plot({picture.name: parts}, picture.with_suffix(CURVES))
