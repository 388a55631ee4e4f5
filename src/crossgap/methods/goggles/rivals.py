"""What goggles are held against where a policy's weights may be touched: the same policy trained in
simulation, trained on with real demonstrations, or on both from the start; and goggles for it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.progress import counted, say
from crossgap.core.trainer import Trainer
from crossgap.data.augmentation import image_augmentation
from crossgap.data.batches import Augment, Batches
from crossgap.data.observations import Observations
from crossgap.data.preparation import Preparation
from crossgap.data.subsets import apart as kept_apart
from crossgap.deploy.adapted_policy import AdaptedPolicy
from crossgap.deploy.frozen import FrozenPolicy, PolicyReference
from crossgap.errors import CrossgapError, check_known
from crossgap.methods import streams
from crossgap.methods.co_trained import CoTrainingConfig
from crossgap.methods.config import SupervisedConfig
from crossgap.methods.goggles import GogglesConfig
from crossgap.methods.goggles.cloning import Cloning, demonstrated
from crossgap.methods.goggles.phase import apart
from crossgap.methods.goggles.recipe import Given, GogglesTraining, per_camera
from crossgap.methods.goggles.task import Task, said_of, tensors
from crossgap.networks.factory import Loss


@dataclass(frozen=True)
class PolicyConfig:
    """Steps, batches and rates of a policy's trainings."""

    source: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(1600, 64))
    """On simulated frames, and of co-training."""
    fine_tuning: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(2000, 16))
    """With the few real frames beside."""
    refinement: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(400, 32, 5e-4))
    """On what goggles make of the real frames."""
    goggles: GogglesConfig = field(default_factory=GogglesConfig)
    """Of the translator."""
    mixing: CoTrainingConfig = field(default_factory=CoTrainingConfig)
    """Of co-training."""


class PolicyAdaptation:
    """Every way to a policy for the target, each trained once.

    Labelled real frames are seen in other colours, light and noise in every batch, whatever the method.

    Args:
        network: the policy as its factory made it; copies are trained.
        about: what its inputs are called.
        given: the frames.
        config: sizes, steps and rates.
        trainer: in a run folder; models are in its `models/`.
        loss: of the policy's output and the demonstrated action, where it is not the squared error.
        frozen: nothing trains it: it knows the source already.
        preparation: of the target's images, kept with what is made for them.

    Raises:
        CrossgapError: the policy fails on such frames, gives no actions as they are there, or the source has
            none to train it on.
    """

    ABOUT: ClassVar = {
        "source_only": "the policy, trained on simulated frames",
        "augmented": "the same on augmented simulated frames",
        "fine_tuned": "trained on with real frames beside simulated ones",
        "augmented_fine_tuned": "the same, simulated frames augmented, too",
        "co_trained": "trained on simulated and real frames from the start",
        "goggles": "behind a translator that was trained through it",
        "goggles_refined": "the same, trained on with what the translator draws",
    }
    """By method."""
    TRANSLATING: ClassVar = ("goggles", "goggles_refined")
    """Those with a translator."""

    def __init__(
        self, network: nn.Module, about: PolicyReference, given: Given, config: PolicyConfig,
        trainer: Trainer, loss: Loss | None = None, frozen: bool = False,
        preparation: Preparation | None = None,
    ):  # fmt: skip
        self.start, self.about, self.given, self.config = network, about, given, config
        self.trainer, self.loss, self.frozen, self.preparation = trainer, loss, frozen, preparation
        self.device = trainer.fabric.device
        self._trained = {name for name, weight in network.named_parameters() if weight.requires_grad}
        self.labelled = given.target.actions.shape[1] > 0
        if not given.source.actions.shape[1] and not frozen:
            raise CrossgapError(
                "The source has no actions. Expected such to train the policy on, or --frozen: it is trained."
            )
        first = given.source.select(np.arange(min(2, len(given.source))))
        if not self._trained and not frozen:
            raise CrossgapError("No weight of the policy requires a gradient. Expected some, or --frozen.")
        shape = tuple(self._policy(copy.deepcopy(network))(*tensors(first, self.device)).shape[1:])
        demonstrations = given.source if given.source.actions.shape[1] else given.target
        self.task = Task.of(shape, demonstrations, loss) if demonstrations.actions.shape[1] else None

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of what can be trained on these frames, in the order of tables."""
        if self.frozen:
            return "source_only", "goggles"
        real = {"fine_tuned", "augmented_fine_tuned", "co_trained", "goggles_refined"}
        return tuple(name for name in self.ABOUT if self.labelled or name not in real)

    def get(self, name: str) -> AdaptedPolicy:
        """A method's policy: trained, or the one that is there.

        Raises:
            CrossgapError: there is none of that name for such frames.
        """
        check_known("Method", (name,), self.methods)
        make: Callable[[], AdaptedPolicy] = getattr(self, name)
        path = self.trainer.folder / "models" / name
        if not path.exists():
            make().save(path)
        return AdaptedPolicy.load(path, self.device)

    def source_only(self) -> AdaptedPolicy:
        """Trained on simulated frames; as it is where it is frozen."""
        if self.frozen:
            return self._adapted("source_only", copy.deepcopy(self.start))
        return self._cloned("source_only", self.start, [self._source(self.config.source)], self.config.source)

    def augmented(self) -> AdaptedPolicy:
        """The same on augmented ones."""
        data = [self._source(self.config.source, augment=True)]
        return self._cloned("augmented", self.start, data, self.config.source)

    def fine_tuned(self) -> AdaptedPolicy:
        """Trained on with real frames, beside simulated ones, so that it forgets nothing."""
        return self._tuned("fine_tuned", "source_only", augment=False)

    def augmented_fine_tuned(self) -> AdaptedPolicy:
        """The same with augmented simulated frames."""
        return self._tuned("augmented_fine_tuned", "augmented", augment=True)

    def _tuned(self, name: str, base: str, augment: bool) -> AdaptedPolicy:
        config = self.config.fine_tuning
        data = [self._target(self.given.target, config.batch), self._source(config, augment)]
        return self._cloned(name, self.get(base).policy.network, data, config)

    def co_trained(self) -> AdaptedPolicy:
        """On both from the start, mixed in the ratio that did best in short trials without the validation
        episodes, then trained anew with these, too."""
        settings, config, target = self.config.mixing, self.config.source, self.given.target
        held = kept_apart(target.episodes, settings.validation, self.trainer.seed)
        ratios = settings.ratios
        if len(ratios) == 1 or not held.any():
            return self._mixed("co_trained", target, ratios[len(ratios) // 2], config)
        short = replace(config, steps=max(1, round(settings.trial * config.steps)))
        errors = {}
        for ratio in ratios:
            tried = self._mixed(f"co_trained_{100 * ratio:g}", target.select(~held), ratio, short)
            errors[ratio] = float(self.errors(tried, target.select(held)).mean())
        best = min(errors, key=errors.__getitem__)
        if not self.trainer.quiet:
            each = ", ".join(f"{ratio:g}: {error:.3g}" for ratio, error in errors.items())
            kept = counted(int(held.sum()), "frame")
            say(
                f"co_trained: share of real frames in a batch is {best:g}. Error on {kept} kept apart: {each}"
            )
        return self._mixed("co_trained", target, best, config)

    def _mixed(
        self, name: str, target: Observations, ratio: float, config: SupervisedConfig
    ) -> AdaptedPolicy:  # fmt: skip
        real = min(max(1, round(ratio * config.batch)), max(1, config.batch - 1))
        simulated = replace(config, batch=max(1, config.batch - real))
        return self._cloned(name, self.start, [self._source(simulated), self._target(target, real)], config)

    def goggles(self) -> AdaptedPolicy:
        """A translator trained through the policy, which stays as it is: what is trained on augmented frames,
        or frozen."""
        base = self.get("source_only" if self.frozen else "augmented")
        training = GogglesTraining(base.policy, self.given, self.config.goggles, self.trainer, self.loss)
        return self._adapted("goggles", base.policy.network, training.train(self.preparation))

    def goggles_refined(self) -> AdaptedPolicy:
        """The policy trained on with what the translator makes of real frames, beside simulated ones."""
        base, config = self.get("goggles"), self.config.refinement
        assert base.translator is not None
        translator, augment = base.translator.networks["translator"], per_camera(image_augmentation())

        @torch.no_grad()
        def draw(images: Tensor) -> Tensor:
            with self.trainer.fabric.autocast():
                return translator(apart(augment(images))).float().reshape(images.shape)

        data = [self._target(self.given.target, config.batch, draw), self._source(config, augment=True)]
        network = base.policy.network
        return self._cloned("goggles_refined", network, data, config, base.translator)

    def _cloned(
        self, name: str, network: nn.Module, data: list[Batches], config: SupervisedConfig,
        translator=None,
    ) -> AdaptedPolicy:  # fmt: skip
        """A copy of a network, trained: those of its weights that its factory did not freeze."""
        assert self.task is not None
        trained, states = copy.deepcopy(network), self.given.source.state.shape[1]
        for part, weight in trained.named_parameters():
            weight.requires_grad_(part in self._trained)
        self.trainer.fit(Cloning(name, trained, self.about, data, config, states, self.task))
        return self._adapted(name, trained, translator)

    def _adapted(self, name: str, network: nn.Module, translator=None) -> AdaptedPolicy:
        prepared = self.preparation
        return AdaptedPolicy(self._policy(network), self.given.source.size, name, translator, prepared)

    def _policy(self, network: nn.Module) -> FrozenPolicy:
        return FrozenPolicy(network.to(self.device), self.about)

    def _source(self, config: SupervisedConfig, augment: bool = False) -> Batches:
        seen = per_camera(image_augmentation()) if augment else None
        return self._batches(self.given.source, config.batch, streams.SUPERVISED, seen)

    def _target(self, data: Observations, size: int, augment: Augment | None = None) -> Batches:
        return self._batches(
            data, size, streams.SUPERVISED + 1, augment or per_camera(image_augmentation())
        )  # fmt: skip

    def _batches(self, data: Observations, size: int, stream: int, augment: Augment | None) -> Batches:
        assert self.task is not None
        seed = self.trainer.seed + 1000 * stream
        return demonstrated(data, self.task.wanted(data), size, seed, self.device, augment)

    def said(self, model: AdaptedPolicy, data: Observations) -> Tensor:
        """What a policy says of frames, (n, …), through its translator where it has one."""
        through = None if model.translator is None else model.translator.translate
        return said_of(model.policy, data, self.device, through)

    def errors(self, model: AdaptedPolicy, data: Observations) -> np.ndarray:
        """How far off it is on each of some frames whose action is known, (n,): the squared error in spreads
        of the source's actions, or the loss."""
        assert self.task is not None
        return self.task.errors(self.said(model, data), torch.from_numpy(self.task.wanted(data)))
