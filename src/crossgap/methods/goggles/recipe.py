"""Goggles for a policy, from frames of both domains: what is trained, and what is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crossgap.core.fabric import hardware
from crossgap.core.trainer import Trainer
from crossgap.data.augmentation import image_augmentation
from crossgap.data.batches import Augment, Batches
from crossgap.data.observations import Observations
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import misfit
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.frozen import FrozenPolicy, PolicyReference
from crossgap.errors import CrossgapError
from crossgap.methods import streams
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.goggles.cloning import demonstrated
from crossgap.methods.goggles.phase import PolicyGoggles, apart
from crossgap.methods.goggles.task import Consistency, Task, Translate, probe, said_of
from crossgap.networks import PatchDiscriminator, SkipGenerator
from crossgap.networks.factory import Loss
from crossgap.networks.patchgan import patch_layers

NAME = "goggles"
"""Of the method, its phase and its model."""


@dataclass(frozen=True)
class Given:
    """What goggles are trained on."""

    source: Observations
    """Simulated frames; their actions are only looked at where there are some."""
    target: Observations
    """Real frames; with actions, or without."""
    unlabelled: Observations | None = None
    """Further real frames, without actions."""

    def __post_init__(self) -> None:
        others = {"target": self.target} | ({"unlabelled": self.unlabelled} if self.unlabelled else {})
        for name, other in others.items():
            if self.source.size != other.size:
                raise CrossgapError(
                    f"Source and {name} have other images: {self.source.size} and {other.size}. Expected the "
                    "same; --size brings them to one."
                )
            self.source.check_like(other, name)
            if name == "target" and self.source.state.shape[1] != other.state.shape[1]:
                raise CrossgapError(
                    f"The source's state has {self.source.state.shape[1]} numbers, the target's "
                    f"{other.state.shape[1]}. Expected as many; --state says which columns."
                )
        if problem := misfit(self.source.size):
            raise CrossgapError(f"{problem} --size brings them to one.")


class GogglesTraining:
    """The training of goggles for one policy on such frames.

    Args:
        policy: frozen; it is looked at on some frames first.
        given: the frames.
        config: sizes, weights, steps and rates.
        trainer: runs the phase, in a folder of its own.
        loss: of the policy's output and the demonstrated action, where it is not the squared error.

    Raises:
        CrossgapError: the policy does not fit the frames, no gradient passes through it, or nothing is left
            to learn from.
    """

    def __init__(
        self, policy: FrozenPolicy, given: Given, config: GogglesConfig, trainer: Trainer,
        loss: Loss | None = None,
    ):  # fmt: skip
        self.policy, self.given, self.config, self.trainer = policy, given, config, trainer
        self.device = trainer.fabric.device
        shape = probe(policy, given.source, self.device)
        labelled = given.target.actions.shape[1] > 0
        self.task = Task.of(shape, given.target, loss) if labelled else None
        if not (self.task and config.task_weight) and not config.consistency_weight:
            raise CrossgapError(
                "Without actions of the target, --consistency-weight is all that the policy says: it must be "
                "above 0; got 0."
            )

    def train(self, preparation: Preparation | None = None) -> AdaptedModel:
        """Train them, or go on with it: a translator, and whom it is for.

        Raises:
            CrossgapError: the policy's weights have changed meanwhile: it learns while it acts.
        """
        before, torch_seed = self.policy.digest(), self.trainer.seed
        torch.manual_seed(torch_seed)
        config = self.config
        generator = SkipGenerator(config.generator_width, config.generator_blocks)
        layers = patch_layers(min(self.given.source.size))
        phase = PolicyGoggles(
            NAME, generator, PatchDiscriminator(config.discriminator_width, layers), self.policy,
            config=config, states=self.given.source.state.shape[1], task=self.task, **self._data(),
        )  # fmt: skip
        self.trainer.fit(phase)
        if self.policy.digest() != before:
            raise CrossgapError(
                f"{self.policy.about.factory}: the policy's weights changed while it was asked, in "
                "evaluation mode and without an optimizer. Expected one that keeps nothing of what it sees."
            )
        model = AdaptedModel(None, None, (), self.given.source.size, generator.eval())
        model.method, model.precision = NAME, hardware(self.trainer.fabric)["precision"]
        model.preparation, model.made_for = preparation, replace(self.policy.about, sha256=before)
        return model

    def _data(self) -> dict[str, Any]:
        """The batches of the phase, and d of what the policy says."""
        source, target, further = self.given.source, self.given.target, self.given.unlabelled
        said = said_of(self.policy, source, self.device).flatten(1).numpy()
        wanted = self.task.wanted(target) if self.task else target.actions
        seen = per_camera(image_augmentation()) if self.config.augment else None
        batches: dict[str, Any] = {
            "source": self._batches(source, said, streams.SOURCE),
            "target": self._batches(target, wanted, streams.TARGET, seen),
            "consistency": Consistency.of(said),
        }
        if further is not None:
            batches["unlabelled"] = self._batches(further, further.actions, streams.UNLABELLED, seen)
        return batches

    def _batches(
        self, data: Observations, beside: np.ndarray, stream: int, augment: Augment | None = None
    ) -> Batches:
        seed = self.trainer.seed + 1000 * stream
        return demonstrated(data, beside, self.config.batch, seed, self.device, augment)

    def errors(self, data: Observations, translate: Translate | None = None) -> np.ndarray:
        """How far off the policy is on each of some frames whose action is known, (n,): the squared error in
        spreads of the action, or the loss; on what `translate` makes of them, where it is given."""
        assert self.task is not None
        said = said_of(self.policy, data, self.device, translate)
        return self.task.errors(said, torch.from_numpy(self.task.wanted(data)))

    def off(self, data: Observations, translate: Translate | None = None) -> dict[str, float]:
        """The mean absolute error of each action in its own units; nothing where outputs are no actions."""
        assert self.task is not None
        if self.task.loss is not None:
            return {}
        said = said_of(self.policy, data, self.device, translate).reshape(len(data), -1)
        count = data.actions.shape[1]
        off = (said[:, :count] - torch.from_numpy(data.actions)).abs().mean(0)
        return dict(zip(data.action_names, map(float, off), strict=True))


def per_camera(augment: Augment) -> Augment:
    """An augmentation of images (n, 3, H, W) for those of several cameras, each by itself."""

    def apply(images: Tensor) -> Tensor:
        return augment(apart(images)).reshape(images.shape)

    return apply


def reference_of(
    factory: str, weights: str | None, data: Observations, low: float = 0.0, high: float = 1.0
) -> PolicyReference:
    """How a policy is called and fed that sees frames such as these."""
    return PolicyReference(factory, weights, "", data.cameras, data.state_name, low, high)
