"""Learn to reach with an xArm7 from images (seed "Transferring Simulated Learning to Real Robots")."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
import torch

from crossgap.base.machine import threads_here
from crossgap.base.progress import progress_bar
from crossgap.core.runs import same_setup
from crossgap.data.batches import Batches
from crossgap.deploy.policy import EXTRACTORS, Policy, ReachPolicy
from crossgap.experiments.xarm7.presets import XArm7Preset
from crossgap.experiments.xarm7.rollouts import (
    VIEW,
    frames_of,
    judged,
    look_arguments,
    play_goals,
    scaled,
    sparse_reward,
)
from crossgap.experiments.xarm7.setups import ReachSetup
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.methods.asymmetric_ddpg.training import Training
from crossgap.networks.actor_critic import Actor, AlexNetExtractor, Critic
from crossgap.rl.collection import TEST_GOALS, World
from crossgap.rl.learner import Loop
from crossgap.simulation.xarm7 import XARM7_REACH

FIRST_IMAGES = 10_000_000
"""Seed of the first image that an extractor is initialized with; episodes have lower ones."""


class ReachTraining(Training):
    """A policy that reaches.

    Args, besides those of `Training`:
        preset: its size.
        workers: processes that simulate; all cores by default.
        engine: what runs them: `processes` of this machine, or `ray` on a cluster's.
    """

    label = "learn to reach"
    point = {  # noqa: RUF012
        "round": int, "environment_steps": int, "success": float, "low": float, "high": float, "n": int,
        ...: object,
    }  # fmt: skip

    def __init__(
        self, folder: Path, preset: XArm7Preset, setup: ReachSetup, seed: int,
        fabric: lightning_fabric.Fabric,
        quiet: bool = False, workers: int | None = None, engine: str = "processes",
    ):  # fmt: skip
        super().__init__(folder, setup, seed, fabric, quiet)
        self.preset = preset
        self.loop = Loop(
            rounds=preset.rounds, updates=preset.updates, batch=preset.learner.batch,
            environments=preset.environments, episode_steps=preset.episode_steps, noise=preset.noise,
            random=(1.0, preset.random), replay=preset.replay, relabelled=preset.relabelled,
            goals=preset.curve_goals, evaluate_every=preset.evaluate_every, last_episode=FIRST_IMAGES,
        )  # fmt: skip
        seen = {name: getattr(setup, name) for name in ("cameras", "depth", "depth_noise")}
        self.environment: dict[str, Any] = {"size": preset.size} | seen
        self.world = World(
            XARM7_REACH, VIEW, sparse_reward, self.environment, look_arguments(setup),
            lambda number: {"randomization_strength": self._strength(number)}, workers, engine,
        )  # fmt: skip
        torch.manual_seed(seed)
        self.learner = new_learner(setup, preset, fabric.device)

    def policy(self) -> ReachPolicy:
        """The trained policy, trained first if need be."""
        path = self.folder / "policy"
        same_setup(self.folder, self.setup)
        if not path.exists():
            networks, about = self.run().networks, about_policy(self.setup, self.preset)
            if self.fabric.is_global_zero:
                ReachPolicy(networks["extractor"], networks["actor"], about).save(path)
        self.fabric.barrier()
        return ReachPolicy.load(path, self.fabric.device)

    def prepared(self, done: int) -> dict[str, Any]:
        """Pre-trained features and an initialized extractor, where the configuration has them; the images of
        known positions, where they stay."""
        if not done:
            self._take_weights()
        if not (self.setup.rehearsed or (self.setup.initialized and not done)):
            return {}
        images = self._initial()
        if not done:
            config = self.preset.initialization
            self.initialize(self.folder, images, self.setup.initial_factor * config.steps, config)
        return {"labelled": images} if self.setup.rehearsed else {}

    def pointed(self, rounds: int, steps: int, episodes: list[dict[str, Any]]) -> dict[str, Any]:
        """A point of the learning curve."""
        success, distance = judged(episodes).values()
        return {
            "round": rounds, "environment_steps": steps, "threads": threads_here(),
            "success": success["value"], **{key: success[key] for key in ("low", "high", "n")},
            "distance": distance["value"],
        }  # fmt: skip

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

    def _initial(self) -> Batches:
        """Images of known positions, the same whenever they are collected."""
        count = self.setup.initial_factor * self.preset.initial_images
        images, positions = (torch.from_numpy(part) for part in self.collected(count, FIRST_IMAGES))
        return self.shared(images, positions, self.preset.initialization.batch)

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
        about = {"randomization": self.setup.randomization} | environment
        images, positions = np.empty(0, np.uint8), np.empty((count, 3), np.float32)
        with (
            self.world.pool(min(count, 64), **about) as pool,
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

    def evaluate(
        self, policy: Policy, first_goal: int = TEST_GOALS, **environment: Any
    ) -> list[dict[str, Any]]:
        """Every episode of a policy, this one or this one with goggles; see `play_goals`.

        Depth is exact unless `environment` says otherwise, however noisy it was in training.
        """
        seeds = range(first_goal, first_goal + self.preset.goals)
        environment = self.environment | {"depth_noise": 0.0} | environment
        return play_goals(policy, seeds, self.preset.episode_steps, self.world.workers, **environment)


def about_policy(setup: ReachSetup, preset: XArm7Preset) -> dict[str, Any]:
    """What a saved policy says of itself."""
    return {
        "extractor": setup.extractor, "channels": len(setup.cameras) * (4 if setup.depth else 3),
        "size": preset.size, "cameras": list(setup.cameras), "depth": setup.depth,
    }  # fmt: skip


def new_learner(setup: ReachSetup, preset: XArm7Preset, device: torch.device | str) -> AsymmetricDDPG:
    """Untrained networks for what a configuration sees, and positions in three dimensions."""
    about = about_policy(setup, preset)
    weight = setup.bottleneck * setup.bottleneck_factor * preset.learner.bottleneck_weight
    config = replace(preset.learner, bottleneck_weight=weight)
    extractor = EXTRACTORS[setup.extractor](about["channels"], preset.size)
    return AsymmetricDDPG(extractor, Actor(), Critic(), config, -1 / (1 - config.discount), device)
