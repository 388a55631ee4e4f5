"""Scripted policies that sometimes succeed, for data to begin with. They see the privileged state.

Each is made from a generator of random numbers, and then takes what a pool's environments show, arrays with a
row for each, and gives their actions.
"""

from typing import Any

import numpy as np

from crossgap.simulation.grasping.bins import CENTRE, FLOOR
from crossgap.simulation.grasping.environment import HIGH, LOW, REACH, TURN
from crossgap.simulation.grasping.once import GRASP_HIGH, grasp_action

AIMED, AIMED_ONCE, ASTRAY = 0.6, 0.35, 0.012
"""Shares of attempts that aim at a thing, of many steps and of one, and by how much they miss its middle,
standard deviation, metres. The others aim anywhere."""
SHALLOW = 0.008
"""How far above the lowest point they close, metres: the size of a normal deviate."""
ANYTHING = 0.04
"""Chance of a random action."""
CLEAR = 0.075
"""How high above the floor the hand goes before it is where it goes down, metres."""
TREMOR = np.array([0.05, 0.05, 0.015])
"""Standard deviation of the noise on displacements."""
THERE = np.array([0.008, 0.012])
"""How far from where it should be the hand closes at most, sideways and upwards, metres."""


def aim(state: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Where to grasp, tool point and yaw, (4,) metres and radians: that share of times at one of the things
    (n, 7) within reach."""
    things = state[state[:, 3:].any(1)]
    near = things[(np.abs(things[:, :2] - CENTRE) < 0.12).all(1)]
    point = rng.uniform(LOW[:2], HIGH[:2])
    if len(near) and rng.random() < share:
        point = near[rng.integers(len(near)), :2] + rng.normal(0, ASTRAY, 2)
    depth = LOW[2] + abs(rng.normal(0, SHALLOW))
    return np.array([*np.clip([*point, depth], LOW, GRASP_HIGH), rng.uniform(-np.pi / 2, np.pi / 2)])


class OnceScript:
    """Grasps for `IiwaGraspOnce`; `rng` decides everything."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def __call__(self, seen: dict[str, Any]) -> np.ndarray:
        """Actions (n, 5) in [-1, 1]."""
        return np.stack([grasp_action(aim(state, AIMED_ONCE, self.rng)) for state in seen["state"]])


class Script:
    """For `IiwaGrasp`; made anew for each round of attempts. `rng` decides everything."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self._attempts: list[_Attempt] = []

    def __call__(self, seen: dict[str, Any]) -> np.ndarray:
        """Actions (n, 7) in [-1, 1]; the first time, it takes aim."""
        self._attempts = self._attempts or [_Attempt(state, self.rng) for state in seen["state"]]
        pairs = zip(self._attempts, seen["agent_pos"].astype(float), strict=True)
        return np.stack([attempt.action(felt) for attempt, felt in pairs])


class _Attempt:
    """Goes above a point, down, closes, sometimes lifts, and ends; with noise."""

    def __init__(self, state: np.ndarray, rng: np.random.Generator):
        self._rng, self._target = rng, aim(state, AIMED, rng)
        self._lifts, self._stops_above = rng.random() < 0.2, rng.random() < 0.4

    def action(self, felt: np.ndarray) -> np.ndarray:
        """What to do next, (7,), as `agent_pos` (7,) is."""
        rng = self._rng
        if rng.random() < ANYTHING:
            return np.append(rng.uniform(-1, 1, 6), 1.0 if rng.random() < 0.2 else -1.0)
        hand, closed = felt[:4], felt[4]
        if closed:
            lifts = self._lifts and hand[2] < FLOOR + 0.06
            return np.array([0, 0, lifts, 0, 1, 1, -1 if lifts else 1], float)
        return self._reach(hand)

    def _reach(self, hand: np.ndarray) -> np.ndarray:
        way = self._target[:3] - hand[:3]
        turn = (self._target[3] - hand[3] + np.pi / 2) % np.pi - np.pi / 2
        there = np.abs(way[:2]).max() < THERE[0] and -way[2] < THERE[1]
        far = (np.abs(way[:2]) > REACH[:2]).any()
        if far or (hand[2] > FLOOR + 0.1 and self._stops_above):
            way[2] = max(self._target[2], FLOOR + CLEAR) - hand[2]
        moved = way / REACH + (0 if there else 1) * self._rng.normal(0, TREMOR)
        turn = np.clip(turn, -TURN, TURN)
        return np.clip([*moved, np.sin(turn), np.cos(turn), 1 if there else -1, -1], -1, 1)
