"""What reinforcement learning is made of here: what is seen, a policy, a critic, a learner; of any size."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer

from crossgap.core.trainer import Phase
from crossgap.rl.replay import Transitions

Observation = dict[str, Any]
"""What a pool's environments show: arrays with a row for each."""
Networks = nn.ModuleDict | dict[str, Any]
"""Networks by name."""
Act = Callable[[Observation], np.ndarray]
"""A policy: actions (n, a) in [-1, 1] of what n environments show."""


@dataclass(frozen=True)
class View:
    """What networks see of a world's observations, with a row for each environment."""

    frames: Callable[[Observation], np.ndarray]
    """(n, H, W, C) uint8, or (n, 0) where nothing is rendered."""
    states: Callable[[Observation], np.ndarray]
    """(n, k) float32: the privileged state, its last numbers those that a robot measures itself."""
    achieved: Callable[[Observation], np.ndarray]
    """(n, g) float32: what is achieved."""
    goals: Callable[[Observation], np.ndarray]
    """(n, g) float32: what is to be achieved."""


class QFunction(Protocol):
    """A critic, Q(s, a), in training mostly an `nn.Module`.

    A state is as many tensors as its world needs: Q(state, goal, action), or Q(image, action). The action is
    the last, so that a search for the best one needs to know nothing else of them.
    """

    def __call__(self, *state_and_action: Tensor) -> Tensor:
        """(n, …) each, the last one actions (n, a), to what they are worth, (n,)."""
        ...


class Learner(ABC):
    """Networks that learn from transitions, and the policy that they make. Subclasses fill the attributes."""

    name: str
    networks: nn.ModuleDict
    optimizers: dict[str, Optimizer]
    learning_rate: float
    """Each as of a `Phase`."""
    phase: Phase | None = None
    """What trains it, with its devices; without one it learns alone."""

    @abstractmethod
    def policy(self, view: View) -> Act:
        """What it holds for best, without exploration; it goes on changing as the learner learns."""

    @abstractmethod
    def update(
        self, batch: Transitions, demonstrated: int = 0, labelled: tuple[Tensor, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """One update of everything; the losses, on the device.

        Args:
            batch: what was seen, done and earned.
            demonstrated: how many of these transitions, the last, are an expert's.
            labelled: images (m, C, H, W) in [-1, 1] and what they show, (m, k).
        """

    def extra_state(self) -> dict[str, Tensor]:
        """Tensors beyond networks and optimizers, such as target networks' weights, for checkpoints."""
        return {}

    def load_extra_state(self, state: dict[str, Tensor]) -> None:  # noqa: B027 (optional)
        """Take them back."""

    @property
    def trained(self) -> Networks:
        """The networks for a pass that gives gradients: on several devices, their mean."""
        return self.phase.parallel if self.phase else self.networks

    def descend(self, name: str, loss: Tensor) -> None:
        """One step of an optimizer down the gradient of `loss`."""
        if self.phase:
            self.phase.update(name, loss)
            return
        self.optimizers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[name].step()
