"""Goggles for a Q-function: TaskGAN's inverse mapping (Heng & Johns, section 3) with Q as its task model.

    y ─▶ F ─▶ F(y) ─┬─▶ D_X: is it an x, or an F(y)?
                    └─▶ Q_sim(F(y), a): what came of a?

Q_sim was trained in simulation and is frozen. F draws what Q_sim needs to see, to be right about the real
grasps whose results are known. Afterwards Q_sim acts on F(y).
"""

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from crossgap.core.trainer import SHOWN
from crossgap.data.batches import Batches, image_tensor, moved, to_images
from crossgap.losses import q_loss
from crossgap.methods.one_sided import OneSidedTranslation
from crossgap.methods.q_goggles import QGogglesConfig
from crossgap.rl.experience import Experience
from crossgap.rl.labelling import LabellingLearner
from crossgap.rl.replay import Transitions


class QGoggles(OneSidedTranslation):
    """Learn F: Y → X.

        L_F   = λ_GAN (1 − D_X(F(y)))² + λ_φ CE(Q_sim(F(y), a), r + γ V_sim(F(y')))
        L_D_X = ½ ((1 − D_X(x))² + D_X(x̂)²)             x̂ is F(y), or an earlier one from the pool

    Args:
        name: of the phase.
        generator: F, trained in place.
        discriminator: D_X, trained in place.
        learner: of Q_sim, on the device of the training: a frozen copy of its critic judges, and it says what
            actions should be worth; it stays as it is, and can go on learning elsewhere.
        source: images x, without labels.
        target: real experience.
        config: weights, pool, steps and learning rate.
    """

    config: QGogglesConfig

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, learner: LabellingLearner,
        source: Batches, target: Experience, config: QGogglesConfig,
    ):  # fmt: skip
        super().__init__(name, generator, discriminator, (source, target), config)
        self.source, self.target, self.learner = source, target, learner
        self.critic = copy.deepcopy(learner.networks["critic"]).requires_grad_(False).eval()

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of F, then one of D_X."""
        x, batch, device = self.source(step)[0], self.target(step), self.fabric.device
        fake = self.parallel["generator"](image_tensor(batch.frames, device)).float()
        losses = {"adversarial": self.adversarial(fake)}
        if self.config.task_weight:
            wanted = self.learner.label(self.seen_after(batch), step)
            logits = self.critic(fake, moved(batch.states, device), moved(batch.actions, device))
            losses["task"] = q_loss(logits.float(), wanted)
        self.update("generator", self.loss(losses))
        return losses | {"discriminator": self.update_discriminator(x, fake)}

    @torch.no_grad()
    def seen_after(self, batch: Transitions) -> Transitions:
        """The same with F(y') in the place of y', for V_sim, which knows no real image."""
        if batch.ended.all():
            return batch
        after = image_tensor(batch.next_frames, self.fabric.device)
        return replace(batch, next_frames=to_images(self.networks["generator"](after).float()))

    def samples(self) -> dict[str, Tensor]:
        """Real images, what comes of them, and simulated ones."""
        y = self.target.shown(SHOWN)
        return {"y": y, "F(y)": self.networks["generator"](y), "x": self.source.shown(SHOWN)}
