"""pix2pix (Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks"): a
translator learnt from pairs, and a discriminator that sees both images of a pair.

    x ─▶ G ─▶ G(x) ─┐
    │               ├─▶ D(x, ·), patch by patch: true or drawn
    └───────── y ───┘
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.data.jitter import jitter
from crossgap.losses import logistic_discriminator_loss, logistic_generator_loss
from crossgap.methods.pix2pix import Pix2PixConfig


class Pix2Pix(Phase):
    """Learn G: X → Y from pairs (x, y).

        L_D = ½ (−log σ(D(x, y)) − log(1 − σ(D(x, G(x)))))      equation 1, halved (section 3.3)
        L_G = −log σ(D(x, G(x))) + λ |y − G(x)|                 equation 4

    The noise z of the paper is G's dropout. Without a discriminator L_G = |y − G(x)|.

    Args:
        name: of the phase.
        generator: G, trained in place.
        discriminator: D, a `PatchDiscriminator` of 6 channels, trained in place; None for the L1 loss alone.
        source: images x.
        target: images y, in the same order.
        config: λ, jitter, steps and learning rate.
    """

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module | None, source: Batches,
        target: Batches, config: Pix2PixConfig,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, config.steps, config.learning_rate
        self.source, self.target, self.config = source, target, config
        self.data = source, target
        self.networks = {"generator": generator}
        if discriminator is not None:
            self.networks["discriminator"] = discriminator
        self.optimizers = {
            key: adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for key, network in self.networks.items()
        }

    def setup(self, fabric) -> None:
        """As every phase, and D also judges two batches apart."""
        super().setup(fabric)
        if "discriminator" in self.networks:
            self.parallel["discriminator"].mark_forward_method("apart")

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of D, then one of G on the same translated images."""
        x, y = self._pairs(step)
        fake = self.parallel["generator"](x).float()
        losses = {"l1": l1_loss(fake, y)}
        if "discriminator" not in self.networks:
            self.update("generator", losses["l1"])
            return losses
        losses["discriminator"] = self._update_discriminator(x, y, fake.detach())
        with self.fabric.autocast():  # D only passes the gradient on
            judged = self.compiled["discriminator"](torch.cat([x, fake], 1))
        losses["adversarial"] = logistic_generator_loss(judged.float())
        self.update("generator", losses["adversarial"] + self.config.l1_weight * losses["l1"])
        return losses

    def _pairs(self, step: int) -> tuple[Tensor, Tensor]:
        """Images x and y of a step, moved alike."""
        pairs = torch.cat([self.source(step)[0], self.target(step)[0]], 1)
        x, y = jitter(pairs, self.config.enlarged, self.config.mirror).chunk(2, 1)
        return x, y

    def _update_discriminator(self, x: Tensor, y: Tensor, fake: Tensor) -> Tensor:
        discriminator = self.networks["discriminator"].requires_grad_(True)
        true, drawn = torch.cat([x, y], 1), torch.cat([x, fake], 1)
        judged_true, judged_drawn = self.parallel["discriminator"].apart(true, drawn)
        loss = logistic_discriminator_loss(judged_true.float(), judged_drawn.float()) / 2
        self.update("discriminator", loss)
        discriminator.requires_grad_(False)
        return loss

    def samples(self) -> dict[str, Tensor]:
        """Source images, their translations and the true ones."""
        x = self.source.shown(SHOWN)
        return {"x": x, "G(x)": self.networks["generator"](x), "y": self.target.shown(SHOWN)}
