"""The networks of pytorch-CycleGAN-and-pix2pix that a CycleGAN begins with (`--cyclegan.init`)."""

from pathlib import Path

from torch import nn

from crossgap.base.files import digest_of
from crossgap.errors import CrossgapError
from crossgap.networks import PatchDiscriminator
from crossgap.networks.exchange import find_peer, load_peer, peer_file

PEER = {"forward": "G_A", "inverse": "G_B", "discriminator_y": "D_A", "discriminator_x": "D_B"}
"""What the networks are called there; D_A judges domain B."""


def peer_files(folder: Path) -> dict[str, Path]:
    """The files of those of G, F, D_X and D_Y that are in a folder.

    Raises:
        CrossgapError: there are none.
    """
    files = {name: file for name, peer in PEER.items() if (file := find_peer(folder, peer))}
    if not files:
        names = ", ".join(peer_file(peer) for peer in PEER.values())
        raise CrossgapError(f"There are no weights in --cyclegan.init {folder}. Expected any of {names}.")
    return files


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each of these files; errors as of `peer_files`."""
    return {name: digest_of(file) for name, file in peer_files(folder).items()}


def peer_networks(folder: Path, size: int) -> dict[str, nn.Module]:
    """Those of G, F, D_X and D_Y that are in a folder.

    Raises:
        CrossgapError: there are none, or one cannot be used for images of `size` pixels.
    """
    files = peer_files(folder)
    networks = {name: load_peer(file) for name, file in files.items()}
    for name, network in networks.items():
        _check_use(network, name.startswith("discriminator"), size, files[name])
    return networks


def _check_use(network: nn.Module, judges: bool, size: int, file: Path) -> None:
    """Raises `CrossgapError`: a network is no generator, or none that judges, of such images."""
    if isinstance(network, PatchDiscriminator) != judges:
        wanted = "a discriminator" if judges else "a generator"
        raise CrossgapError(f"{file} is a {type(network).__name__}. Expected {wanted}.")
    sizes = vars(network)["made_with"]
    if {sizes["channels"], sizes.get("out_channels", 3)} != {3}:
        raise CrossgapError(f"{file} is for images of {sizes['channels']} channels. Expected 3.")
    if "levels" in sizes and size % 2 ** sizes["levels"]:
        raise CrossgapError(
            f"{file} is a U-Net that halves images {sizes['levels']} times; these have {size} pixels. "
            f"Expected a multiple of {2 ** sizes['levels']} (--size)."
        )
    if judges:
        check_layers(sizes["layers"], size, str(file))


def check_layers(layers: int, size: int, what: str) -> None:
    """Raises `CrossgapError`: nothing is left of an image behind a discriminator's layers."""
    least = 3 * 2**layers
    if size < least:
        raise CrossgapError(
            f"{what}: a discriminator with {layers} layers of stride 2 takes images of at least {least} "
            f"pixels; these have {size}."
        )
