"""`crossgap dream`: a picture in which a network sees more of what its layers look for."""

import time
from pathlib import Path
from typing import Any

import torch

from crossgap.base.progress import progress_bar, say
from crossgap.commands.looking import is_bf16, network_of, outputs, read_scaled
from crossgap.commands.made import keep, made_before, made_of
from crossgap.commands.options import LookOptions
from crossgap.errors import CrossgapError
from crossgap.methods.deep_dream import DreamConfig
from crossgap.methods.deep_dream.dream import DeepDream
from crossgap.networks.features import convolutions


def dream(
    image: Path, output: Path, layers: tuple[str, ...], options: LookOptions, config: DreamConfig
) -> list[dict[str, Any]]:  # fmt: skip
    """Dream of a picture, or of each in a folder; those that are there already are left as they are.

    Returns:
        The record of each: `made_of`, and the layers' activation before and after.

    Raises:
        CrossgapError: a picture is missing, damaged or too small, or the network has no such layer.
    """
    _check(config)
    places = outputs(image, output)
    read_scaled(next(iter(places)), options.size, torch.device("cpu"))  # before the weights are fetched
    network, of_network = network_of(options)
    found = convolutions(network)
    layers = layers or (found[len(found) // 2],)
    records = []
    for file, place in places.items():
        of = made_of(options, config, of_network | {"layers": layers}, image=file)
        if (record := made_before(place, of)) is not None:
            say(f"{place} is there already, made with these settings.")
        else:
            dreamer = DeepDream(network, layers, config, options.seed, is_bf16(options))
            record = _made(dreamer, file, place, options, of)
        before, after = record["before"], record["after"]
        times = f", × {after / before:.1f}" if before > 0 else ""  # a mean may begin below 0
        say(
            f"{place}: the {'mean square' if config.objective == 'square' else 'mean'} activation of "
            f"{', '.join(layers)} rose from {before:.4g} to {after:.4g}{times}."
        )
        records.append(record)
    return records


def _made(
    dreamer: DeepDream, file: Path, place: Path, options: LookOptions, of: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """One dream, and its record."""
    device = next(dreamer.features.network.parameters()).device
    picture, began = read_scaled(file, options.size, device), time.perf_counter()
    before = dreamer.activation(picture)
    with progress_bar(file.name, dreamer.config.octaves * dreamer.config.steps) as advance:
        dreamt = dreamer(picture, advance)
    record = {
        "made_of": of, "before": before, "after": dreamer.activation(dreamt),
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    keep(place, dreamt, record)
    return record


def _check(config: DreamConfig) -> None:
    """Whether such numbers can be.

    Raises:
        CrossgapError: one cannot.
    """
    least = {"octaves": 1, "steps": 1, "tile": 32, "jitter": 0}
    for name, low in least.items():
        if getattr(config, name) < low:
            raise CrossgapError(f"--{name} must be at least {low}; got {getattr(config, name)}.")
    if not 1 <= config.scale <= 4 or not 0 < config.rate < 2:
        raise CrossgapError(
            f"Expected a --scale from 1 to 4 and a --rate in (0, 2); got {config.scale} and {config.rate}."
        )
