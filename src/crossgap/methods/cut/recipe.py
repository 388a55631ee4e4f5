"""How the translator of CUT and FastCUT is made."""

import torch

from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods import streams
from crossgap.methods.cut import CUTConfig
from crossgap.methods.cut.phase import CUT
from crossgap.methods.methods import Methods
from crossgap.networks import PatchDiscriminator, ResnetGenerator
from crossgap.networks.patchgan import patch_layers
from crossgap.networks.projection import PatchProjections
from crossgap.networks.resnet import residual_blocks


def cut(methods: Methods, name: str, fast: bool) -> AdaptedModel:
    """G alone, trained on images of both domains."""
    config: CUTConfig = methods.own(name)
    height, width = methods.source.size
    torch.manual_seed(methods.trainer.seed)
    generator = ResnetGenerator(config.width, config.blocks or residual_blocks(max(height, width)))
    discriminator = PatchDiscriminator(config.width, patch_layers(min(height, width)))
    with torch.no_grad():
        channels = [features.shape[1] for features in generator.features(torch.zeros(1, 3, height, width))]
    phase = CUT(
        name, generator, discriminator, PatchProjections(channels),
        source=methods.source_batches(config.batch, streams.SOURCE),
        target=methods.batches(methods.target, config.batch, streams.TARGET), config=config, fast=fast,
    )  # fmt: skip
    methods.fit(name, phase)
    return methods.image_model(generator)


def check_size(methods: Methods) -> None:
    """Raises `CrossgapError`: the images are too small for a PatchGAN."""
    patch_layers(min(methods.source.size))
