"""Where the random numbers of reinforcement learning come from, by name: no two uses share any."""

import numpy as np

VALIDATION_GOALS, TEST_GOALS = 20_000, 30_000
"""Seeds of the first goal of either kind; choices are made on the former alone."""
FIRST_EPISODE = 1_000_000
"""The lowest seed of an episode that is learnt from."""
DEMONSTRATIONS, EXTRACTOR_IMAGES = 1_000_001, 1_000_002
"""Streams beside those of the rounds."""


def stream(seed: int, name: int, rank: int = 0) -> np.random.Generator:
    """The random numbers of a part of a training: a round, by its number from 0, or what has a name here.
    Each of several devices, by its rank, has its own, the first that of a device alone."""
    return np.random.default_rng([seed, name, *([rank] if rank else [])])
