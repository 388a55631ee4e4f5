"""Learn to reach with an xArm7 from images (seed "Transferring Simulated Learning to Real Robots")."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
import torch

from crossgap.base.files import read_json_lines, remove, write_text
from crossgap.base.machine import threads_here
from crossgap.base.progress import progress_bar
from crossgap.core.checkpoints import Checkpoint
from crossgap.core.runs import same_setup
from crossgap.core.statistics import wilson_interval
from crossgap.core.trainer import Metrics, Trainer
from crossgap.data.batches import Batches
from crossgap.deploy.policy import EXTRACTORS, ReachPolicy
from crossgap.experiments.xarm7.presets import XArm7Preset
from crossgap.experiments.xarm7.rollouts import Policy, frames_of, play, play_goals, scaled, unscaled
from crossgap.experiments.xarm7.setups import Setup
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.methods.supervised import Supervised
from crossgap.networks.actor_critic import Actor, Critic
from crossgap.networks.alexnet import AlexNetExtractor
from crossgap.rl.replay import Replay, write_episodes
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.reach import SUCCESS_DISTANCE

VALIDATION_GOALS, TEST_GOALS = 20_000, 30_000
"""Seeds of the first goal of either kind; choices are made on the former alone."""
FIRST_IMAGES = 10_000_000
"""Seed of the first image that an extractor is initialized with; episodes have lower ones."""


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
        fabric: where it learns; reinforcement learning in float32 whatever its precision.
        quiet: no progress bar.
        workers: processes that simulate; all cores by default.
        engine: what runs them: `processes` of this machine, or `ray` on a cluster's.
    """

    def __init__(
        self, folder: Path, preset: XArm7Preset, setup: Setup, seed: int, fabric: lightning_fabric.Fabric,
        quiet: bool = False, workers: int | None = None, engine: str = "processes",
    ):  # fmt: skip
        self.folder, self.preset, self.setup, self.seed, self.quiet = folder, preset, setup, seed, quiet
        self.fabric, self.workers, self.engine = fabric, workers, engine
        torch.manual_seed(seed)
        self.learner = new_learner(setup, preset, fabric.device)
        self._rehearsed: Batches | None = None

    @property
    def environment(self) -> dict[str, Any]:
        """Arguments of the environment that this policy sees."""
        setup = self.setup
        return {
            "size": self.preset.size, "cameras": setup.cameras, "depth": setup.depth,
            "depth_noise": setup.depth_noise,
        }  # fmt: skip

    def policy(self) -> ReachPolicy:
        """The trained policy, trained first if need be."""
        path = self.folder / "policy"
        same_setup(self.folder, self.setup)
        if not path.exists():
            self.run()
            networks, about = self.learner.networks, about_policy(self.setup, self.preset)
            ReachPolicy(networks["extractor"], networks["actor"], about).save(path)
        remove(self.folder / "replay")  # gigabytes, of use to a training that goes on
        return ReachPolicy.load(path, self.fabric.device)

    def run(self) -> AsymmetricDDPG:
        """Train to the end, or go on; the learner."""
        same_setup(self.folder, self.setup)
        preset = self.preset
        place = self.folder / "checkpoints" / self.learner.name
        checkpoint = Checkpoint(place, self.learner, preset.rounds)
        done = checkpoint.load_last()
        if done == preset.rounds:
            return self.learner
        if not done:
            self._take_weights()
        initial = self._initial() if self.setup.rehearsed or (self.setup.initialized and not done) else None
        if initial and not done:
            self._initialize(initial)
        self._rehearsed = initial if self.setup.rehearsed else None
        replay = self._replay(done)
        curve = [row for row in self.curve if row["round"] <= done]
        with (
            self._pool(preset.environments, **self.setup.look_arguments) as pool,
            self._pool(preset.curve_goals) as validation,
            Metrics(self.folder, self.learner.name, done) as metrics,
            progress_bar("learn to reach", preset.rounds, done, quiet=self.quiet) as advance,
        ):
            for number in range(done, preset.rounds):
                self._round(number, pool, replay, metrics)
                if (number + 1) % preset.evaluate_every == 0 or number + 1 == preset.rounds:
                    seeds = range(VALIDATION_GOALS, VALIDATION_GOALS + preset.curve_goals)
                    _, infos = play(validation, self.learner, seeds, preset.episode_steps)
                    steps = (number + 1) * preset.environments * preset.episode_steps
                    about = {"round": number + 1, "environment_steps": steps, "threads": threads_here()}
                    curve.append(about | judged(infos))
                    write_text(self._curve, "".join(f"{json.dumps(row)}\n" for row in curve))
                metrics.flush(number + 1)
                checkpoint.save(number + 1)
                advance(1)
        return self.learner

    @property
    def _curve(self) -> Path:
        return self.folder / "curve.jsonl"

    @property
    def curve(self) -> list[dict[str, Any]]:
        """Success on validation goals in the source look, over environment steps."""
        return read_json_lines(self._curve, POINT, whole=True)

    def _pool(self, count: int, **environment: Any) -> EnvironmentPool:
        about = self.environment | environment
        return EnvironmentPool(XARM7_REACH, count, self.workers, self.engine, **about)

    def _round(self, number: int, pool: EnvironmentPool, replay: Replay, metrics: Metrics) -> None:
        preset = self.preset
        rng = np.random.default_rng([self.seed, number])
        seeds = [int(seed) for seed in rng.integers(1_000_000, FIRST_IMAGES, preset.environments)]
        explore = (preset.noise, 1.0 if number == 0 else preset.random)
        options = {"randomization_strength": self._strength(number)}
        episodes, _ = play(pool, self.learner, seeds, preset.episode_steps, explore, rng, options)
        write_episodes(self._path(number), episodes)
        for episode in episodes:
            replay.add(episode)
        self.learner.set_rate(number / preset.rounds)
        for update in range(number * preset.updates, (number + 1) * preset.updates):
            labelled = self._rehearsed(update) if self._rehearsed else None
            metrics.add(self.learner.update(replay.sample(preset.learner.batch, rng), labelled=labelled))

    def _strength(self, number: int) -> float:
        """Of the randomization in a round."""
        return min(1.0, 2 * number / self.preset.rounds) if self.setup.curriculum else 1.0

    def _take_weights(self) -> None:
        """Begin with pre-trained features, where the configuration names a file of them."""
        if self.setup.extractor_weights is not None:
            for networks in (self.learner.networks, self.learner.targets):
                extractor = networks["extractor"]
                assert isinstance(extractor, AlexNetExtractor)  # no other has published weights
                extractor.load_features(Path(self.setup.extractor_weights))

    def _initialize(self, initial: Batches) -> None:
        """Teach the extractor positions, before any reinforcement learning."""
        extractor, config = self.learner.networks["extractor"], self.preset.initialization
        steps = self.setup.initial_factor * config.steps
        phase = Supervised("extractor", extractor, [initial], steps, config.learning_rate)
        Trainer(self.folder, self.fabric, self.seed, self.quiet).fit(phase)
        self.learner.targets["extractor"].load_state_dict(extractor.state_dict())

    def _initial(self) -> Batches:
        """Images of known positions, the same whenever they are collected."""
        count = self.setup.initial_factor * self.preset.initial_images
        images, positions = (torch.from_numpy(part) for part in self.collected(count, FIRST_IMAGES))
        device, batch = self.fabric.device, self.preset.initialization.batch
        return Batches(images.to(device), positions.to(device), batch, self.seed)

    def collected(self, count: int, stream: int, **environment: Any) -> tuple[np.ndarray, np.ndarray]:
        """Images as this policy sees them with the tool at random, and where it is.

        Args:
            count: number of images.
            stream: seed of the first; every seed of a training has images of its own.
            environment: arguments of the environment, such as `look`.

        Returns:
            (count, H, W, C) uint8, and scaled positions (count, 3) float32.
        """
        first = stream + 100_000 * self.seed
        images, positions = np.empty(0, np.uint8), np.empty((count, 3), np.float32)
        with (
            self._pool(min(count, 64), **{"randomization": self.setup.randomization} | environment) as pool,
            progress_bar("collect images", count, quiet=self.quiet) as advance,
        ):
            for start in range(first, first + count, 64):
                observation, _ = pool.reset(range(start, start + min(count, 64)))
                rows = slice(start - first, min(start - first + 64, count))
                some = frames_of(observation)[: rows.stop - rows.start]
                if not len(images):  # filled in place: there may be gigabytes
                    images = np.empty((count, *some.shape[1:]), np.uint8)
                images[rows], positions[rows] = some, scaled(observation["state"])[: len(some)]
                advance(len(some))
        return images, positions

    # what a killed run needs again

    def _replay(self, rounds: int) -> Replay:
        replay = Replay(self.preset.replay, self.preset.relabelled, sparse_reward)
        replay.load(map(self._path, range(rounds)))
        return replay

    def _path(self, number: int) -> Path:
        return self.folder / "replay" / f"{number:05d}.npz"

    # evaluation

    def evaluate(
        self, policy: Policy, first_goal: int = TEST_GOALS, **environment: Any
    ) -> list[dict[str, Any]]:
        """Every episode of a policy, this one or this one with goggles; see `play_goals`.

        Depth is exact unless `environment` says otherwise, however noisy it was in training.
        """
        seeds = range(first_goal, first_goal + self.preset.goals)
        environment = self.environment | {"depth_noise": 0.0} | environment
        return play_goals(policy, seeds, self.preset.episode_steps, self.workers, **environment)


POINT = {
    "round": int, "environment_steps": int, "success": float, "low": float, "high": float, "n": int,
    ...: object,
}  # fmt: skip
"""Of a learning curve, its shape as in `shapes.mismatch`."""


def judged(infos: list[dict[str, Any]]) -> dict[str, Any]:
    """Success and mean final distance of last steps' infos, with Wilson's 95 % interval."""
    won = [bool(info["is_success"]) for info in infos]
    low, high = wilson_interval(sum(won), len(won))
    distance = float(np.mean([info["distance"] for info in infos]))
    return {"success": sum(won) / len(won), "low": low, "high": high, "n": len(won), "distance": distance}


def about_policy(setup: Setup, preset: XArm7Preset) -> dict[str, Any]:
    """What a saved policy says of itself."""
    return {
        "extractor": setup.extractor, "channels": len(setup.cameras) * (4 if setup.depth else 3),
        "size": preset.size, "cameras": list(setup.cameras), "depth": setup.depth,
    }  # fmt: skip


def new_learner(setup: Setup, preset: XArm7Preset, device: torch.device | str) -> AsymmetricDDPG:
    """Untrained networks for what a configuration sees, and positions in three dimensions."""
    about = about_policy(setup, preset)
    weight = setup.bottleneck * setup.bottleneck_factor * preset.learner.bottleneck_weight
    config = replace(preset.learner, bottleneck_weight=weight)
    extractor = EXTRACTORS[setup.extractor](about["channels"], preset.size)
    return AsymmetricDDPG(extractor, Actor(), Critic(), config, -1 / (1 - config.discount), device)


def sparse_reward(achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
    """Fetch's: −1, and 0 where the goal is reached; of scaled points (n, 3)."""
    distance = np.linalg.norm(unscaled(achieved) - unscaled(desired), axis=-1)
    return -(distance >= SUCCESS_DISTANCE).astype(float)
