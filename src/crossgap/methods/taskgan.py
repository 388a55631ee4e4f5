"""Inverse TaskGAN (Heng & Johns, "TaskGAN: Combining Domain Loss and Task Loss for Domain Adaptation
with GANs", sections 3 and 4.1.3).

1. Learn a task model f_X in the source domain X.            (`supervised.Supervised`)
2. Train a TaskGAN to learn the inverse mapping F: Y → X.    (`InverseTaskGAN`)
3. Refine f_X with generated source images F(Y).             (`translate`, then `Supervised` again)
At test time a target image is translated and then seen by the task model: f_X(F(y)).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crossgap.data.batches import Batches
from crossgap.losses import discriminator_loss, generator_adversarial_loss, generator_loss, task_loss
from crossgap.speed import adam
from crossgap.training import Phase


class InverseTaskGAN(Phase):
    """Step 2: F is trained to fool D_X and to keep what f_X needs to predict the label.

        L_F   = (1 − D_X(F(y)))² + λ_φ (f_X(F(y)) − φ)²        equations 3 and 5
        L_D_X = (1 − D_X(x))² + D_X(F(y))²                     equations 4 and 6

    Args:
        name: of the phase.
        generator: F, trained in place.
        discriminator: D_X, trained in place.
        task_model: f_X, frozen.
        source: images x; their labels are not used.
        target: images y with labels φ.
        task_weight: λ_φ, in the scale of scaled labels.
        steps: number of steps, each of one update of F and one of D_X.
        learning_rate: of both Adams, at the start.
    """

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, task_model: nn.Module,
        source: Batches, target: Batches, task_weight: float, steps: int, learning_rate: float,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, steps, learning_rate
        self.source, self.target, self.task_weight = source, target, task_weight
        self.task_model = task_model.requires_grad_(False).eval()
        self.networks = {"generator": generator, "discriminator": discriminator}
        self.optimizers = {
            key: adam(network.parameters(), learning_rate, betas=(0.5, 0.999))
            for key, network in self.networks.items()
        }

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of F, then one of D_X on the same generated images."""
        x, _ = self.source(step)
        y, label = self.target(step)

        fake = self.parallel["generator"](y)
        with self.fabric.autocast():  # D_X and f_X only pass the gradient on
            self.networks["discriminator"].requires_grad_(False)
            judged = self.compiled["discriminator"](fake).float()
            predicted = self.task_model(fake).float()
        self.update("generator", generator_loss(judged, predicted, label, self.task_weight))

        self.networks["discriminator"].requires_grad_(True)
        both = self.parallel["discriminator"](torch.cat([x, fake.detach()])).float()
        judged_real, judged_fake = both.chunk(2)
        loss = discriminator_loss(judged_real, judged_fake)
        self.update("discriminator", loss)
        return {
            "adversarial": generator_adversarial_loss(judged),
            "task_loss": task_loss(predicted, label),
            "discriminator": loss,
        }


@torch.no_grad()
def translate(generator: nn.Module, images: Tensor, batch: int = 64) -> Tensor:
    """F(Y): (n, 3, H, W) in [-1, 1] to the same, in batches."""
    return torch.cat([generator(part).float() for part in images.split(batch)])
