"""What has been played is on disk, and taken for nothing else: a script's episodes, and a round's reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossgap.errors import CrossgapError
from crossgap.rl.distributed import ReplayActor
from crossgap.rl.replay import Episode
from crossgap.rl.rewarded import RewardedReplay
from crossgap.rl.scripted import scripted_episodes
from toy_bins import script, toy_world

RNG = np.random.default_rng(0)


def scripted(folder: Path, count: int = 4, **changed: Any) -> list[Episode]:
    about = {"steps": 4, "environments": 2, "seed": 0} | changed
    world = toy_world(about["steps"])
    return scripted_episodes(folder, world, script(4), count, **about, quiet=True)


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
    [({"steps": 3}, "steps is 4"), ({"environments": 4}, "environments is 2"), ({"seed": 1}, "seed is 0")],
)
def test_a_script_s_episodes_are_not_taken_for_others(tmp_path: Path, changed: Any, words: str) -> None:
    scripted(tmp_path)
    with pytest.raises(CrossgapError, match=f"holds another training: {words}"):
        scripted(tmp_path, **changed)


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
