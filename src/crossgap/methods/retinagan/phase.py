"""RetinaGAN (Ho et al. 2021, "RetinaGAN: An Object-aware Approach to Sim-to-Real Transfer"): a CycleGAN whose
translations leave alone what a frozen network perceives. It knows no task and no reward.

    s_x = P(x)    s_x' = P(G(x))    s_x'' = P(F(G(x)))
    s_y = P(y)    s_y' = P(F(y))    s_y'' = P(G(F(y)))

P is trained in simulation: there an object detector, here a segmentation (`segmentation.py`).
"""

import torch
from torch import Tensor, nn

from crossgap.data.batches import Batches
from crossgap.losses import consistency_loss
from crossgap.methods.retinagan import RetinaGANConfig
from crossgap.methods.unpaired import Drawn, Losses, UnpairedTranslation


class RetinaGAN(UnpairedTranslation):
    """Learn G: X → Y and F: Y → X together.

        L      = λ_GAN (L_GAN(G, D_Y) + L_GAN(F, D_X)) + λ_cycle (d(F(G(x)), x) + d(G(F(y)), y))
                 + λ_prcp L_prcp
        L_prcp = d(s_x, s_x') + ½ d(s_x, s_x'') + ½ d(s_x', s_x'')
                 + d(s_y, s_y') + ½ d(s_y, s_y'') + ½ d(s_y', s_y'')

    d is the mean square, of images, and of the probabilities of a pixel's classes; that of the cycle can be
    the mean absolute difference.

    Args:
        name: of the phase.
        forward: G, trained in place.
        inverse: F, trained in place.
        discriminators: D_X and D_Y, trained in place.
        perception: P, images (n, 3, H, W) in [-1, 1] to logits (n, c, h, w); frozen.
        source: images x, without labels.
        target: images y, without labels.
        config: weights, pool, steps and learning rate.
    """

    def __init__(
        self, name: str, forward: nn.Module, inverse: nn.Module, discriminators: tuple[nn.Module, nn.Module],
        perception: nn.Module, source: Batches, target: Batches, config: RetinaGANConfig,
    ):  # fmt: skip
        steps, rate, self.config = config.steps, config.learning_rate, config
        super().__init__(name, forward, inverse, discriminators, source, target, steps, rate, config.pool)
        self.cycle_distance = config.cycle_distance
        self.perception = perception.requires_grad_(False).eval()

    def setup(self, fabric) -> None:
        """As every phase; P is moved, too."""
        super().setup(fabric)
        self.perception.to(fabric.device)

    def training_step(self, step: int) -> Losses:
        """One update of both generators, then one of both discriminators."""
        x, y = self.source(step)[0], self.target(step)[0]
        self.train_discriminators(False)  # they only pass the gradient on
        drawn = self.draw(x, y)
        losses = self.adversarial(drawn) | self.cycle(drawn) | self.perceived(drawn)
        self.update("generators", self.loss(losses))
        return losses | self.update_discriminators(drawn)

    def perceived(self, drawn: Drawn) -> Losses:
        """L_prcp."""
        with torch.no_grad():
            of_x, of_y = self._seen(drawn.x, drawn.y)
        of_fake_y, of_fake_x, of_back_x, of_back_y = self._seen(*drawn[2:])
        return {
            "perception_x": consistency_loss(of_x, of_fake_y, of_back_x),
            "perception_y": consistency_loss(of_y, of_fake_x, of_back_y),
        }

    def _seen(self, *images: Tensor) -> tuple[Tensor, ...]:
        with self.fabric.autocast():
            logits = self.perception(torch.cat(images))
        return logits.float().softmax(1).split([len(one) for one in images])

    def loss(self, losses: Losses) -> Tensor:
        """L."""
        config = self.config
        return (
            config.adversarial_weight * (losses["adversarial_y"] + losses["adversarial_x"])
            + config.cycle_weight * (losses["cycle_x"] + losses["cycle_y"])
            + config.perception_weight * (losses["perception_x"] + losses["perception_y"])
        )
