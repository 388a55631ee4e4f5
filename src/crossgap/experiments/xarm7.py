"""Learn to reach with an xArm7 from images (seed "Transferring Simulated Learning to Real Robots")."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crossgap.checkpoints import Checkpoint
from crossgap.config import DDPGConfig
from crossgap.data.replay import Episode, Replay
from crossgap.evaluation import wilson_interval
from crossgap.experiments.xarm7_presets import XArm7Preset
from crossgap.experiments.xarm7_rollouts import play, unscaled
from crossgap.files import read_json_lines, write_text, writing
from crossgap.methods.asymmetric_ddpg import AsymmetricDDPG
from crossgap.metrics import Metrics
from crossgap.networks.actor_critic import Actor, Critic, PositionExtractor
from crossgap.progress import progress_bar
from crossgap.simulation import XARM7_REACH
from crossgap.simulation.workers import EnvironmentPool
from crossgap.simulation.xarm7_reach import SUCCESS_DISTANCE

VALIDATION_GOALS, TEST_GOALS = 20_000, 30_000
"""Seeds of the first goal of either kind; choices are made on the former alone."""


@dataclass(frozen=True)
class Setup:
    """One configuration of the seed's comparison."""

    bottleneck: bool = True
    """Whether MSE(s, s_pred) helps to teach the extractor."""
    depth: bool = False
    """Whether the policy sees depth."""
    cameras: tuple[str, ...] = ("side",)
    """What it sees."""
    randomization: str = "none"
    """Domain randomization, new for every episode."""


class ReachTraining:
    """One policy, learnt in the source look; goes on where it was.

    Every round plays an episode in each of the preset's environments and then learns from all of them. What
    a round does depends on its number, on the learner and on the replay alone, and all of them are kept, so
    that a training which was killed ends as one that was not.

    Args:
        folder: of this training.
        preset: its size.
        setup: the configuration.
        seed: of everything random.
        device: where it learns.
        quiet: no progress bar.
    """

    def __init__(
        self, folder: Path, preset: XArm7Preset, setup: Setup, seed: int, device: str = "cpu",
        quiet: bool = False,
    ):  # fmt: skip
        self.folder, self.preset, self.setup, self.seed, self.quiet = folder, preset, setup, seed, quiet
        torch.manual_seed(seed)
        channels = len(setup.cameras) * (4 if setup.depth else 3)
        config = preset.learner if setup.bottleneck else replace(preset.learner, bottleneck_weight=0.0)
        self.learner = new_learner(channels, preset.size, config, device)

    @functools.cached_property
    def _environment(self) -> dict[str, Any]:
        setup = self.setup
        return {"size": self.preset.size, "cameras": setup.cameras, "depth": setup.depth}

    def run(self) -> AsymmetricDDPG:
        """Train to the end, or go on; the learner."""
        preset = self.preset
        checkpoint = Checkpoint(self.folder / "checkpoints", self.learner)
        done = checkpoint.load_last()
        replay = self._replay(done)
        curve = [row for row in read_json_lines(self.folder / "curve.jsonl") if row["round"] <= done]
        with (
            EnvironmentPool(
                XARM7_REACH, preset.environments, randomization=self.setup.randomization, **self._environment
            ) as pool,
            Metrics(self.folder, self.learner.name, done) as metrics,
            progress_bar("reach", preset.rounds, done, quiet=self.quiet) as advance,
        ):
            for number in range(done, preset.rounds):
                self._round(number, pool, replay, metrics)
                if (number + 1) % preset.evaluate_every == 0 or number + 1 == preset.rounds:
                    found = self.evaluate("source", VALIDATION_GOALS)
                    curve.append({"round": number + 1, "environment_steps": self._steps(number + 1), **found})
                    write_text(self.folder / "curve.jsonl", "".join(f"{json.dumps(row)}\n" for row in curve))
                metrics.flush(number + 1)
                checkpoint.save(number + 1)
                advance(1)
        return self.learner

    def _steps(self, rounds: int) -> int:
        return rounds * self.preset.environments * self.preset.episode_steps

    def _round(self, number: int, pool: EnvironmentPool, replay: Replay, metrics: Metrics) -> None:
        preset = self.preset
        rng = np.random.default_rng([self.seed, number])
        seeds = rng.integers(1_000_000, 2**31, preset.environments)
        explore = (preset.noise, 1.0 if number == 0 else preset.random)
        episodes, _ = play(pool, self.learner, [int(s) for s in seeds], preset.episode_steps, explore, rng)
        self._remember(number, episodes)
        for episode in episodes:
            replay.add(episode)
        for _ in range(preset.updates):
            losses = self.learner.update(replay.sample(preset.learner.batch, rng))
            metrics.add({name: torch.tensor(value) for name, value in losses.items()})

    # what a killed run needs again

    def _replay(self, rounds: int) -> Replay:
        replay = Replay(self.preset.replay, self.preset.relabelled, sparse_reward)
        for number in range(rounds):
            with np.load(self._path(number), allow_pickle=False) as file:
                parts = [file[name] for name in ("frames", "states", "actions", "goals")]
            for frames, states, actions, goal in zip(*parts, strict=True):
                replay.add(Episode(frames, states, states, actions, goal))
        return replay

    def _path(self, number: int) -> Path:
        return self.folder / "replay" / f"{number:05d}.npz"

    def _remember(self, number: int, episodes: list[Episode]) -> None:
        frames, states, actions = (
            np.stack([getattr(episode, name) for episode in episodes])
            for name in ("frames", "states", "actions")
        )
        goals = np.stack([episode.goal for episode in episodes])
        with writing(self._path(number)) as temporary, temporary.open("wb") as file:
            np.savez(file, frames=frames, states=states, actions=actions, goals=goals)

    # evaluation

    def evaluate(self, look: str, first_goal: int, **environment: Any) -> dict[str, Any]:
        """Success and final distance of the policy in a look, with Wilson's 95 % interval."""
        preset = self.preset
        seeds = range(first_goal, first_goal + preset.goals)
        with EnvironmentPool(XARM7_REACH, len(seeds), look=look, **self._environment | environment) as pool:
            _, infos = play(pool, self.learner, seeds, preset.episode_steps)
        won = [bool(info["is_success"]) for info in infos]
        low, high = wilson_interval(sum(won), len(won))
        distance = float(np.mean([info["distance"] for info in infos]))
        return {
            "success": sum(won) / len(won), "low": low, "high": high, "n": len(won), "distance": distance,
        }  # fmt: skip


def new_learner(channels: int, size: int, config: DDPGConfig, device: str) -> AsymmetricDDPG:
    """Untrained networks for images of that form, and positions in three dimensions."""
    lowest = -1 / (1 - config.discount)
    extractor = PositionExtractor(channels, size)
    return AsymmetricDDPG(extractor, Actor(), Critic(), config, lowest, device)


def sparse_reward(achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
    """Fetch's: −1, and 0 where the goal is reached; of scaled points (n, 3)."""
    distance = np.linalg.norm(unscaled(achieved) - unscaled(desired), axis=-1)
    return -(distance >= SUCCESS_DISTANCE).astype(float)
