"""What translators in one direction have in common: a generator, a discriminator, and its pool."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase, adam
from crossgap.errors import CrossgapError
from crossgap.losses import discriminator_loss, generator_adversarial_loss
from crossgap.methods.image_pool import ImagePool
from crossgap.methods.translator_settings import TranslatorSettings
from crossgap.networks import MaskingGenerator


class OneSidedTranslation(Phase):
    """Learn a translator in one direction; subclasses say what a step does.

    Args:
        name: of the phase.
        generator: trained in place.
        discriminator: of the domain that is translated to, trained in place; judges two batches by `apart`.
        data: what a step takes a batch of each of.
        config: steps, learning rate and pool.
    """

    def __init__(
        self, name: str, generator: nn.Module, discriminator: nn.Module, data: Sequence[Any],
        config: TranslatorSettings,
    ):  # fmt: skip
        self.name, self.steps, self.learning_rate, self.data = name, config.steps, config.learning_rate, data
        self.networks = {"generator": generator, "discriminator": discriminator}
        self.optimizers = {
            key: adam(network.parameters(), config.learning_rate, betas=(0.5, 0.999))
            for key, network in self.networks.items()
        }
        self.pool, self.config = ImagePool(config.pool), config

    def setup(self, fabric) -> None:
        """As every phase; the discriminator also judges two batches apart, and a generator that can gives
        masks."""
        super().setup(fabric)
        self.parallel["discriminator"].mark_forward_method("apart")
        if hasattr(self.networks["generator"], "with_masks"):
            self.parallel["generator"].mark_forward_method("with_masks")

    def loss(self, losses: dict[str, Tensor]) -> Tensor:
        """L: the sum of the generator's losses, each times its weight, the setting `<name>_weight`."""
        weighted = [getattr(self.config, f"{name}_weight") * loss for name, loss in losses.items()]
        return torch.stack(weighted).sum()

    def adversarial(self, fake: Tensor) -> Tensor:
        """How far translations are from what the discriminator takes for real."""
        self.networks["discriminator"].requires_grad_(False)  # it only passes the gradient on
        with self.fabric.autocast():
            judged = self.compiled["discriminator"](fake)
        return generator_adversarial_loss(judged.float())

    def update_discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """One update of the discriminator; its loss, on translations from the pool."""
        self.networks["discriminator"].requires_grad_(True)
        judged_real, judged_fake = self.parallel["discriminator"].apart(real, self.pool(fake.detach()))
        loss = discriminator_loss(judged_real.float(), judged_fake.float()) / 2
        self.update("discriminator", loss)
        return loss

    def extra_state(self) -> dict[str, Tensor]:
        """The pool."""
        return {} if self.pool.images is None else {"pool": self.pool.images}

    def load_extra_state(self, state: dict[str, Tensor]) -> None:
        """Take it back."""
        self.pool.images = state["pool"].to(self.fabric.device) if "pool" in state else None


def check_masking(generator: nn.Module, mask_weight: float) -> MaskingGenerator:
    """The generator, which has to say what is where.

    Raises:
        CrossgapError: it does not.
    """
    if not isinstance(generator, MaskingGenerator):
        raise CrossgapError(
            f"With a mask_weight of {mask_weight} the generator has to be a MaskingGenerator; got "
            f"{type(generator).__name__}."
        )
    return generator
