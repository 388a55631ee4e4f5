"""Episodes of pick and place: played in a pool of environments, and put into the learner's form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from crossgap.experiments.xarm7.rollouts import explored, frames_of, scaled
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.rl.replay import Episode
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7.expert import expert_action
from crossgap.simulation.xarm7.grasp import OPEN

NEAR = 0.1
"""Distances between gripper and cube are seen finely up to about this, metres."""
FEATURES = 10
"""Numbers of the state as networks see it."""

Act = Callable[[dict[str, Any]], np.ndarray]
"""Observations with a row per environment -> actions (n, 4)."""


def features(state: np.ndarray) -> np.ndarray:
    """The environment's states (…, 10) in metres as networks see them, about [-1, 1], float32.

    Tool point (3) and cube (3) over the workspace; the cube seen from the tool point (3), finely where it is
    near and coarsely where it is far; and the opening of the gripper.
    """
    tool, opening, cube, way = state[..., :3], state[..., 3:4], state[..., 4:7], state[..., 7:]
    parts = [scaled(tool), scaled(cube), np.tanh(way / NEAR), 2 * opening / OPEN - 1]
    return np.concatenate(parts, -1).astype(np.float32)


def seen(observation: dict[str, Any]) -> np.ndarray:
    """What a policy sees, (n, H, W, C) uint8, or (n, 0) where nothing is rendered."""
    if "pixels" in observation:
        return frames_of(observation)
    return np.zeros((len(observation["state"]), 0), np.uint8)


def greedy(learner: AsymmetricDDPG) -> Act:
    """What the learner holds for best."""

    def act(observation: dict[str, Any]) -> np.ndarray:
        measured = features(observation["state"])[:, FEATURES - learner.measured :]
        return learner.act(seen(observation), scaled(observation["desired_goal"]), measured)

    return act


def expert(observation: dict[str, Any]) -> np.ndarray:
    """What the scripted expert does."""
    pairs = zip(observation["state"], observation["desired_goal"], strict=True)
    return np.stack([expert_action(state, goal) for state, goal in pairs])


def exploring(act: Act, noise: float, random: float, rng: np.random.Generator) -> Act:
    """The same with normal noise on the actions, a share of which is random instead."""

    def explore(observation: dict[str, Any]) -> np.ndarray:
        return explored(act(observation), noise, random, rng)

    return explore


def play_pick_place(
    pool: EnvironmentPool, act: Act, seeds: Sequence[int], steps: int
) -> tuple[list[Episode], list[dict[str, Any]]]:  # fmt: skip
    """One episode in every environment of a pool.

    Args:
        pool: environments `crossgap/XArm7PickPlace-v0`.
        act: what acts.
        seeds: one per environment.
        steps: length of the episodes.

    Returns:
        The episodes, in the networks' scale, and the last step's infos.
    """
    observation, infos = pool.reset(seeds)
    observations, actions = [observation], []
    for _ in range(steps):
        actions.append(act(observation).astype(np.float32))
        observation, infos = pool.step(actions[-1])
        observations.append(observation)
    frames = np.stack([seen(o) for o in observations], 1)
    states = np.stack([features(o["state"]) for o in observations], 1)
    achieved = np.stack([scaled(o["achieved_goal"]) for o in observations], 1)
    done, goals = np.stack(actions, 1), scaled(observation["desired_goal"])
    episodes = [
        Episode(np.ascontiguousarray(frames[i]), states[i], achieved[i], done[i], goals[i])
        for i in range(len(goals))
    ]
    return episodes, infos
