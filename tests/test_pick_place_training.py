"""Learning to pick and place: what networks see, demonstrations, exact resume, and the experiment's rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.base.files import read_json, remove, write_json
from crossgap.errors import CrossgapError, find
from crossgap.experiments.pick_place.presets import PICK_PLACE_PRESETS, SETUPS
from crossgap.experiments.pick_place.training import (
    VIEW,
    PickPlaceTraining,
    expert,
    features,
    new_pick_place_learner,
    seen,
)
from crossgap.experiments.pick_place.trial import PickPlaceTrial
from crossgap.experiments.xarm7.rollouts import judged, scaled
from crossgap.losses import cloning_loss
from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.networks.actor_critic import Actor, Critic
from crossgap.rl.collection import play
from crossgap.rl.learner import exploring
from crossgap.rl.off_policy import OffPolicy
from crossgap.rl.replay import Episode, Replay, Transitions, read_episodes, write_episodes
from crossgap.simulation.base.environments import Environments
from crossgap.simulation.xarm7 import XARM7_PICK_PLACE
from crossgap.simulation.xarm7.grasp import OPEN

SMOKE = PICK_PLACE_PRESETS["smoke"]


# what networks see


def test_features_by_hand() -> None:
    tool, cube = np.array([0.4, 0.0, 0.18]), np.array([0.55, 0.25, 0.33])
    found = features(np.concatenate([tool, [OPEN / 4], cube, [0.0, 0.1, -10.0]]))
    expected = [0, 0, 0, 1, 1, 1, 0, np.tanh(1), -1, -0.5]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32


def test_an_episode_holds_what_was_seen_done_and_achieved() -> None:
    for cameras, shape in ((("front", "side"), (4, 48, 48, 6)), ((), (4, 0))):
        envs = Environments(XARM7_PICK_PLACE, 2, size=48, cameras=cameras)
        episodes, infos = play(envs, expert, [1, 2], 3, VIEW)
        again, _ = envs.reset([1, 2])
        for index, episode in enumerate(episodes):
            assert episode.frames.shape == shape
            np.testing.assert_array_equal(episode.frames[0], seen(again)[index])
            np.testing.assert_array_equal(episode.states[0], features(again["state"])[index])
            np.testing.assert_array_equal(episode.achieved[0], scaled(again["achieved_goal"])[index])
            np.testing.assert_array_equal(episode.goal, scaled(again["desired_goal"])[index])
            assert set(infos[index]) >= {"is_success", "distance"}


def test_exploration_is_noise_and_some_random_actions() -> None:
    rng, observation = np.random.default_rng(0), {"state": np.zeros((4000, 10))}
    half = exploring(lambda _: np.full((4000, 4), 0.5), 0.1, 0.0, rng)(observation)
    assert half.mean() == pytest.approx(0.5, abs=0.01)
    assert half.std() == pytest.approx(0.1, abs=0.01)
    some = exploring(lambda _: np.full((4000, 4), 0.5), 0.0, 0.3, rng)(observation)
    assert (some != 0.5).any(1).mean() == pytest.approx(0.3, abs=0.03)


def test_a_policy_with_eyes_is_told_the_opening_alone() -> None:
    """Two states that look the same and differ in what only a simulator knows give the same action."""
    learner = new_pick_place_learner(SMOKE, SETUPS["images"], "cpu")
    state, pixels = np.zeros((2, 10)), np.zeros((2, 48, 48, 3), np.uint8)
    state[1, [0, 1, 2, 4, 5, 6, 7, 8, 9]] = 0.3
    observation = {
        "state": state,
        "pixels": {"front": pixels, "side": pixels},
        "desired_goal": np.full((2, 3), 0.2),
    }
    one, other = learner.policy(VIEW)(observation)
    np.testing.assert_allclose(one, other, atol=1e-6)
    state[1, 3] = 0.08
    one, other = learner.policy(VIEW)(observation)
    assert np.abs(one - other).max() > 1e-3


# demonstrations


class Constant(nn.Module):
    """A critic that prefers first action numbers near 1, or an actor that says one thing."""

    def __init__(self, value: float, outputs: int | None = None):
        super().__init__()
        self.value, self.outputs = nn.Parameter(torch.tensor(value)), outputs

    def forward(self, state: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        if self.outputs is None:
            return -(rest[-1][:, 0] - 1).square() + 0 * self.value
        return self.value * torch.ones(len(state), self.outputs)


def batch(actions: list[float]) -> Transitions:
    n = len(actions)
    point, action = np.zeros((n, 3), np.float32), np.zeros((n, 2), np.float32)
    action[:, 0] = actions
    nothing = np.zeros((n, 0), np.uint8)
    return Transitions(nothing, nothing, point, point, action, point, np.full(n, -1, np.float32))


def test_cloning_follows_only_what_the_critic_finds_better() -> None:
    """π says 0.25. Of the demonstrations 0.75 is better, 0 is worse; the first transition is none."""
    config = DDPGConfig(learning_rate=1e-2, action_cost=0.0)
    learner = AsymmetricDDPG(
        None, Constant(0.25, 2), Constant(0.0), config, -50.0, measured=3, cloning_weight=5.0
    )
    losses = learner.update(batch([0.9, 0.75, 0.0]), demonstrated=2)
    assert losses["cloning"] == pytest.approx((0.5**2 + 0.25**2) / 2)  # the second number should be 0
    assert losses["actor"] == pytest.approx(0.75**2)
    assert "bottleneck" not in losses
    assert "cloning" not in learner.update(batch([0.9, 0.75, 0.0]))


def test_the_q_filter_by_hand() -> None:
    actions, demonstrated = torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    assert cloning_loss(actions, demonstrated, torch.tensor([True, False])) == pytest.approx(5 / 2)
    assert cloning_loss(actions, demonstrated, torch.tensor([True, True])) == pytest.approx(7 / 2)


def test_demonstrations_teach_where_no_reward_was_ever_found() -> None:
    """Go to the goal, in one step, with a reward that no random action earns."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)

    def sparse(achieved: np.ndarray, goal: np.ndarray) -> np.ndarray:
        return -(np.linalg.norm(achieved - goal, axis=-1) > 0.05).astype(float)

    def replay(act) -> Replay:
        kept = Replay(10_000, 0.0, sparse)
        for _ in range(200):
            start, goal = rng.uniform(-0.5, 0.5, (2, 3)).astype(np.float32)
            action = act(start, goal).astype(np.float32)
            path = np.stack([start, start + action])
            kept.add(Episode(np.zeros((2, 0), np.uint8), path, path, action[None], goal))
        return kept

    own, shown = replay(lambda *_: rng.uniform(-1, 1, 3)), replay(lambda start, goal: goal - start)
    networks = Actor(3, 3, 3, 64), Critic(3, 3, 3, 64)
    config = DDPGConfig(discount=0.0, action_cost=0.0, learning_rate=3e-3)
    learner = AsymmetricDDPG(None, *networks, config, -1.0, measured=3, cloning_weight=10.0)
    for _ in range(400):
        learner.update(own.sample(64, rng) + shown.sample(32, rng), 32)
    start, goal = rng.uniform(-0.5, 0.5, (2, 200, 3)).astype(np.float32)
    reached = start + learner.act(np.zeros((200, 0), np.uint8), goal, start)
    assert np.linalg.norm(reached - goal, axis=1).mean() < 0.15


# training


def test_episodes_on_disk(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    episodes = [
        Episode(
            rng.integers(0, 255, (3, 4, 4, 3)).astype(np.uint8),
            *(rng.random((3, k)).astype(np.float32) for k in (10, 3)),
            rng.random((2, 4)).astype(np.float32),
            rng.random(3).astype(np.float32),
        )
        for _ in range(2)
    ]
    write_episodes(tmp_path / "some.npz", episodes)
    for one, other in zip(episodes, read_episodes(tmp_path / "some.npz"), strict=True):
        for part in ("frames", "states", "achieved", "actions", "goal"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
    (tmp_path / "some.npz").write_bytes(b"cut")
    for name, words in (("some.npz", "some.npz is damaged .* Delete"), ("none.npz", "No .*none.npz. Delete")):
        with pytest.raises(CrossgapError, match=words):
            read_episodes(tmp_path / name)


@pytest.mark.parametrize("method", ["privileged", "images_randomized"])
def test_a_training_that_was_killed_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch, fabric, method
) -> None:
    setup = SETUPS[method]

    def training(name: str) -> PickPlaceTraining:
        return PickPlaceTraining(tmp_path / name, SMOKE, setup, 3, fabric, quiet=True, workers=1)

    whole = training("whole").run()
    original = OffPolicy._learn

    def dies(self: OffPolicy, number: int, *rest) -> dict[str, torch.Tensor]:
        if number == 1:
            raise KeyboardInterrupt
        return original(self, number, *rest)

    monkeypatch.setattr(OffPolicy, "_learn", dies)
    with pytest.raises(KeyboardInterrupt):
        training("broken").run()
    monkeypatch.setattr(OffPolicy, "_learn", original)
    resumed = training("broken").run()
    for part in ("networks", "targets"):
        pairs = zip(getattr(whole, part).parameters(), getattr(resumed, part).parameters(), strict=True)
        assert all(torch.equal(one, other) for one, other in pairs)
    curves = [(tmp_path / name / "curve.jsonl").read_text() for name in ("whole", "broken")]
    assert curves[0] == curves[1]
    rows = [json.loads(line) for line in curves[0].splitlines()]
    assert [row["environment_steps"] for row in rows] == [0, 8, 16]
    assert (tmp_path / "whole" / "checkpoints" / "000002").is_dir()  # where runs of before have them
    files = {file: file.stat().st_ino for file in tmp_path.rglob("*")}
    monkeypatch.setattr("crossgap.rl.training.remove", None)  # a disk may be read-only
    over = training("whole").run()
    assert {file: file.stat().st_ino for file in tmp_path.rglob("*")} == files  # nothing was written
    pairs = zip(whole.networks.parameters(), over.networks.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_a_policy_with_eyes_begins_with_what_its_teacher_knows(tmp_path: Path, fabric) -> None:
    teacher = new_pick_place_learner(SMOKE, SETUPS["privileged"], "cpu")
    pupil = PickPlaceTraining(tmp_path, SMOKE, SETUPS["images"], 1, fabric, True, teacher).learner
    for networks in (pupil.networks, pupil.targets):
        for name in ("actor", "critic"):
            pairs = zip(networks[name].parameters(), teacher.networks[name].parameters(), strict=True)
            assert all(torch.equal(one, other) for one, other in pairs)


def test_the_experiment_from_nothing_to_rows_and_again(tmp_path: Path, fabric) -> None:
    preset = replace(SMOKE, methods=("privileged", "images"))
    rows = PickPlaceTrial(tmp_path, preset, 1, fabric, quiet=True).run()
    looks = ["source", "target_a", "target_b", "target_c"]
    success = {(row["method"], row["domain"]): row for row in rows if row["metric"] == "success"}
    assert list(success) == [("privileged", "source"), *(("images", look) for look in looks)]
    assert all(row["low"] <= row["value"] <= row["high"] and row["n"] == 2 for row in success.values())
    assert all(row["value"] > 0 for row in rows if row["metric"] == "distance")
    states = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.safetensors")}
    again = PickPlaceTrial(tmp_path, preset, 1, fabric, quiet=True)
    assert again.run() == rows
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.safetensors")} == states
    curve = [row for row in rows if row["metric"] == "validation_success"]
    assert [(row["method"], row["environment_steps"]) for row in curve] == [
        (method, steps) for method in preset.methods for steps in (0, 8, 16)
    ]
    played = again.episodes("images", "target_c")
    assert [one["seed"] for one in played] == [30_000, 30_001]
    both = again.run(("test", "fresh"))
    assert [row for row in both if "goals" not in row] == rows
    assert {row["domain"] for row in both if row.get("goals") == "fresh"} == set(looks)
    fresh = again.episodes("images", "target_c", "fresh")
    assert [one["seed"] for one in fresh] == [40_000, 40_001]
    assert success["images", "target_c"]["won"] == "".join(str(int(one["success"])) for one in played)
    about = tmp_path / "seed_1" / "privileged" / "setup.json"
    write_json(about, read_json(about) | {"demonstrations": False})
    with pytest.raises(CrossgapError, match="another training: demonstrations is false there, true here"):
        again.run()


def test_an_evaluation_is_of_the_setup_that_was_trained(tmp_path: Path, fabric, monkeypatch) -> None:
    class Training:
        curve: ClassVar[list[dict]] = [{"threads": 7}, {"threads": 3}]  # gone on with on three

        def run(self) -> None:
            pass

        def evaluate(self, look: str, first_goal: int) -> list[dict]:
            played.append(look)
            return [{"seed": first_goal, "success": True, "distance": 0.1}]

    played: list[str] = []
    experiment = PickPlaceTrial(tmp_path, SMOKE, 1, fabric, quiet=True)
    monkeypatch.setattr(experiment, "training", lambda _: Training())
    (episode,) = experiment.episodes("images", "target_a")
    assert episode["threads"] == judged([episode])["success"]["threads"] == 3
    assert experiment.episodes("images", "target_a") == [episode]
    assert len(played) == 1
    monkeypatch.setitem(SETUPS, "images", replace(SETUPS["images"], cameras=("side",)))
    experiment.episodes("images", "target_a")  # its folder was removed, as the message says
    assert len(played) == 2
    checkpoint = tmp_path / "seed_1" / "images" / "checkpoints" / "000002" / "state.json"
    for digest, plays in (("a", 3), ("a", 3), ("b", 4)):  # trained, and trained anew
        write_json(checkpoint, {"phase": "ddpg", "step": 2, "sha256": digest})
        experiment.episodes("images", "target_a")
        assert len(played) == plays
    remove(checkpoint.parents[1])  # to save space
    assert experiment.episodes("images", "target_a") == [episode]
    path = tmp_path / "seed_1" / "evaluation" / "images_target_a.json"
    write_json(path, [episode])
    write_json(checkpoint, {"phase": "ddpg", "step": 2})  # both of before there were digests
    assert experiment.episodes("images", "target_a") == [episode]
    assert len(played) == 4


def test_figures_by_hand() -> None:
    played = [{"seed": i, "success": i < 3, "distance": 0.01 * i} for i in range(4)]
    found = judged(played)
    assert found["success"]["value"] == 0.75
    assert found["success"]["won"] == "1110"
    assert found["distance"]["value"] == pytest.approx(0.015)
    assert found["distance"]["low"] < 0.015 < found["distance"]["high"]


def test_a_method_that_does_not_exist(tmp_path: Path, fabric) -> None:
    with pytest.raises(
        CrossgapError, match=r"Method 'magic' not found\. Available: images, images_randomized"
    ):
        PickPlaceTrial(tmp_path, replace(SMOKE, methods=("magic",)), 0, fabric)


def test_presets() -> None:
    for preset in PICK_PLACE_PRESETS.values():
        assert set(preset.methods) <= set(SETUPS)
    with pytest.raises(CrossgapError, match=r"Preset 'huge' not found\. Available: full, quick, smoke"):
        find("Preset", "huge", PICK_PLACE_PRESETS)
