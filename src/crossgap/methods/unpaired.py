"""What translators of unpaired images have in common: G and F, D_X and D_Y, and one step of all four.

x ─▶ G ─▶ G(x) ─▶ F ─▶ F(G(x)) ≈ x        D_Y: is it a y, or a G(x)?
y ─▶ F ─▶ F(y) ─▶ G ─▶ G(F(y)) ≈ y        D_X: is it an x, or an F(y)?
"""

from abc import abstractmethod
from typing import Any, NamedTuple

from torch import Tensor, nn

from crossgap.core.trainer import SHOWN, Phase, adam
from crossgap.losses import (
    cycle_loss,
    discriminator_loss,
    generator_adversarial_loss,
    square_cycle_loss,
)
from crossgap.methods.image_pool import ImagePool
from crossgap.methods.translation import cycle_samples

Losses = dict[str, Tensor]
"""Scalars by name."""
CYCLE_LOSSES = {"square": square_cycle_loss, "absolute": cycle_loss}
"""By d, the distance of an image from what comes back."""


class Drawn(NamedTuple):
    """Images of a step, and what both generators made of them; each (n, 3, H, W) in [-1, 1]."""

    x: Tensor
    y: Tensor
    fake_y: Tensor
    """G(x)."""
    fake_x: Tensor
    """F(y)."""
    back_x: Tensor
    """F(G(x))."""
    back_y: Tensor
    """G(F(y))."""


class UnpairedTranslation(Phase):
    """Learn G: X → Y and F: Y → X together; subclasses say what a step does.

    Args:
        name: of the phase.
        forward: G, trained in place.
        inverse: F, trained in place.
        discriminators: D_X and D_Y, trained in place; each judges two batches by its method `apart`.
        source: what `x` is drawn from, whose images `shown` shows.
        target: the same of `y`.
        steps: how many.
        learning_rate: of both Adams.
        pool: translated images that are kept for each discriminator.
    """

    cycle_distance = "absolute"
    """d of the cycle: CycleGAN's, the mean absolute difference; or "square"."""

    def __init__(
        self, name: str, forward: nn.Module, inverse: nn.Module, discriminators: tuple[nn.Module, nn.Module],
        source: Any, target: Any, steps: int, learning_rate: float, pool: int,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate = name, steps, learning_rate
        self.source, self.target = source, target
        self.data = source, target
        generators = {"forward": forward, "inverse": inverse}
        judges = dict(zip(("discriminator_x", "discriminator_y"), discriminators, strict=True))
        self.networks = generators | judges
        self.optimizers = {
            key: adam(nn.ModuleList(networks.values()).parameters(), learning_rate, betas=(0.5, 0.999))
            for key, networks in (("generators", generators), ("discriminators", judges))
        }
        self.pools = {"x": ImagePool(pool), "y": ImagePool(pool)}

    @abstractmethod
    def training_step(self, step: int) -> Losses:
        """One update of everything."""

    def setup(self, fabric) -> None:
        """As every phase, and the discriminators also judge two batches apart."""
        super().setup(fabric)
        for name in ("discriminator_x", "discriminator_y"):
            self.parallel[name].mark_forward_method("apart")

    def train_discriminators(self, whether: bool) -> None:
        """Whether the discriminators' weights get gradients."""
        for name in ("discriminator_x", "discriminator_y"):
            self.networks[name].requires_grad_(whether)

    def draw(self, x: Tensor, y: Tensor) -> Drawn:
        """Both images translated, and translated back."""
        forward, inverse = self.parallel["forward"], self.parallel["inverse"]
        fake_y, fake_x = forward(x), inverse(y)
        return Drawn(x, y, fake_y, fake_x, inverse(fake_y), forward(fake_x))

    def adversarial(self, drawn: Drawn) -> Losses:
        """How far both translations are from what the discriminators take for real."""
        with self.fabric.autocast():
            judged_y = self.compiled["discriminator_y"](drawn.fake_y).float()
            judged_x = self.compiled["discriminator_x"](drawn.fake_x).float()
        return {
            "adversarial_y": generator_adversarial_loss(judged_y),
            "adversarial_x": generator_adversarial_loss(judged_x),
        }

    def cycle(self, drawn: Drawn) -> Losses:
        """How far both images are from what comes back."""
        distance = CYCLE_LOSSES[self.cycle_distance]
        return {"cycle_x": distance(drawn.back_x, drawn.x), "cycle_y": distance(drawn.back_y, drawn.y)}

    def update_discriminators(self, drawn: Drawn) -> Losses:
        """One update of both discriminators; L_D_X and L_D_Y, on translations from the pools."""
        self.train_discriminators(True)
        seen = {"x": (drawn.x, drawn.fake_x), "y": (drawn.y, drawn.fake_y)}
        losses = {}
        for domain, (real, fake) in seen.items():
            judge = self.parallel[f"discriminator_{domain}"]
            judged_real, judged_fake = judge.apart(real, self.pools[domain](fake.detach()))
            losses[f"discriminator_{domain}"] = (
                discriminator_loss(judged_real.float(), judged_fake.float()) / 2
            )
        self.update("discriminators", losses["discriminator_x"] + losses["discriminator_y"])
        return losses

    def samples(self) -> dict[str, Tensor]:
        """Images of both domains, their translations, and these translated back."""
        forward, inverse = self.networks["forward"], self.networks["inverse"]
        return cycle_samples(forward, inverse, self.source.shown(SHOWN), self.target.shown(SHOWN))

    def extra_state(self) -> dict[str, Tensor]:
        """The pools."""
        return {name: pool.images for name, pool in self.pools.items() if pool.images is not None}

    def load_extra_state(self, state: dict[str, Tensor]) -> None:
        """The pools, as `extra_state` gave them."""
        for name, pool in self.pools.items():
            pool.images = state[name].to(self.fabric.device) if name in state else None
