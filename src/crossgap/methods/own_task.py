"""A task model of the user's own in the place of the paper's: any network, and the loss of its training."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from crossgap.core.weights import tensors_digest
from crossgap.data.images import LabelCoding
from crossgap.data.sizes import Size, shown
from crossgap.errors import CrossgapError, reason_of
from crossgap.networks.factory import Loss
from crossgap.networks.registry import described

TRAINING = {
    "target", "fine_tuning", "randomization", "randomized_fine_tuning", "refinement", "two_columns", "dann",
}  # fmt: skip
"""Settings of which a method trains a task model on that it did not begin with."""
TRANSLATING = {"translator", "canonical"}
"""Settings of such as train something else. A method without is f_X itself, or trains it, too."""


@dataclass(frozen=True)
class OwnTask:
    """A network (n, 3, H, W) in [-1, 1] to (n, outputs), in the scale of the labels, or logits of classes.

    Raises:
        CrossgapError: no model could be saved with it: it has no factory, and its class is not registered.
    """

    network: nn.Module
    """As training begins with it; it stays as it is, copies are trained."""
    frozen: bool = False
    """Whether nothing may train it: it is f_X as it is."""
    loss: Loss | None = None
    """Of outputs and labels, where it is not the labels' own."""
    loss_name: str = ""
    """What a record calls the loss."""

    def __post_init__(self) -> None:
        described(self.network)

    def new(self) -> nn.Module:
        """A copy to train."""
        return copy.deepcopy(self.network).requires_grad_(not self.frozen)

    def about(self) -> dict[str, Any]:
        """What of it a training depends on, as JSON; weights that are not trained, too."""
        found = {**described(self.network), "frozen": self.frozen, "loss": self.loss_name}
        return found | ({"weights": tensors_digest(self.network.state_dict())} if self.frozen else {})

    def check(self, size: Size, scale: LabelCoding) -> None:
        """Whether it takes such images and gives what such labels need.

        Raises:
            CrossgapError: it does not.
        """
        name, images = _named(self.network), torch.zeros(2, 3, *size)
        mode = self.network.training
        try:
            with torch.no_grad():
                found = self.network.eval()(images)
        except Exception as error:  # of somebody's code: any kind
            raise CrossgapError(
                f"{name}: the task model failed on images of {shown(size)} pixels ({reason_of(error)}). "
                f"Expected one that takes (n, 3, {size[0]}, {size[1]}) in [-1, 1]."
            ) from error
        finally:
            self.network.train(mode)
        if not isinstance(found, torch.Tensor) or found.shape != (2, scale.outputs):
            given = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
            raise CrossgapError(
                f"{name}: the task model gives {given} for 2 images. Expected (2, {scale.outputs}): a number "
                "for each label, or for each class with --classes."
            )

    def check_method(self, name: str, settings: tuple[str, ...], layers: bool) -> None:
        """Whether a method can do with it.

        Args:
            name: of the method.
            settings: parts of all settings that its model depends on.
            layers: whether it looks into the paper's own network.

        Raises:
            CrossgapError: it looks into the layers of the paper's task model, or trains what is frozen.
        """
        if layers:
            raise CrossgapError(
                f"'{name}' looks into the layers of the paper's task model. Expected that one: no --task."
            )
        trains = TRAINING & {*settings}
        if not trains and name != "source_only" and not TRANSLATING & {*settings}:
            trains = {"source"}
        if self.frozen and trains:
            raise CrossgapError(
                f"'{name}' trains the task model ({', '.join(sorted(trains))}), which is frozen. Expected a "
                "method that leaves it as it is, such as source_only or taskgan_inverse; or no --frozen."
            )


def _named(network: nn.Module) -> str:
    return str(vars(network).get("made_by") or type(network).__name__)
