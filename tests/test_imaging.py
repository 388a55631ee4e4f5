"""The studies of the arm's pictures: what they train and measure on, by hand and, slow, from end to end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crossgap.data import LabelScale
from crossgap.errors import CrossgapError
from crossgap.evaluation import ClosedLoop
from crossgap.experiments.engine.experiment import EXPERIMENTS
from crossgap.experiments.imaging import arm
from crossgap.experiments.imaging.arm import PAIRS_SEED, joined
from crossgap.experiments.imaging.arm_sizes import ARM_SIZES
from crossgap.experiments.imaging.classical import equalized, grey, matched, sketched
from crossgap.experiments.imaging.experiment import Imaging
from crossgap.experiments.imaging.studies import condition
from crossgap.experiments.imaging.studies.condition import TITLES, Condition
from crossgap.experiments.imaging.studies.label_map import LabelMap
from crossgap.experiments.imaging.studies.sketch import Sketch
from crossgap.experiments.imaging.study import STUDIES, sizes_digest
from reproduced import reproduced
from stand_ins import assert_disjoint, assert_pairs, happenings, instead_of_collecting

SMOKE = ARM_SIZES["smoke"]
ARM = ("condition", "label_map", "sketch")


def row(method: str, value: float, seed: int = 0, domain: str = "condition", **other) -> dict:
    about = {"domain": domain, "method": method, "seed": seed, "metric": "success", "n": 100}
    return about | {"value": value, "settings": sizes_digest(ARM_SIZES["quick"])} | other


def results(*rows: dict) -> dict:
    return {"provenance": {"preset": "quick", "command": "crossgap x", "commit": "abc"}, "rows": list(rows)}


# experiment


def test_an_unknown_study() -> None:
    with pytest.raises(CrossgapError, match="Study 'weather' not found"):
        Imaging("smoke", ("weather",))


def test_studies_are_found_and_each_has_every_preset() -> None:
    assert tuple(STUDIES)[:3] == ARM
    presets = EXPERIMENTS["imaging"].presets
    assert all(tuple(study.sizes) == presets for study in STUDIES.values())
    assert Imaging("quick", ("sketch",)).parts(2) == [("sketch", 0), ("sketch", 1)]
    assert {study for study, _ in Imaging("quick").parts(1)} == set(STUDIES)


def test_a_table_leaves_out_rows_of_another_size_and_of_other_studies() -> None:
    old = row("pix2pix", 0.1, seed=1, domain="label_map", settings="of before")
    found = results(row("pix2pix", 0.5, domain="label_map"), old, row("pix2pix", 0.9, domain="sketch/grey"))
    table = LabelMap.table("label_map", found)
    assert "| what pix2pix draws of many label maps | 50 % (50–50) | – | – | – | – |" in table
    assert "Means of 1 seeds" in table


def test_failures_cut_by_hand() -> None:
    each = [row(m, 0.5, domain="condition/night") for m in ("nothing", "cyclegan")]
    rows = [row("nothing", 0.2), row("nothing", 0.4, 1), row("cyclegan", 0.8), row("cyclegan", 0.9, 1), *each]
    errors = [("nothing", 0.3), ("nothing", 0.5), ("cyclegan", 0.15), ("cyclegan", 0.05)]
    rows += [row(m, v, seed % 2, metric="task_error") for seed, (m, v) in enumerate(errors)]
    table = Condition.table("condition", results(*rows))
    # of 0.8 + 0.6 failures 0.2 + 0.1 are left
    assert f"| {TITLES['cyclegan']} | 79% | 75% | 85 % (80–90) | 0.100 (0.050–0.150) | – | – | – |" in table
    assert f"| {TITLES['nothing']} | – | – | 30 % (20–40) |" in table
    assert table.splitlines()[-3] == f"| {TITLES['cyclegan']} | 50 % (50–50) |"


def test_a_difference_in_ssim_has_the_seeds_widest_interval() -> None:
    ahead = {"metric": "ssim_minus_cyclegan", "domain": "sketch/grey"}
    rows = [
        row("pix2pix", 0.10, 0, **ahead, low=0.08, high=0.12),
        row("pix2pix", 0.20, 1, **ahead, low=0.15, high=0.26),
    ]
    other = {"metric": "ssim_minus_nothing", "domain": "sketch/grey", "low": -0.1, "high": 0.1}
    table = Sketch.table("sketch", results(*rows, row("cyclegan", 0.0, **other)))
    assert "grey, pix2pix minus cyclegan: +0.150 (+0.080 – +0.260)" in table
    assert "grey, cyclegan minus nothing: +0.000 (-0.100 – +0.100)" in table


# data


def test_every_condition_has_demonstrations_of_its_own(tmp_path: Path, fabric, monkeypatch) -> None:
    collections = instead_of_collecting(monkeypatch)
    study = Condition(tmp_path, SMOKE, "condition", 3, fabric, True)
    seen, twins = study.seen, study.mixed(PAIRS_SEED, SMOKE.pair_episodes, clear=True)
    assert_pairs(seen, twins)
    assert len(happenings(seen)) == len(seen) == SMOKE.pair_episodes * SMOKE.steps
    assert len(np.unique(seen.episodes)) == SMOKE.pair_episodes
    degraded = study._labelled.extra("oracle")
    assert len(degraded) == len(study.source)  # as many as the clear policy learns on
    held_out = [study.held_out(look) for look in (*SMOKE.conditions, "source")]
    assert_disjoint(study.source, seen, degraded, held_out[0])
    for one in held_out[1:]:
        np.testing.assert_array_equal(one.labels, held_out[0].labels)
    assert {one.look for one in collections} == {"source", *SMOKE.conditions}
    assert {one.perturbation for one in collections} == {SMOKE.perturbation}


def test_translators_see_no_labels_and_only_pairs_are_in_order(tmp_path: Path, fabric, monkeypatch) -> None:
    instead_of_collecting(monkeypatch)
    study = Condition(tmp_path, SMOKE, "condition", 0, fabric, True)
    paired, unpaired = study._trained_by("pix2pix")[0], study._trained_by("cyclegan")[0]
    assert study._trained_by("unet_l1")[0] is paired
    assert study._trained_by("cut")[0] is unpaired
    for methods in (paired, unpaired):
        assert (methods.source.label_names, methods.target.label_names) == ((), ())
        np.testing.assert_array_equal(methods.source.images, study.seen.images)
    np.testing.assert_array_equal(unpaired.target.images, study.source.images)
    np.testing.assert_array_equal(paired.target.images[..., 0], paired.source.images[..., 0])  # what happens
    assert study._trained_by("degraded")[1] == "oracle"
    assert study._trained_by("nothing")[1] == "source_only"


def test_few_label_maps_are_paired_and_many_are_of_the_oracles_pictures(
    tmp_path: Path, fabric, monkeypatch
) -> None:
    instead_of_collecting(monkeypatch)
    study = LabelMap(tmp_path, SMOKE, "label_map", 0, fabric, True)
    pairs, many = study._translators, study.shown("label_maps")
    assert len(pairs.source) == SMOKE.few_episodes * SMOKE.steps == len(pairs.target)
    assert_pairs(many, study.source)
    assert_disjoint(many, study.shown("few"), study.held_out("source"))
    np.testing.assert_array_equal(study.shown("few").images, pairs.target.images)


def test_joined_sets_keep_their_episodes_apart(toy) -> None:
    one, other = toy("source", 3, 0), toy("source", 2, 1)
    both = joined([one, other])
    assert both.episodes.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(both.images[3:], other.images)
    np.testing.assert_array_equal(both.labels[:3], one.labels)


# closed loop


def test_each_actor_plays_from_every_start_with_its_own_predictions(
    tmp_path: Path, fabric, monkeypatch
) -> None:
    """A start is won where what its actor predicts says so: actor k of the starts that k divides."""

    def played(predict, seeds, gain, steps, **_):
        images = np.array(seeds, np.uint8)[:, None, None, None].repeat(3, 3)
        won = predict(images)[:, 0] > 0
        return ClosedLoop(list(seeds), won.tolist(), won.tolist(), [0.0] * len(seeds)), None

    monkeypatch.setattr(arm, "closed_loop", played)
    study = Condition(tmp_path, SMOKE, "condition", 0, fabric, True)
    actors = {str(k): lambda images, k=k: (images[:, 0, 0, :1] % k == 0).astype(float) for k in (2, 3)}
    won = study.won(actors, "night", [1, 2, 3, 4])
    assert {name: flags.tolist() for name, flags in won.items()} == {
        "2": [False, True, False, True],
        "3": [False, False, True, False],
    }


def test_starts_are_shared_out_among_conditions(tmp_path: Path, fabric, monkeypatch) -> None:
    asked = {}

    def won(self, actors, look, starts):
        asked[look, "clear" in actors] = starts
        if look == "source":
            return {"clear": np.arange(len(starts)) > 0}
        return {name: np.array([look == "night", name == "cut"]) for name in actors}

    monkeypatch.setattr(Condition, "won", won)
    monkeypatch.setattr(Condition, "_actor", lambda self, method: method)
    monkeypatch.setattr(Condition, "_weights", lambda self, *methods: None)
    found = Condition(tmp_path, SMOKE, "condition", 0, fabric, True)._won()
    assert asked == {
        ("night", False): [40_000, 40_002], ("rain", False): [40_001, 40_003],
        ("source", True): [40_000, 40_002, 40_001, 40_003],
    }  # fmt: skip
    np.testing.assert_array_equal(found["cut"], [[True, True], [False, True]])
    np.testing.assert_array_equal(found["clear"], [[False, True], [True, True]])  # of start 30,000 alone not


def test_every_degraded_picture_is_held_against_its_own_clear_one(
    tmp_path: Path, fabric, monkeypatch
) -> None:
    instead_of_collecting(monkeypatch)
    study = Condition(tmp_path, SMOKE, "condition", 0, fabric, True)
    names = study.held_out("source").label_names
    scale = LabelScale((0.0,) * len(names), (1.0,) * len(names))
    seer = SimpleNamespace(
        predict=lambda x: np.zeros((len(x), len(names))), translate=lambda x: x, scale=scale
    )
    monkeypatch.setattr(study, "seer", lambda method: seer)
    monkeypatch.setattr(study, "kid", lambda drawn, episodes: {"value": 0.0})

    def same_event(drawn: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray]:
        return {"ssim": (drawn[..., 0] == true[..., 0]).all((1, 2)).astype(float)}  # see `happenings`

    monkeypatch.setattr(condition, "nearness", same_event)
    found = study._measure("nothing")
    assert {where: figures["ssim"]["value"] for where, figures in found.items()} == dict.fromkeys(
        ("condition", *SMOKE.conditions), 1.0
    )
    assert {figures["ssim"]["n"] for figures in found.values()} == {SMOKE.held_out_episodes}


# pictures


def test_grey_by_hand() -> None:
    image = np.array([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]]], np.uint8)
    np.testing.assert_array_equal(grey(image)[0, 0], [[76] * 3, [150] * 3, [29] * 3, [9] * 3])


def test_a_sketch_of_a_square_is_its_outline() -> None:
    image = np.full((1, 32, 32, 3), 200, np.uint8)
    image[0, 10:22, 8:24] = 30
    drawn = sketched(image)
    assert set(np.unique(drawn)) == {0, 255}
    rows, columns = np.nonzero(drawn[0, ..., 0] == 0)
    inside = (rows > 11) & (rows < 20) & (columns > 9) & (columns < 22)
    outside = (rows < 8) | (rows > 23) | (columns < 6) | (columns > 25)
    assert not (inside | outside).any()
    assert len(rows) > 40


def test_classical_means_do_what_they_say() -> None:
    rng = np.random.default_rng(0)
    ramp = np.tile(np.linspace(60, 90, 64), (64, 1))[..., None].repeat(3, 2)
    noisy = np.clip(ramp + rng.normal(0, 12, ramp.shape), 0, 255).astype(np.uint8)[None]
    clear = rng.integers(100, 256, (4, 64, 64, 3)).astype(np.uint8)
    flat = noisy[0, 20:40, 20:24].astype(float).std()
    assert equalized(noisy).std() > 2 * ramp.std()
    found = matched(noisy, clear)[0]
    np.testing.assert_allclose(
        np.quantile(found, [0.1, 0.5, 0.9]), np.quantile(clear, [0.1, 0.5, 0.9]), atol=6
    )
    # a column is one grey: what differs in it is noise, for all that the contrast is five times as high
    assert found[20:40, 20:24].astype(float).std() < 5 * flat


def test_rows_tell_which_starts_and_held_out_demonstrations_they_are_of() -> None:
    size = ARM_SIZES["quick"]
    others = [replace(size, first_start=50_000), replace(size, held_out_seed=4), size]
    assert len({sizes_digest(one) for one in others}) == 3
    assert list(replace(size, first_start=50_000, starts=2).test_starts) == [50_000, 50_001]


def test_held_out_pictures_are_of_the_size_s_stream(
    tmp_path: Path, fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int, int]] = []

    class Pictures:
        def select(self, _: slice) -> None: ...

    def pictures_of(_: Any, *about: Any) -> Pictures:
        asked.append(about)
        return Pictures()

    kind = STUDIES["sketch"]
    monkeypatch.setattr(kind, "pictures_of", pictures_of)
    kind(tmp_path, replace(ARM_SIZES["smoke"], held_out_seed=7), "sketch", 0, fabric).held_out("night")
    assert asked == [("night", 7, 3)]


# from end to end


@pytest.mark.slow
def test_the_arms_studies_from_nothing_to_results_and_again(tmp_path: Path) -> None:
    def reproduce(name: str) -> Path:
        return reproduced("imaging", 1, tmp_path / "run", tmp_path / name, studies=ARM)

    path = reproduce("first")
    rows = json.loads(path.read_text())["rows"]
    for name in ARM:
        its = [row for row in rows if row["domain"].partition("/")[0] == name]
        assert {row["method"] for row in its} == set(STUDIES[name].titles)
        assert {row["metric"] for row in its} >= set(STUDIES[name].metrics)
        assert Image.open(path.with_name(f"smoke_{name}.png")).width > 200
        assert {row["settings"] for row in its} == {sizes_digest(STUDIES[name].sizes["smoke"])}
    models = {file: file.stat().st_mtime_ns for file in (tmp_path / "run").rglob("models/**/*.safetensors")}
    assert len(models) >= 12
    assert json.loads(reproduce("second").read_text())["rows"] == rows
    assert all(file.stat().st_mtime_ns == time for file, time in models.items())
