"""Which goals and images the xArm7's policies learn from, are chosen on and are tested on: never the same.

Nothing is simulated: a pool of stand-ins keeps what it is asked for, and shows the seed of every episode.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crossgap.core.trainer import Trainer
from crossgap.deploy.policy import ReachPolicy
from crossgap.experiments.pick_place.presets import PICK_PLACE_PRESETS, SETUPS, Rounds
from crossgap.experiments.pick_place.training import FEATURES, PREDICTED, PickPlaceTraining, features, seen
from crossgap.experiments.xarm7.adaptation import SOURCE_IMAGES, TARGET_IMAGES, Adaptation
from crossgap.experiments.xarm7.presets import XARM7_PRESETS
from crossgap.experiments.xarm7.rollouts import scaled
from crossgap.experiments.xarm7.setups import ReachSetup
from crossgap.experiments.xarm7.training import FIRST_IMAGES, ReachTraining, about_policy
from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.rl.collection import FIRST_EPISODE, TEST_GOALS, VALIDATION_GOALS
from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW

EPISODES = range(FIRST_EPISODE, FIRST_IMAGES)
"""Seeds of the episodes that are learnt from."""
STILL = DDPGConfig(batch=4, learning_rate=1e-12)
"""A learner that stays as it is, so that what it does can be told afterwards."""


class Pool:
    """Environments that do not move: what they show depends on their seeds alone.

    Attributes:
        about: what the pool was made with.
        episodes: what was asked for: seeds, options, observation, and the actions so far.
    """

    made: list[Pool]

    def __init__(self, env_id: str, count: int, *_: Any, **about: Any):
        self.picks, self.count, self.about, self.episodes = "PickPlace" in env_id, count, about, []
        self.made.append(self)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def reset(self, seeds, options=None):
        rngs = [np.random.default_rng(seed) for seed in seeds]
        state, goal = (np.stack([rng.uniform(WORKSPACE_LOW, WORKSPACE_HIGH) for rng in rngs]) for _ in "sg")
        if self.picks:
            state = np.stack([rng.uniform(0.1, 0.3, 10) for rng in rngs])
        shape = (self.about["size"], self.about["size"], 3)
        pixels = np.stack([rng.integers(0, 256, shape, np.uint8) for rng in rngs])
        observation = {"state": state, "achieved_goal": goal - 1.0, "desired_goal": goal}
        if cameras := self.about["cameras"]:
            observation["pixels"] = dict.fromkeys(cameras, pixels)
        if self.about.get("depth"):
            observation["depth"] = dict.fromkeys(cameras, pixels[..., 0] / 100)
        asked = {"seeds": [int(seed) for seed in seeds], "options": options, "actions": []}
        self.episodes.append(asked | {"observation": observation})
        return self._shown()

    def step(self, actions: np.ndarray):
        self.episodes[-1]["actions"].append(actions)
        return self._shown()

    def _shown(self):
        last = self.episodes[-1]
        return last["observation"], [{"is_success": False, "distance": 0.1} for _ in last["seeds"]]


@pytest.fixture(autouse=True)
def pools(monkeypatch: pytest.MonkeyPatch) -> list[Pool]:
    """Every pool that was made so far."""
    monkeypatch.setattr(Pool, "made", [], raising=False)
    monkeypatch.setattr("crossgap.rl.collection.EnvironmentPool", Pool)
    return Pool.made


# reaching

SMOKE = replace(XARM7_PRESETS["smoke"], size=36, rounds=3, updates=1, learner=STILL)


def reach(folder: Path, fabric, seed: int = 0, setup: ReachSetup | None = None, **preset) -> ReachTraining:
    return ReachTraining(folder, replace(SMOKE, **preset), setup or ReachSetup(), seed, fabric, quiet=True)


def test_episodes_to_learn_from_are_none_to_choose_or_test_on(tmp_path: Path, fabric, pools) -> None:
    played = []
    for seed in (0, 1):
        setup = ReachSetup(randomization="full", per_frame=True)
        reach(tmp_path / str(seed), fabric, seed, setup).run()
        learning, validation = pools[-2:]
        assert (learning.about["randomization"], learning.about["per_frame"]) == ("full", True)
        assert "randomization" not in validation.about
        assert "look" not in validation.about
        seeds = [number for episode in learning.episodes for number in episode["seeds"]]
        assert len(set(seeds)) == len(seeds) == 3 * 2
        assert all(number in EPISODES for number in seeds)
        wanted = [VALIDATION_GOALS, VALIDATION_GOALS + 1]
        assert [episode["seeds"] for episode in validation.episodes] == [wanted] * 3
        played.append(set(seeds))
    assert not played[0] & played[1]
    assert max(TEST_GOALS, VALIDATION_GOALS) + 1000 < EPISODES.start


def test_only_what_is_learnt_from_explores(tmp_path: Path, fabric, pools) -> None:
    """The first round at random, the others as the preset says, here not at all."""
    learner = reach(tmp_path, fabric, noise=0.0, random=0.0).run()
    learning, validation = pools

    def greedy(pool: Pool, episode: dict[str, Any]) -> np.ndarray:
        seen = episode["observation"]
        return learner.act(seen["pixels"]["side"], scaled(seen["desired_goal"]))

    for pool, number in ((learning, 1), (learning, 2), (validation, 0), (validation, 2)):
        episode = pool.episodes[number]
        np.testing.assert_allclose(episode["actions"], [greedy(pool, episode)] * 4, atol=1e-5)
    first = learning.episodes[0]
    assert np.abs(np.array(first["actions"]) - greedy(learning, first)).mean() > 0.3
    noisy = reach(tmp_path / "noisy", fabric, noise=0.1, random=0.0).run()
    assert noisy is not learner
    learning, validation = pools[-2:]
    moved = np.std(learning.episodes[1]["actions"], axis=0).mean()
    assert 0.03 < moved < 0.3
    assert np.std(validation.episodes[1]["actions"], axis=0).max() < 1e-6


def test_the_test_is_of_test_goals_with_exact_depth(tmp_path: Path, fabric, pools) -> None:
    training = reach(tmp_path, fabric, setup=ReachSetup(depth=True, depth_noise=1.0, randomization="full"))
    episodes = training.evaluate(training.learner, look="target_b")
    assert [episode["seed"] for episode in episodes] == [TEST_GOALS, TEST_GOALS + 1]
    (pool,) = pools
    assert pool.episodes[0]["seeds"] == [TEST_GOALS, TEST_GOALS + 1]
    assert (pool.about["look"], pool.about["depth_noise"]) == ("target_b", 0.0)
    assert "randomization" not in pool.about
    training.evaluate(training.learner, depth_noise=1.0)
    assert pools[-1].about["depth_noise"] == 1.0


def test_images_of_known_positions_are_of_no_episode(tmp_path: Path, fabric, pools) -> None:
    setup = ReachSetup(initialized=True, initial_factor=2, randomization="lights")
    for seed in (0, 3):
        batches = reach(tmp_path / str(seed), fabric, seed, setup)._initial()
        first = FIRST_IMAGES + 100_000 * seed
        assert pools[-1].episodes[0]["seeds"] == list(range(first, first + 16))
        assert pools[-1].about["randomization"] == "lights"
        shown = pools[-1].episodes[0]["observation"]
        np.testing.assert_array_equal(batches.images.numpy(), shown["pixels"]["side"])
        np.testing.assert_array_equal(batches.labels.numpy(), scaled(shown["state"]))


def test_rehearsed_images_are_the_initial_ones(tmp_path: Path, fabric, monkeypatch) -> None:
    training = reach(tmp_path, fabric, setup=ReachSetup(initialized=True, rehearsed=True))
    given, update = [], training.learner.update
    monkeypatch.setattr(
        training.learner, "update", lambda batch, **more: given.append(more["labelled"]) or update(batch)
    )
    training.run()
    initial = reach(tmp_path / "again", fabric, setup=training.setup)._initial()
    assert len(given) == 3
    for step, (images, positions) in enumerate(given):
        expected = initial(step)
        torch.testing.assert_close(images, expected[0])
        torch.testing.assert_close(positions, expected[1])


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The phases that would have been trained, by name."""
    every: dict[str, Any] = {}
    monkeypatch.setattr(Trainer, "fit", lambda _, phase: every.update({phase.name: phase}))
    return every


def test_goggles_learn_from_the_look_s_images_beside_the_source_s(
    tmp_path: Path, fabric, pools, fitted, monkeypatch
) -> None:
    training = reach(tmp_path, fabric, 1, ReachSetup(randomization="full"))
    networks = training.learner.networks
    policy = ReachPolicy(networks["extractor"], networks["actor"], about_policy(training.setup, SMOKE))
    monkeypatch.setattr(ReachTraining, "policy", lambda _: policy)
    adaptation = Adaptation(training, "target_b")
    adaptation.goggles()
    adaptation.fine_tuned()
    assert [pool.about.get("look", "source") for pool in pools] == ["target_b", "source"] * 2
    assert {pool.about["randomization"] for pool in pools} == {"none"}
    firsts = [pool.episodes[0]["seeds"][0] for pool in pools]
    assert firsts == [TARGET_IMAGES + 100_000, SOURCE_IMAGES + 100_000] * 2
    few, many = (pool.episodes[0]["observation"]["pixels"]["side"] for pool in pools[:2])
    goggles, tuned = fitted["goggles"], fitted["fine_tuned"]
    assert goggles.task_model is policy.extractor
    for batches, images in (
        (goggles.inputs, few), (goggles.real, many), (tuned.data[0], few), (tuned.data[1], many)
    ):  # fmt: skip
        np.testing.assert_array_equal(batches.images.numpy(), images)
    assert len({batches.seed for batches in (goggles.inputs, goggles.real, *tuned.data)}) == 4


# picking and placing

PICKS = replace(
    PICK_PLACE_PRESETS["smoke"], size=36, learner=STILL, noise=0.0, random=0.0, extractor_episodes=2,
    privileged=Rounds(3, 1, 1e-12, 2), images=Rounds(3, 1, 1e-12, 2),
)  # fmt: skip


def picking(folder: Path, fabric, method: str, seed: int = 0) -> PickPlaceTraining:
    return PickPlaceTraining(folder, PICKS, SETUPS[method], seed, fabric, quiet=True)


@pytest.mark.parametrize("method", ["privileged", "images_randomized"])
def test_what_is_picked_to_learn_from_is_not_what_is_chosen_or_tested_on(
    tmp_path: Path, fabric, pools, method: str
) -> None:
    played = []
    for seed in (0, 1):
        training = picking(tmp_path / str(seed), fabric, method, seed)
        made = len(pools)
        training.run()
        *learning, validation = pools[made:]
        for pool in learning:
            assert pool.about["randomization"] == SETUPS[method].randomization
        assert "randomization" not in validation.about
        seeds = [n for pool in learning for episode in pool.episodes for n in episode["seeds"]]
        assert len(seeds) == len(set(seeds)) >= 8  # three rounds, the expert's, and the extractor's
        assert min(seeds) >= 1_000_000
        wanted = [VALIDATION_GOALS, VALIDATION_GOALS + 1]
        assert [e["seeds"] for e in validation.episodes] == [wanted] * 3  # before all, in between, at the end
        played.append(set(seeds))
        for number in (0, 2):
            shown = validation.episodes[number]["observation"]
            measured = features(shown["state"])[:, FEATURES - training.learner.measured :]
            greedy = training.learner.act(seen(shown), scaled(shown["desired_goal"]), measured)
            np.testing.assert_allclose(validation.episodes[number]["actions"], [greedy] * 4, atol=1e-5)
    assert not played[0] & played[1]


def test_picking_is_tested_on_test_goals_in_a_look(tmp_path: Path, fabric, pools) -> None:
    found = picking(tmp_path, fabric, "images_randomized").evaluate("target_b", TEST_GOALS)
    assert [one["seed"] for one in found] == [TEST_GOALS, TEST_GOALS + 1] == pools[0].episodes[0]["seeds"]
    assert pools[0].about["look"] == "target_b"
    assert "randomization" not in pools[0].about


def test_an_extractor_begins_with_what_images_can_tell(tmp_path: Path, fabric, pools, fitted) -> None:
    training = picking(tmp_path, fabric, "images")
    with torch.no_grad():
        for weight in training.learner.targets["extractor"].parameters():
            weight += 1
    training._initialize_extractor()
    (batches,) = fitted["extractor"].data
    episode = pools[0].episodes[0]
    assert batches.labels.shape == (2 * (PICKS.episode_steps // 2 + 1), PREDICTED)
    expected = features(episode["observation"]["state"])[:, :PREDICTED]
    np.testing.assert_array_equal(np.unique(batches.labels.numpy(), axis=0), np.unique(expected, axis=0))
    networks = training.learner.networks["extractor"], training.learner.targets["extractor"]
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        assert torch.equal(one, other)
