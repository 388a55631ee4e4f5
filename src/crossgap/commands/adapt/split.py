"""Which target images nothing is trained on: whole episodes, or what comes nearest to such."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossgap.base.progress import counted
from crossgap.data.images import ImageSet
from crossgap.data.subsets import check_share, hold_out
from crossgap.errors import CrossgapError

FEWEST = 6
"""Labelled target images below which none can be held out that would say anything."""
STRETCHES = 10
"""Into how many pieces recordings are cut, where there are one or two."""


class Split(NamedTuple):
    """Target images to train with, and others."""

    episodes: np.ndarray
    """(n,) int: which images belong together."""
    held: np.ndarray
    """(n,) bool: which are held out."""
    unit: str
    """Of what whole ones are held out: episode, image, stretch."""
    text: str
    """The same in words, with what it may hide."""


def split(target: ImageSet, share: float, seed: int) -> Split:
    """Hold out a share of the target's episodes; single images where each is an episode of its own; stretches
    of one or two long episodes.

    Raises:
        CrossgapError: there are too few images, or the share is none.
    """
    n, count = len(target), len(np.unique(target.episodes))
    check_share(share)
    if n < FEWEST:
        raise CrossgapError(
            f"{counted(n, 'target image')}: too few to hold some out and tell how good anything is. Expected "
            f"at least {FEWEST}, better 20 or more of several episodes. `crossgap train fine_tuned` trains "
            "on them and proves nothing."
        )
    episodes, unit, caution = target.episodes, "episode", ""
    if count == n:
        unit = "image"
        caution = (
            " No two images share an episode: where some are of one recording, say so in a column session, "
            "or errors will be too low."
        )
    elif count < 3:
        episodes, unit = stretches(target.episodes), "stretch"
        caution = (
            f" {counted(count, 'episode')} cannot be told apart from what is learnt: they are cut into "
            "stretches, whose neighbours are alike. Errors will be too low; record more episodes."
        )
    held = hold_out(episodes, share, seed)
    of = len(np.unique(episodes[held]))
    units = f"{of:,} {unit}{'es' if unit == 'stretch' else 's'}"
    whole = "" if unit == "image" else f" of {units}"
    text = f"Held out: {held.sum():,} of {n:,} target images{whole}.{caution}"
    return Split(episodes, held, unit, text)


def stretches(episodes: np.ndarray) -> np.ndarray:
    """Each of one or two episodes, (n,), cut into pieces of consecutive images, `STRETCHES` in all."""
    found, new = np.zeros(len(episodes), int), 0
    names = np.unique(episodes)
    for name in names:
        for rows in np.array_split(np.flatnonzero(episodes == name), STRETCHES // len(names)):
            found[rows], new = new, new + bool(len(rows))
    return found
