"""CycleGAN (Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks"): translators in both directions, with nothing but images of two domains.

    x ─▶ G ─▶ G(x) ─▶ F ─▶ F(G(x)) ≈ x        D_Y: is it a y, or a G(x)?
    y ─▶ F ─▶ F(y) ─▶ G ─▶ G(F(y)) ≈ y        D_X: is it an x, or an F(y)?
"""

from typing import NamedTuple

from torch import Tensor, nn

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.data.jitter import jitter
from crossgap.losses import cycle_loss, discriminator_loss, generator_adversarial_loss
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.cyclegan.image_pool import ImagePool
from crossgap.methods.translation import cycle_samples

Losses = dict[str, Tensor]
"""Scalars by name."""


class Drawn(NamedTuple):
    """Images of a step, and what both generators made of them; each (n, 3, H, W) in [-1, 1]."""

    x: Tensor
    y: Tensor
    fake_y: Tensor
    """G(x)."""
    fake_x: Tensor
    """F(y)."""
    back_x: Tensor
    """F(G(x))."""
    back_y: Tensor
    """G(F(y))."""


class CycleGAN(Phase):
    """Learn G: X → Y and F: Y → X together.

        L_G,F = (1 − D_Y(G(x)))² + (1 − D_X(F(y)))²                 equation 1, least squares (section 4)
                + λ_X |F(G(x)) − x| + λ_Y |G(F(y)) − y|             equation 2
                + λ_id (λ_X |F(x) − x| + λ_Y |G(y) − y|)            section 5.2
        L_D_Y = ½ ((1 − D_Y(y))² + D_Y(ŷ)²)                         ŷ is G(x), or an earlier one from the pool
        L_D_X = ½ ((1 − D_X(x))² + D_X(x̂)²)

    Args:
        name: of the phase.
        forward: G, trained in place.
        inverse: F, trained in place.
        discriminators: D_X and D_Y, `PatchDiscriminator`s, trained in place.
        source: images x.
        target: images y.
        config: λ_X, λ_Y, λ_id, pool, jitter, steps and learning rate.
    """

    def __init__(
        self, name: str, forward: nn.Module, inverse: nn.Module, discriminators: tuple[nn.Module, nn.Module],
        source: Batches, target: Batches, config: CycleGANConfig,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, config.steps, config.learning_rate
        self.source, self.target, self.config = source, target, config
        self.data = source, target
        generators = {"forward": forward, "inverse": inverse}
        judges = dict(zip(("discriminator_x", "discriminator_y"), discriminators, strict=True))
        self.networks = generators | judges
        self.optimizers = {
            key: adam(nn.ModuleList(networks.values()).parameters(), config.learning_rate, betas=(0.5, 0.999))
            for key, networks in (("generators", generators), ("discriminators", judges))
        }
        self.pools = {"x": ImagePool(config.pool), "y": ImagePool(config.pool)}

    def setup(self, fabric) -> None:
        """As every phase, and the discriminators also judge two batches apart."""
        super().setup(fabric)
        for name in ("discriminator_x", "discriminator_y"):
            self.parallel[name].mark_forward_method("apart")

    def training_step(self, step: int) -> Losses:
        """One update of both generators, then one of both discriminators."""
        x, y = self._images(self.source, step), self._images(self.target, step)
        self.train_discriminators(False)  # they only pass the gradient on
        drawn = self.draw(x, y)
        adversarial, cycle, identity = self.adversarial(drawn), self.cycle(drawn), self.identity(x, y)
        self.update("generators", self.generator_loss(adversarial, cycle, identity))
        self.train_discriminators(True)
        discriminators = self.discriminators(drawn)
        self.update("discriminators", discriminators["discriminator_x"] + discriminators["discriminator_y"])
        return adversarial | cycle | identity | discriminators

    def _images(self, batches: Batches, step: int) -> Tensor:
        return jitter(batches(step)[0], self.config.enlarged, self.config.mirror)

    def train_discriminators(self, whether: bool) -> None:
        """Whether the discriminators' weights get gradients."""
        for name in ("discriminator_x", "discriminator_y"):
            self.networks[name].requires_grad_(whether)

    def draw(self, x: Tensor, y: Tensor) -> Drawn:
        """Both images translated, and translated back."""
        forward, inverse = self.parallel["forward"], self.parallel["inverse"]
        fake_y, fake_x = forward(x), inverse(y)
        return Drawn(x, y, fake_y, fake_x, inverse(fake_y), forward(fake_x))

    def adversarial(self, drawn: Drawn) -> Losses:
        """How far both translations are from what the discriminators take for real."""
        with self.fabric.autocast():
            judged_y = self.compiled["discriminator_y"](drawn.fake_y).float()
            judged_x = self.compiled["discriminator_x"](drawn.fake_x).float()
        return {
            "adversarial_y": generator_adversarial_loss(judged_y),
            "adversarial_x": generator_adversarial_loss(judged_x),
        }

    def cycle(self, drawn: Drawn) -> Losses:
        """How far both images are from what comes back."""
        return {"cycle_x": cycle_loss(drawn.back_x, drawn.x), "cycle_y": cycle_loss(drawn.back_y, drawn.y)}

    def identity(self, x: Tensor, y: Tensor) -> Losses:
        """How far the generators move images that are of their output's domain already."""
        if not self.config.identity_weight:
            return {}
        same_x, same_y = self.parallel["inverse"](x), self.parallel["forward"](y)
        return {"identity_x": cycle_loss(same_x, x), "identity_y": cycle_loss(same_y, y)}

    def generator_loss(self, adversarial: Losses, cycle: Losses, identity: Losses) -> Tensor:
        """L_G,F."""
        config = self.config
        loss = adversarial["adversarial_y"] + adversarial["adversarial_x"]
        loss = loss + config.source_cycle_weight * cycle["cycle_x"]
        loss = loss + config.target_cycle_weight * cycle["cycle_y"]
        if identity:
            loss = loss + config.identity_weight * config.source_cycle_weight * identity["identity_x"]
            loss = loss + config.identity_weight * config.target_cycle_weight * identity["identity_y"]
        return loss

    def discriminators(self, drawn: Drawn) -> Losses:
        """L_D_X and L_D_Y, on translations from the pools."""
        seen = {"x": (drawn.x, drawn.fake_x), "y": (drawn.y, drawn.fake_y)}
        losses = {}
        for domain, (real, fake) in seen.items():
            judge = self.parallel[f"discriminator_{domain}"]
            judged_real, judged_fake = judge.apart(real, self.pools[domain](fake.detach()))
            losses[f"discriminator_{domain}"] = (
                discriminator_loss(judged_real.float(), judged_fake.float()) / 2
            )
        return losses

    def samples(self) -> dict[str, Tensor]:
        """Images of both domains, their translations, and these translated back."""
        forward, inverse = self.networks["forward"], self.networks["inverse"]
        return cycle_samples(forward, inverse, self.source.shown(SHOWN), self.target.shown(SHOWN))

    def extra_state(self) -> dict[str, Tensor]:
        """The pools."""
        return {name: pool.images for name, pool in self.pools.items() if pool.images is not None}

    def load_extra_state(self, state: dict[str, Tensor]) -> None:
        """The pools, as `extra_state` gave them."""
        for name, pool in self.pools.items():
            pool.images = state[name].to(self.fabric.device) if name in state else None
