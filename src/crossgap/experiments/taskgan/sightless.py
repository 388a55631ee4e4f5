"""Policies that do not look: what success is worth of which no image was needed."""

from collections.abc import Sequence

import numpy as np
from gymnasium.utils import seeding

from crossgap.evaluation.episodes import Act, Observation
from crossgap.simulation.reach3.environment import MAX_STEP
from crossgap.simulation.reach3.kinematics import SUCCESS_DISTANCE, inverse_kinematics, sample_start

DRAWN = range(1_000, 3_000)
"""Seeds of the starts that the blind policy's place is chosen on; none is a test or validation start."""
GRID = 0.01
"""Metres between the places that are tried."""


def cubes(seeds: Sequence[int]) -> np.ndarray:
    """Where the cube lies in each start of `crossgap/Reach3-v0`, (n, 3) metres."""
    found = []
    for seed in seeds:
        rng = seeding.np_random(seed)[0]
        rng.integers(2**63)  # the environment draws its look's seed first
        found.append(sample_start(rng)[1])
    return np.array(found)


def near(tip: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Which cubes (n, 3) a tip (3,) is near enough to, (n,) bool."""
    return np.linalg.norm(at - tip, axis=1) < SUCCESS_DISTANCE


def best_place(at: np.ndarray) -> np.ndarray:
    """The place (3,), at the height of the cubes (n, 3), that most of them are near."""
    x, y = (np.arange(low, high, GRID) for low, high in ((0.0, 0.6), (-0.55, 0.55)))
    places = np.stack([*np.meshgrid(x, y), np.full((len(y), len(x)), at[0, 2])], -1).reshape(-1, 3)
    return max(places, key=lambda place: near(place, at).sum())


def blind() -> Act:
    """Drives the arm to one pose and stays there, whatever the image shows: the best there is."""
    pose = inverse_kinematics(best_place(cubes(DRAWN)))

    def act(observation: Observation) -> np.ndarray:
        return np.clip(pose - observation["agent_pos"], -MAX_STEP, MAX_STEP)

    return act


def at_random(seed: int) -> Act:
    """Moves every joint at random, uniformly, by up to the most that a step allows."""
    rng = np.random.default_rng(seed)

    def act(observation: Observation) -> np.ndarray:
        return rng.uniform(-MAX_STEP, MAX_STEP, observation["agent_pos"].shape)

    return act
