"""QT-Opt in actors of Ray: who dies is replaced, nothing that was reported is lost, nothing is different."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import toy_bins
from crossgap.core.trainer import Trainer, read_metrics
from crossgap.errors import CrossgapError
from crossgap.rl.distributed import Actors, Distributed, ReplayActor, answered, trained_on_ray
from crossgap.rl.learner import Loop
from crossgap.rl.replay import Transitions, read_episodes
from crossgap.rl.rewarded import RewardedReplay
from crossgap.rl.scripted import scripted_episodes
from toy_bins import script, toy_learner, toy_world

STEPS = 4
LOOP = Loop(
    rounds=4, updates=12, batch=16, environments=12, episode_steps=STEPS, noise=0.1, random=(0.05, 0.05),
    replay=10_000, relabelled=0, goals=20, evaluate_every=4, demonstrated=16, offline=1,
)  # fmt: skip
ACTORS = Actors(collectors=2, updaters=2, episodes=4, ahead=4, refresh=2)


@pytest.fixture(scope="module")
def ray(ray: Any) -> Any:
    """Ray; its actors do not have the tests' folder."""
    for module in (toy_bins, sys.modules[__name__]):
        ray.cloudpickle.register_pickle_by_value(module)
    return ray


def training(folder: Path, actors: Actors = ACTORS, kind: type = Distributed) -> Distributed:
    world = toy_world(STEPS)
    demonstrations = RewardedReplay(10_000, 0.9)
    for one in scripted_episodes(folder / "scripted", world, script(STEPS), 40, STEPS, 20, 0, True):
        demonstrations.add(one)
    learner = toy_learner(STEPS, monte_carlo_updates=20)
    return kind(
        folder, learner, world, LOOP, 0, lambda *_: None, demonstrations=demonstrations, actors=actors
    )


def result(folder: Path) -> tuple[dict[str, Tensor], list[Any], dict[str, list[Any]]]:
    """Weights, metrics, and what was played."""
    weights = load_file(folder / "checkpoints/qt_opt/000004/state.safetensors")
    files = sorted((folder / "replay").glob("*.npz"))
    return weights, read_metrics(folder), {path.name: read_episodes(path) for path in files}


def assert_same(one: Any, other: Any) -> None:
    assert all(torch.equal(one[0][key], other[0][key]) for key in one[0] | other[0])
    assert one[1] == other[1]
    assert one[2].keys() == other[2].keys()
    for name, episodes in one[2].items():
        for mine, theirs in zip(episodes, other[2][name], strict=True):
            for part in ("frames", "states", "actions", "rewards"):
                np.testing.assert_array_equal(getattr(mine, part), getattr(theirs, part))


def kill(ray: Any, actor: Any) -> None:
    """As the kernel does for lack of memory."""
    os.kill(ray.get(actor.__ray_call__.remote(lambda _: os.getpid())), signal.SIGKILL)


class Killing(Distributed):
    """One of each kind dies: before a round, and while it is at work."""

    def _play(self, number: int, rng: np.random.Generator) -> None:
        kill(self._ray, self.collectors[number % 2])
        if number == 2:
            kill(self._ray, self.replay_actor)
        super()._play(number, rng)

    def _answered(self, asked: Any) -> Any:
        self.answers = getattr(self, "answers", 0) + 1
        if self.answers in (7, 20):
            kill(self._ray, self.updaters[0])
        return super()._answered(asked)


@pytest.fixture(scope="module")
def whole(ray: Any, tmp_path_factory: pytest.TempPathFactory, fabric: Any) -> Path:
    """A training in which nobody dies."""
    folder = tmp_path_factory.mktemp("whole")
    Trainer(folder, fabric, quiet=True).fit(training(folder))
    return folder


def test_nothing_is_lost_or_different_when_actors_die(ray: Any, whole: Path, tmp_path: Path, fabric) -> None:
    Trainer(tmp_path, fabric, quiet=True).fit(training(tmp_path, kind=Killing))
    assert_same(result(tmp_path), result(whole))
    parts = [f"{number:05d}_part_{part:03d}_in_003.npz" for number in (1, 2, 3) for part in range(3)]
    played = result(whole)[2]
    assert list(played) == parts
    assert sum(map(len, played.values())) == 3 * LOOP.environments


@pytest.mark.slow
def test_how_many_there_are_changes_nothing(ray: Any, whole: Path, tmp_path: Path, fabric) -> None:
    alone = replace(ACTORS, collectors=1, updaters=1)
    Trainer(tmp_path, fabric, quiet=True).fit(training(tmp_path, alone))
    assert_same(result(tmp_path), result(whole))


@pytest.mark.slow
def test_a_training_goes_on_with_what_was_reported(ray: Any, whole: Path, tmp_path: Path, fabric) -> None:
    """The trainer dies in a round of which a part has been reported; that part is not played again."""
    first = training(tmp_path)
    play = first._play

    def dies(number: int, rng: np.random.Generator) -> None:
        play(number, rng)
        if number == 2:
            for part in (1, 2):
                (tmp_path / "replay" / f"00002_part_{part:03d}_in_003.npz").unlink()
            raise KeyboardInterrupt

    first._play = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        Trainer(tmp_path, fabric, quiet=True).fit(first)
    reported = tmp_path / "replay" / "00002_part_000_in_003.npz"
    before = reported.stat().st_mtime_ns
    Trainer(tmp_path, fabric, quiet=True).fit(training(tmp_path))
    assert reported.stat().st_mtime_ns == before
    assert_same(result(tmp_path), result(whole))


@pytest.mark.slow
def test_the_trainer_can_be_an_actor_that_dies_too(ray: Any, whole: Path, tmp_path: Path) -> None:
    def train() -> int:
        from crossgap.core.fabric import make_fabric

        made = training(tmp_path)
        learn, marker = made._learn, tmp_path / "died"

        def dies(number: int, rng: np.random.Generator) -> dict[str, Tensor]:
            if number == 2 and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return learn(number, rng)

        made._learn = dies  # type: ignore[method-assign]
        Trainer(tmp_path, make_fabric("cpu", "32-true"), quiet=True).fit(made)
        return os.getpid()

    assert trained_on_ray(train) != os.getpid()
    assert (tmp_path / "died").exists()
    assert_same(result(tmp_path), result(whole))


def test_it_learns_what_one_process_learns(whole: Path) -> None:
    rows = [row["q"] for row in read_metrics(whole)]
    assert rows[-1] < 0.9 * rows[0]


def test_an_error_of_an_actor_is_ours(ray: Any) -> None:
    def fails(error: Exception) -> None:
        raise error

    task = ray.remote(fails)
    with pytest.raises(CrossgapError, match=r"^No room\.$"):
        answered(ray, task.remote(CrossgapError("No room.")))
    with pytest.raises(CrossgapError, match=r"An actor of Ray failed: ValueError\('odd'\)\."):
        answered(ray, task.remote(ValueError("odd")))

    class Never:
        def __init__(self) -> None:
            raise ValueError("no screen")

        def ask(self) -> None:
            pass

    with pytest.raises(CrossgapError, match="An actor of Ray could not begin: ValueError: no screen"):
        answered(ray, ray.remote(Never).remote().ask.remote())
    dies = ray.remote(max_retries=0)(lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(CrossgapError, match="An actor of Ray died"):
        answered(ray, dies.remote())


# without Ray: what the actors do


def test_a_report_that_comes_twice_is_one(tmp_path: Path) -> None:
    replay = ReplayActor(tmp_path, RewardedReplay(1000, 0.9), None, 0)
    first, second = (
        scripted_episodes(tmp_path / "some", toy_world(STEPS), script(STEPS), 8, STEPS, 4, 0, True)[part]
        for part in (slice(0, 4), slice(4, 8))
    )
    replay.keep(0, 1, 2, second)
    assert replay.kept(0, 2) == [1]
    replay.keep(0, 0, 2, first)
    replay.keep(0, 0, 2, second)
    drawn = replay.sample(0, 8, 8, np.random.default_rng(0))
    assert isinstance(drawn, Transitions)
    assert len(replay.replay._episodes) == 8
    again = ReplayActor(tmp_path, RewardedReplay(1000, 0.9), None, 0)  # as one that is started anew
    assert np.array_equal(again.sample(0, 8, 8, np.random.default_rng(0)).actions, drawn.actions)
    assert np.array_equal(again.replay._episodes[0].actions, first[0].actions)


def test_a_replay_that_is_killed_in_mid_write_keeps_what_it_had(tmp_path: Path, python: Callable) -> None:
    code = """
import sys, threading, os, signal, time
from pathlib import Path
import numpy as np
from crossgap.rl.replay import Episode, write_episodes
frames = np.zeros((5, 64, 64, 3), np.uint8)
rest = np.zeros((5, 2), np.float32), np.zeros((5, 0), np.float32), np.zeros((4, 2), np.float32)
episodes = [Episode(frames, *rest, np.zeros(0, np.float32), np.zeros(4, np.float32))] * 200
folder = Path(sys.argv[1])
write_episodes(folder / "0.npz", episodes)
save = np.savez
def killed(file, *arguments, **named):
    threading.Timer(0.002, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    while True:
        save(file, *arguments, **named)
np.savez = killed
write_episodes(folder / "1.npz", episodes)
"""
    assert python(code, tmp_path / "kept").returncode == -signal.SIGKILL
    assert len(read_episodes(tmp_path / "kept" / "0.npz")) == 200
    assert not (tmp_path / "kept" / "1.npz").exists()


@pytest.mark.parametrize("name", ["collectors", "updaters", "episodes", "ahead", "refresh"])
def test_there_is_one_of_each(name: str) -> None:
    with pytest.raises(CrossgapError, match=f"at least 1 of 'actors.{name}'; got 0"):
        Actors(**{name: 0})


def test_several_devices_are_refused(tmp_path: Path, fabric) -> None:
    class Two:
        world_size = 2

    with pytest.raises(CrossgapError, match="there is one trainer; torchrun started 2"):
        training(tmp_path).setup(Two())  # type: ignore[arg-type]
