"""The table of Robot 1: which grasps its methods see, what is done once, and its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.base.files import read_json
from crossgap.errors import CrossgapError
from crossgap.experiments.rl_cyclegan.experiment import Grasping
from crossgap.experiments.rl_cyclegan.methods import METHODS
from crossgap.experiments.rl_cyclegan.presets import GAPS, ONCE_SIZES, PHYSICAL, STUDIES, Gap
from crossgap.experiments.rl_cyclegan.tables import (
    TITLES,
    current,
    differences,
    every_table,
    on_policy_table,
    pbr_table,
    sizes_in,
    success_table,
    world_of,
)
from crossgap.experiments.rl_cyclegan.trial import PBR, OnceTrial
from crossgap.simulation.base import vulkan
from crossgap.simulation.grasping.looks import LOOKS

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
    told = {path.stem: read_json(path)["of"] for path in (root / "seed_0/few/evaluation").glob("*.json")}
    learnt = {name: sorted(key for key in of if key.startswith("learnt/")) for name, of in told.items()}
    assert learnt == {
        "source_only_robot_1": ["learnt/source_only"], "source_only_source": ["learnt/source_only"],
        "rl_cyclegan_robot_1": ["learnt/rl_cyclegan", "learnt/source_only"],
    }  # fmt: skip
    assert all(None not in of.values() for of in told.values())
    assert (
        told["rl_cyclegan_robot_1"]["world"]["look"] == told["rl_cyclegan_robot_1"]["gap"]["look"] == "target"
    )
    before = tree(root)
    assert trial().run(made) == rows
    assert tree(root) == before
    origin = {"preset": "smoke", "command": "a", "commit": "b"}
    assert "| RL-CycleGAN: Q_real (labels) |" in every_table({"rows": rows, "provenance": origin})


def row(domain: str, method: str, value: float) -> dict:
    return {
        "domain": domain, "method": method, "metric": "success", "seed": 0, "value": value, "n": 4,
        "low": 0.0, "high": 1.0,
    }  # fmt: skip


def test_policies_of_a_gap_are_tested_by_another_renderer_and_not_trained_again(
    trial, root: Path, tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    if problem := vulkan.filament_problem():
        pytest.skip(problem)
    made = {"source_only": METHODS["source_only"]}
    classic = trial("target").run(made)
    looks, world = [], OnceTrial.test_world

    def noted(*of: Any) -> Any:
        looks.append((found := world(*of)).seen["look"])
        return found

    monkeypatch.setattr(OnceTrial, "test_world", noted)
    before = {path: of for path, of in tree(root).items() if "learnt" in path}
    grasping = Grasping("smoke", studies=("pbr",), methods=("source_only",))
    grasping.prepare()
    grasping.preset = SIZE
    (part,) = grasping.parts(1)
    rows = grasping.run(root, trial().fabric, True, *part)
    assert [(one["domain"], one["method"], one["n"]) for one in rows] == [
        ("target/target_pbr", "source_only", 4)
    ]
    assert looks == [PBR]
    assert {path: of for path, of in tree(root).items() if "learnt" in path} == before
    assert [one["domain"] for one in classic] == ["target/robot_1", "target/source"]


def test_the_other_renderer_s_table_has_its_policies_alone_and_no_other_table_has_its_rows() -> None:
    rows = [
        row("target/robot_1", "oracle", 0.5), row("target/robot_1", "gan", 0.4),
        row("target/target_pbr", "oracle", 0.3),
    ]  # fmt: skip
    results = {"rows": rows, "provenance": {"preset": "smoke", "command": "a", "commit": "b"}}
    head, _, *lines = pbr_table(results).splitlines()
    assert head == "| method | `target/robot_1` | `target/target_pbr` |"
    assert lines[0] == "| unlimited real grasps (labels) | 50 % [0–100] | 30 % [0–100] |"
    assert not lines[1]
    assert PBR not in success_table("robot1", results)
    assert pbr_table(results | {"rows": rows[:2]}) == ""


ORIGIN = {"preset": "smoke", "command": "a", "commit": "b"}


def won(domain: str, method: str, won: str, seed: int = 0) -> dict:
    return row(domain, method, won.count("1") / len(won)) | {"seed": seed, "won": won}


def test_differences_are_of_the_same_bins_and_seeds() -> None:
    rows = [
        won("few/robot_1", "cyclegan", "0000"), won("few/robot_1", "rl_cyclegan", "1111"),
        won("few/robot_1", "cyclegan", "1111", 1), won("target/robot_1", "cyclegan", "1000"),
        won("target/robot_1", "randomized", "0001"), won("target/source", "randomized", "1111"),
    ]  # fmt: skip
    head, _, *lines = differences({"rows": rows, "provenance": ORIGIN}).splitlines()
    assert head == "| difference | `few/robot_1` | `target/robot_1` |"
    assert (
        lines[1] == "| RL-CycleGAN: Q_real (labels) – CycleGAN: Q on G(x) | +100 (+100 to +100), 1 seed | – |"
    ), "one training is no proof"
    assert "| – | +0 (" in lines[0]
    assert "RetinaGAN" not in "".join(lines)
    rows += [won("few/robot_1", "cyclegan", "0000", 2), won("few/robot_1", "rl_cyclegan", "1111", 2)]
    assert "| **+100 (+100 to +100)**, 2 seeds |" in differences({"rows": rows, "provenance": ORIGIN})


def test_how_many_grasps_of_its_own_a_method_takes() -> None:
    own = {"rl_cyclegan": [(0.3, 0.5), (0.4, 0.56)], "rcan": [(0.1, 0.1), (0.5, 0.5)]}
    about = {"metric": "success", "n": 10}
    rows = [
        {"domain": "target/on_policy", "method": method, "seed": seed, "grasped": 200 * at, "value": value}
        | about
        for method, each in own.items() for at, values in enumerate(each) for seed, value in enumerate(values)
    ]  # fmt: skip
    best = {"domain": "target/robot_1", "method": "oracle", "seed": 0, "value": 0.5} | about
    origin = {"preset": "quick", "commit": "c", "command": "one"}
    said = on_policy_table({"rows": [*rows, best], "provenance": origin})
    assert said.endswith("unlimited real grasps, 45 %: RL-CycleGAN 200, RCAN 200.")
    best["value"] = 0.54
    said = on_policy_table({"rows": [*rows, best], "provenance": origin})
    assert said.endswith("49 %: RL-CycleGAN more than 200, RCAN 200."), "48 % are not 48.6"


def test_rows_of_another_size_are_not_shown() -> None:
    once, many = sizes_in("smoke")
    rows = [row("target/robot_1", name, 0.5) for name in ("oracle", "gan", "cyclegan")]
    results = {
        "rows": [rows[0] | {"settings": once}, rows[1] | {"settings": "other"}, rows[2]],
        "provenance": ORIGIN,
    }
    assert [one["method"] for one in current(results)["rows"]] == ["oracle"]
    assert once != many


def test_rows_of_bins_that_looked_otherwise_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    once, _ = sizes_in("smoke")
    worlds = {"few/robot_1": world_of("few"), "dim/robot_1": world_of("dim"), "old/robot_1": None}
    rows = [
        row(domain, "oracle", 0.5) | {"settings": once, "world": world} for domain, world in worlds.items()
    ]
    results = {"rows": rows, "provenance": {"preset": "smoke", "command": "a", "commit": "b"}}
    assert current(results)["rows"] == rows
    darker = replace(LOOKS["target"], ambient=0.1)
    monkeypatch.setitem(LOOKS, "target", darker)
    assert [one["domain"] for one in current(results)["rows"]] == ["dim/robot_1", "old/robot_1"]
    monkeypatch.setitem(GAPS, "dim", Gap("target_dim", (1, 4)))
    assert [one["domain"] for one in current(results)["rows"]] == ["old/robot_1"]


def test_a_study_s_table_has_its_methods_alone() -> None:
    rows = [row("target/robot_1", name, 0.5) for name in ("gan", "rl_cyclegan")]
    results = {"rows": rows, "provenance": ORIGIN}
    assert "GAN: Q on G(x)" in success_table("robot1", results)
    assert "| GAN: Q on G(x)" not in success_table("ladder", results)
    assert "RL-CycleGAN" in success_table("ladder", results)


def test_a_method_that_no_study_names_stands_in_the_first_study_of_its_gap() -> None:
    rows = [row("few/robot_1", name, 0.5) for name in ("cyclegan", "taskgan", "rl_cyclegan_as_written")]
    results = {"rows": rows, "provenance": ORIGIN}
    hard, ablation = (success_table(study, results) for study in ("hard", "ablation"))
    assert [TITLES[name] in hard for name in ("cyclegan", "taskgan", "rl_cyclegan_as_written")] == [
        True, True, False
    ]  # fmt: skip
    assert [TITLES[name] in ablation for name in ("cyclegan", "taskgan", "rl_cyclegan_as_written")] == [
        False, False, True
    ]  # fmt: skip


def test_where_filament_cannot_draw_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "crossgap.experiments.rl_cyclegan.experiment.filament_problem", lambda: "No Vulkan here."
    )
    Grasping("smoke").prepare()
    with pytest.raises(CrossgapError, match=r"study 'pbr' is tested in target_pbr\. No Vulkan here"):
        Grasping("smoke", studies=("robot1", "pbr")).prepare()


def test_names_that_do_not_exist() -> None:
    for options, reason in (({"studies": ("robot9",)}, "robot9"), ({"methods": ("magic",)}, "magic")):
        with pytest.raises(CrossgapError, match=reason):
            Grasping("smoke", **options)


def test_studies_are_of_gaps_and_methods_that_there_are() -> None:
    for gaps, compared in STUDIES.values():
        assert set(gaps) <= set(GAPS)
        assert set(compared or ()) <= set(METHODS)
    assert set(METHODS) <= set(TITLES)
    assert set(PHYSICAL) <= set(METHODS)
