"""What learns off-policy, and how much of it there is to do."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer

from crossgap.core.trainer import Phase
from crossgap.errors import CrossgapError
from crossgap.rl.collection import Act, View, World
from crossgap.rl.replay import Replay, Transitions

Networks = nn.ModuleDict | dict[str, Any]
"""Networks by name."""


class QFunction(Protocol):
    """A critic, Q(s, a), in training mostly an `nn.Module`.

    A state is as many tensors as its world needs: Q(state, goal, action), or Q(image, action). The action is
    the last, so that a search for the best one needs to know nothing else of them.
    """

    def __call__(self, *state_and_action: Tensor) -> Tensor:
        """(n, …) each, the last one actions (n, a), to what they are worth, (n,)."""
        ...


@dataclass(frozen=True)
class Loop:
    """Size of an off-policy training."""

    rounds: int
    """How often an episode is played in every environment, and learnt from."""
    updates: int
    """Updates per round."""
    batch: int
    """Transitions per update."""
    environments: int
    """Episodes that are played at the same time."""
    episode_steps: int
    """Steps of an episode."""
    noise: float
    """Standard deviation of the exploration noise on actions in [-1, 1]."""
    random: tuple[float, float]
    """Share of actions that are random: in the first round, and in the others."""
    replay: int
    """Frames that are remembered."""
    relabelled: float
    """Share of transitions whose goal is one that the same episode reached later."""
    goals: int
    """Validation goals of a point of the learning curve."""
    evaluate_every: int
    """Rounds between two of these points; there is one at the end."""
    evaluate_first: bool = False
    """Whether there is one before all learning."""
    demonstrated: int = 0
    """Transitions of an update that are demonstrated, besides `batch`."""
    offline: int = 0
    """First rounds that play nothing, and learn from what is demonstrated alone."""
    last_episode: int = 2**31
    """Seeds of episodes that are learnt from are below."""


def exploring(act: Act, noise: float, random: float, rng: np.random.Generator) -> Act:
    """The same with normal noise on the actions, of that standard deviation; a share is random instead."""

    def explore(observation: Any) -> np.ndarray:
        action = act(observation)
        action = np.clip(action + noise * rng.standard_normal(action.shape), -1, 1)
        chance = rng.random((len(action), 1)) < random
        return np.where(chance, rng.uniform(-1, 1, action.shape), action)

    return explore


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

    def replay(self, loop: Loop, world: World) -> Replay:
        """What remembers the episodes that it learns from."""
        if world.reward is None:
            raise CrossgapError(f"{self.name} learns from a reward of goals; {world.env_id} has none.")
        return Replay(loop.replay, loop.relabelled, world.reward)

    def exploring(self, act: Act, noise: float, random: float, rng: np.random.Generator) -> Act:
        """A policy with normal noise of that standard deviation on the actions; a share is random instead."""
        return exploring(act, noise, random, rng)

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
