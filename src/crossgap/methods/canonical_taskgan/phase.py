"""Canonical TaskGAN, and RCAN (James et al. 2019, "Sim-to-Real via Sim-to-Sim"), which is its first half."""

import torch
from torch import Tensor, nn

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import TaskLoss, cycle_loss, discriminator_loss, generator_adversarial_loss, task_loss
from crossgap.methods.config import TranslatorConfig


class CanonicalTaskGAN(Phase):
    """Past the paper: F: Y → X, with randomized source images x_r beside the target images.

    A simulator can draw a source image again in any look. To the translator such an image is what a target
    image is, but its label is known, and so is what F should make of it: the source image itself (James et
    al. 2019, "Sim-to-Real via Sim-to-Sim", translate randomized images to canonical ones in this way). From
    thousands of looks F learns where things are and how to draw them, from the few target images what the
    target is like.

        L_F = (1 − D_X(F(·)))² + λ_φ (f_X(F(y)) − φ_y)² + λ_φ (f_X(F(x_r)) − φ)² + λ_c |F(x_r) − x|
        L_D = (1 − D_X(x))² + D_X(F(·))²

    where · is y and x_r together, half and half: one mean over both. Without target images, the terms of y
    left out, this is RCAN, which James et al. train before they have seen any of them.

    Args:
        name: of the phase.
        generator: F, trained in place.
        discriminator: D_X, trained in place.
        task_model: f_X, frozen.
        inputs: target images y; None for RCAN.
        real: source images, for D_X.
        randomized: randomized source images x_r with labels φ.
        canonical: the source images x that they are of, in the same order.
        config: λ_φ, λ_c, steps and learning rate.
        labelled: whether the target images' labels are used.
        loss: the task loss, written (·)² above.
    """

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, task_model: nn.Module,
        inputs: Batches | None, real: Batches, randomized: Batches, canonical: Batches,
        config: TranslatorConfig, labelled: bool = True, loss: TaskLoss = task_loss,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate, self.loss = name, config.steps, config.learning_rate, loss
        self.target, self.real, self.randomized, self.canonical = inputs, real, randomized, canonical
        self.data = [real, randomized, canonical] + ([] if inputs is None else [inputs])
        self.task_weight, self.canonical_weight = config.task_weight, config.canonical_weight
        self.labelled = labelled and inputs is not None
        self.task_model = task_model.requires_grad_(False).eval()
        self.networks = {"generator": generator, "discriminator": discriminator}
        self.optimizers = {
            key: adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for key, network in self.networks.items()
        }

    def samples(self) -> dict[str, Tensor]:
        """Randomized images, what comes of them, and the source images that they are of; target images."""
        generator, randomized = self.networks["generator"], self.randomized.shown(SHOWN)
        rows = {"x_r": randomized, "F(x_r)": generator(randomized), "x": self.canonical.shown(SHOWN)}
        if self.target is None:
            return rows
        y = self.target.shown(SHOWN)
        return rows | {"y": y, "F(y)": generator(y)}

    def predicted(self, images: Tensor) -> Tensor:
        """f_X(F(y))."""
        return self.task_model(self.networks["generator"](images))

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of F, then one of D_X on the same generated images."""
        images, label = self.randomized(step)
        x, _ = self.canonical(step)
        if self.target is not None:
            y, label_y = self.target(step)
            images = torch.cat([images, y])
        fake = self.parallel["generator"](images)
        fake_x, fake_y = fake[: len(x)], fake[len(x) :]
        with self.fabric.autocast():  # D_X and f_X only pass the gradient on
            self.networks["discriminator"].requires_grad_(False)
            adversarial = generator_adversarial_loss(self.compiled["discriminator"](fake).float())
            task = self.loss(self.task_model(fake_x).float(), label)
            losses = {"adversarial": adversarial, "task_loss_randomized": task}
            if self.labelled:
                losses["task_loss"] = self.loss(self.task_model(fake_y).float(), label_y)
                task = task + losses["task_loss"]
        losses["canonical"] = cycle_loss(fake_x, x)
        self.update(
            "generator", adversarial + self.task_weight * task + self.canonical_weight * losses["canonical"]
        )
        real, _ = self.real(step)
        self.networks["discriminator"].requires_grad_(True)
        judged = self.parallel["discriminator"](torch.cat([real, fake.detach()])).float()
        losses["discriminator"] = discriminator_loss(judged[: len(real)], judged[len(real) :])
        self.update("discriminator", losses["discriminator"])
        return losses
