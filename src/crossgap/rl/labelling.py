"""Learners whose targets can be computed apart from their updates, and elsewhere: by QT-Opt's Bellman
updaters."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from crossgap.rl.learner import Learner
from crossgap.rl.replay import Transitions


class LabellingLearner(Learner):
    """A learner that first labels transitions with what their actions should be worth, and then fits that."""

    @abstractmethod
    def label(self, batch: Transitions, update: int) -> Tensor:
        """Targets (n,) on the device: a function of the batch, of the target networks' weights, and of the
        number of the update that is to fit them."""

    @abstractmethod
    def fit(self, batch: Transitions, wanted: Tensor) -> dict[str, Tensor]:
        """One update towards targets (n,); the losses, on the device."""

    @abstractmethod
    def follow(self) -> None:
        """After an update of the critic that is not `fit`'s: the target networks follow."""

    @abstractmethod
    def twin(self, device: str | torch.device) -> LabellingLearner:
        """Another one like it on a device, for an actor of its own."""

    @abstractmethod
    def target_state(self) -> dict[str, Tensor]:
        """The target networks' weights: what `label` and the policy depend on."""

    @abstractmethod
    def load_target_state(self, state: dict[str, Tensor]) -> None:
        """Take them."""
