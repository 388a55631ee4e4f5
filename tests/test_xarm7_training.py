"""Learning to reach with the xArm7: what a policy sees, and exact resume."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crossgap.core.fabric import make_fabric
from crossgap.experiments.xarm7.presets import XARM7_PRESETS
from crossgap.experiments.xarm7.rollouts import VIEW, acting, frames_of, scaled, sparse_reward, unscaled
from crossgap.experiments.xarm7.setups import ReachSetup
from crossgap.experiments.xarm7.training import ReachTraining
from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.rl.collection import play
from crossgap.rl.off_policy import OffPolicy
from crossgap.simulation.base.workers import EnvironmentPool
from crossgap.simulation.xarm7 import XARM7_REACH
from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW

SMOKE = XARM7_PRESETS["smoke"]
FABRIC = make_fabric("cpu", "32-true")


def test_positions_are_scaled_to_the_workspace() -> None:
    np.testing.assert_allclose(
        scaled(np.stack([WORKSPACE_LOW, WORKSPACE_HIGH])), [[-1] * 3, [1] * 3], atol=1e-6
    )
    points = np.random.default_rng(0).uniform(WORKSPACE_LOW, WORKSPACE_HIGH, (5, 3))
    np.testing.assert_allclose(unscaled(scaled(points)), points, atol=1e-6)
    near, far = (points + np.array([0.0, 0.0, up]) for up in (0.049, 0.051))
    assert (sparse_reward(scaled(near), scaled(points)) == 0).all()
    assert (sparse_reward(scaled(far), scaled(points)) == -1).all()


def test_depth_joins_the_images_in_centimetres() -> None:
    pixels = {"front": np.full((2, 4, 4, 3), 9, np.uint8), "side": np.full((2, 4, 4, 3), 8, np.uint8)}
    depth = {"front": np.full((2, 4, 4), 1.234, np.float32), "side": np.full((2, 4, 4), 3.0, np.float32)}
    frames = frames_of({"pixels": pixels, "depth": depth})
    assert frames.dtype == np.uint8
    assert frames[0, 0, 0].tolist() == [9, 9, 9, 8, 8, 8, 123, 255]


class Towards:
    """A policy that knows what no real one does: it is told where it is by the test."""

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        del frames
        return np.tile([[1.0, 0, 0]], (len(goals), 1)).astype(np.float32)


def test_an_episode_holds_what_was_seen_done_and_reached() -> None:
    with EnvironmentPool(XARM7_REACH, 2, size=48) as pool:
        episodes, infos = play(pool, acting(Towards()), [1, 2], 3, VIEW)
        again, _ = pool.reset([1, 2])
    for index, episode in enumerate(episodes):
        assert episode.frames.shape == (4, 48, 48, 3)
        np.testing.assert_array_equal(episode.frames[0], again["pixels"]["side"][index])
        np.testing.assert_allclose(episode.states[0], scaled(again["state"])[index])
        np.testing.assert_allclose(episode.goal, scaled(again["desired_goal"])[index])
        moved = unscaled(episode.states)[:, 0]
        wanted = np.minimum(moved[0] + 0.05 * np.arange(4), WORKSPACE_HIGH[0])
        np.testing.assert_allclose(moved, wanted, atol=2e-3)
        distance = np.linalg.norm(unscaled(episode.states[-1]) - unscaled(episode.goal))
        assert infos[index]["distance"] == pytest.approx(distance, abs=1e-5)


def test_a_training_that_was_killed_ends_as_one_that_was_not(tmp_path: Path, monkeypatch) -> None:
    setup = ReachSetup(
        depth=True, depth_noise=1.0, cameras=("front", "side"), randomization="lights", initialized=True,
        curriculum=True, rehearsed=True,
    )  # fmt: skip
    whole = ReachTraining(tmp_path / "whole", SMOKE, setup, 3, FABRIC, quiet=True).run()
    broken = ReachTraining(tmp_path / "broken", SMOKE, setup, 3, FABRIC, quiet=True)
    original = OffPolicy._learn

    def dies(self: OffPolicy, number: int, *rest) -> dict[str, torch.Tensor]:
        if number == 1:
            raise KeyboardInterrupt
        return original(self, number, *rest)

    monkeypatch.setattr(OffPolicy, "_learn", dies)
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    monkeypatch.setattr(OffPolicy, "_learn", original)
    resumed = ReachTraining(tmp_path / "broken", SMOKE, setup, 3, FABRIC, quiet=True).run()
    for part in ("networks", "targets"):
        for one, other in zip(
            getattr(whole, part).parameters(), getattr(resumed, part).parameters(), strict=True
        ):
            assert torch.equal(one, other)
    curves = [(tmp_path / name / "curve.jsonl").read_text() for name in ("whole", "broken")]
    assert curves[0] == curves[1]
    assert [json.loads(line)["environment_steps"] for line in curves[0].splitlines()] == [8, 16]
    assert (tmp_path / "whole" / "checkpoints" / "asymmetric_ddpg" / "000002").is_dir()  # as ever


@pytest.mark.parametrize("rehearsed", [False, True])
def test_what_a_configuration_changes_reaches_the_training(tmp_path: Path, monkeypatch, rehearsed) -> None:
    setup = ReachSetup(initialized=True, rehearsed=rehearsed, randomization="full", per_frame=rehearsed)
    episodes = []
    monkeypatch.setattr("crossgap.rl.off_policy.write_episodes", lambda _, played: episodes.extend(played))
    ReachTraining(tmp_path, replace(SMOKE, rounds=1), setup, 0, FABRIC, quiet=True).run()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert ("labelled" in rows[-1]) == rehearsed
    changes = np.abs(np.diff(episodes[0].frames.astype(int), axis=0)).mean((1, 2, 3))
    assert changes.min() > 15 if rehearsed else changes.max() < 15  # looks last a frame, or an episode


def test_the_weight_of_the_bottleneck(tmp_path: Path) -> None:
    preset = replace(SMOKE, learner=DDPGConfig(batch=8, bottleneck_weight=2.0))
    for setup, weight in (
        (ReachSetup(), 2.0), (ReachSetup(bottleneck_factor=30.0), 60.0), (ReachSetup(bottleneck=False), 0.0)
    ):  # fmt: skip
        learner = ReachTraining(tmp_path, preset, setup, 0, FABRIC).learner
        assert learner.config.bottleneck_weight == weight
