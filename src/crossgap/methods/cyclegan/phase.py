"""CycleGAN (Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks"): translators in both directions, with nothing but images of two domains."""

from torch import Tensor, nn

from crossgap.data.batches import Batches
from crossgap.data.jitter import jitter
from crossgap.losses import cycle_loss
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.unpaired import Losses, UnpairedTranslation


class CycleGAN(UnpairedTranslation):
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
        steps, rate, self.config = config.steps, config.learning_rate, config
        super().__init__(name, forward, inverse, discriminators, source, target, steps, rate, config.pool)

    def training_step(self, step: int) -> Losses:
        """One update of both generators, then one of both discriminators."""
        x, y = self._images(self.source, step), self._images(self.target, step)
        self.train_discriminators(False)  # they only pass the gradient on
        drawn = self.draw(x, y)
        adversarial, cycle, identity = self.adversarial(drawn), self.cycle(drawn), self.identity(x, y)
        self.update("generators", self.generator_loss(adversarial, cycle, identity))
        return adversarial | cycle | identity | self.update_discriminators(drawn)

    def _images(self, batches: Batches, step: int) -> Tensor:
        return jitter(batches(step)[0], self.config.enlarged, self.config.mirror)

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
