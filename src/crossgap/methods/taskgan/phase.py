"""TaskGAN (Heng & Johns, "TaskGAN: Combining Domain Loss and Task Loss for Domain Adaptation with GANs",
sections 3 and 4.1).

            forward mapping                                inverse mapping
    step 1  learn a task model f_Y in the target domain    learn a task model f_X in the source domain
    step 2  train a TaskGAN G: X → Y                       train a TaskGAN F: Y → X
    step 3  refine f_Y with generated images G(X)          refine f_X with generated images F(Y)
    test    f_Y(y)                                         f_X(F(y))

Step 2 is `TaskGAN`, the same for both. Step 1 is `supervised.Supervised`, and for the forward mapping also
`two_columns.TwoColumns`; so is step 3, on what `translate` returns.
"""

from __future__ import annotations

from contextlib import nullcontext

import lightning_fabric
import numpy as np
import torch
from torch import Tensor, nn

from crossgap.core.phase import Phase, adam
from crossgap.data.batches import Batches, to_tensor
from crossgap.losses import (
    TaskLoss,
    cycle_loss,
    discriminator_loss,
    generator_adversarial_loss,
    task_loss,
)

DEVICE_BYTES = 1 << 30
"""Of translated images that are kept on the device: 21,000 of 64 px, 5,000 of 128."""
IDENTITY_WEIGHT = 5.0
"""Of |G(y) − y|, half the cycle weight, as in CycleGAN (Zhu et al. 2017, section 5.2)."""


class TaskGAN(Phase):
    """Step 2: G is trained to fool D_Y and to keep what f_Y needs to predict the label.

        L_G   = (1 − D_Y(G(x)))² + λ_φ (f_Y(G(x)) − φ)²        equations 3 and 5
        L_D_Y = (1 − D_Y(y))² + D_Y(G(x))²                     equations 4 and 6

    For the inverse mapping, read F for G and swap X and Y.

    Args:
        name: of the phase.
        generator: G, trained in place.
        discriminator: D_Y, trained in place.
        task_model: f_Y, frozen.
        inputs: images x with labels φ, to be translated; without labels where λ_φ = 0 or not
            `supervise_inputs`.
        real: images y of the domain that is translated to; their labels are used with `supervise_real` alone.
        task_weight: λ_φ, in the scale of scaled labels; 0 is a plain GAN.
        steps: number of steps, each of one update of G and one of D_Y.
        learning_rate: of both Adams, at the start.
        adversarial_weight: of the first term of L_G; 0 trains by the task loss alone, and no D_Y.
        supervise_inputs: whether G(x) has to keep the label of x, the second term of L_G.
        supervise_real: whether G(y) has to keep the label of y, and to look like y (the identity loss of
            CycleGAN): instead of G(x), where nobody knows the labels of x, or beside it, where few are known.
            Past the paper, L_G then also has λ_φ (f_Y(G(y)) − φ_y)² + `IDENTITY_WEIGHT` |G(y) − y|.
        loss: the task loss, written (·)² above; cross-entropy where φ is a class.
        unlabelled: further images x whose labels nobody knows: they join the adversarial terms alone.
        discriminator_rate: factor on D_Y's learning rate; below 1 where it has few images to learn by heart.
    """

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, task_model: nn.Module,
        inputs: Batches, real: Batches, task_weight: float, steps: int, learning_rate: float,
        adversarial_weight: float = 1.0, supervise_inputs: bool = True, supervise_real: bool = False,
        loss: TaskLoss = task_loss, unlabelled: Batches | None = None, discriminator_rate: float = 1.0,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, steps, learning_rate
        self.inputs, self.real, self.unlabelled = inputs, real, unlabelled
        self.data = [inputs, real] + ([] if unlabelled is None else [unlabelled])
        self.task_weight, self.adversarial_weight = task_weight, adversarial_weight
        self.supervise_inputs, self.supervise_real, self.loss = supervise_inputs, supervise_real, loss
        self.task_model = task_model.requires_grad_(False).eval()
        self.rate_factors = {"discriminator": discriminator_rate}
        self.networks = {"generator": generator, "discriminator": discriminator}
        self.optimizers = {
            key: adam(network.parameters(), learning_rate, betas=(0.5, 0.999))
            for key, network in self.networks.items()
        }

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of G, then one of D_Y on the same generated images."""
        x, label = self.inputs(step)
        if self.unlabelled is not None:
            x = torch.cat([x, self.unlabelled(step)[0]])
        fake = self.parallel["generator"](x)
        losses: dict[str, Tensor] = {}
        supervised = {"task_loss": (fake[: len(label)], label)} if self.supervise_inputs else {}
        if self.supervise_real:
            y, label_y = self.real(step)
            kept = self.parallel["generator"](y)
            losses["identity"] = cycle_loss(kept, y)
            supervised["task_loss_real"] = kept, label_y
        with self.fabric.autocast():  # D_Y and f_Y only pass the gradient on
            if self.adversarial_weight:
                self.networks["discriminator"].requires_grad_(False)
                judged = self.compiled["discriminator"](fake).float()
                losses["adversarial"] = generator_adversarial_loss(judged)
            if self.task_weight:
                for key, (drawn, known) in supervised.items():
                    losses[key] = self.loss(self.task_model(drawn).float(), known)
        weights = {
            "adversarial": self.adversarial_weight,
            "task_loss": self.task_weight,
            "task_loss_real": self.task_weight,
            "identity": IDENTITY_WEIGHT,
        }
        self.update("generator", torch.stack([weights[key] * loss for key, loss in losses.items()]).sum())
        if self.adversarial_weight:
            losses["discriminator"] = self._update_discriminator(step, fake.detach())
        return losses

    def _update_discriminator(self, step: int, fake: Tensor) -> Tensor:
        y, _ = self.real(step)
        self.networks["discriminator"].requires_grad_(True)
        judged = self.parallel["discriminator"](torch.cat([y, fake])).float()
        loss = discriminator_loss(judged[: len(y)], judged[len(y) :])
        self.update("discriminator", loss)
        return loss


class CanonicalTaskGAN(TaskGAN):
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
        task_weight: λ_φ, in the scale of scaled labels.
        canonical_weight: λ_c.
        steps: number of steps.
        learning_rate: of both Adams, at the start.
        labelled: whether the target images' labels are used.
        loss: the task loss, written (·)² above.
    """

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, task_model: nn.Module,
        inputs: Batches | None, real: Batches, randomized: Batches, canonical: Batches, task_weight: float,
        canonical_weight: float, steps: int, learning_rate: float, labelled: bool = True,
        loss: TaskLoss = task_loss,
    ):  # fmt: skip
        super().__init__(
            name, generator, discriminator, task_model, randomized, real, task_weight, steps, learning_rate,
            loss=loss,
        )  # fmt: skip
        self.target, self.randomized, self.canonical = inputs, randomized, canonical
        self.data = [real, randomized, canonical] + ([] if inputs is None else [inputs])
        self.canonical_weight, self.labelled = canonical_weight, labelled and inputs is not None

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
        losses["discriminator"] = self._update_discriminator(step, fake.detach())
        return losses


@torch.no_grad()
def translate(
    generator: nn.Module, images: np.ndarray, fabric: lightning_fabric.Fabric, batch: int = 64
) -> Tensor:  # fmt: skip
    """G(X) or F(Y), to train on: (n, H, W, 3) uint8 to (n, 3, H, W) float32 in [-1, 1].

    On a GPU in the precision of training; on a CPU in float32, as in every figure of `results/`. A batch at a
    time is on the device; what is made of many stays in the host's memory, from where `Batches` takes it.
    """
    on_gpu = fabric.device.type == "cuda"
    where = torch.device("cpu") if 4 * images.size > DEVICE_BYTES else fabric.device
    with fabric.autocast() if on_gpu else nullcontext():
        parts = (to_tensor(images[i : i + batch]).to(fabric.device) for i in range(0, len(images), batch))
        return torch.cat([generator(part).float().to(where) for part in parts])
