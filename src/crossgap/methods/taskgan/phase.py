"""TaskGAN (Heng & Johns, "TaskGAN: Combining Domain Loss and Task Loss for Domain Adaptation with GANs",
sections 3 and 4.1).

            forward mapping                                inverse mapping
    step 1  learn a task model f_Y in the target domain    learn a task model f_X in the source domain
    step 2  train a TaskGAN G: X → Y                       train a TaskGAN F: Y → X
    step 3  refine f_Y with generated images G(X)          refine f_X with generated images F(Y)
    test    f_Y(y)                                         f_X(F(y))

Step 2 is `TaskGAN`, the same for both. Step 1 is `supervised.Supervised`, and for the forward mapping also
`two_columns.TwoColumns`; so is step 3, on what `translation.translate` returns.
"""

import torch
from torch import Tensor, nn

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import TaskLoss, cycle_loss, discriminator_loss, generator_adversarial_loss, task_loss
from crossgap.methods.config import TranslatorConfig

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
        config: λ_φ, steps and learning rate; with λ_φ = 0 it is a plain GAN.
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
        inputs: Batches, real: Batches, config: TranslatorConfig, adversarial_weight: float = 1.0,
        supervise_inputs: bool = True, supervise_real: bool = False, loss: TaskLoss = task_loss,
        unlabelled: Batches | None = None, discriminator_rate: float = 1.0,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, config.steps, config.learning_rate
        self.inputs, self.real, self.unlabelled = inputs, real, unlabelled
        self.data = [inputs, real] + ([] if unlabelled is None else [unlabelled])
        self.task_weight, self.adversarial_weight = config.task_weight, adversarial_weight
        self.supervise_inputs, self.supervise_real, self.loss = supervise_inputs, supervise_real, loss
        self.task_model = task_model.requires_grad_(False).eval()
        self.rate_factors = {"discriminator": discriminator_rate}
        self.networks = {"generator": generator, "discriminator": discriminator}
        self.optimizers = {
            key: adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for key, network in self.networks.items()
        }

    def samples(self) -> dict[str, Tensor]:
        """What is translated, what comes of it, and what it should look like."""
        x = self.inputs.shown(SHOWN)
        return {"input": x, "translated": self.networks["generator"](x), "real": self.real.shown(SHOWN)}

    def predicted(self, images: Tensor) -> Tensor:
        """f_X(F(y)), of the inverse mapping."""
        return self.task_model(self.networks["generator"](images))

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
            "adversarial": self.adversarial_weight, "task_loss": self.task_weight,
            "task_loss_real": self.task_weight, "identity": IDENTITY_WEIGHT,
        }  # fmt: skip
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
