"""Which labelled images to take when only some can be had: of few whole episodes, or of many episodes.

A choice is the first n of an order that depends on the seed alone, so that each contains the smaller ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from crossgap.errors import CrossgapError, find


def _episodes(episodes: np.ndarray, seed: int) -> list[np.ndarray]:
    """The rows of each episode in their order, episodes shuffled."""
    _, number = np.unique(episodes, return_inverse=True)
    rows = np.argsort(number, kind="stable")
    found = np.split(rows, np.cumsum(np.bincount(number))[:-1])
    return [found[index] for index in np.random.default_rng([seed, 1]).permutation(len(found))]


def whole_order(episodes: np.ndarray, seed: int) -> np.ndarray:
    """One episode after the other, each from its first image on: (n,) row numbers.

    Args:
        episodes: (n,) the episode of each image.
        seed: of the order of episodes.
    """
    return np.concatenate(_episodes(episodes, seed))


def spread_order(episodes: np.ndarray, seed: int) -> np.ndarray:
    """One image of every episode, then a second one of each, and so on: (n,) row numbers.

    Within a round, one episode after the other gives its next step in an order of steps that lie far
    apart, each starting one place further on: a round shows all steps alike often, and so do the first
    images of one episode. The first n images come from min(n, number of episodes) episodes. Arguments as in
    `whole_order`.
    """
    taken = []
    for place, rows in enumerate(_episodes(episodes, seed)):
        steps = np.roll(far_apart(len(rows)), -place)
        taken += [(turn, place, rows[step]) for turn, step in enumerate(steps)]
    return np.array([row for _, _, row in sorted(taken)])


def far_apart(count: int) -> list[int]:
    """0 to count − 1, each far from those just before it: binary digits read backwards (van der Corput)."""
    digits = max(1, (count - 1).bit_length())
    return sorted(range(count), key=lambda number: f"{number:0{digits}b}"[::-1])


SPREADS = {"images": spread_order, "episodes": whole_order}
"""The two kinds of choice: single images of as many episodes as possible, or whole episodes, the last cut."""


@dataclass(frozen=True)
class Budget:
    """A number of labelled target images, and which."""

    images: int
    """How many."""
    spread: str
    """Their kind, a key of `SPREADS`."""
    rows: np.ndarray
    """(images,) their row numbers, rising."""
    episodes: int
    """How many episodes they are of."""
    name: str
    """Of its folder; kinds that choose the same images share it."""


def choose_budgets(
    episodes: np.ndarray, counts: Iterable[int], spreads: Iterable[str], seed: int
) -> list[Budget]:
    """What each number and kind of images means for a data set, by rising number.

    Args:
        episodes: (n,) the episode of each image.
        counts: how many images, 0 to n.
        spreads: keys of `SPREADS`.
        seed: of the choice.

    Raises:
        CrossgapError: a number below 0 or above n, none at all, or an unknown kind.
    """
    numbers = check_counts(counts, len(episodes))
    orders = {spread: find("Kind of choice", spread, SPREADS)(episodes, seed) for spread in spreads}
    budgets, names = [], {}
    for count in numbers:
        for spread, order in orders.items():
            rows = np.sort(order[:count])
            name = names.setdefault(rows.tobytes(), f"{spread}_{count:05d}")
            budgets.append(Budget(count, spread, rows, len(np.unique(episodes[rows])), name))
    return budgets


def check_counts(counts: Iterable[int], available: int | None = None) -> list[int]:
    """The numbers of images, each once, rising.

    Args:
        counts: the numbers.
        available: how many images there are; None where that is not known yet.

    Raises:
        CrossgapError: one is below 0 or above what there is, or there is none.
    """
    numbers = sorted(set(counts))
    if not numbers:
        raise CrossgapError("Expected at least one number of images in --counts.")
    wrong = ", ".join(str(n) for n in numbers if n < 0 or (available is not None and n > available))
    if wrong:
        upper = f"from 0 to {available}, the number of target images to train with"
        raise CrossgapError(f"--counts must be {'0 or more' if available is None else upper}; got {wrong}.")
    return numbers


def check_share(held_out: float) -> float:
    """The share of episodes to hold out.

    Raises:
        CrossgapError: it is not between 0 and 1.
    """
    if not 0 < held_out < 1:
        raise CrossgapError(f"--held-out must be above 0 and below 1; got {held_out:g}.")
    return held_out


def hold_out(episodes: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which images to keep for a test: a random share of the episodes, whole ones, at least two.

    Args:
        episodes: (n,) the episode of each image.
        share: of the episodes, above 0 and below 1.
        seed: of the choice.

    Returns:
        (n,) bool.

    Raises:
        CrossgapError: the share is not between 0 and 1, or leaves no episode to train with.
    """
    names = np.unique(episodes)
    if len(names) < 3:
        raise CrossgapError(
            f"Episodes of the target: {len(names)}. Expected at least 3: 2 held out, for an interval, and 1 "
            "to train with."
        )
    held = max(2, round(check_share(share) * len(names)))
    if held >= len(names):
        raise CrossgapError(
            f"--held-out {share:g} would keep {held} of the target's {len(names)} episodes for the test. "
            "Expected at least 2 held out, for an interval, and 1 left to train with."
        )
    return np.isin(episodes, np.random.default_rng([seed, 2]).permutation(names)[:held])


def apart(episodes: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which images to choose on: a random share of the episodes, whole ones, at least one and not all.

    Args:
        episodes: (n,) the episode of each image.
        share: of the episodes, above 0 and below 1.
        seed: of the choice.

    Returns:
        (n,) bool; none where there is one episode, which cannot be both.
    """
    names = np.unique(episodes)
    count = min(max(1, round(share * len(names))), len(names) - 1)
    return np.isin(episodes, np.random.default_rng([seed, 3]).permutation(names)[:count])
