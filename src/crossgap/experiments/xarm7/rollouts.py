"""Episodes of the xArm7: played by a policy in a pool of environments, and put into the learner's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from crossgap.rl.replay import Episode
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW

DEPTH_RANGE = 2.55
"""Depth of byte 255, metres: a byte is a centimetre."""


class Policy(Protocol):
    """What acts."""

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Actions (n, 3) in [-1, 1] of frames (n, H, W, C) uint8 and scaled goals (n, 3)."""
        ...


def scaled(points: np.ndarray) -> np.ndarray:
    """Points (…, 3) in metres to [-1, 1] over the workspace, float32: what networks see."""
    centre, half = (WORKSPACE_HIGH + WORKSPACE_LOW) / 2, (WORKSPACE_HIGH - WORKSPACE_LOW) / 2
    return ((points - centre) / half).astype(np.float32)


def unscaled(points: np.ndarray) -> np.ndarray:
    """Back to metres."""
    centre, half = (WORKSPACE_HIGH + WORKSPACE_LOW) / 2, (WORKSPACE_HIGH - WORKSPACE_LOW) / 2
    return points * half + centre


def frames_of(observation: dict[str, Any]) -> np.ndarray:
    """What a policy sees of observations: the cameras' images, and depth as bytes, (n, H, W, C) uint8."""
    depths = (np.clip(np.round(255 / DEPTH_RANGE * d), 0, 255) for d in observation.get("depth", {}).values())
    return np.concatenate(
        [*observation["pixels"].values(), *(d.astype(np.uint8)[..., None] for d in depths)], -1
    )


def explored(action: np.ndarray, noise: float, random: float, rng: np.random.Generator) -> np.ndarray:
    """Actions (n, a) with normal noise, a share of which is random instead."""
    action = np.clip(action + noise * rng.standard_normal(action.shape), -1, 1)
    chance = rng.random((len(action), 1)) < random
    return np.where(chance, rng.uniform(-1, 1, action.shape), action)


def play(
    pool: EnvironmentPool, policy: Policy, seeds: Sequence[int], steps: int,
    explore: tuple[float, float] = (0.0, 0.0), rng: np.random.Generator | None = None,
    options: dict[str, Any] | None = None,
) -> tuple[list[Episode], list[dict[str, Any]]]:  # fmt: skip
    """One episode in every environment of a pool.

    Args:
        pool: environments `crossgap/XArm7Reach-v0`.
        policy: what acts.
        seeds: one per environment.
        steps: length of the episodes.
        explore: standard deviation of the noise on actions, and share of actions that are random instead.
        rng: of the exploration.
        options: reset options of the environments.

    Returns:
        The episodes, positions scaled, and the last step's infos.
    """
    noise, random = explore
    observation, infos = pool.reset(seeds, options)
    frames, states, actions = [frames_of(observation)], [scaled(observation["state"])], []
    goals = scaled(observation["desired_goal"])
    for _ in range(steps):
        action = policy.act(frames[-1], goals)
        if rng is not None:
            action = explored(action, noise, random, rng)
        actions.append(action.astype(np.float32))
        observation, infos = pool.step(actions[-1])
        frames.append(frames_of(observation))
        states.append(scaled(observation["state"]))
    seen, where, done = np.stack(frames, 1), np.stack(states, 1), np.stack(actions, 1)
    episodes = [
        Episode(np.ascontiguousarray(seen[i]), where[i], where[i], done[i], goals[i])
        for i in range(len(goals))
    ]
    return episodes, infos


def play_goals(
    policy: Policy, seeds: Sequence[int], steps: int, workers: int | None = None, **environment: Any
) -> list[dict[str, Any]]:
    """An episode per seed, without exploration.

    Args:
        policy: what acts.
        seeds: of the goals.
        steps: length of the episodes.
        workers: processes; all cores by default.
        environment: arguments of the environment, such as `look`.

    Returns:
        Of each episode `seed`, `success` and `distance` (metres) at its end, and the `goal` (metres).
    """
    with EnvironmentPool(XARM7_REACH, len(seeds), workers, **environment) as pool:
        episodes, infos = play(pool, policy, seeds, steps)
    return [
        {
            "seed": seed, "success": bool(info["is_success"]), "distance": float(info["distance"]),
            "goal": unscaled(episode.goal).tolist(),
        }
        for seed, episode, info in zip(seeds, episodes, infos, strict=True)
    ]  # fmt: skip
