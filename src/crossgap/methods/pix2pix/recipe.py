"""How pix2pix's translator is made, and which images its networks take."""

import torch
from torch import nn

from crossgap.data.sizes import Size, as_size, shown
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods import streams
from crossgap.methods.methods import Methods
from crossgap.methods.pix2pix import Pix2PixConfig
from crossgap.methods.pix2pix.peer import PEERS
from crossgap.methods.pix2pix.phase import Pix2Pix
from crossgap.networks import PatchDiscriminator, UNet
from crossgap.networks.patchgan import patch_layers


def pix2pix(methods: Methods, name: str, l1_only: bool) -> AdaptedModel:
    """G alone, trained on the pairs; with `l1_only` by their L1 distance alone."""
    config: Pix2PixConfig = methods.own(name)
    networks = new_networks(config, methods.source.size, methods.trainer.seed)
    generator, discriminator = networks["generator"], networks["discriminator"]
    source, target = (
        methods.batches(data, config.batch, streams.PAIRED) for data in (methods.source, methods.target)
    )
    judge = None if l1_only else discriminator
    methods.fit(name, Pix2Pix(name, generator, judge, source, target, config))
    return methods.image_model(generator)


def new_networks(config: Pix2PixConfig, size: int | Size, seed: int) -> dict[str, nn.Module]:
    """G and D for images of (height, width) `size`, always the same for a seed; or those of `config.init`.

    Raises:
        CrossgapError: they do not take images of this size, or what is in `config.init` cannot be used.
    """
    size = as_size(size)
    torch.manual_seed(seed)
    networks = PEERS.networks(config.init, size)
    if "generator" not in networks:
        networks["generator"] = UNet(unet_levels(size, config.levels), config.width, config.norm)
    if "discriminator" not in networks:
        judge = PatchDiscriminator(config.width, patch_layers(min(size)), config.norm, channels=6)
        networks["discriminator"] = judge
    return networks


def check(methods: Methods) -> None:
    """Raises `CrossgapError`: images do not fit the networks, or what is to begin with cannot be used."""
    config, size = methods.own("pix2pix"), methods.source.size
    networks = PEERS.networks(config.init, size)
    if "generator" not in networks:
        unet_levels(size, config.levels)
    if config.init is not None:
        PEERS.say(networks, config.init)


def unet_levels(size: int | Size, levels: int | None) -> int:
    """The levels of a U-Net for images of (height, width) `size`: those asked for, or log₂ of a square's
    side, and of others as many as halve both sides without a rest.

    Raises:
        CrossgapError: that many levels do not halve the size without a rest.
    """
    size = as_size(size)
    halvings = min((side & -side).bit_length() - 1 for side in size)
    whole = size[0].bit_length() - 1 if size[0] == size[1] else halvings
    chosen = whole if levels is None else levels
    if chosen <= halvings:
        return chosen
    fewer = f", or --pix2pix.levels {halvings} or fewer" if halvings > 2 else ""
    sizes = "32, 64, 128, 256, 512 …" if levels is None else f"multiples of {2**levels}"
    raise CrossgapError(
        f"Images of {shown(size)} pixels cannot be halved {chosen} times, as a U-Net of {chosen} levels does."
        f" Expected {sizes} pixels (--size){fewer}."
    )
