"""How CycleGAN's translators are made, and what they may begin with."""

import torch
from torch import nn

from crossgap.base.progress import say
from crossgap.data.sizes import Size, as_size
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.cyclegan.peer import PEERS
from crossgap.methods.cyclegan.phase import CycleGAN
from crossgap.methods.methods import Methods
from crossgap.methods.peer import check_layers
from crossgap.networks import PatchDiscriminator, ResnetGenerator
from crossgap.networks.resnet import residual_blocks


def cyclegan(methods: Methods, name: str, direction: str) -> AdaptedModel:
    """G, or F, of one training; with G, the model of F is saved, too."""
    phase = _train(methods)
    if direction == "forward":
        inverse = methods.get(name, direction="inverse")
        if not methods.trainer.quiet:
            say(f"From target to source: {methods.trainer.folder / 'models' / inverse.method}")
    return methods.image_model(phase.networks[direction])


def _train(methods: Methods) -> CycleGAN:
    """The phase, at its end: trained once, then read from its last checkpoint."""
    config: CycleGANConfig = methods.own("cyclegan")
    networks = new_networks(config, methods.source.size, methods.trainer.seed)
    phase = CycleGAN(
        "cyclegan", networks["forward"], networks["inverse"],
        (networks["discriminator_x"], networks["discriminator_y"]),
        source=methods.source_batches(config.batch, streams.SOURCE),
        target=methods.batches(methods.target, config.batch, streams.TARGET), config=config,
    )  # fmt: skip
    methods.fit("cyclegan", phase)
    return phase


def new_networks(config: CycleGANConfig, size: int | Size, seed: int) -> dict[str, nn.Module]:
    """G, F, D_X and D_Y for images of (height, width) `size`, always the same for a seed; or those of
    `config.init`.

    Raises:
        CrossgapError: what is in `config.init` cannot be used.
    """
    torch.manual_seed(seed)
    size = as_size(size)
    blocks = residual_blocks(max(size)) if config.blocks is None else config.blocks
    sizes = config.discriminator_width, config.discriminator_layers
    made = {name: ResnetGenerator(config.width, blocks) for name in ("forward", "inverse")}
    judges = {f"discriminator_{domain}": PatchDiscriminator(*sizes) for domain in "xy"}
    return made | judges | PEERS.networks(config.init, size)


def check(methods: Methods) -> None:
    """Raises `CrossgapError`: images are too small, or what is to begin with cannot be used."""
    config, size = methods.own("cyclegan"), methods.source.size
    check_layers(config.discriminator_layers, min(size), "--cyclegan.discriminator-layers")
    networks = PEERS.networks(config.init, size)
    if config.init is not None:
        PEERS.say(networks, config.init)
