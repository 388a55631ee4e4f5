"""The cross-entropy method (Rubinstein and Kroese 2004), as QT-Opt finds the best action: actions are drawn,
the best ones say where the next ones are drawn, and again. A whole batch is searched at once."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from crossgap.errors import CrossgapError

Judge = Callable[[Tensor], Tensor]
"""Actions (n, k, a), k for each of n states, to what they are worth, (n, k)."""
LEAST_SPREAD = 0.03
"""Standard deviation that the elites' is added to: they may all be one action too early."""
LEAST_CHANCE = 0.1
"""Of either position of a switch, for the same reason."""


@dataclass(frozen=True)
class ActionForm:
    """What the numbers of an action are, in this order. All are in [-1, 1]."""

    numbers: int
    """Such as a displacement; any value."""
    turns: int = 0
    """Each the sine and cosine of an angle from −90° to 90°. A gripper of two fingers turned by half a circle
    is the same one: what leaves at one end comes back at the other."""
    switches: int = 0
    """Such as closing and terminating: −1 or 1."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: no number, or fewer."""
        if min(self.numbers, self.turns, self.switches) < 0 or not self.size:
            raise CrossgapError(f"An action has parts, none of them a negative number of them; got {self}.")

    @property
    def size(self) -> int:
        """a, the numbers of an action."""
        return self.numbers + 2 * self.turns + self.switches

    def joined(self, numbers: Tensor, angles: Tensor, switches: Tensor) -> Tensor:
        """Actions (…, a) of their parts: in [-1, 1], in radians, and True or False."""
        turns = torch.stack([angles.sin(), angles.cos()], -1).flatten(-2)
        return torch.cat([numbers, turns, 2.0 * switches - 1], -1)

    def parts(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The parts of actions (…, a), as `joined` takes them."""
        numbers, turns, switches = actions.split([self.numbers, 2 * self.turns, self.switches], -1)
        sine, cosine = turns.unflatten(-1, (self.turns, 2)).unbind(-1)
        return numbers, torch.atan2(sine, cosine), switches > 0


@dataclass(frozen=True)
class Search:
    """Size of a search."""

    samples: int = 64
    """Actions of an iteration."""
    elites: int = 6
    """The best of them, which the next ones are like."""
    iterations: int = 3
    """How often actions are drawn; QT-Opt draws twice."""

    def __post_init__(self) -> None:
        """Raises `CrossgapError`: a size that cannot be."""
        if self.iterations < 1 or not 2 <= self.elites <= self.samples:
            raise CrossgapError(
                f"A search has an iteration, and from 2 elites to as many as there are samples; got {self}."
            )

    def best(
        self, judge: Judge, count: int, form: ActionForm, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The best action that is found for each of `count` states, (count, a), and its worth, (count,).

        The first actions are uniform. The next are normal around the elites' mean, each switch with the
        elites' frequency. The best one so far stays among them. No gradient passes.

        Args:
            judge: what actions are worth; of logits and of their sigmoid it is the same search.
            count: n.
            form: of an action.
            generator: of what is random, on the device where it is searched.
        """
        with torch.no_grad():
            elites, worth = self._best(judge, uniform(form, (count, self.samples), generator))
            for _ in range(1, self.iterations):
                like = _like(elites, form, self.samples - 1, generator)
                elites, worth = self._best(judge, torch.cat([elites[:, :1], like], 1))
            return elites[:, 0], worth[:, 0]

    def _best(self, judge: Judge, actions: Tensor) -> tuple[Tensor, Tensor]:
        """The elites of actions (n, k, a), and their worth, the best first."""
        worth, chosen = judge(actions).topk(self.elites)
        return actions.gather(1, chosen[..., None].expand(-1, -1, actions.shape[2])), worth


def uniform(form: ActionForm, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random actions (*shape, a)."""

    def drawn(size: int) -> Tensor:
        return torch.rand(*shape, size, generator=generator, device=generator.device)

    return form.joined(
        2 * drawn(form.numbers) - 1, math.pi * (drawn(form.turns) - 0.5), drawn(form.switches) < 0.5
    )


def _like(elites: Tensor, form: ActionForm, count: int, generator: torch.Generator) -> Tensor:
    """Actions (n, count, a) like the elites (n, e, a)."""
    numbers, angles, switches = form.parts(elites)
    n = len(elites)

    def normal(mean: Tensor, spread: Tensor) -> Tensor:
        noise = torch.randn(n, count, mean.shape[-1], generator=generator, device=generator.device)
        return mean + (spread + LEAST_SPREAD) * noise

    mean = numbers.mean(1, keepdim=True)
    moved = normal(mean, (numbers - mean).square().mean(1, keepdim=True).sqrt()).clamp(-1, 1)
    # angles are equal modulo half a circle: mean and spread of twice their directions, and half of both
    sine, cosine = (2 * angles).sin().mean(1, keepdim=True), (2 * angles).cos().mean(1, keepdim=True)
    length = torch.hypot(sine, cosine).clamp(1e-3, 1 - 1e-6)
    turned = normal(torch.atan2(sine, cosine) / 2, (-2 * length.log()).sqrt() / 2)
    turned = torch.remainder(turned + math.pi / 2, math.pi) - math.pi / 2
    chance = switches.float().mean(1, keepdim=True).clamp(LEAST_CHANCE, 1 - LEAST_CHANCE)
    switched = torch.rand(n, count, form.switches, generator=generator, device=generator.device) < chance
    return form.joined(moved, turned, switched)
