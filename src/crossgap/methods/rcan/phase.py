"""RCAN (James et al. 2019, "Sim-to-Real via Sim-to-Sim: Data-efficient Robotic Grasping via
Randomized-to-Canonical Adaptation Networks"): a translator from randomized simulated images to plain ones.

    x_r ─▶ G ─┬─▶ G(x_r) ≈ x_c    D: is it an x_c, or a G(x_r)?
              └─▶ M(x_r) ≈ m_c

To G a real image is one more random look. So a policy of the plain simulation acts on G(y), and nothing has
learnt from y.
"""

from torch import Tensor, nn

from crossgap.core.trainer import SHOWN
from crossgap.data.batches import Batches
from crossgap.data.class_maps import check_class_maps
from crossgap.errors import CrossgapError
from crossgap.losses import cycle_loss, pairwise_square_loss, segmentation_loss
from crossgap.methods.one_sided import OneSidedTranslation, check_masking
from crossgap.methods.rcan import RCANConfig

DISTANCES = {"absolute": cycle_loss, "pairwise": pairwise_square_loss}


class RCAN(OneSidedTranslation):
    """Learn G: X_r → X_c from pairs, the same scene in both looks.

        L_G = λ_GAN (1 − D(G(x_r)))² + λ_x d(G(x_r), x_c) + λ_m CE(M(x_r), m_c)
        L_D = ½ ((1 − D(x_c))² + D(x̂)²)                 x̂ is G(x_r), or an earlier one from the pool

    Args:
        name: of the phase.
        generator: G, trained in place; a `MaskingGenerator`, M included, where λ_m is not 0.
        discriminator: D, trained in place.
        randomized: images x_r.
        canonical: images x_c of the same scenes in the same order, of the same seed and size of batches; as
            their labels m_c, the classes of their pixels, (n, H, W) whole numbers, where λ_m is not 0.
        config: weights, distance, pool, steps and learning rate.
        unseen: real images, which the contact sheets show and nothing learns from.

    Raises:
        CrossgapError: a step would not see pairs, G cannot predict masks, or there are none to be learnt.
    """

    config: RCANConfig

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, randomized: Batches,
        canonical: Batches, config: RCANConfig, unseen: Batches | None = None,
    ):  # fmt: skip
        super().__init__(name, generator, discriminator, (randomized, canonical), config)
        self.randomized, self.canonical, self.unseen = randomized, canonical, unseen
        check_pairs(randomized, canonical)
        if config.mask_weight:
            check_class_maps(canonical, check_masking(generator, config.mask_weight).classes)

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of G, then one of D."""
        images, (canonical, classes) = self.randomized(step)[0], self.canonical(step)
        losses, config = dict[str, Tensor](), self.config
        if config.mask_weight:
            fake, predicted = self.parallel["generator"].with_masks(images)
            losses["mask"] = segmentation_loss(predicted.float(), classes)
        else:
            fake = self.parallel["generator"](images)
        losses["image"] = DISTANCES[config.image_distance](fake.float(), canonical)
        losses["adversarial"] = self.adversarial(fake)
        self.update("generator", self.loss(losses))
        return losses | {"discriminator": self.update_discriminator(canonical, fake)}

    def samples(self) -> dict[str, Tensor]:
        """Randomized images, what comes of them, and what should; real images, and what comes of them."""
        generator, images = self.networks["generator"], self.randomized.shown(SHOWN)
        rows = {"x_r": images, "G(x_r)": generator(images), "x_c": self.canonical.shown(SHOWN)}
        if self.unseen is None:
            return rows
        return rows | {"y": (y := self.unseen.shown(SHOWN)), "G(y)": generator(y)}


def check_pairs(images: Batches, others: Batches) -> None:
    """Raises `CrossgapError` where two sets of batches are not of the same rows at every step."""
    of_images, of_others = ((len(one.images), one.seed, one.size) for one in (images, others))
    if of_images != of_others:
        found = " and ".join(
            "{} images, seed {}, batches of {}".format(*one) for one in (of_images, of_others)
        )
        raise CrossgapError(f"Pairs need as many images, seeds and batches that are the same. Found {found}.")
