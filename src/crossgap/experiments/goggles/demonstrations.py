"""What an expert shows in a look, and how a policy does there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from crossgap.data.observations import Observations
from crossgap.deploy.frozen import FrozenPolicy
from crossgap.experiments.goggles.policy import CAMERAS, STATE
from crossgap.experiments.xarm7.rollouts import VIEW, frames_of, scaled
from crossgap.methods.goggles.task import Translate, said_of
from crossgap.rl.collection import play_goals
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.reach import MAX_DISPLACEMENT

ACTIONS = ("x", "y", "z")
FIRST_SOURCE, FIRST_TARGET = 40_000_000, 50_000_000
"""Seeds of the first demonstration in the source look, and in another."""
Act = Callable[[dict[str, Any]], np.ndarray]


def expert(observation: dict[str, Any]) -> np.ndarray:
    """Straight to the goal, (n, 3) in [-1, 1]: it knows where the gripper is."""
    way = observation["desired_goal"] - observation["state"]
    return np.clip(way / MAX_DISPLACEMENT, -1, 1).astype(np.float32)


def demonstrate(
    look: str, seeds: Sequence[int], steps: int, stray: float, size: int, environments: int
) -> Observations:  # fmt: skip
    """What the expert does in an episode per seed, and what is seen of it.

    Args:
        look: of the scene.
        seeds: of the episodes.
        steps: of each.
        stray: standard deviation of what is added to an action before it is played; the expert's own is kept.
        size: of the images in pixels.
        environments: episodes that are played at the same time.
    """
    rng = np.random.default_rng([*seeds[:1], len(seeds)])
    parts: list[tuple[np.ndarray, ...]] = []
    for first in range(0, len(seeds), environments):
        some = list(seeds[first : first + environments])
        with EnvironmentPool(XARM7_REACH, len(some), look=look, size=size, cameras=CAMERAS) as pool:
            observation, _ = pool.reset(some)
            for _ in range(steps):
                action = expert(observation)
                goal = scaled(observation["desired_goal"])
                parts.append((frames_of(observation), goal, action, np.array(some)))
                played = action + stray * rng.standard_normal(action.shape)
                observation, _ = pool.step(np.clip(played, -1, 1).astype(np.float32))
    images, goals, actions, episodes = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Observations(images, goals, actions, episodes, CAMERAS, STATE, ACTIONS)


def acting(policy: FrozenPolicy, device: torch.device, translate: Translate | None = None) -> Act:
    """A policy that acts on what environments show, or on what a translator makes of it."""

    def act(observation: dict[str, Any]) -> np.ndarray:
        frames, goals = frames_of(observation), scaled(observation["desired_goal"])
        n = len(frames)
        seen = Observations(frames, goals, np.zeros((n, 0), np.float32), np.arange(n), CAMERAS, STATE)
        return np.clip(said_of(policy, seen, device, translate).numpy(), -1, 1)

    return act


def play(
    act: Act, look: str, seeds: Sequence[int], steps: int, size: int
) -> list[dict[str, Any]]:  # fmt: skip
    """An episode per seed: each one's seed, success and distance (metres) at its end."""
    with EnvironmentPool(XARM7_REACH, len(seeds), look=look, size=size, cameras=CAMERAS) as pool:
        return play_goals(pool, act, seeds, steps, VIEW)[1]
