"""The off-policy loop, in a world of points that one action moves: no simulator, actions of any size."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from crossgap.core.trainer import Trainer, read_metrics
from crossgap.errors import CrossgapError
from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.networks.actor_critic import Actor, Critic
from crossgap.rl.collection import VALIDATION_GOALS, Act, Observation, View, World, stream
from crossgap.rl.learner import Learner, Loop, QFunction
from crossgap.rl.off_policy import OffPolicy
from crossgap.rl.replay import Episode, Replay, Transitions

LOOP = Loop(
    rounds=6, updates=60, batch=64, environments=32, episode_steps=1, noise=0.3, random=(1.0, 0.1),
    replay=10_000, relabelled=0.0, goals=50, evaluate_every=3, evaluate_first=True,
)  # fmt: skip


class Points:
    """Points that an action moves by as much; a third of its size is what an image shows of them."""

    def __init__(self, count: int, size: int):
        self.count, self.size = count, size

    def __enter__(self) -> Points:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def reset(self, seeds, options=None):
        assert len(seeds) == self.count
        rngs = [np.random.default_rng(int(seed)) for seed in seeds]
        self.at, self.goal = (np.stack([rng.uniform(-0.5, 0.5, self.size) for rng in rngs]) for _ in "ag")
        return self._shown()

    def step(self, actions: np.ndarray):
        assert actions.shape == (self.count, self.size)
        assert actions.dtype == np.float32
        self.at = self.at + actions
        return self._shown()

    def _shown(self):
        distance = np.linalg.norm(self.at - self.goal, axis=1)
        infos = [{"is_success": bool(far < 0.2), "distance": float(far)} for far in distance]
        return {"at": self.at.astype(np.float32), "goal": self.goal.astype(np.float32)}, infos


class Plane(World):
    """Such points, in place of a pool of environments."""

    def pool(self, count: int, **about: Any) -> Any:
        return Points(count, self.seen["size"])


VIEW = View(lambda o: np.zeros((len(o["at"]), 0), np.uint8), *(lambda o: o["at"],) * 2, lambda o: o["goal"])


def nearness(achieved: np.ndarray, goal: np.ndarray) -> np.ndarray:
    return -np.linalg.norm(achieved - goal, axis=-1)


def plane(size: int, view: View = VIEW, reward=nearness) -> Plane:
    return Plane("points", view, reward, {"size": size})


def ddpg(size: int) -> AsymmetricDDPG:
    torch.manual_seed(0)
    networks = Actor(size, size, size, 64), Critic(size, size, size, 64)
    config = DDPGConfig(discount=0.0, action_cost=0.0, learning_rate=3e-3)
    return AsymmetricDDPG(None, *networks, config, -10.0, measured=size)


def phase(folder: Path, learner: Learner, world: World, loop: Loop = LOOP, **more: Any) -> OffPolicy:
    told: list[tuple[int, float]] = []

    def watch(rounds: int, episodes: list[dict[str, Any]]) -> None:
        assert [one["seed"] for one in episodes] == [VALIDATION_GOALS + n for n in range(loop.goals)]
        told.append((rounds, float(np.mean([one["distance"] for one in episodes]))))

    found = OffPolicy(folder, learner, world, loop, 3, watch, **more)
    found.told = told  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("size", [1, 7])
def test_it_learns_to_go_to_a_goal_with_actions_of_any_size(tmp_path: Path, fabric, size: int) -> None:
    loop = replace(LOOP, updates=30 * (1 + size), environments=64, relabelled=0.5)
    training = phase(tmp_path, ddpg(size), plane(size), loop)
    Trainer(tmp_path, fabric, quiet=True).fit(training)
    (first, before), (middle, _), (last, after) = training.told
    assert (first, middle, last) == (0, 3, 6)
    assert training.learner.phase is None  # else the replay would stay as long as the learner
    assert after < 0.4 * before
    rows = read_metrics(tmp_path)
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["critic"] < rows[0]["critic"]


def test_a_training_that_was_killed_in_a_round_ends_as_one_that_was_not(tmp_path: Path, fabric) -> None:
    def fit(name: str, dies_at: int | None = None) -> OffPolicy:
        training = phase(tmp_path / name, ddpg(2), plane(2), replace(LOOP, updates=3))
        learn = training._learn

        def dies(number: int, rng: np.random.Generator) -> dict[str, Tensor]:
            if number == dies_at:
                raise KeyboardInterrupt
            return learn(number, rng)

        training._learn = dies  # type: ignore[method-assign]
        Trainer(tmp_path / name, fabric, quiet=True).fit(training)
        return training

    whole = fit("whole")
    with pytest.raises(KeyboardInterrupt):
        fit("broken", 4)  # what that round has played is there already
    rest = fit("broken")
    assert [rounds for rounds, _ in rest.told] == [6]
    assert rest.told == whole.told[-1:]
    weights = [
        load_file(tmp_path / name / "checkpoints/asymmetric_ddpg/000006/state.safetensors")
        for name in ("whole", "broken")
    ]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0] | weights[1])
    assert read_metrics(tmp_path / "whole") == read_metrics(tmp_path / "broken")
    again = phase(tmp_path / "whole", ddpg(2), plane(2), replace(LOOP, updates=3))
    again.world = None  # type: ignore[assignment]  # what is over needs no environments
    Trainer(tmp_path / "whole", fabric, quiet=True).fit(again)
    assert torch.equal(
        again.networks["actor"].net[0].weight, whole.networks["actor"].net[0].weight
    )  # fmt: skip


def test_the_learning_rate_falls_over_the_second_half(tmp_path: Path, fabric) -> None:
    learner, found = ddpg(1), []
    update = learner.update

    def noting(*batch: Any) -> dict[str, Tensor]:
        found.append([one.param_groups[0]["lr"] for one in learner.optimizers.values()])
        return update(*batch)

    learner.update = noting  # type: ignore[method-assign]
    training = phase(tmp_path, learner, plane(1), replace(LOOP, rounds=4, updates=1))
    Trainer(tmp_path, fabric, quiet=True).fit(training)
    np.testing.assert_allclose(np.array(found) / 3e-3, [[1, 1], [1, 1], [1, 1], [0.5, 0.5]])


def test_a_share_of_every_batch_is_the_expert_s(tmp_path: Path, fabric) -> None:
    shown, given = Replay(100, 0.0, nearness), []
    points, _ = Points(4, 2).reset(range(4))
    for at, goal in zip(points["at"], points["goal"], strict=True):
        path = np.stack([at, goal])
        shown.add(Episode(np.zeros((2, 0), np.uint8), path, path, (goal - at)[None], goal))
    learner = ddpg(2)
    learner.update = lambda batch, demonstrated: given.append((batch, demonstrated)) or {}  # type: ignore
    loop = replace(LOOP, rounds=1, updates=2, demonstrated=5)
    Trainer(tmp_path, fabric, quiet=True).fit(
        phase(tmp_path, learner, plane(2), loop, demonstrations=shown)
    )  # fmt: skip
    for batch, demonstrated in given:
        assert (len(batch.actions), demonstrated) == (64 + 5, 5)
        assert (batch.rewards[-5:] == 0).all()
        assert (batch.rewards[:-5] < 0).all()
    assert len(given) == 2


# a critic of another kind: Q(image, action), and a policy that looks for the best action


def drawn(observation: Observation) -> np.ndarray:
    """An image (n, 12, 12, 3) per point, as bright as where its goal is from it: left and up are dark."""
    way = np.clip(127.5 + 127.5 * (observation["goal"] - observation["at"]), 0, 255)
    image = np.zeros((len(way), 12, 12, 3), np.uint8)
    image[..., : way.shape[1]] = way[:, None, None].astype(np.uint8)
    return image


class ImageCritic(nn.Module):
    """Q(image, action): the action joins what the image says."""

    def __init__(self, actions: int):
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(3, 8, 12), nn.Flatten())
        self.head = nn.Sequential(nn.Linear(8 + actions, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, image: Tensor, action: Tensor) -> Tensor:
        return self.head(torch.cat([self.image(image / 127.5 - 1), action], 1))[:, 0]


def best_action(q: QFunction, *state: Tensor, actions: int, generator: torch.Generator) -> Tensor:
    """Cross-entropy maximisation: 64 samples, the best 6, three times."""
    n = len(state[0])
    mean, spread = torch.zeros(n, 1, actions), torch.ones(n, 1, actions)
    for _ in range(3):
        tried = (mean + spread * torch.randn(n, 64, actions, generator=generator)).clamp(-1, 1)
        many = [part.repeat_interleave(64, 0) for part in state]
        worth = q(*many, tried.flatten(0, 1)).view(n, 64)
        elite = tried.gather(1, worth.topk(6).indices[..., None].expand(-1, -1, actions))
        mean, spread = elite.mean(1, keepdim=True), elite.std(1, keepdim=True)
    return mean[:, 0]


class Searching(Learner):
    """As QT-Opt, of one step: one network, and no actor."""

    def __init__(self, actions: int):
        self.name, self.actions, self.learning_rate = "searching", actions, 3e-3
        self.networks = nn.ModuleDict({"q": ImageCritic(actions)})
        self.optimizers = {"q": torch.optim.Adam(self.networks.parameters(), 3e-3)}

    def policy(self, view: View) -> Act:
        @torch.no_grad()
        def act(observation: Observation) -> np.ndarray:
            image = torch.from_numpy(view.frames(observation)).permute(0, 3, 1, 2).float()
            generator = torch.Generator().manual_seed(0)
            return best_action(
                self.networks["q"], image, actions=self.actions, generator=generator
            ).numpy()  # fmt: skip

        return act

    def update(self, batch: Transitions, demonstrated: int = 0, labelled=None) -> dict[str, Tensor]:
        image = torch.from_numpy(batch.frames).permute(0, 3, 1, 2).float()
        worth = self.trained["q"](image, torch.from_numpy(batch.actions))
        loss = binary_cross_entropy_with_logits(worth, torch.from_numpy(batch.rewards))
        self.descend("q", loss)
        return {"cross_entropy": loss.detach()}


def test_a_critic_that_sees_images_and_a_policy_that_searches_fit(tmp_path: Path, fabric) -> None:
    torch.manual_seed(0)
    view = View(drawn, VIEW.states, VIEW.achieved, VIEW.goals)
    world = plane(2, view, lambda achieved, goal: np.exp(2 * nearness(achieved, goal)))
    loop = replace(LOOP, updates=100, environments=64)
    training = phase(tmp_path, Searching(2), world, loop)
    Trainer(tmp_path, fabric, quiet=True).fit(training)
    before, *_, after = (distance for _, distance in training.told)
    assert after < 0.5 * before
    names = load_file(tmp_path / "checkpoints/searching/000006/state.safetensors").keys()
    assert "network.q.head.0.weight" in names
    assert not any(name.startswith("extra.") for name in names)


# several devices


def test_every_device_has_its_own_numbers_and_the_first_those_of_one_alone() -> None:
    draws = [stream(1, 2, rank).random(3).tolist() for rank in range(3)]
    assert draws[0] == np.random.default_rng([1, 2]).random(3).tolist()
    assert len({tuple(draw) for draw in draws}) == 3


@pytest.fixture
def one_of(fabric) -> Any:
    """`one_of(count, rank)`: one of several devices; nothing is averaged."""

    class One:
        def __init__(self, count: int, rank: int = 0):
            self.world_size, self.global_rank, self.is_global_zero = count, rank, not rank

        def __getattr__(self, name: str) -> Any:
            return getattr(fabric, name)

    return One


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"environments": 3}, "'environments' is 3 on 2 processes"),
        ({"batch": 5}, "'batch' is 5 on 2 processes"),
        ({"demonstrated": 1}, "'demonstrated' is 1 on 2 processes"),
    ],
)
def test_what_cannot_be_shared_is_refused(tmp_path: Path, one_of, change, words) -> None:
    phase(tmp_path, ddpg(1), plane(1)).setup(one_of(2, 1))
    with pytest.raises(CrossgapError, match=words):
        phase(tmp_path, ddpg(1), plane(1), replace(LOOP, **change)).setup(one_of(2, 1))


def stops(folder: Path, fabric: Any, at: int, loop: Loop) -> None:
    """A training of this size that is interrupted while it learns from that round."""
    training = phase(folder, ddpg(1), plane(1), loop)
    learn = training._learn

    def dies(number: int, rng: np.random.Generator) -> dict[str, Tensor]:
        if number == at:
            raise KeyboardInterrupt
        return learn(number, rng)

    training._learn = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        Trainer(folder, fabric, quiet=True).fit(training)


@pytest.mark.parametrize(
    ("begun", "now", "words"),
    [
        (2, 1, "was begun on 2 processes and goes on with as many; found 1 process\\..*nproc-per-node 2"),
        (1, 2, "was begun on 1 process and goes on with as many; found 2 processes\\..*nproc-per-node 1"),
        (2, 4, "was begun on 2 processes and goes on with as many; found 4 processes"),
    ],
)
def test_another_number_of_processes_is_refused_and_the_same_goes_on(
    tmp_path: Path, one_of, tree, begun: int, now: int, words: str
) -> None:
    loop = replace(LOOP, updates=1)
    stops(tmp_path, one_of(begun), 3, loop)
    before = tree(tmp_path)
    for rank in range(now):
        with pytest.raises(CrossgapError, match=words):
            Trainer(tmp_path, one_of(now, rank), quiet=True).fit(phase(tmp_path, ddpg(1), plane(1), loop))
    assert tree(tmp_path) == before
    Trainer(tmp_path, one_of(begun), quiet=True).fit(phase(tmp_path, ddpg(1), plane(1), loop))
    assert [row["step"] for row in read_metrics(tmp_path)] == [1, 2, 3, 4, 5, 6]
    Trainer(tmp_path, one_of(now), quiet=True).fit(phase(tmp_path, ddpg(1), plane(1), loop))  # it is over


def test_a_first_round_that_was_not_learnt_from_is_played_on_any_number(tmp_path: Path, one_of) -> None:
    loop = replace(LOOP, updates=1)
    stops(tmp_path, one_of(2), 0, loop)
    stops(tmp_path, one_of(1), 1, loop)
    with pytest.raises(CrossgapError, match="was begun on 1 process and"):
        Trainer(tmp_path, one_of(2), quiet=True).fit(phase(tmp_path, ddpg(1), plane(1), loop))
    stops(tmp_path, one_of(1), 2, loop)


def test_an_error_of_the_simulation_is_none_of_writing(tmp_path: Path, fabric, monkeypatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    for owner, name in ((Plane, "pool"), (Points, "step")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fails)
            with pytest.raises(OSError, match="Too many open files"):
                Trainer(tmp_path / name, fabric, quiet=True).fit(phase(tmp_path / name, ddpg(1), plane(1)))


TOGETHER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from safetensors.torch import save_file
from test_off_policy import LOOP, ddpg, phase, plane, replace
from crossgap.core.fabric import in_float32, make_fabric
from crossgap.core.trainer import Trainer

def fit(folder, dies_at=None):
    training = phase(folder, ddpg(2), plane(2), replace(LOOP, updates=3))
    step = training.training_step
    def dies(number):
        if number == dies_at:
            raise KeyboardInterrupt
        return step(number)
    training.training_step = dies
    Trainer(folder, fabric, quiet=True).fit(training)
    return training

root, fabric = Path(sys.argv[1]), in_float32(make_fabric("cpu", "bf16-mixed"))
try:
    fit(root / "broken", 4)
except KeyboardInterrupt:
    pass
for name in ("whole", "broken"):
    training = fit(root / name)
    assert len(training.replay) == 6 * 16 * 2  # rounds, its share of the points, frames
    weights = {**training.learner.networks.state_dict(prefix="network."), **training.extra_state()}
    save_file(weights, root / f"{name}-{fabric.global_rank}.safetensors")
"""
TWO = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"


def test_two_processes_learn_one_policy_and_go_on_with_it(tmp_path: Path, python) -> None:
    done = python(TOGETHER, tmp_path, Path(__file__).parent, launcher=TWO)
    assert done.returncode == 0, done.stderr
    ended = {}
    for name in ("whole", "broken"):
        ended[name], other = (load_file(tmp_path / f"{name}-{rank}.safetensors") for rank in range(2))
        assert all(torch.equal(ended[name][key], other[key]) for key in ended[name] | other)
    assert all(torch.equal(ended["whole"][key], ended["broken"][key]) for key in ended["whole"])
    assert read_metrics(tmp_path / "whole") == read_metrics(tmp_path / "broken")
    played = [np.load(path)["states"] for path in sorted((tmp_path / "whole" / "replay").glob("00000_*"))]
    assert [len(states) for states in played] == [16, 16]
    assert not np.isin(*played).any()  # each has played its own


LEARNT = """
import sys
from pathlib import Path
from crossgap.experiments.xarm7.learning import learn_policy
from crossgap.experiments.xarm7.setups import ReachSetup

if __name__ == "__main__":
    setup = ReachSetup(initialized=True, rehearsed=True, randomization="lights")
    learn_policy(Path(sys.argv[1]), setup, "smoke", 0, 1, "cpu", "bf16-mixed")
"""


@pytest.mark.slow
def test_learn_takes_several_processes(tmp_path: Path, python) -> None:
    done = python(LEARNT, tmp_path / "run", launcher=TWO)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "policy" / "policy.safetensors").exists()
    assert not (tmp_path / "run" / "replay").exists()
    curve = (tmp_path / "run" / "curve.jsonl").read_text().splitlines()
    assert [json.loads(point)["environment_steps"] for point in curve] == [8, 16]
    assert {row["step"] for row in read_metrics(tmp_path / "run")} == {1, 2, 3}
