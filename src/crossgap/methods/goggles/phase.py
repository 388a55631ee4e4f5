"""Goggles for a frozen policy: TaskGAN's inverse mapping (Heng & Johns, section 3) with the policy's own
output as the task.

    y ─▶ F ─▶ F(y) ─┬─▶ D_X: is it an x, or an F(y)?
                    └─▶ π(F(y), s) ≈ a, what was demonstrated there
    x ─▶ F ─▶ F(x) ─┬─▶ |F(x) − x|
                    └─▶ π(F(x), s) ≈ π(x, s)

π was trained in simulation and stays as it is. F draws what π needs to see, for its actions on labelled real
frames to be the demonstrated ones; and leaves to π what it says of simulated frames, which takes no label.
Afterwards π acts on F(y). One F serves every camera.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from crossgap.core.trainer import SHOWN
from crossgap.data.batches import Batches
from crossgap.deploy.frozen import FrozenPolicy
from crossgap.losses import cycle_loss
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.one_sided import OneSidedTranslation

Compare = Callable[[Tensor, Tensor], Tensor]
"""(outputs of π (n, …), what they should be (n, k)) -> scalar."""


class PolicyGoggles(OneSidedTranslation):
    """Learn F: Y → X.

        L_F   = λ_GAN (1 − D_X(F(y)))² + λ_φ d(π(F(y), s), a)
              + λ_π d(π(F(x), s), π(x, s)) + λ_id |F(x) − x|
        L_D_X = ½ ((1 − D_X(x))² + D_X(x̂)²)             x̂ is F(y), or an earlier one from the pool

    Args:
        name: of the phase.
        generator: F, (m, 3, H, W) to the same, trained in place.
        discriminator: D_X, trained in place.
        policy: π.
        source: images x (n, 3 k, H, W) of k cameras, with the state and what π says of x, side by side.
        target: real images y with the state and the demonstrated action, side by side; with the state alone
            where no action is known.
        config: weights, pool, steps and learning rate.
        states: how many numbers the state has.
        task: d for actions; None where none is known.
        consistency: d for what π says.
        unlabelled: further real images, which join the adversarial term.
    """

    config: GogglesConfig

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, policy: FrozenPolicy,
        source: Batches, target: Batches, config: GogglesConfig, states: int, task: Compare | None,
        consistency: Compare, unlabelled: Batches | None = None,
    ):  # fmt: skip
        data = (source, target) if unlabelled is None else (source, target, unlabelled)
        super().__init__(name, generator, discriminator, data, config)
        self.policy, self.states = policy, states
        self.source, self.target, self.unlabelled = source, target, unlabelled
        self.task, self.consistency = task, consistency

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One update of F, then one of D_X."""
        (x, told_x), (y, told_y) = self.source(step), self.target(step)
        seen = y if self.unlabelled is None else torch.cat([y, self.unlabelled(step)[0]])
        fake = self._translated(seen)
        losses = {"adversarial": self.adversarial(apart(fake))}
        if self.task and self.config.task_weight:
            losses["task"] = self.task(*self._judged(fake[: len(y)], told_y))
        if self.config.consistency_weight or self.config.identity_weight:
            kept = self._translated(x)
            losses["identity"] = cycle_loss(kept, x)
            losses["consistency"] = self.consistency(*self._judged(kept, told_x))
        self.update("generator", self.loss(losses))
        return losses | {"discriminator": self.update_discriminator(apart(x), apart(fake))}

    def _translated(self, images: Tensor) -> Tensor:
        """F of every camera: (n, 3 k, H, W) to the same."""
        return self.parallel["generator"](apart(images)).float().reshape(images.shape)

    def _judged(self, images: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """What π says of images, and what it should say."""
        state, wanted = told[:, : self.states], told[:, self.states :]
        return self.policy(images, state).float(), wanted

    def samples(self) -> dict[str, Tensor]:
        """Real images, what comes of them, and simulated ones, of the first camera."""
        y, x = (batches.shown(SHOWN)[:, :3] for batches in (self.target, self.source))
        F = self.networks["generator"]
        return {"y": y, "F(y)": F(y), "x": x, "F(x)": F(x)}


def apart(images: Tensor) -> Tensor:
    """(n, 3 k, H, W) of k cameras to (n k, 3, H, W)."""
    return images.reshape(-1, 3, *images.shape[2:])
