"""CUT (Park et al. 2020, "Contrastive Learning for Unpaired Image-to-Image Translation"): a translator in one
direction. A patch of G(x) must tell more of the same place of x than of any other place of x.

    x ─▶ G ─▶ G(x) ─▶ D, patch by patch: real or drawn
    │            │
    └─▶ E, H     └─▶ E, H        v⁺ and v⁻ of x, v of G(x)        E: the encoder half of G, H: projections
"""

import torch
from torch import Tensor, nn

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.data.jitter import jitter
from crossgap.losses import discriminator_loss, generator_adversarial_loss, patch_contrastive_loss
from crossgap.methods.cut import CUTConfig
from crossgap.networks import PatchDiscriminator, ResnetGenerator
from crossgap.networks.projection import PatchProjections, random_places


class CUT(Phase):
    """Learn G: X → Y.

        L_D    = ½ ((1 − D(y))² + D(G(x))²)
        L_G,H  = (1 − D(G(x)))² + λ ½ (L_NCE(x, G(x)) + L_NCE(y, G(y)))       CUT
        L_G,H  = (1 − D(G(x)))² + λ L_NCE(x, G(x))                            FastCUT
        L_NCE  = the mean of ℓ(v, v⁺, v⁻) over layers and patches             equations 2 to 4

    FastCUT translates mirrored images half of the time, and compares what comes of them, mirrored back, with
    the images as they were (section 4.1).

    Args:
        name: of the phase.
        generator: G, trained in place.
        discriminator: D, trained in place.
        projections: H, for every layer of `generator.features`; trained in place.
        source: images x.
        target: images y.
        config: λ, τ, patches, jitter, steps and learning rate.
        fast: whether it is FastCUT.
    """

    def __init__(
        self, name: str, generator: ResnetGenerator, discriminator: PatchDiscriminator,
        projections: PatchProjections, source: Batches, target: Batches, config: CUTConfig,
        fast: bool = False,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, config.steps, config.learning_rate
        self.source, self.target, self.config, self.fast = source, target, config, fast
        self.data = source, target
        self.networks = {
            "generator": generator, "discriminator": discriminator, "projections": projections
        }  # fmt: skip
        players = {"generator": nn.ModuleList([generator, projections]), "discriminator": discriminator}
        self.optimizers = {
            key: adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for key, network in players.items()
        }

    def setup(self, fabric) -> None:
        """As every phase, and G also gives its features, D also judges two batches apart."""
        super().setup(fabric)
        self.parallel["generator"].mark_forward_method("features")
        self.parallel["discriminator"].mark_forward_method("apart")

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of D, then one of G and H on the same translated images."""
        x, y = (
            jitter(batches(step)[0], self.config.enlarged, self.config.mirror)
            for batches in (self.source, self.target)
        )
        mirrored = self.fast and torch.rand(()).item() < 0.5
        seen = [x.flip(3) if mirrored else x] if self.fast else [x, y]
        fake, *same = self.parallel["generator"](torch.cat(seen)).float().chunk(len(seen))
        losses = {"discriminator": self._update_discriminator(y, fake.detach())}
        with self.fabric.autocast():  # D only passes the gradient on
            judged = self.compiled["discriminator"](fake)
        losses["adversarial"] = generator_adversarial_loss(judged.float())
        contrast = losses["contrast"] = self._contrast(x, fake, mirrored)
        if not self.fast:
            losses["identity"] = self._contrast(y, same[0])
            contrast = (contrast + losses["identity"]) / 2
        weight = self.config.fast_nce_weight if self.fast else self.config.nce_weight
        self.update("generator", losses["adversarial"] + weight * contrast)
        return losses

    def _update_discriminator(self, y: Tensor, fake: Tensor) -> Tensor:
        discriminator = self.networks["discriminator"].requires_grad_(True)
        judged_real, judged_fake = self.parallel["discriminator"].apart(y, fake)
        loss = discriminator_loss(judged_real.float(), judged_fake.float()) / 2
        self.update("discriminator", loss)
        discriminator.requires_grad_(False)
        return loss

    def _contrast(self, images: Tensor, translated: Tensor, mirrored: bool = False) -> Tensor:
        """L_NCE: each patch of what was translated against the patches of its image."""
        generator, projections = self.parallel["generator"], self.parallel["projections"]
        of_translated = generator.features(translated)
        if mirrored:
            of_translated = [features.flip(3) for features in of_translated]
        with torch.no_grad():
            of_images = generator.features(images)
            places = random_places(of_images, self.config.patches)
            keys = projections(of_images, places)
        queries = projections(of_translated, places)
        losses = [
            patch_contrastive_loss(query, key, self.config.temperature)
            for query, key in zip(queries, keys, strict=True)
        ]
        return torch.stack(losses).mean()

    def samples(self) -> dict[str, Tensor]:
        """Source images, their translations, and target images."""
        x = self.source.shown(SHOWN)
        return {"x": x, "G(x)": self.networks["generator"](x), "y": self.target.shown(SHOWN)}
