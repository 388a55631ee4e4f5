"""Which network weights of pytorch-CycleGAN-and-pix2pix are of, from their names and shapes."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from crossgap.errors import CrossgapError
from crossgap.networks.exchange.names import (
    LEAST_LEVELS,
    patch_names,
    peer_names,
    resnet_names,
    to_peer,
    unet_names,
)  # fmt: skip
from crossgap.networks.registry import build

SPECTRAL = re.compile(r"\.weight_(orig|u|v)$|\.parametrizations\.")
BLOCK = re.compile(r"model\.(\d+)\.conv_block\.")
DOWN = re.compile(r"model\.model\.(0|1\.model\.(3\.model\.)*1)\.weight")
"""The convolution of a U-Net's level on its way down."""


class AnotherNetworkError(ValueError):
    """Why weights are of no network of ours, as the end of a sentence."""


def network_of(theirs: Mapping[str, Tensor]) -> nn.Module:
    """Our network with weights that are called as there.

    Raises:
        AnotherNetworkError: there is none.
    """
    kind, arguments = described(theirs)
    with torch.device("meta"):  # without memory: that one shape fits the others is still to be seen
        outline = to_peer(build(kind, arguments))
    expected = {name: tuple(weight.shape) for name, weight in outline.items()}
    for name in {**expected, **theirs}:
        found = tuple(theirs[name].shape) if name in theirs else None
        if found != expected.get(name):
            there, here = (f"of shape {s}" if s else "absent" for s in (found, expected.get(name)))
            sizes = ", ".join(f"{key} {value}" for key, value in arguments.items())
            raise AnotherNetworkError(f"{name} is {there}, in a {kind} ({sizes}) {here}")
    network = build(kind, arguments)
    network.load_state_dict({own: theirs[name] for own, name in peer_names(network).items()})
    return network


def rebuilt(ours: Mapping[str, Tensor]) -> nn.Module:
    """The `ResnetGenerator`, `UNet` or `PatchDiscriminator` whose `state_dict` this is, as in a checkpoint.

    Raises:
        CrossgapError: it is another network's, or there is none like it there.
    """
    first = next((weight for name, weight in ours.items() if weight.ndim == 4), torch.empty(0))
    names = unet_names if "down.0.0.weight" in ours else resnet_names if first.shape[-1] == 7 else patch_names
    try:
        return network_of({name: ours[own] for own, name in names(ours).items()})
    except AnotherNetworkError as error:
        raise CrossgapError(
            f"This network cannot be written for pytorch-CycleGAN-and-pix2pix: {error}."
        ) from error


def described(theirs: Mapping[str, Tensor]) -> tuple[str, dict[str, Any]]:
    """The network that weights seem to be of, and its arguments, as `registry.build` takes them.

    Raises:
        AnotherNetworkError: they are of none that is known.
    """
    if strange := next(filter(SPECTRAL.search, theirs), ""):
        raise AnotherNetworkError(f"it has a spectral norm ({strange})")
    if "net.0.weight" in theirs:
        raise AnotherNetworkError("it is a pixel discriminator (net.0.weight)")
    filters = {name: tuple(weight.shape) for name, weight in theirs.items() if weight.ndim == 4}
    batch = any(name.endswith("running_var") for name in theirs)
    if not batch and sum(name.endswith(".bias") for name in theirs) < len(filters):
        raise AnotherNetworkError("it has no norm (--norm none)")
    norm = {"norm": "batch" if batch else "instance"}
    match filters:
        case {"model.model.0.weight": (width, channels, 4, 4), "model.model.3.weight": (_, out, 4, 4)}:
            levels = sum(bool(DOWN.fullmatch(name)) for name in filters)
            if levels < LEAST_LEVELS:
                raise AnotherNetworkError(f"its U-Net has {levels} levels, and theirs {LEAST_LEVELS} or more")
            sizes = {"levels": levels, "width": width, "channels": channels, "out_channels": out}
            return "UNet", sizes | norm
        case {"model.0.weight": (width, channels, 4, 4)} if len(filters) > 2:
            sizes = {"width": width, "layers": len(filters) - 2, "channels": channels}
            return "PatchDiscriminator", sizes | norm
        case {"model.1.weight": (width, channels, 7, 7)}:
            if any(re.search(r"conv_block\.6\.weight$", name) for name in filters):
                raise AnotherNetworkError("its residual blocks have a dropout (no --no_dropout)")
            blocks = len({found[1] for name in filters if (found := BLOCK.match(name))})
            return "ResnetGenerator", {"width": width, "blocks": blocks, "channels": channels} | norm
    some = ", ".join(f"{name} {tuple(theirs[name].shape)}" for name in list(theirs)[:3])
    raise AnotherNetworkError(f"its weights are {some} …")
