"""How a DCGAN is made of one set of images."""

import torch

from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods import streams
from crossgap.methods.dcgan import DCGANConfig
from crossgap.methods.dcgan.phase import DCGAN
from crossgap.methods.methods import Methods
from crossgap.networks import DCGANDiscriminator, DCGANGenerator
from crossgap.networks.dcgan import doublings


def check_size(methods: Methods) -> None:
    """Whether the networks can draw images of this size.

    Raises:
        CrossgapError: they cannot.
    """
    height, width = methods.target.size
    try:
        doublings(height if height == width else 0)
    except ValueError:
        raise CrossgapError(
            f"DCGAN draws images of 32, 64, 128 … pixels, by doubling 4; these are {width}×{height}. "
            "Expected images of such a size: --size resizes them."
        ) from None


def dcgan(methods: Methods, name: str, leaky: bool) -> AdaptedModel:
    """A generator as sampler, trained on the target images."""
    config: DCGANConfig = methods.own(name)
    size, _ = methods.target.size
    torch.manual_seed(methods.trainer.seed)
    generator = DCGANGenerator(size, config.noise, config.width, leaky)
    discriminator = DCGANDiscriminator(size, config.width)
    real = methods.batches(methods.target, config.batch, streams.TARGET)
    methods.fit(name, DCGAN(name, generator, discriminator, real, config))
    return methods.image_model(sampler=generator)
