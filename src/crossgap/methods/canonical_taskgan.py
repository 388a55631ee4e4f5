"""Inverse TaskGAN that also learns from randomized source images: past the paper.

A simulator can draw a source image again in any look. To the translator such an image is what a target image
is, but its label is known, and so is what F should make of it: the source image itself (James et al. 2019,
"Sim-to-Real via Sim-to-Sim", translate randomized images to canonical ones in this way). From thousands of
looks F learns where things are and how to draw them, from the few target images what the target is like.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crossgap.data.batches import Batches
from crossgap.losses import TaskLoss, cycle_loss, generator_adversarial_loss, task_loss
from crossgap.methods.taskgan import TaskGAN


class CanonicalTaskGAN(TaskGAN):
    """F: Y → X, with randomized source images x_r beside the target images.

        L_F = L_F of TaskGAN + (1 − D_X(F(x_r)))² + λ_φ (f_X(F(x_r)) − φ)² + λ_c |F(x_r) − x|
        L_D = L_D of TaskGAN, on F(y) and F(x_r)

    Args:
        name: of the phase.
        generator: F, trained in place.
        discriminator: D_X, trained in place.
        task_model: f_X, frozen.
        inputs: target images y.
        real: source images, for D_X.
        randomized: randomized source images x_r with labels φ.
        canonical: the source images x that they are of, in the same order.
        task_weight: λ_φ, in the scale of scaled labels.
        canonical_weight: λ_c.
        steps: number of steps.
        learning_rate: of both Adams, at the start.
        labelled: whether the target images' labels are used.
        loss: the task loss, written (·)² above.
    """

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, task_model: nn.Module,
        inputs: Batches, real: Batches, randomized: Batches, canonical: Batches, task_weight: float,
        canonical_weight: float, steps: int, learning_rate: float, labelled: bool = True,
        loss: TaskLoss = task_loss,
    ):  # fmt: skip
        super().__init__(
            name, generator, discriminator, task_model, inputs, real, task_weight, steps, learning_rate,
            loss=loss,
        )  # fmt: skip
        self.randomized, self.canonical = randomized, canonical
        self.canonical_weight, self.labelled = canonical_weight, labelled

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of F, then one of D_X on the same generated images."""
        y, label_y = self.inputs(step)
        randomized, label = self.randomized(step)
        x, _ = self.canonical(step)
        fake = self.parallel["generator"](torch.cat([y, randomized]))
        fake_y, fake_x = fake[: len(y)], fake[len(y) :]
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
        losses["discriminator"] = self._update_discriminator(step, fake.detach())
        return losses
