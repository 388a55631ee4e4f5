"""The asymmetric actor-critic: its equations, its replay, and that it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.core.trainer import Metrics, read_metrics
from crossgap.errors import CrossgapError
from crossgap.losses import actor_loss, bottleneck_loss, critic_loss
from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.networks.actor_critic import Actor, Critic, PositionExtractor
from crossgap.rl.replay import Episode, Replay, Transitions

# equations


def test_losses_by_hand() -> None:
    worth, wanted = torch.tensor([-1.0, -3.0]), torch.tensor([-2.0, -1.0])
    assert critic_loss(worth, wanted) == pytest.approx((1 + 4) / 2)
    assert actor_loss(worth) == pytest.approx(2.0)
    predicted, state = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    assert bottleneck_loss(predicted, state) == pytest.approx((0 + 4 + 9) / 3)


class Constant(nn.Module):
    """A network that says one thing, with a weight that can learn."""

    def __init__(self, value: float, outputs: int | None = None):
        super().__init__()
        self.value, self.outputs = nn.Parameter(torch.tensor(value)), outputs

    def forward(self, first: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        ones = torch.ones(len(first)) if self.outputs is None else torch.ones(len(first), self.outputs)
        return self.value * ones


def constant_learner(**settings) -> AsymmetricDDPG:
    return AsymmetricDDPG(
        Constant(0.5, 3), Constant(0.25, 3), Constant(-2.0), DDPGConfig(**settings), lowest_return=-50.0
    )


def one_batch(n: int = 4, reward: float = -1.0) -> Transitions:
    frames, point = np.zeros((n, 8, 8, 3), np.uint8), np.zeros((n, 3), np.float32)
    return Transitions(frames, frames, point, point, point, point, np.full(n, reward, np.float32))


def test_an_update_follows_the_seed_s_equations() -> None:
    learner = constant_learner(discount=0.5, polyak=0.9, learning_rate=1e-2, action_cost=0.0)
    losses = learner.update(one_batch())
    # L_c = (−2 − (−1 + 0.5 · −2))² = 0; L_a = 2, of the critic's first answer; MSE = 0.5²
    assert losses == pytest.approx({"critic": 0.0, "actor": 2.0, "action_cost": 0.0625, "bottleneck": 0.25})
    extractor = learner.networks["extractor"].value.item()
    assert extractor == pytest.approx(0.49, abs=1e-4)  # Adam's first step down the bottleneck
    assert learner.targets["extractor"].value.item() == pytest.approx(0.9 * 0.5 + 0.1 * extractor)


def test_an_update_waits_for_no_number_and_a_row_for_all_at_once(monkeypatch, tmp_path) -> None:
    """On a GPU each would wait until all that is under way is done."""

    def waits(*_: object):
        raise AssertionError("reads a single number")

    learner = constant_learner(discount=0.5)
    with Metrics(tmp_path, "ddpg", 0) as metrics, monkeypatch.context() as patch:
        for read in ("item", "__float__", "__bool__"):
            patch.setattr(torch.Tensor, read, waits)
        metrics.add(learner.update(one_batch()))
        metrics.add(learner.update(one_batch(reward=-2.0)))
        metrics.flush(2)
    (row,) = read_metrics(tmp_path)
    assert row["critic"] == pytest.approx((0 + 1) / 2, abs=0.01)  # the second: (−2 − (−2 + 0.5 · −2))²
    assert row["actor"] == pytest.approx(2.0, abs=0.01)


def test_labelled_images_are_a_second_bottleneck() -> None:
    learner = constant_learner(discount=0.5, learning_rate=1e-2)
    labelled = torch.zeros(2, 3, 8, 8), torch.full((2, 3), 1.5)
    losses = learner.update(one_batch(), labelled=labelled)
    assert losses["bottleneck"] == pytest.approx(0.25)
    assert losses["labelled"] == pytest.approx(1.0)  # (0.5 − 1.5)²
    # the batch pulls f down with 2 · 0.5, the labelled images up with 2 · 1
    assert learner.networks["extractor"].value.item() == pytest.approx(0.51, abs=1e-4)


def test_without_the_bottleneck_the_extractor_has_no_other_teacher_than_the_critic() -> None:
    learner = constant_learner(bottleneck_weight=0.0)
    learner.update(one_batch())
    assert learner.networks["extractor"].value.item() == 0.5  # this critic and actor do not care


def test_targets_are_cut_to_what_a_return_can_be() -> None:
    for reward, wanted in ((-1000.0, -50.0), (7.0, 0.0)):
        losses = constant_learner(discount=0.5).update(one_batch(reward=reward))
        assert losses["critic"] == pytest.approx((-2.0 - wanted) ** 2)


def test_the_actor_does_not_move_the_critic() -> None:
    learner = constant_learner(discount=0.5, learning_rate=1e-2)
    learner.update(one_batch())  # the critic's own loss is 0 here
    assert learner.networks["critic"].value.item() == pytest.approx(-2.0)


# replay


def sparse(achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
    return -(np.abs(achieved - desired).max(-1) > 0.5).astype(float)


def episode(number: int, steps: int = 4) -> Episode:
    """Episode `number`: everything at moment t is 10 · number + t."""
    values = 10 * number + np.arange(steps + 1)
    points = np.repeat(values[:, None], 3, 1).astype(np.float32)
    frames = np.broadcast_to(values[:, None, None, None], (steps + 1, 2, 2, 3)).astype(np.uint8)
    return Episode(frames, points, points, points[:-1], np.full(3, -99, np.float32))


def test_transitions_belong_together_and_goals_are_later_achievements() -> None:
    replay = Replay(1000, 1.0, sparse)
    for number in range(5):
        replay.add(episode(number))
    batch = replay.sample(500, np.random.default_rng(0))
    at = batch.states[:, 0]
    np.testing.assert_array_equal(batch.frames[:, 0, 0, 0], at)
    np.testing.assert_array_equal(batch.next_frames[:, 0, 0, 0], at + 1)
    np.testing.assert_array_equal(batch.next_states[:, 0], at + 1)
    np.testing.assert_array_equal(batch.actions[:, 0], at)
    goal = batch.goals[:, 0]
    assert (goal > at).all()
    assert (goal // 10 == at // 10).all()  # of the same episode
    np.testing.assert_array_equal(batch.rewards, -(goal != at + 1).astype(float))
    assert set(at.astype(int) % 10) == {0, 1, 2, 3}
    assert set(goal.astype(int) % 10) == {1, 2, 3, 4}


def test_the_share_of_relabelled_goals() -> None:
    replay = Replay(1000, 0.8, sparse)
    replay.add(episode(1))
    goals = replay.sample(4000, np.random.default_rng(0)).goals[:, 0]
    assert (goals != -99).mean() == pytest.approx(0.8, abs=0.03)


def test_the_oldest_gives_way_and_no_frame_is_held_twice() -> None:
    replay = Replay(14, 0.0, sparse)  # two episodes of five frames
    for number in range(5):
        replay.add(episode(number))
        assert len(replay) == min(5 * (number + 1), 10)
    assert set(replay.sample(200, np.random.default_rng(0)).states[:, 0].astype(int) // 10) == {3, 4}


def test_episodes_that_cannot_be() -> None:
    replay, good = Replay(100, 0.0, sparse), episode(0)
    with pytest.raises(CrossgapError, match="the replay is empty"):
        replay.sample(1, np.random.default_rng(0))
    with pytest.raises(CrossgapError, match=r"4 steps needs 5 uint8 frames.*\[4, 5, 5\]"):
        replay.add(Episode(good.frames[1:], good.states, good.achieved, good.actions, good.goal))
    with pytest.raises(CrossgapError, match="not finite"):
        replay.add(Episode(good.frames, good.states * np.nan, good.achieved, good.actions, good.goal))
    replay.add(good)
    with pytest.raises(CrossgapError, match=r"frames \(5, 2, 2, 3\); got \(3, 2, 2, 3\)"):
        replay.add(episode(0, steps=2))
    with pytest.raises(CrossgapError, match="from 0 to 1; got 2"):
        Replay(10, 2.0, sparse)


# learning


def drawn(points: np.ndarray) -> np.ndarray:
    """Images (n, 36, 36, 3) of points (n, 2) in [-1, 1]: a bright disk at each."""
    grid = np.linspace(-1, 1, 36)
    distance = np.hypot(grid - points[:, :1, None], grid[:, None] - points[:, 1:, None])
    return np.repeat(np.where(distance < 0.25, 255, 20).astype(np.uint8)[..., None], 3, 3)


def test_it_learns_to_go_to_a_goal_in_one_step() -> None:
    """The point that the image shows should be moved to the goal, which takes one action."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    learner = AsymmetricDDPG(
        PositionExtractor(3, 36, 8, 2), Actor(2, 2, 2, 64), Critic(2, 2, 2, 64),
        DDPGConfig(batch=64, discount=0.0, action_cost=0.0), lowest_return=-4.0,
    )  # fmt: skip
    replay = Replay(10_000, 0.0, lambda achieved, goal: -np.linalg.norm(achieved - goal, axis=-1))

    def start(n: int) -> tuple[np.ndarray, np.ndarray]:
        return tuple(rng.uniform(-0.5, 0.5, (2, n, 2)).astype(np.float32))  # type: ignore[return-value]

    def distance() -> float:
        points, goals = start(200)
        return float(np.linalg.norm(points + learner.act(drawn(points), goals) - goals, axis=1).mean())

    before = distance()
    for _ in range(25):
        points, goals = start(40)
        noise = rng.normal(0, 0.3, (40, 2))
        actions = np.clip(learner.act(drawn(points), goals) + noise, -1, 1).astype(np.float32)
        images, after = drawn(points), points + actions
        last = drawn(after)
        for i in range(40):
            both = np.stack([points[i], after[i]])
            replay.add(Episode(np.stack([images[i], last[i]]), both, both, actions[i : i + 1], goals[i]))
        for _ in range(20):
            learner.update(replay.sample(64, rng))
    assert before > 0.4
    assert distance() < 0.15
