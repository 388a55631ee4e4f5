"""Learn to pick and place, from the privileged state or from images; the seed did not reach this goal."""

from __future__ import annotations

import functools
import json
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
from crossgap.core.trainer import Metrics, Trainer
from crossgap.data.batches import Batches
from crossgap.experiments.pick_place.presets import PickPlacePreset, Rounds
from crossgap.experiments.pick_place.rollouts import (
    Act,
    expert,
    exploring,
    greedy,
    play_pick_place,
)
from crossgap.experiments.pick_place.setups import PREDICTED, Setup, new_pick_place_learner
from crossgap.experiments.xarm7.outcomes import judged
from crossgap.experiments.xarm7.training import VALIDATION_GOALS, sparse_reward
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.methods.supervised import Supervised
from crossgap.rl.replay import Episode, Replay, read_episodes, write_episodes
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_PICK_PLACE

DEMONSTRATIONS, EXTRACTOR_IMAGES = 1_000_001, 1_000_002
"""Streams of random numbers beside those of the rounds, which are numbered from 0."""
STRAYING = 0.4, 0.25
"""Noise and share of random actions where the expert is to show the extractor all kinds of states."""

POINT = {"environment_steps": int, "value": float, "low": float, "high": float, "n": int, ...: object}
"""Of a learning curve, its shape as in `shapes.mismatch`."""


class PickPlaceTraining:
    """One policy, learnt in the source look; goes on where it was.

    Every round plays an episode in each environment and then learns from all of them, and from the expert's.
    What a round does depends on its number, on the learner and on the replay alone, and all of them are kept,
    so that a training which was killed ends as one that was not.

    Args:
        folder: of this training.
        preset: its size.
        setup: the configuration.
        seed: of everything random.
        fabric: where it learns.
        quiet: no progress bar.
        teacher: a learner whose actor and critic this one begins with.
        workers: processes that simulate; all cores by default.
    """

    def __init__(
        self, folder: Path, preset: PickPlacePreset, setup: Setup, seed: int,
        fabric: lightning_fabric.Fabric, quiet: bool = False, teacher: AsymmetricDDPG | None = None,
        workers: int | None = None,
    ):  # fmt: skip
        self.folder, self.preset, self.setup, self.seed, self.quiet = folder, preset, setup, seed, quiet
        self.fabric, self.workers = fabric, workers
        self.rounds: Rounds = preset.images if setup.cameras else preset.privileged
        torch.manual_seed(seed)
        self.learner = new_pick_place_learner(preset, setup, fabric.device)
        if teacher is not None:
            for networks in (self.learner.networks, self.learner.targets):
                for name in ("actor", "critic"):
                    networks[name].load_state_dict(teacher.networks[name].state_dict())

    @functools.cached_property
    def _environment(self) -> dict[str, Any]:
        return {"size": self.preset.size, "cameras": self.setup.cameras}

    def _pool(self, count: int, **environment: Any) -> EnvironmentPool:
        return EnvironmentPool(XARM7_PICK_PLACE, count, self.workers, **self._environment | environment)

    def run(self) -> AsymmetricDDPG:
        """Train to the end, or go on; the learner."""
        same_setup(self.folder, self.setup)
        checkpoint = Checkpoint(self.folder / "checkpoints", self.learner, self.rounds.rounds)
        if checkpoint.newest() is None:
            if self.setup.cameras:
                self._initialize_extractor()
            checkpoint.save(0)
        done = checkpoint.load_last()
        if done < self.rounds.rounds:
            with self._pool(self.preset.environments, **self.setup.look_arguments) as pool:
                self._train(done, pool, checkpoint)
        remove(self.folder / "replay")  # gigabytes, of use to a training that goes on
        return self.learner

    def _train(self, done: int, pool: EnvironmentPool, checkpoint: Checkpoint) -> None:
        demonstrations, replay = self._demonstrations(pool), self._replay(done)
        rounds, every = self.rounds.rounds, self.rounds.evaluate_every
        with (
            self._pool(self.preset.goals) as validation,
            Metrics(self.folder, self.learner.name, done) as metrics,
            progress_bar("pick and place", rounds, done, quiet=self.quiet) as advance,
        ):
            if not done:
                self._watch(0, validation)
            for number in range(done, rounds):
                self._round(number, pool, replay, demonstrations, metrics)
                if (number + 1) % every == 0 or number + 1 == rounds:
                    self._watch(number + 1, validation)
                metrics.flush(number + 1)
                checkpoint.save(number + 1)
                advance(1)

    def _watch(self, rounds: int, pool: EnvironmentPool) -> None:
        """Add to the learning curve how the policy does on the validation goals after so many rounds."""
        steps = rounds * self.preset.environments * self.preset.episode_steps
        success = judged(self._tested(pool, VALIDATION_GOALS))["success"]
        before = [known for known in self.curve if known["environment_steps"] < steps]
        rows = [*before, {"environment_steps": steps, **success, "threads": threads_here()}]
        write_text(self._curve, "".join(f"{json.dumps(row)}\n" for row in rows))

    @property
    def _curve(self) -> Path:
        return self.folder / "curve.jsonl"

    @property
    def curve(self) -> list[dict[str, Any]]:
        """Success on the validation goals in the source look, over environment steps."""
        return read_json_lines(self._curve, POINT, whole=True)

    def _round(
        self, number: int, pool: EnvironmentPool, replay: Replay, demonstrations: Replay, metrics: Metrics
    ) -> None:  # fmt: skip
        preset, rng = self.preset, np.random.default_rng([self.seed, number])
        act = exploring(greedy(self.learner), preset.noise, preset.random, rng)
        episodes = self._play(pool, act, preset.episode_steps, rng)
        write_episodes(self._path(number), episodes)
        for episode in episodes:
            replay.add(episode)
        self.learner.set_rate(number / self.rounds.rounds)
        demonstrated = preset.demonstrated if len(demonstrations) else 0
        for _ in range(self.rounds.updates):
            batch = replay.sample(preset.learner.batch, rng)
            if demonstrated:
                batch += demonstrations.sample(demonstrated, rng)
            metrics.add(self.learner.update(batch, demonstrated))

    def _play(
        self, pool: EnvironmentPool, act: Act, steps: int, rng: np.random.Generator
    ) -> list[Episode]:  # fmt: skip
        seeds = rng.integers(1_000_000, 2**31, self.preset.environments)
        return play_pick_place(pool, act, [int(seed) for seed in seeds], steps)[0]

    # the expert's part

    def _demonstrations(self, pool: EnvironmentPool) -> Replay:
        """What the expert shows; its goals stay, for they say what its actions were for."""
        preset, path = self.preset, self.folder / "replay" / "demonstrations.npz"
        count = preset.demonstrations if self.setup.demonstrations else 0
        kept = Replay(max(1, count) * (preset.episode_steps + 1), 0.0, sparse_reward)
        if count and not path.exists():
            rng = np.random.default_rng([self.seed, DEMONSTRATIONS])
            act, episodes = exploring(expert, preset.noise, 0.0, rng), []
            while len(episodes) < count:
                episodes += self._play(pool, act, preset.episode_steps, rng)
            write_episodes(path, episodes[:count])
        for episode in read_episodes(path) if count else []:
            kept.add(episode)
        return kept

    def _initialize_extractor(self) -> None:
        """Teach the extractor the state from images before there is a reward: the seed's best results begin
        with an "initialized feature extractor"."""
        preset, rng = self.preset, np.random.default_rng([self.seed, EXTRACTOR_IMAGES])
        act, episodes = exploring(expert, *STRAYING, rng), []
        with self._pool(preset.environments, **self.setup.look_arguments) as pool:
            while len(episodes) < preset.extractor_episodes:
                episodes += self._play(pool, act, preset.episode_steps // 2, rng)
        extractor, config = self.learner.networks["extractor"], preset.extractor
        images, labels = (
            torch.from_numpy(np.concatenate([getattr(episode, part) for episode in episodes]))
            for part in ("frames", "states")
        )
        device = self.fabric.device
        batches = Batches(images.to(device), labels[:, :PREDICTED].to(device), config.batch, self.seed)
        phase = Supervised("extractor", extractor, [batches], config.steps, config.learning_rate)
        Trainer(self.folder / "extractor", self.fabric, self.seed, self.quiet).fit(phase)
        self.learner.targets["extractor"].load_state_dict(extractor.state_dict())

    # what a killed run needs again

    def _replay(self, rounds: int) -> Replay:
        replay = Replay(self.preset.replay, self.preset.relabelled, sparse_reward)
        replay.load(map(self._path, range(rounds)))
        return replay

    def _path(self, number: int) -> Path:
        return self.folder / "replay" / f"{number:05d}.npz"

    # evaluation

    def evaluate(self, look: str, first_goal: int) -> list[dict[str, Any]]:
        """The policy's episodes in a look: each one's seed, success, and distance of cube and goal at the end
        in metres."""
        with self._pool(self.preset.goals, look=look) as pool:
            return self._tested(pool, first_goal)

    def _tested(self, pool: EnvironmentPool, first_goal: int) -> list[dict[str, Any]]:
        seeds = range(first_goal, first_goal + self.preset.goals)
        _, infos = play_pick_place(pool, greedy(self.learner), seeds, self.preset.episode_steps)
        return [
            {"seed": seed, "success": bool(info["is_success"]), "distance": info["distance"]}
            for seed, info in zip(seeds, infos, strict=True)
        ]
