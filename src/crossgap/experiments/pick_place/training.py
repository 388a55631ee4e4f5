"""Learn to pick and place, from the privileged state or from images; the seed did not reach this goal."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np
import torch

from crossgap.base.machine import threads_here
from crossgap.experiments.pick_place.presets import PickPlacePreset, PickPlaceSetup
from crossgap.experiments.xarm7.rollouts import frames_of, judged, look_arguments, scaled, sparse_reward
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.methods.asymmetric_ddpg.training import Training
from crossgap.networks.actor_critic import Actor, Critic, PositionExtractor
from crossgap.rl.collection import (
    DEMONSTRATIONS,
    EXTRACTOR_IMAGES,
    FIRST_EPISODE,
    Act,
    View,
    World,
    play,
    play_goals,
    stream,
)
from crossgap.rl.learner import Loop, exploring
from crossgap.rl.replay import Episode, Replay, read_episodes, write_episodes
from crossgap.simulation.xarm7 import XARM7_PICK_PLACE
from crossgap.simulation.xarm7.expert import expert_action
from crossgap.simulation.xarm7.grasp import OPEN

NEAR = 0.1
"""Distances between gripper and cube are seen finely up to about this, metres."""
FEATURES = 10
"""Numbers of the state as networks see it."""


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


VIEW = View(
    seen, lambda o: features(o["state"]), lambda o: scaled(o["achieved_goal"]),
    lambda o: scaled(o["desired_goal"]),
)  # fmt: skip
"""What networks see of `crossgap/XArm7PickPlace-v0`."""


def expert(observation: dict[str, Any]) -> np.ndarray:
    """What the scripted expert does, (n, 4)."""
    pairs = zip(observation["state"], observation["desired_goal"], strict=True)
    return np.stack([expert_action(state, goal) for state, goal in pairs])


PREDICTED = 9
"""Numbers of the state that images tell; the last, the gripper's opening, the robot measures itself."""
STRAYING = 0.4, 0.25
"""Noise and share of random actions where the expert is to show the extractor all kinds of states."""


class PickPlaceTraining(Training):
    """A policy that picks and places; every batch has a share of the expert's episodes.

    Args, besides those of `Training`:
        preset: its size.
        teacher: a learner whose actor and critic this one begins with.
        workers: processes that simulate; all cores by default.
    """

    label, place = "pick and place", ""
    point = {"environment_steps": int, "value": float, "low": float, "high": float, "n": int, ...: object}  # noqa: RUF012

    def __init__(
        self, folder: Path, preset: PickPlacePreset, setup: PickPlaceSetup, seed: int,
        fabric: lightning_fabric.Fabric, quiet: bool = False, teacher: AsymmetricDDPG | None = None,
        workers: int | None = None,
    ):  # fmt: skip
        super().__init__(folder, setup, seed, fabric, quiet)
        self.preset = preset
        rounds = preset.images if setup.cameras else preset.privileged
        self.loop = Loop(
            rounds=rounds.rounds, updates=rounds.updates, batch=preset.learner.batch,
            environments=preset.environments, episode_steps=preset.episode_steps, noise=preset.noise,
            random=(preset.random, preset.random), replay=preset.replay, relabelled=preset.relabelled,
            goals=preset.goals, evaluate_every=rounds.evaluate_every, evaluate_first=True,
            demonstrated=preset.demonstrated,
        )  # fmt: skip
        shown = {"size": preset.size, "cameras": setup.cameras}
        self.world = World(
            XARM7_PICK_PLACE, VIEW, sparse_reward, shown, look_arguments(setup), workers=workers
        )  # fmt: skip
        torch.manual_seed(seed)
        self.learner = new_pick_place_learner(preset, setup, fabric.device)
        if teacher is not None:
            for networks in (self.learner.networks, self.learner.targets):
                for name in ("actor", "critic"):
                    networks[name].load_state_dict(teacher.networks[name].state_dict())

    def prepared(self, done: int) -> dict[str, Any]:
        """The expert's episodes, after those that teach the extractor."""
        if self.setup.cameras and not done:
            self._initialize_extractor()
        return {"demonstrations": self._demonstrations()}

    def pointed(self, rounds: int, steps: int, episodes: list[dict[str, Any]]) -> dict[str, Any]:
        """A point of the learning curve."""
        return {"environment_steps": steps, **judged(episodes)["success"], "threads": threads_here()}

    def _shown(self, act: Act, rng: np.random.Generator, count: int, steps: int) -> list[Episode]:
        """So many episodes of what acts, and some more where the environments are no part of them."""
        episodes = []
        with self.world.pool(self.preset.environments, **self.world.varied) as pool:
            while len(episodes) < count:
                seeds = rng.integers(FIRST_EPISODE, self.loop.last_episode, self.preset.environments)
                episodes += play(pool, act, [int(seed) for seed in seeds], steps, VIEW)[0]
        return episodes

    def _demonstrations(self) -> Replay:
        """What the expert shows; its goals stay, for they say what its actions were for."""
        preset, path = self.preset, self.folder / "replay" / "demonstrations.npz"
        count = preset.demonstrations if self.setup.demonstrations else 0
        kept = Replay(max(1, count) * (preset.episode_steps + 1), 0.0, sparse_reward)
        if count and not path.exists():
            rng = stream(self.seed, DEMONSTRATIONS)
            act = exploring(expert, preset.noise, 0.0, rng)
            write_episodes(path, self._shown(act, rng, count, preset.episode_steps)[:count])
        for episode in read_episodes(path) if count else []:
            kept.add(episode)
        return kept

    def _initialize_extractor(self) -> None:
        preset, rng = self.preset, stream(self.seed, EXTRACTOR_IMAGES)
        act, steps = exploring(expert, *STRAYING, rng), preset.episode_steps // 2
        episodes = self._shown(act, rng, preset.extractor_episodes, steps)
        images, labels = (
            torch.from_numpy(np.concatenate([getattr(episode, part) for episode in episodes]))
            for part in ("frames", "states")
        )
        batches = self.shared(images, labels[:, :PREDICTED], preset.extractor.batch)
        self.initialize(self.folder / "extractor", batches, preset.extractor.steps, preset.extractor)

    def evaluate(self, look: str, first_goal: int) -> list[dict[str, Any]]:
        """The policy's episodes in a look: each one's seed, success, and distance of cube and goal at the end
        in metres."""
        seeds = range(first_goal, first_goal + self.preset.goals)
        with self.world.pool(self.preset.goals, look=look) as pool:
            return play_goals(pool, self.learner.policy(VIEW), seeds, self.preset.episode_steps, VIEW)[1]


def new_pick_place_learner(
    preset: PickPlacePreset, setup: PickPlaceSetup, device: str | torch.device
) -> AsymmetricDDPG:  # fmt: skip
    """Untrained networks for a setup: a policy without cameras measures all of the state."""
    channels = 3 * len(setup.cameras)
    rounds = preset.images if channels else preset.privileged
    config = replace(preset.learner, learning_rate=rounds.learning_rate)
    extractor = PositionExtractor(channels, preset.size, outputs=PREDICTED) if channels else None
    actor, critic = (kind(FEATURES, 3, 4, preset.hidden) for kind in (Actor, Critic))
    return AsymmetricDDPG(
        extractor, actor, critic, config, -1 / (1 - config.discount), device,
        measured=FEATURES - PREDICTED if channels else FEATURES, cloning_weight=preset.cloning_weight,
    )  # fmt: skip
