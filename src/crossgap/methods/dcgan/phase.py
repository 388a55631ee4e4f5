"""DCGAN (Radford, Metz and Chintala 2015): a generator that draws images from noise, and a discriminator that
tells them from real ones.

    z ~ N(0, I) ─▶ G ─▶ G(z) ─┐
                              ├─▶ D ─▶ real or drawn
    y, real images ───────────┘
"""

import torch
from torch import Tensor

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import logistic_discriminator_loss, logistic_generator_loss
from crossgap.methods.dcgan import DCGANConfig
from crossgap.networks import DCGANDiscriminator, DCGANGenerator


class DCGAN(Phase):
    """The two-player game of Goodfellow et al. 2014, in the form that does not saturate.

        L_D = −log σ(D(y)) − log(1 − σ(D(G(z))))        equation 1
        L_G = −log σ(D(G(z)))                            section 3

    D goes first, and G is told what D says of the same images after that.

    Args:
        name: of the phase.
        generator: G, trained in place.
        discriminator: D, trained in place.
        real: images y; their labels are not used.
        config: steps, learning rate and numbers of z.
    """

    def __init__(
        self, name: str, generator: DCGANGenerator, discriminator: DCGANDiscriminator, real: Batches,
        config: DCGANConfig,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, config.steps, config.learning_rate
        self.real, self.data, self.noise = real, [real], config.noise
        self.networks = {"generator": generator, "discriminator": discriminator}
        self.optimizers = {
            key: adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for key, network in self.networks.items()
        }

    def setup(self, fabric) -> None:
        """As every phase, and D also judges two batches apart."""
        super().setup(fabric)
        self.parallel["discriminator"].mark_forward_method("apart")

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of D, then one of G on the same drawn images."""
        y, _ = self.real(step)
        fake = self.parallel["generator"](torch.randn(len(y), self.noise, device=y.device))
        discriminator = self.networks["discriminator"].requires_grad_(True)
        judged_real, judged_fake = self.parallel["discriminator"].apart(y, fake.detach())
        loss = logistic_discriminator_loss(judged_real.float(), judged_fake.float())
        self.update("discriminator", loss)
        discriminator.requires_grad_(False)
        with self.fabric.autocast():  # D only passes the gradient on
            judged = self.compiled["discriminator"](fake)
        adversarial = logistic_generator_loss(judged.float())
        self.update("generator", adversarial)
        seen_real, seen_fake = (part.detach().float().sigmoid().mean() for part in (judged_real, judged_fake))
        return {"discriminator": loss, "adversarial": adversarial, "real": seen_real, "drawn": seen_fake}

    def samples(self) -> dict[str, Tensor]:
        """Images of the same noise at every step, and real ones."""
        real = self.real.shown(SHOWN)
        noise = torch.randn(SHOWN, self.noise, generator=torch.Generator().manual_seed(0))
        return {"G(z), always of the same z": self.networks["generator"](noise.to(real.device)), "y": real}
