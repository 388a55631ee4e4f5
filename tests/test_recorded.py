"""What has been played is on disk, and taken for nothing else: a script's episodes, and a round's reports."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossgap.base.files import read_json, write_json
from crossgap.errors import CrossgapError
from crossgap.rl import scripted as scripted_module
from crossgap.rl.collection import View, World, play
from crossgap.rl.distributed import ReplayActor
from crossgap.rl.replay import Episode
from crossgap.rl.rewarded import RewardedReplay
from crossgap.rl.scripted import scripted_episodes
from crossgap.simulation.grasping import IIWA_GRASP_ONCE
from crossgap.simulation.grasping.script import OnceScript
from toy_bins import VIEW, half_aimed, script, toy_world


def darker(seen: dict[str, Any]) -> np.ndarray:
    return seen["pixels"]["above"] // 2


RNG = np.random.default_rng(0)


def scripted(folder: Path, count: int = 4, by: Any = None, view: Any = VIEW, **changed: Any) -> list[Episode]:
    about = {"steps": 4, "environments": 2, "seed": 0} | changed
    world = replace(toy_world(about["steps"]), view=view)
    return scripted_episodes(folder, world, by or script(4), count, **about, quiet=True)


def test_a_script_s_episodes_are_played_once_and_more_of_them_are_added(tmp_path: Path) -> None:
    first = scripted(tmp_path)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
    more = scripted(tmp_path, 6)
    assert len(files) == 2
    assert files.items() <= {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}.items()
    assert [len(first), len(more)] == [4, 6]
    assert all(np.array_equal(one.frames, other.frames) for one, other in zip(first, more, strict=False))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"steps": 3}, "steps is 4"), ({"environments": 4}, "environments is 2"), ({"seed": 1}, "seed is 0"),
        ({"by": half_aimed}, 'script is "script.<locals>.begun" there, "half_aimed" here'),
        ({"by": partial(half_aimed, 3)}, r'script is .* "half_aimed\(3\)" here'),
        ({"view": replace(VIEW, frames=darker)}, 'view.frames is "<lambda>" there, "darker" here'),
        ({"weights": "abc"}, 'weights is "" there, "abc" here'),
    ],
)  # fmt: skip
def test_a_script_s_episodes_are_not_taken_for_others(tmp_path: Path, changed: Any, words: str) -> None:
    scripted(tmp_path)
    with pytest.raises(CrossgapError, match=f"holds another training: {words}"):
        scripted(tmp_path, **changed)


def test_episodes_of_before_their_script_was_noted_are_taken_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    first, record = scripted(tmp_path), tmp_path / "setup.json"
    told = read_json(record)
    write_json(record, {key: told[key] for key in told if key not in ("script", "view", "weights")})
    capsys.readouterr()
    again = scripted(tmp_path)
    assert [one.actions.tolist() for one in again] == [one.actions.tolist() for one in first]
    said = "".join(capsys.readouterr())
    assert "does not tell its script, view" in said
    assert "taken for those of script.<locals>.begun; remove it" in said
    with pytest.raises(CrossgapError, match="seed is 0 there, 1 here"):  # as ever
        scripted(tmp_path, seed=1)


def test_an_episode_is_not_cut_short() -> None:
    """What would be left of it has no return, and its last step would pass for its end."""
    with toy_world(4).pool(2) as pool, pytest.raises(CrossgapError, match="2 of 2 episodes are not over"):
        play(pool, lambda seen: np.full((2, 7), -1.0), [0, 1], 3, VIEW)


def test_an_actor_of_ray_that_dies_loses_no_recorded_grasp(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What RL-CycleGAN learns from can be recorded on Ray."""
    killed = []

    def with_a_death(pool: Any, act: Any, *about: Any) -> Any:
        def acts(seen: Any) -> np.ndarray:
            if not killed:
                actor = pool._workers[0].actor
                killed.append(ray.get(actor.__ray_call__.remote(lambda _: os.getpid())))
                os.kill(killed[0], signal.SIGKILL)
            return act(seen)

        return play(pool, acts, *about)

    def recorded(engine: str) -> list[Episode]:
        view = View(lambda seen: np.zeros((2, 0), np.uint8), lambda seen: seen["agent_pos"])
        world = World(IIWA_GRASP_ONCE, view, seen={"cameras": ()}, workers=2, engine=engine)
        return scripted_episodes(tmp_path / engine, world, OnceScript, 4, 1, 2, 0, True)

    here = recorded("here")
    monkeypatch.setattr(scripted_module, "play", with_a_death)
    there = recorded("ray")
    assert killed
    for one, other in zip(here, there, strict=True):
        for part in ("states", "actions", "rewards"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def replay_in(folder: Path) -> ReplayActor:
    return ReplayActor(folder, RewardedReplay(1000, 0.9), None, 0)


def test_a_round_that_another_process_has_played_is_missed(tmp_path: Path) -> None:
    """As where a training in one process goes on on Ray: its files have other names."""
    replay = replay_in(tmp_path / "replay")
    replay.keep(1, 0, 1, scripted(tmp_path / "some"))
    with pytest.raises(CrossgapError, match="lacks reports of round 0: it has 0"):
        replay.sample(1, 4, 4, RNG)


def test_a_round_is_whole_and_in_one_number_of_parts(tmp_path: Path) -> None:
    some, folder = scripted(tmp_path / "some"), tmp_path / "replay"
    replay_in(folder).keep(0, 0, 2, some[:2])
    with pytest.raises(CrossgapError, match="lacks reports of round 0: it has 1"):
        replay_in(folder).sample(0, 4, 4, RNG)
    with pytest.raises(CrossgapError, match=r"00000_part_000_in_002\.npz is no part of a round in 1"):
        replay_in(folder).kept(0, 1)
    replay_in(folder).keep(0, 1, 2, some[2:])
    replay = replay_in(folder)
    assert replay.kept(0, 2) == [0, 1]
    assert len(replay.sample(0, 8, 8, RNG).frames) == 8
    assert len(replay.replay) == sum(len(one.frames) for one in some)
