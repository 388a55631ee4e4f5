"""The table of Robot 1: which grasps its methods see, what is done once, and its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.errors import CrossgapError
from crossgap.experiments.rl_cyclegan.experiment import Grasping
from crossgap.experiments.rl_cyclegan.methods import METHODS
from crossgap.experiments.rl_cyclegan.presets import GAPS, ONCE_SIZES, STUDIES
from crossgap.experiments.rl_cyclegan.tables import TITLES, every_table
from crossgap.experiments.rl_cyclegan.trial import OnceTrial

SIZE = replace(ONCE_SIZES["smoke"], source=50, oracle=100, real=50, grasps=4)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that the tests here share."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def trial(root: Path, fabric):
    """`trial(gap)`: seed 0, started anew."""
    return lambda gap="few": OnceTrial(root, SIZE, gap, 0, fabric, quiet=True)


def images(episodes) -> np.ndarray:
    return np.stack([one.frames[0] for one in episodes])


def test_every_look_shows_the_same_simulated_grasps_and_real_bins_are_others(trial) -> None:
    one = trial()
    for name in ("actions", "rewards"):
        plain, random = ([getattr(each, name) for each in part] for part in (one.source, one.randomized))
        np.testing.assert_array_equal(plain, random)
    assert (images(one.source) != images(one.randomized)).mean() > 0.5
    assert not np.array_equal(one.source[0].actions, one.real[0].actions)
    assert len(one.masks()) == 50
    assert one.masks().max() >= 3 + 5  # six things
    assert [len(one.real), len(one.unlimited)] == [50, 100]
    np.testing.assert_array_equal(images(one.real), images(one.unlimited[:50]))


def test_what_a_translator_draws_keeps_what_was_done(trial) -> None:
    one = trial()
    negative = nn.Module()
    negative.forward = torch.neg  # type: ignore[method-assign]
    drawn = one.drawn(negative, one.source)
    np.testing.assert_array_equal(images(drawn), 255 - images(one.source))
    assert [episode.actions.tolist() for episode in drawn] == [e.actions.tolist() for e in one.source]
    assert [episode.rewards.tolist() for episode in drawn] == [e.rewards.tolist() for e in one.source]


def test_rows_and_what_is_done_once(trial, root: Path, tree) -> None:
    made = {name: METHODS[name] for name in ("source_only", "rl_cyclegan")}
    rows = trial().run(made)
    about = [(row["domain"], row["method"], row["n"]) for row in rows]
    assert about == [
        ("few/robot_1", "source_only", 4), ("few/source", "source_only", 4), ("few/robot_1", "rl_cyclegan", 4)
    ]  # fmt: skip
    before = tree(root)
    assert trial().run(made) == rows
    assert tree(root) == before
    origin = {"preset": "smoke", "command": "a", "commit": "b"}
    assert "| RL-CycleGAN: Q_real (labels) |" in every_table({"rows": rows, "provenance": origin})


def test_names_that_do_not_exist() -> None:
    for options, reason in (({"studies": ("robot9",)}, "robot9"), ({"methods": ("magic",)}, "magic")):
        with pytest.raises(CrossgapError, match=reason):
            Grasping("smoke", **options)


def test_studies_are_of_gaps_and_methods_that_there_are() -> None:
    for gaps, compared in STUDIES.values():
        assert set(gaps) <= set(GAPS)
        assert set(compared or ()) <= set(METHODS)
    assert set(METHODS) <= set(TITLES)
