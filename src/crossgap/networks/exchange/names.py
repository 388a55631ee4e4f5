"""How weights are called there: its networks are ours layer by layer, and their places in nested
`nn.Sequential`s are others."""

from collections.abc import Iterable

from torch import Tensor, nn

from crossgap.errors import CrossgapError
from crossgap.networks.patchgan import PatchDiscriminator
from crossgap.networks.resnet import ResnetGenerator
from crossgap.networks.unet import UNet

LEAST_LEVELS = 5
"""Of a U-Net there."""


def resnet_names(ours: Iterable[str]) -> dict[str, str]:
    """Of a `ResnetGenerator`: ours to theirs, where reflected borders are layers of their own."""
    ours = list(ours)
    last = max(int(name.split(".")[1]) for name in ours)
    found = {}
    for name in ours:
        _, place, rest = name.split(".", 2)
        if rest.startswith("body."):
            _, inner, rest = rest.split(".")
            rest = f"conv_block.{int(inner) + (1 if int(inner) < 3 else 2)}.{rest}"
        found[name] = f"model.{int(place) + (2 if int(place) == last else 1)}.{rest}"
    return found


def unet_names(ours: Iterable[str]) -> dict[str, str]:
    """Of a `UNet`: ours to theirs, where each level stands in the middle of the one outside it."""
    ours = list(ours)
    innermost = max(int(name.split(".")[1]) for name in ours)
    found = {}
    for name in ours:
        way, text, place, rest = name.split(".")
        level = int(text)
        before = 0 if way == "down" else 2 if level in (0, innermost) else 4
        within = f"model.model.{'1.model.' if level else ''}{'3.model.' * (level - 1)}"
        found[name] = f"{within}{int(place) + before}.{rest}"
    return found


def patch_names(ours: Iterable[str]) -> dict[str, str]:
    """Of a `PatchDiscriminator`: ours to theirs."""
    return {name: name.replace("net.", "model.", 1) for name in ours}


NAMES = {ResnetGenerator: resnet_names, UNet: unet_names, PatchDiscriminator: patch_names}


def peer_names(network: nn.Module) -> dict[str, str]:
    """The names of a network's weights there, by ours.

    Args:
        network: a `ResnetGenerator`, a `UNet` or a `PatchDiscriminator`.

    Raises:
        CrossgapError: it is another network, or there is none like it there.
    """
    if type(network) not in NAMES:
        known = ", ".join(kind.__name__ for kind in NAMES)
        raise CrossgapError(
            f"A {type(network).__name__} cannot be written for pytorch-CycleGAN-and-pix2pix. Expected one of "
            f"{known}."
        )
    if isinstance(network, UNet) and len(network.down) < LEAST_LEVELS:
        raise CrossgapError(
            f"A UNet of {len(network.down)} levels cannot be written for pytorch-CycleGAN-and-pix2pix. "
            f"Expected {LEAST_LEVELS} or more."
        )
    return NAMES[type(network)](network.state_dict())


def to_peer(network: nn.Module) -> dict[str, Tensor]:
    """A network's weights under the names that its counterpart's `load_state_dict(strict=True)` takes there;
    argument and errors as of `peer_names`."""
    weights = network.state_dict()
    return {name: weights[own] for own, name in peer_names(network).items()}
