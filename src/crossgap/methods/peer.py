"""The networks of pytorch-CycleGAN-and-pix2pix that a training begins with (`--cyclegan.init`,
`--pix2pix.init`)."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from crossgap.base.files import digest_of
from crossgap.base.progress import say
from crossgap.data.sizes import Size, shown
from crossgap.errors import CrossgapError
from crossgap.networks import PatchDiscriminator
from crossgap.networks.exchange import find_peer, load_peer, peer_file


@dataclass(frozen=True)
class Peers:
    """The networks of a method that may begin so, as files of a folder."""

    option: str
    """The option that names the folder."""
    names: Mapping[str, str]
    """What the networks are called there, such as "G_A", by our names; discriminators are called so here."""
    judged: int = 3
    """Channels of what a discriminator sees."""

    def files(self, folder: Path) -> dict[str, Path]:
        """The files of those networks that are in a folder.

        Raises:
            CrossgapError: there are none.
        """
        files = {name: file for name, peer in self.names.items() if (file := find_peer(folder, peer))}
        if not files:
            names = ", ".join(peer_file(peer) for peer in self.names.values())
            raise CrossgapError(f"There are no weights in {self.option} {folder}. Expected any of {names}.")
        return files

    def digests(self, folder: Path | None) -> dict[str, str] | None:
        """The SHA-256 of each of these files; errors as of `files`. None without a folder."""
        if folder is None:
            return None
        return {name: digest_of(file) for name, file in self.files(folder).items()}

    def networks(self, folder: Path | None, size: Size) -> dict[str, nn.Module]:
        """Those networks that are in a folder; none without one.

        Raises:
            CrossgapError: there are none in it, or one cannot be used for images of (height, width) `size`.
        """
        files = {} if folder is None else self.files(folder)
        networks = {name: load_peer(file) for name, file in files.items()}
        for name, network in networks.items():
            self._check_use(network, name.startswith("discriminator"), size, files[name])
        return networks

    def _check_use(self, network: nn.Module, judges: bool, size: Size, file: Path) -> None:
        """Raises `CrossgapError`: a network is no generator, or none that judges, of such images."""
        if isinstance(network, PatchDiscriminator) != judges:
            wanted = "a discriminator" if judges else "a generator"
            raise CrossgapError(f"{file} is a {type(network).__name__}. Expected {wanted}.")
        sizes, expected = vars(network)["made_with"], self.judged if judges else 3
        if {sizes["channels"], sizes.get("out_channels", expected)} != {expected}:
            raise CrossgapError(f"{file} is for images of {sizes['channels']} channels. Expected {expected}.")
        if "levels" in sizes and any(side % 2 ** sizes["levels"] for side in size):
            raise CrossgapError(
                f"{file} is a U-Net that halves images {sizes['levels']} times; these have {shown(size)} "
                f"pixels. Expected a multiple of {2 ** sizes['levels']} (--size)."
            )
        if judges:
            check_layers(sizes["layers"], min(size), str(file))

    def say(self, networks: Mapping[str, nn.Module], folder: Path) -> None:
        """Say, once, which networks begin as which files."""
        files = self.files(folder)
        for name, network in networks.items():
            sizes = ", ".join(f"{key} {value}" for key, value in vars(network)["made_with"].items())
            _say_once(f"{name} begins as {files[name]}, a {type(network).__name__} ({sizes}).")


_say_once = functools.cache(say)


def check_layers(layers: int, size: int, what: str) -> None:
    """Raises `CrossgapError`: nothing is left of an image behind a discriminator's layers."""
    least = 3 * 2**layers
    if size < least:
        raise CrossgapError(
            f"{what}: a discriminator with {layers} layers of stride 2 takes images of at least {least} "
            f"pixels; these have {size}."
        )
