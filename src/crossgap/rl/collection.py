"""Episodes: what is seen in them, and how a policy plays them in a pool of environments; and where the random
numbers of reinforcement learning come from, by name: no two uses share any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crossgap.errors import CrossgapError
from crossgap.rl.replay import Episode, Reward
from crossgap.simulation.base.environments import ENDED, REWARD
from crossgap.simulation.base.workers import EnvironmentPool

Observation = dict[str, Any]
"""What a pool's environments show: arrays with a row for each."""
Act = Callable[[Observation], np.ndarray]
"""A policy: actions (n, a) in [-1, 1] of what n environments show."""
VALIDATION_GOALS, TEST_GOALS = 20_000, 30_000
"""Seeds of the first goal of either kind; choices are made on the former alone."""
FIRST_EPISODE = 1_000_000
"""The lowest seed of an episode that is learnt from."""
DEMONSTRATIONS, EXTRACTOR_IMAGES = 1_000_001, 1_000_002
"""Streams beside those of the rounds."""


def nothing(observation: Observation) -> np.ndarray:
    """(n, 0): of a world without goals."""
    (n, *_), *_ = (part.shape for part in observation.values() if isinstance(part, np.ndarray))
    return np.zeros((n, 0), np.float32)


@dataclass(frozen=True)
class View:
    """What networks see of a world's observations, with a row for each environment."""

    frames: Callable[[Observation], np.ndarray]
    """(n, H, W, C) uint8, or (n, 0) where nothing is rendered."""
    states: Callable[[Observation], np.ndarray]
    """(n, k) float32: the privileged state, its last numbers those that a robot measures itself."""
    achieved: Callable[[Observation], np.ndarray] = nothing
    """(n, g) float32: what is achieved."""
    goals: Callable[[Observation], np.ndarray] = nothing
    """(n, g) float32: what is to be achieved."""


def stream(seed: int, name: int, rank: int = 0) -> np.random.Generator:
    """The random numbers of a part of a training: a round, by its number from 0, or what has a name here.
    Each of several devices, by its rank, has its own, the first that of a device alone."""
    return np.random.default_rng([seed, name, *([rank] if rank else [])])


@dataclass(frozen=True)
class World:
    """Where a policy learns."""

    env_id: str
    """The environments' Gymnasium id."""
    view: View
    """What networks see of them."""
    reward: Reward | None = None
    """Of what is achieved and what was to be; None where the world gives rewards itself."""
    seen: dict[str, Any] = field(default_factory=dict)
    """Arguments of the environments: what is rendered."""
    varied: dict[str, Any] = field(default_factory=dict)
    """More of them, where it learns: what varies the look."""
    options: Callable[[int], dict[str, Any] | None] = lambda number: None
    """Reset options in a round, by its number from 0."""
    workers: int | None = None
    """Processes that simulate; all cores by default."""
    engine: str = "processes"
    """What runs them: `processes` of this machine, `ray` on a cluster's, or the process `here` itself."""

    def pool(self, count: int, **about: Any) -> EnvironmentPool:
        """As many environments, with other arguments where `about` has any."""
        return EnvironmentPool(self.env_id, count, self.workers, self.engine, **self.seen | about)


def play(
    pool: EnvironmentPool, act: Act, seeds: Sequence[int], steps: int, view: View,
    options: dict[str, Any] | None = None,
) -> tuple[list[Episode], list[dict[str, Any]]]:  # fmt: skip
    """One episode in every environment of a pool.

    Args:
        pool: the environments.
        act: what acts.
        seeds: one per environment.
        steps: length of the episodes, at most: one that ends by itself is shorter. Those of a world without
            goals have to end by themselves until then.
        view: what the episodes keep.
        options: reset options of the environments.

    Returns:
        The episodes, and the last step's infos.

    Raises:
        CrossgapError: an environment failed, or an episode without a goal is cut short: what comes last in it
            would be taken for its end.
    """

    def look(observation: Observation) -> tuple[np.ndarray, ...]:
        return view.frames(observation), view.states(observation), view.achieved(observation)

    observation, infos = pool.reset(seeds, options)
    goals, shown, actions, rewards = view.goals(observation), [look(observation)], [], []
    lengths = np.full(len(seeds), steps)
    over = np.zeros(len(seeds), bool)
    for step in range(steps):
        actions.append(act(observation).astype(np.float32))
        observation, infos = pool.step(actions[-1])
        shown.append(look(observation))
        rewards.append(np.array([info.get(REWARD, 0.0) for info in infos], np.float32))
        over = np.array([info.get(ENDED, False) for info in infos])
        lengths[over] = np.minimum(lengths[over], step + 1)
        if over.all():
            break
    if not goals.shape[1] and not over.all():
        raise CrossgapError(
            f"{over.size - over.sum()} of {over.size} episodes are not over after {steps} steps, and so have "
            "no return. Expected as many steps (`episode_steps` of a loop) as the environment plays at most, "
            "or that this is given the same number (`steps` of `World.seen`)."
        )
    parts = (*(np.stack(part, 1) for part in zip(*shown, strict=True)), np.stack(actions, 1), goals)
    episodes = [Episode(*one) for one in zip(*parts, np.stack(rewards, 1), strict=True)]
    return [one.first(length) for one, length in zip(episodes, lengths, strict=True)], infos


def play_goals(
    pool: EnvironmentPool, act: Act, seeds: Sequence[int], steps: int, view: View
) -> tuple[list[Episode], list[dict[str, Any]]]:
    """As `play`, and how each episode ended.

    Returns:
        The episodes, and of each `seed`, `success` and, where there is one, `distance` (metres) at its end.
    """
    episodes, infos = play(pool, act, seeds, steps, view)
    return episodes, [
        {"seed": seed, "success": bool(info["is_success"])}
        | ({"distance": float(info["distance"])} if "distance" in info else {})
        for seed, info in zip(seeds, infos, strict=True)
    ]
