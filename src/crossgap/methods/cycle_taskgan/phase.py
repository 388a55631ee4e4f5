"""Cycle TaskGAN: TaskGAN with cycle and feature losses, in both directions at once (Imran, "Robots from
simulation into reality", after Heng & Johns; cycle loss of Zhu et al. 2017). It needs no pairs, and no
target labels.

    source   x → G(x) → F(G(x))     all three predict the label of x, and share its features
    target   y → F(y) → G(F(y))     all three share the features of y; where y is labelled, also its label

f_X stays as it was trained on the source; f_Y starts as its copy and is trained on G(x) as it comes about.
"""

import torch
from torch import Tensor, nn

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import (
    TaskLoss,
    cycle_loss,
    discriminator_loss,
    feature_loss,
    generator_adversarial_loss,
    task_loss,
)  # fmt: skip
from crossgap.methods.cycle_taskgan import CycleConfig
from crossgap.methods.translation import cycle_samples
from crossgap.networks import TaskModel


class CycleTaskGAN(Phase):
    """Learn G: X → Y, F: Y → X and f_Y together.

        L_G,F = (1 − D_Y(G(x)))² + (1 − D_X(F(y)))² + λ_c (|F(G(x)) − x| + |G(F(y)) − y|)
                + λ_φ ((f_Y(G(x)) − φ)² + (f_X(F(G(x))) − φ)²)    and (f_X(F(y)) − φ_y)² where y is labelled
                + λ_f (|e_Y(G(x)) − e_X(x)|² + |e_X(F(G(x))) − e_X(x)|²
                       + |e_X(F(y)) − e_Y(y)|² + |e_Y(G(F(y))) − e_Y(y)|²)
        L_f_Y = (f_Y(G(x)) − φ)² + λ_f |e_Y(G(x)) − e_X(x)|²        and (f_Y(y) − φ_y)² where y is labelled:
                                                                    the mean of both as one batch
        L_D   as in TaskGAN, for D_X and D_Y

    e is a task model's feature extractor.

    Args:
        name: of the phase.
        forward: G, trained in place.
        inverse: F, trained in place.
        discriminators: D_X and D_Y, trained in place.
        source_model: f_X, frozen.
        target_model: f_Y, trained in place.
        source: images x with labels φ.
        target: images y.
        labelled: whether the target images' labels are used.
        config: λ_φ, λ_c, λ_f, steps and learning rate.
        loss: the task loss, written (·)² above; cross-entropy where φ is a class.
    """

    def __init__(
        self, name: str, forward: nn.Module, inverse: nn.Module, discriminators: tuple[nn.Module, nn.Module],
        source_model: TaskModel, target_model: TaskModel, source: Batches, target: Batches, labelled: bool,
        config: CycleConfig, loss: TaskLoss = task_loss,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, config.steps, config.learning_rate
        self.source, self.target, self.labelled, self.config = source, target, labelled, config
        self.data = source, target
        self.loss = loss
        self.source_model = source_model.requires_grad_(False).eval()
        self.target_model = target_model
        judges = {"discriminator_x": discriminators[0], "discriminator_y": discriminators[1]}
        self.networks = {"forward": forward, "inverse": inverse, **judges, "target_model": target_model}
        adversaries = {"generators": nn.ModuleList([forward, inverse]), **judges}
        self.optimizers = {
            name: adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for name, network in adversaries.items()
        }
        self.optimizers["target_model"] = adam(target_model.parameters(), config.learning_rate)

    def setup(self, fabric) -> None:
        """As every phase, and f_Y also gives its features."""
        super().setup(fabric)
        self.parallel["target_model"].mark_forward_method("features_and_outputs")

    def samples(self) -> dict[str, Tensor]:
        """Images of both domains, their translations, and these translated back."""
        forward, inverse = self.networks["forward"], self.networks["inverse"]
        return cycle_samples(forward, inverse, self.source.shown(SHOWN), self.target.shown(SHOWN))

    def predicted(self, images: Tensor) -> Tensor:
        """f_X(F(y))."""
        return self.source_model(self.networks["inverse"](images))

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of both generators, then of f_Y, then of both discriminators."""
        x, label = self.source(step)
        y, label_y = self.target(step)
        fake_y, fake_x, losses = self._update_generators(x, label, y, label_y)
        losses["target_model"] = self._update_target_model(x, fake_y, label, y, label_y)
        losses["discriminators"] = self._update_discriminators(x, fake_x, y, fake_y)
        return losses

    def _update_generators(self, x: Tensor, label: Tensor, y: Tensor, label_y: Tensor):
        forward, inverse = self.parallel["forward"], self.parallel["inverse"]
        judges = self.compiled["discriminator_x"], self.compiled["discriminator_y"]
        f_x, f_y = self.source_model, self.target_model
        for network in (*judges, f_y):
            network.requires_grad_(False)
        fake_y, fake_x = forward(x), inverse(y)
        back_x, back_y = inverse(fake_y), forward(fake_x)
        with self.fabric.autocast():  # these only pass the gradient on
            adversarial = generator_adversarial_loss(judges[1](fake_y).float())
            adversarial = adversarial + generator_adversarial_loss(judges[0](fake_x).float())
            with torch.no_grad():
                e_x, e_y = f_x.features(x).float(), f_y.features(y).float()
            e_fake_y, predicted_fake_y = f_y.features_and_outputs(fake_y)
            e_back_x, predicted_back_x = f_x.features_and_outputs(back_x)
            e_fake_x, predicted_fake_x = f_x.features_and_outputs(fake_x)
            e_back_y = f_y.features(back_y)
        task = self.loss(predicted_fake_y.float(), label) + self.loss(predicted_back_x.float(), label)
        if self.labelled:
            task = task + self.loss(predicted_fake_x.float(), label_y)
        feature = sum(
            feature_loss(of.float(), like)
            for of, like in ((e_fake_y, e_x), (e_back_x, e_x), (e_fake_x, e_y), (e_back_y, e_y))
        )
        cycle = cycle_loss(back_x, x) + cycle_loss(back_y, y)
        loss = adversarial + self.config.task_weight * task + self.config.cycle_weight * cycle
        self.update("generators", loss + self.config.feature_weight * feature)
        losses = {"adversarial": adversarial, "task_loss": task, "cycle_loss": cycle, "feature_loss": feature}
        return fake_y.detach(), fake_x.detach(), losses

    def _update_target_model(
        self, x: Tensor, fake_y: Tensor, label: Tensor, y: Tensor, label_y: Tensor
    ) -> Tensor:
        self.networks["target_model"].requires_grad_(True)
        seen = torch.cat([fake_y, y]) if self.labelled else fake_y
        features, predicted = self.parallel["target_model"].features_and_outputs(seen)
        with torch.no_grad(), self.fabric.autocast():
            e_x = self.source_model.features(x).float()
        loss = self.loss(predicted.float(), torch.cat([label, label_y]) if self.labelled else label)
        loss = loss + self.config.feature_weight * feature_loss(features[: len(x)].float(), e_x)
        self.update("target_model", loss)
        return loss

    def _update_discriminators(self, x: Tensor, fake_x: Tensor, y: Tensor, fake_y: Tensor) -> Tensor:
        losses = []
        for name, real, fake in (("discriminator_x", x, fake_x), ("discriminator_y", y, fake_y)):
            self.networks[name].requires_grad_(True)
            judged_real, judged_fake = self.parallel[name](torch.cat([real, fake])).float().chunk(2)
            losses.append(discriminator_loss(judged_real, judged_fake))
            self.update(name, losses[-1])
        return losses[0] + losses[1]
