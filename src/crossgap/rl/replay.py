"""Experience of goal-reaching episodes: every frame is held once, as bytes, and goals are relabelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from crossgap.base.files import read_arrays, writing
from crossgap.errors import CrossgapError

Reward = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(achieved (n, 3), desired (n, 3)) -> rewards (n,)."""


@dataclass(frozen=True)
class Episode:
    """One finished episode of T steps."""

    frames: np.ndarray
    """(T + 1, H, W, C) uint8: what was seen before every action, and at the end; (T + 1, 0) without eyes."""
    states: np.ndarray
    """(T + 1, k) float32: the privileged state at the same moments."""
    achieved: np.ndarray
    """(T + 1, g) float32: what had been achieved at the same moments."""
    actions: np.ndarray
    """(T, a) float32."""
    goal: np.ndarray
    """(g,) float32: what was to be achieved."""
    rewards: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    """(T,) float32: what the world gave for every action; none where a reward is of a goal."""

    def first(self, steps: int) -> Episode:
        """A copy of its first steps."""
        shown = {name: getattr(self, name)[: steps + 1].copy() for name in ("frames", "states", "achieved")}
        done = {name: getattr(self, name)[:steps].copy() for name in ("actions", "rewards")}
        return replace(self, **shown, **done)


@dataclass(frozen=True)
class Transitions:
    """A batch of n steps."""

    frames: np.ndarray
    """(n, H, W, C) uint8: o_t."""
    next_frames: np.ndarray
    """(n, H, W, C) uint8: o_{t+1}."""
    states: np.ndarray
    """(n, k) float32: s_t."""
    next_states: np.ndarray
    """(n, k) float32: s_{t+1}."""
    actions: np.ndarray
    """(n, a) float32: a_t."""
    goals: np.ndarray
    """(n, g) float32."""
    rewards: np.ndarray
    """(n,) float32: r_t."""
    ended: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    """(n,) bool: whether the episode ended at t + 1; unknown where no episode ends early."""
    returns: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    """(n,) float32: r_t and all that came later, discounted; unknown where a reward is of a goal."""

    def __add__(self, other: Transitions) -> Transitions:
        """These and then the others."""
        parts = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Transitions(*map(np.concatenate, parts))


class Replay:
    """The newest episodes, as many as `capacity` frames hold.

    Memory is taken as it fills: 100,000 frames of 84×84×3 bytes are 2.1 GB. A transition's two frames are
    views of one array, so that a frame between two steps is held once.

    Args:
        capacity: frames.
        relabelled: share of transitions whose goal becomes what the same episode achieved later, "future" of
            hindsight experience replay (Andrychowicz et al. 2017); 0.8 is their k = 4.
        reward: of an achieved and a desired goal.

    Raises:
        CrossgapError: `relabelled` is not a share.
    """

    def __init__(self, capacity: int, relabelled: float, reward: Reward):
        if not 0 <= relabelled <= 1:
            raise CrossgapError(f"Expected a share of relabelled goals from 0 to 1; got {relabelled}.")
        self.capacity, self.relabelled, self.reward = capacity, relabelled, reward
        self._episodes: list[Episode] = []
        self._next = self._frames = 0

    def __len__(self) -> int:
        """Number of frames held."""
        return self._frames

    def add(self, episode: Episode) -> None:
        """Keep an episode; the oldest gives way where there is no room.

        Raises:
            CrossgapError: its parts do not fit together, are not finite, or differ in shape from the others'.
        """
        steps = len(episode.actions)
        lengths = [len(part) for part in (episode.frames, episode.states, episode.achieved)]
        if steps < 1 or lengths != [steps + 1] * 3 or episode.frames.dtype != np.uint8:
            raise CrossgapError(
                f"An episode of {steps} steps needs {steps + 1} uint8 frames, states and achieved goals; got "
                f"{lengths} and {episode.frames.dtype}."
            )
        parts = (episode.states, episode.achieved, episode.actions, episode.goal)
        if not all(np.isfinite(part).all() for part in parts):
            raise CrossgapError("An episode has numbers that are not finite.")
        if self._episodes and self._form(episode) != (form := self._form(self._episodes[0])):
            raise CrossgapError(f"Episodes here have frames {form}; got {self._form(episode)}.")
        self._keep(episode)

    def _keep(self, episode: Episode) -> None:
        """As another one, or in the oldest one's place."""
        self._frames += len(episode.frames)
        if self._frames <= self.capacity or not self._episodes:
            self._episodes.append(episode)
        else:
            oldest = self._next % len(self._episodes)
            self._frames -= len(self._episodes[oldest].frames)
            self._episodes[oldest] = episode
            self._next += 1

    @staticmethod
    def _form(episode: Episode) -> tuple[int, ...]:
        """What all episodes have to have in common."""
        return episode.frames.shape

    def load(self, paths: Iterable[Path]) -> None:
        """Add what `write_episodes` kept, in that order.

        Raises:
            CrossgapError: a file is missing or damaged.
        """
        for path in paths:
            for episode in read_episodes(path):
                self.add(episode)

    def sample(self, count: int, rng: np.random.Generator) -> Transitions:
        """Random transitions, each with its episode's goal or a later achievement of it.

        Raises:
            CrossgapError: there are none yet.
        """
        if not self._episodes:
            raise CrossgapError("Nothing to learn from yet: the replay is empty.")
        chosen = [self._episodes[i] for i in rng.integers(len(self._episodes), size=count)]
        steps = len(chosen[0].actions)
        at = rng.integers(steps, size=count)
        later = rng.integers(at + 1, steps + 1)
        again = rng.random(count) < self.relabelled
        wanted = zip(chosen, later, again, strict=True)
        goals = np.stack([one.achieved[then] if new else one.goal for one, then, new in wanted])

        def parts(name: str, after: int = 0) -> np.ndarray:
            return np.stack([getattr(one, name)[t + after] for one, t in zip(chosen, at, strict=True)])

        return Transitions(
            parts("frames"), parts("frames", 1), parts("states"), parts("states", 1), parts("actions"), goals,
            self.reward(parts("achieved", 1), goals).astype(np.float32),
        )  # fmt: skip


LENGTHS = "lengths"
"""What a file of episodes has beside their parts: (n,) steps of each."""


def write_episodes(path: Path, episodes: Sequence[Episode]) -> None:
    """Keep episodes in a file, in one piece.

    Raises:
        CrossgapError: the disk is full or the place cannot be written.
    """
    parts = {f.name: _padded([getattr(episode, f.name) for episode in episodes]) for f in fields(Episode)}
    lengths = np.array([len(episode.actions) for episode in episodes])
    with writing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **parts, **{LENGTHS: lengths})


def _padded(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays as one, the shorter ones with zeros at the end."""
    longest = max(len(part) for part in parts)
    filled = np.zeros((len(parts), longest, *parts[0].shape[1:]), parts[0].dtype)
    for row, part in zip(filled, parts, strict=True):
        row[: len(part)] = part
    return filled


def read_episodes(path: Path) -> list[Episode]:
    """The episodes of such a file.

    Raises:
        CrossgapError: it is missing or damaged.
    """
    again = f"Delete {path.parent.parent} to train again."
    *parts, lengths = read_arrays(path, [*(f.name for f in fields(Episode)), LENGTHS], again)
    if len({part.shape[:1] for part in (*parts, lengths)}) > 1 or lengths.ndim != 1:
        raise CrossgapError(f"{path} is damaged: expected as many of each part of an episode. {again}")
    return [Episode(*episode).first(length) for *episode, length in zip(*parts, lengths, strict=True)]
