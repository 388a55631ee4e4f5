"""QT-Opt: its equations by hand, its replay, that it learns, and that it goes on exactly where it was."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from crossgap.core.trainer import read_metrics
from crossgap.errors import CrossgapError
from crossgap.losses import bellman_target, q_loss
from crossgap.methods.qt_opt.config import QTOptConfig
from crossgap.methods.qt_opt.learner import IMAGES, LABELS, QTOpt
from crossgap.methods.qt_opt.training import QTOptTraining
from crossgap.networks import AddedActionQ
from crossgap.networks.q_functions import ImageQ
from crossgap.rl.collection import play, play_goals
from crossgap.rl.cross_entropy import ActionForm, Search
from crossgap.rl.lagged_targets import LaggedTargets
from crossgap.rl.learner import Loop
from crossgap.rl.off_policy import explored
from crossgap.rl.replay import Episode, Transitions, read_episodes, write_episodes
from crossgap.rl.rewarded import RewardedReplay, discounted
from crossgap.rl.scripted import scripted_episodes
from toy_bins import VIEW, Script, half_aimed, script, toy_learner, toy_world

LOOP = Loop(
    rounds=20, updates=30, batch=32, environments=20, episode_steps=4, noise=0.1, random=(0.05, 0.05),
    replay=10_000, relabelled=0, goals=100, evaluate_every=20, evaluate_first=True, demonstrated=32,
    offline=6,
)  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """Nothing varies."""


# equations


def test_the_bellman_target_by_hand() -> None:
    reward, value = torch.tensor([-0.05, 1.0, 0.0, 0.3, -0.05]), torch.tensor([0.5, 0.9, 0.9, 1.0, 0.01])
    ended = torch.tensor([False, True, True, False, False])
    # 0.9 · 0.5 − 0.05; ended: the reward; 0.3 + 0.9 cut to 1; 0.009 − 0.05 cut to 0
    assert bellman_target(reward, ended, value, 0.9).tolist() == pytest.approx([0.4, 1, 0, 1, 0])


def test_the_loss_by_hand() -> None:
    logits = torch.tensor([0.0, math.log(3)], requires_grad=True)  # Q = 0.5 and 0.75
    loss = q_loss(logits, torch.tensor([1.0, 0.2]))
    assert loss.item() == pytest.approx((-math.log(0.5) - 0.2 * math.log(0.75) - 0.8 * math.log(0.25)) / 2)
    loss.backward()
    assert logits.grad.tolist() == pytest.approx([(0.5 - 1) / 2, (0.75 - 0.2) / 2])  # σ − y, a mean


def test_returns_by_hand() -> None:
    assert discounted(np.array([-0.05, -0.05, 1.0]), 0.9).tolist() == pytest.approx([0.715, 0.85, 1.0])
    assert discounted(np.array([0.5]), 0.1).tolist() == [0.5]


class Constant(ImageQ):
    """Worth as much whatever happens, plus an action's first number."""

    def __init__(self, worth: float):
        super().__init__()
        self.worth = nn.Parameter(torch.tensor(worth))

    def see(self, images: Tensor) -> Tensor:
        return images

    def judge(self, seen: Tensor, numbers: Tensor, actions: Tensor) -> Tensor:
        return self.worth + 0 * seen.sum((1, 2, 3))[:, None] + actions[..., 0]


def test_the_first_target_is_a_mean_and_the_second_lags_behind_it() -> None:
    critic, means, lagged = Constant(0.0), [0.0], []
    targets = LaggedTargets(critic, polyak=0.5, lag=3)
    for step in range(1, 10):
        critic.worth.data.fill_(step)
        targets.follow(critic)
        means.append(0.5 * means[-1] + 0.5 * step)
        lagged.append(targets.lagged.worth.item())
        assert targets.mean.worth.item() == pytest.approx(means[-1])
    # from 3 to 6 updates behind: after 3, 4, 5 as at 0; after 6, 7, 8 as at 3; after 9 as at 6
    assert lagged == pytest.approx([0.0] * 5 + [means[3]] * 3 + [means[6]])
    assert targets.updates == 9


def value(mean: float, lagged: float) -> float:
    targets = LaggedTargets(Constant(mean), 0.9, 10)
    targets.lagged.worth.fill_(lagged)
    generator = torch.Generator().manual_seed(0)
    search = Search(64, 6, 6)
    seen = torch.zeros(2, 3, 4, 4), torch.zeros(2, 1)
    first, second = targets.value(*seen, search, ActionForm(1), generator).tolist()
    assert first == pytest.approx(second, abs=0.01)
    return first


def test_a_state_s_value_is_the_smaller_of_both_at_the_first_one_s_best_action() -> None:
    def sigmoid(logit: float) -> float:
        return 1 / (1 + math.exp(-logit))

    assert value(0.5, -1.0) == pytest.approx(sigmoid(-1.0 + 1), abs=0.01)  # the best action is 1
    assert value(-2.0, 3.0) == pytest.approx(sigmoid(-2.0 + 1), abs=0.01)


def batch_of(rewards: list[float], returns: list[float], ended: list[bool]) -> Transitions:
    n = len(rewards)
    frames, numbers = np.zeros((n, 4, 4, 3), np.uint8), np.zeros((n, 1), np.float32)
    real = np.array(rewards, np.float32), np.array(ended), np.array(returns, np.float32)
    return Transitions(frames, frames, numbers, numbers, np.zeros((n, 1), np.float32), numbers[:, :0], *real)


def test_targets_are_returns_first_and_then_a_mixture_by_hand() -> None:
    config = QTOptConfig(
        discount=0.9, monte_carlo_updates=2, monte_carlo_share=0.25, target_search=Search(64, 6, 6)
    )
    learner = QTOpt(Constant(-1.0), ActionForm(1), config)
    batch = batch_of([-0.05, 1.0, -0.05], [0.6, 1.0, -0.3], [False, True, False])
    for update in (0, 1):
        assert learner.label(batch, update).tolist() == pytest.approx([0.6, 1.0, 0.0])
    td = 0.9 * 0.5 - 0.05  # V = σ(−1 + 1)
    expected = [0.25 * 0.6 + 0.75 * td, 1.0, 0.75 * td]
    assert learner.label(batch, 2).tolist() == pytest.approx(expected, abs=0.005)


def test_where_every_episode_has_ended_nothing_is_searched() -> None:
    learner = QTOpt(Constant(0.0), ActionForm(1), QTOptConfig(monte_carlo_updates=0))
    learner.targets = None  # type: ignore[assignment]
    assert learner.label(batch_of([1.0, 0.0], [1.0, 0.0], [True, True]), 5).tolist() == [1.0, 0.0]


def test_exploration_by_hand() -> None:
    learner = QTOpt(Constant(0.0), ActionForm(2, 1, 1), QTOptConfig(), flipped=0.25)
    action = np.tile(np.array([0.5, -0.5, 0.0, 1.0, -1.0], np.float32), (20_000, 1))

    def explored(noise: float, random: float) -> np.ndarray:
        return learner.exploring(lambda _: action, noise, random, np.random.default_rng(0))({})

    assert np.array_equal(explored(0.0, 0.0), action)
    noisy = explored(0.1, 0.0)
    assert (noisy[:, 4] == -1).all()
    assert np.std(noisy[:, 0]) == pytest.approx(0.1, rel=0.03)
    assert np.abs(noisy).max() <= 1
    some = explored(0.0, 0.2)
    other = (some[:, :4] != action[:, :4]).any(1)
    assert other.mean() == pytest.approx(0.2, abs=0.01)
    assert (some[other, 4] == 1).mean() == pytest.approx(0.25, abs=0.03)
    assert some[other, 0].mean() == pytest.approx(0, abs=0.03)
    assert np.hypot(some[:, 2], some[:, 3]) == pytest.approx(1)


def test_images_are_distorted_anew_at_every_update() -> None:
    seen: list[Tensor] = []

    class Watching(Constant):
        def see(self, images: Tensor) -> Tensor:
            seen.append(images)
            return super().see(images)

    batch = batch_of([1.0, 0.0], [1.0, 0.0], [True, True])
    for strength in (0.0, 0.5):
        learner = QTOpt(Watching(0.0), ActionForm(1), QTOptConfig(photometric=strength))
        for _ in range(2):
            learner.update(batch)
    plain, again, first, second = seen
    assert (plain == -1).all()
    assert torch.equal(plain, again)
    assert (first - plain).abs().mean() > 0.01
    assert not torch.equal(first, second)


def test_every_update_s_search_and_distortion_have_numbers_of_their_own() -> None:
    seeds = [
        learner._random(update, stream).initial_seed()
        for seed in (0, 1, 2**31)
        for learner in (QTOpt(Constant(0.0), ActionForm(1), QTOptConfig(), seed=seed).twin("cpu"),)
        for update in range(5) for stream in (LABELS, IMAGES)
    ]  # fmt: skip
    assert len(set(seeds)) == 30, "of every seed, too"
    assert max(seeds) < 2**32, "a CPU's generator would drop what is more"


def test_the_first_round_that_plays_is_the_more_random_one(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, world, shares = toy_learner(1), toy_world(1), []
    act = learner.policy(world.view)
    monkeypatch.setattr(learner, "exploring", lambda act, noise, random, rng: shares.append(random) or act)
    loop = replace(LOOP, offline=2, random=(0.9, 0.1), episode_steps=1)
    for number in (2, 3, 4):
        explored(world.pool(2), act, learner, world, loop, number, 2, np.random.default_rng(0))
    assert shares == [0.9, 0.1, 0.1]


# replay


def episode(length: int, start: int = 0, reward: float = 1.0) -> Episode:
    frames = (
        np.full((length + 1, 2, 2, 3), start, np.uint8)
        + np.arange(length + 1, dtype=np.uint8)[:, None, None, None]
    )
    states = frames[:, 0, 0, :1].astype(np.float32)
    rewards = np.array([-0.05] * (length - 1) + [reward], np.float32)
    return Episode(frames, states, states[:, :0], states[:-1], states[0, :0], rewards)


def test_every_transition_is_as_likely_and_knows_its_return_and_its_end() -> None:
    replay = RewardedReplay(100, 0.9)
    replay.add(episode(1, 10))
    replay.add(episode(3, 20))
    batch = replay.sample(4000, np.random.default_rng(0))
    starts, counts = np.unique(batch.frames[:, 0, 0, 0], return_counts=True)
    assert starts.tolist() == [10, 20, 21, 22]
    assert counts == pytest.approx(1000, abs=120)
    assert (batch.next_frames == batch.frames + 1).all()
    assert (batch.actions == batch.states).all()
    found = {
        int(frame): (float(reward), bool(ended), round(float(returned), 4))
        for frame, reward, ended, returned in zip(
            batch.frames[:, 0, 0, 0], batch.rewards, batch.ended, batch.returns, strict=True
        )
    }
    step = float(np.float32(-0.05))
    assert found == {
        10: (1.0, True, 1.0), 20: (step, False, 0.715), 21: (step, False, 0.85), 22: (1.0, True, 1.0)
    }  # fmt: skip


def test_the_oldest_episodes_give_way() -> None:
    replay = RewardedReplay(10, 0.9)
    for start in (10, 20, 30, 40):
        replay.add(episode(3, start))  # four frames each
    firsts = replay.sample(300, np.random.default_rng(0)).frames[:, 0, 0, 0] // 10
    assert set(firsts.tolist()) == {3, 4}
    assert len(replay) == 8
    replay.add(episode(1, 50))  # two frames more
    assert len(replay) == 10
    replay.add(episode(7, 60))  # eight: it and the newest one
    assert len(replay) == 10
    assert set((replay.sample(300, np.random.default_rng(0)).frames[:, 0, 0, 0] // 10).tolist()) == {5, 6}


def test_episodes_of_different_lengths_in_a_file(tmp_path: Path) -> None:
    episodes = [episode(1, 10), episode(4, 20, 0.0), episode(2, 30)]
    write_episodes(tmp_path / "some.npz", episodes)
    for one, other in zip(episodes, read_episodes(tmp_path / "some.npz"), strict=True):
        for name in ("frames", "states", "achieved", "actions", "goal", "rewards"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_what_a_replay_does_not_take() -> None:
    with pytest.raises(CrossgapError, match=r"needs as many finite rewards"):
        RewardedReplay(10, 0.9).add(replace(episode(2), rewards=np.zeros(1, np.float32)))
    with pytest.raises(CrossgapError, match=r"needs as many finite rewards"):
        RewardedReplay(10, 0.9).add(episode(2, reward=math.nan))
    with pytest.raises(CrossgapError, match=r"a discount from 0 to 1; got 1\.5"):
        RewardedReplay(10, 1.5)
    with pytest.raises(CrossgapError, match="the replay is empty"):
        RewardedReplay(10, 0.9).sample(1, np.random.default_rng(0))
    replay = RewardedReplay(10, 0.9)
    replay.add(episode(1))
    with pytest.raises(CrossgapError, match=r"have frames \(2, 2, 3\); got \(2, 4, 3\)"):
        replay.add(replace(episode(1), frames=np.zeros((2, 2, 4, 3), np.uint8)))


def test_an_episode_that_ends_by_itself_is_as_short_as_it_was() -> None:
    world, rng = toy_world(4), np.random.default_rng(0)
    with world.pool(50) as pool:
        episodes, infos = play(pool, Script(4, rng), range(50), 4, world.view)
    lengths = [len(one.actions) for one in episodes]
    assert set(lengths) == {3, 4}
    for one, info in zip(episodes, infos, strict=True):
        assert len(one.frames) == len(one.states) == len(one.actions) + 1
        assert one.rewards[:-1].tolist() == pytest.approx([-0.05] * (len(one.actions) - 1))
        assert one.rewards[-1] == info["is_success"]
    with world.pool(50) as pool:  # all ends at once: nothing is played after that
        ended = np.tile(np.array([0, 0, 0, 0, 1, 1, 1], np.float32), (50, 1))
        episodes, _ = play(pool, lambda _: ended, range(50), 4, world.view)
    assert {len(one.actions) for one in episodes} == {1}


# training


def training(folder: Path, fabric: Any, steps: int, loop: Loop, **settings: Any) -> QTOptTraining:
    world = toy_world(steps)

    def recorded() -> list[Episode]:
        return scripted_episodes(folder / "scripted", world, script(steps), 400, steps, 100, 0, True)

    learner = toy_learner(steps, **settings)
    return QTOptTraining(folder, learner, world, loop, recorded, Setup(), 0, fabric, True)


def test_it_learns_to_grasp_by_one_decision_from_scripted_grasps_alone(tmp_path: Path, fabric) -> None:
    loop = replace(LOOP, rounds=2, updates=60, episode_steps=1, offline=2, goals=200, evaluate_every=2)
    learnt = training(tmp_path, fabric, 1, loop)
    learnt.run()
    scripted = learnt.recorded()
    assert np.mean([one.rewards[-1] for one in scripted]) < 0.45
    assert learnt.curve[0]["success"] < 0.2
    assert learnt.curve[-1]["success"] > 0.9
    assert [point["environment_steps"] for point in learnt.curve] == [0, 0]  # it has only watched
    assert not (tmp_path / "replay").exists()


def test_it_learns_to_grasp_by_many_steps(tmp_path: Path, fabric) -> None:
    learnt = training(tmp_path, fabric, 4, LOOP)
    learnt.run()
    scripted = np.mean([one.rewards[-1] == 1 for one in learnt.recorded()])
    assert scripted < 0.45
    assert learnt.curve[0]["success"] < 0.2
    assert learnt.curve[-1]["success"] > 0.8
    rows = read_metrics(tmp_path)
    assert rows[-1]["worth"] == pytest.approx(rows[-1]["wanted"], abs=0.05)


def test_the_paper_s_critic_learns_too(tmp_path: Path) -> None:
    """It needs more grasps, and some that are nowhere near an object."""
    world = toy_world(1, 32)
    torch.manual_seed(0)
    config = QTOptConfig(learning_rate=1e-3, polyak=0.9, photometric=0.2)
    learner = QTOpt(AddedActionQ(6, 5, 32, 16, 32, 48), ActionForm(3, 1), config)
    replay, rng = RewardedReplay(30_000, 0.9), np.random.default_rng(0)
    for one in scripted_episodes(tmp_path, world, half_aimed, 10_000, 1, 1000, 0, True):
        replay.add(one)
    for _ in range(500):
        learner.update(replay.sample(64, rng))
    _, ends = play_goals(world.pool(200), learner.policy(VIEW), range(200), 1, VIEW)
    assert np.mean([end["success"] for end in ends]) > 0.8


def test_a_training_that_was_killed_ends_as_one_that_was_not(tmp_path: Path, fabric) -> None:
    loop = replace(LOOP, rounds=6, updates=4, offline=2, goals=10, evaluate_every=3, environments=6)
    about: dict[str, Any] = {"monte_carlo_updates": 6, "lag": 5}

    def fit(name: str, dies_at: int | None = None) -> list[dict[str, Any]]:
        made = training(tmp_path / name, fabric, 4, loop, **about)
        update, count = made.learner.update, [0]

        def dies(*batch: Any, **more: Any) -> dict[str, Tensor]:
            count[0] += 1
            if count[0] == dies_at:
                raise KeyboardInterrupt
            return update(*batch, **more)

        made.learner.update = dies  # type: ignore[method-assign]
        made.run()
        return made.curve

    whole = fit("whole")
    assert [(point["round"], point["environment_steps"]) for point in whole] == [(0, 0), (3, 24), (6, 96)]
    for dies_at in (3, 15):  # in the first round, and in the fourth that it then comes to, which has played
        with pytest.raises(KeyboardInterrupt):
            fit("broken", dies_at)
    assert fit("broken") == whole
    last = "checkpoints/qt_opt/000006/state.safetensors"
    weights, others = load_file(tmp_path / "whole" / last), load_file(tmp_path / "broken" / last)
    assert "extra.lagged.map.skip.weight" in weights
    assert int(weights["extra.updates"]) == 24
    assert all(torch.equal(weights[key], others[key]) for key in weights | others)
    assert read_metrics(tmp_path / "whole") == read_metrics(tmp_path / "broken")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"discount": 1.1}, "discount is a number from 0 to 1; got 1.1"),
        ({"monte_carlo_share": -0.1}, "monte_carlo_share is a number from 0 to 1"),
        ({"lag": 0}, "lag is at least 1; got 0"),
        ({"learning_rate": math.nan}, "learning_rate is a number from 0 on; got nan"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(CrossgapError, match=words):
        QTOptConfig(**settings)
