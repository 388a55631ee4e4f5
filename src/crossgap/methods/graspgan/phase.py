"""GraspGAN (Bousmalis et al. 2018, "Using Simulation and Domain Adaptation to Improve Efficiency of Deep
Robotic Grasping"): a GAN from simulated to real images that keeps what the simulator says is foreground.

    x ─▶ G ─┬─▶ G(x)    D_Y: is it a y, or a G(x)?    PMSE: is the foreground as it was?
            └─▶ M(x)    is what is where said right?

Then Q learns on G(x): `q_function.py`.
"""

import torch
from torch import Tensor, nn

from crossgap.core.trainer import SHOWN
from crossgap.data.batches import Batches
from crossgap.data.class_maps import check_class_maps
from crossgap.losses import pairwise_square_loss, segmentation_loss
from crossgap.methods.graspgan import GraspGANConfig
from crossgap.methods.one_sided import OneSidedTranslation, check_masking

MAPPED = 256
"""Classes that a map of bytes can name."""


class GraspGAN(OneSidedTranslation):
    """Learn G: X → Y.

        L_G   = λ_GAN (1 − D_Y(G(x)))² + λ_content PMSE(G(x), x; m) + λ_mask CE(M(x), c)
        L_D_Y = ½ ((1 − D_Y(y))² + D_Y(ŷ)²)             ŷ is G(x), or an earlier one from the pool

    c is the class of each pixel of x, and m whether it is of the foreground. Without the terms of content
    and masks (`GAN`) it is a plain GAN, and needs no classes.

    Args:
        name: of the phase.
        generator: G, trained in place; a `MaskingGenerator`, M included, where λ_mask is not 0.
        discriminator: D_Y, trained in place.
        source: images x, and as their labels c, (n, H, W) whole numbers; without labels for a plain GAN.
        target: images y, without labels.
        config: weights, foreground, pool, steps and learning rate.

    Raises:
        CrossgapError: G cannot predict masks, or the labels of x are no class maps.
    """

    config: GraspGANConfig

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, source: Batches, target: Batches,
        config: GraspGANConfig,
    ):  # fmt: skip
        super().__init__(name, generator, discriminator, (source, target), config)
        self.source, self.target = source, target
        if config.mask_weight:
            check_class_maps(source, check_masking(generator, config.mask_weight).classes)
        elif config.content_weight:
            check_class_maps(source, MAPPED)

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of G, then one of D_Y."""
        (x, classes), y = self.source(step), self.target(step)[0]
        losses, config = dict[str, Tensor](), self.config
        if config.mask_weight:
            fake, predicted = self.parallel["generator"].with_masks(x)
            losses["mask"] = segmentation_loss(predicted.float(), classes)
        else:
            fake = self.parallel["generator"](x)
        if config.content_weight:
            losses["content"] = pairwise_square_loss(fake.float(), x, self.foreground(classes))
        losses["adversarial"] = self.adversarial(fake)
        self.update("generator", self.loss(losses))
        return losses | {"discriminator": self.update_discriminator(y, fake)}

    def foreground(self, classes: Tensor) -> Tensor:
        """m: class maps (n, H, W) to (n, 1, H, W) of 0 and 1."""
        wanted = torch.tensor(self.config.foreground, device=classes.device, dtype=classes.dtype)
        return torch.isin(classes, wanted)[:, None].float()

    def samples(self) -> dict[str, Tensor]:
        """Source images, their translations, and target images."""
        x = self.source.shown(SHOWN)
        return {"x": x, "G(x)": self.networks["generator"](x), "y": self.target.shown(SHOWN)}
