"""How pix2pix's translator is made, and which images its networks take."""

import torch
from torch import nn

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
    networks = new_networks(config, methods.source.images.shape[1], methods.trainer.seed)
    generator, discriminator = networks["generator"], networks["discriminator"]
    source, target = (
        methods.batches(data, config.batch, streams.PAIRED) for data in (methods.source, methods.target)
    )
    judge = None if l1_only else discriminator
    methods.fit(name, Pix2Pix(name, generator, judge, source, target, config))
    return methods.image_model(generator)


def new_networks(config: Pix2PixConfig, size: int, seed: int) -> dict[str, nn.Module]:
    """G and D for images of `size` pixels, always the same for a seed; or those of `config.init`.

    Raises:
        CrossgapError: they do not take images of this size, or what is in `config.init` cannot be used.
    """
    torch.manual_seed(seed)
    networks = PEERS.networks(config.init, size)
    if "generator" not in networks:
        networks["generator"] = UNet(unet_levels(size, config.levels), config.width, config.norm)
    if "discriminator" not in networks:
        judge = PatchDiscriminator(config.width, patch_layers(size), config.norm, channels=6)
        networks["discriminator"] = judge
    return networks


def check(methods: Methods) -> None:
    """Raises `CrossgapError`: images do not fit the networks, or what is to begin with cannot be used."""
    config, size = methods.own("pix2pix"), methods.source.images.shape[1]
    networks = PEERS.networks(config.init, size)
    if "generator" not in networks:
        unet_levels(size, config.levels)
    if config.init is not None:
        PEERS.say(networks, config.init)


def unet_levels(size: int, levels: int | None) -> int:
    """The levels of a U-Net for images of `size` pixels: those asked for, or log₂(size).

    Raises:
        CrossgapError: that many levels do not halve the size without a rest.
    """
    chosen = size.bit_length() - 1 if levels is None else levels
    if size % 2**chosen == 0:
        return chosen
    halvings = (size & -size).bit_length() - 1
    fewer = f", or --pix2pix.levels {halvings} or fewer" if halvings > 2 else ""
    sizes = "32, 64, 128, 256, 512 …" if levels is None else f"multiples of {2**levels}"
    raise CrossgapError(
        f"Images of {size} pixels cannot be halved {chosen} times, as a U-Net of {chosen} levels does. "
        f"Expected {sizes} pixels (--size){fewer}."
    )
