"""The Mico experiment: its figures by hand, from nothing to results, and again."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.base.files import remove
from crossgap.data import LabelledImages
from crossgap.errors import CrossgapError, find
from crossgap.experiments.engine.schema import check_results
from crossgap.experiments.mico.experiment import error_table
from crossgap.experiments.mico.figures import curve
from crossgap.experiments.mico.presets import MICO_PRESETS
from crossgap.experiments.mico.trial import (
    DEFAULT_METHODS,
    DRAWINGS,
    EVERY_METHOD,
    ONLY_IF_ASKED,
    WITHOUT_TARGET,
    MicoTrial,
    angle_differences,
    angle_figures,
)
from crossgap.simulation.mico import kinematics as k
from reproduced import reproduced
from stand_ins import ANGLES, Model, assert_disjoint, assert_pairs, instead_of_collecting


def test_figures_by_hand() -> None:
    differences = np.array([[0.1, 0, 0, 0, 0], [0.3, 0, 0, 0, -0.2]])
    figures = angle_figures(differences)
    assert figures["angle_l2"]["value"] == pytest.approx((0.01 + 0.09 + 0.04) / 10)
    assert figures["angle_l2_joint_1"]["value"] == pytest.approx(0.05)
    assert figures["angle_error"]["value"] == pytest.approx(np.rad2deg(0.06))
    spread = np.std([0.002, 0.026], ddof=1) / np.sqrt(2)
    assert figures["angle_l2"]["high"] == pytest.approx(0.014 + 1.96 * spread, abs=1e-5)
    assert {row["n"] for row in figures.values()} == {2}


def test_a_perfect_model_has_no_error_and_a_turned_one_the_turn() -> None:
    q = k.sample_angles(np.random.default_rng(0), 8)
    images = np.zeros((8, 4, 4, 3), np.uint8)
    data = LabelledImages(images, k.encode_angles(q).astype(np.float32), k.LABEL_NAMES, np.arange(8))
    np.testing.assert_allclose(angle_differences(lambda _: data.labels, data), 0, atol=1e-7)
    turned = k.encode_angles(q + np.deg2rad(10))
    np.testing.assert_allclose(np.rad2deg(angle_differences(lambda _: turned, data)), 10, atol=1e-4)


def test_presets_have_the_paper_s_sizes() -> None:
    assert MICO_PRESETS["paper"].source_images == MICO_PRESETS["full"].source_images == 50_000
    for name in ("full", "paper"):
        assert MICO_PRESETS[name].target_images == (1, 10, 100, 1000, 5399)
        assert MICO_PRESETS[name].test_images == 1000
    with pytest.raises(
        CrossgapError, match=r"Preset 'huge' not found\. Available: full, paper, quick, smoke"
    ):
        find("Preset", "huge", MICO_PRESETS)


@pytest.mark.parametrize(
    ("preset", "part", "steps"),  # with 1, 1,000 and 5,399 target images: as the preset has it, or 24 passes
    [
        ("quick", "translator", [400, 3000, 16197]),  # of 8 images
        ("full", "target", [1200, 1500, 8098]),  # of 16
        ("full", "fine_tuning", [1200, 1500, 8098]),
        ("full", "randomized_fine_tuning", [1200, 1500, 8098]),
        ("full", "refinement", [800, 800, 4049]),  # of 32
        ("full", "source", [6000] * 3),  # sees none
        ("full", "canonical", [8000] * 3),
    ],
)
def test_steps_grow_with_the_target_images(
    preset: str, part: str, steps: list[int], tmp_path: Path, fabric
) -> None:
    experiment = MicoTrial(tmp_path, MICO_PRESETS[preset], 0, fabric)
    assert [getattr(experiment._config(images), part).steps for images in (1, 1000, 5399)] == steps


def test_the_experiment_from_nothing_to_results_and_again(tmp_path: Path, fabric) -> None:
    def reproduce(name: str) -> Path:
        where = tmp_path / "run", tmp_path / name
        few = reproduced("mico", 1, *where, methods=("rcan_near",), counts=(1,))
        found = {(row["method"], row["images"]) for row in json.loads(few.read_text())["rows"]}
        assert found == {("benchmark", 0), ("rcan_near", 1)}
        asked = reproduced("mico", 1, *where)
        found = {row["method"] for row in json.loads(asked.read_text())["rows"]}
        assert found == {"benchmark", *DEFAULT_METHODS}
        assert not found & set(ONLY_IF_ASKED)  # only if asked for
        return reproduced("mico", 1, *where, methods=ONLY_IF_ASKED)

    path = reproduce("first")
    rows, preset = json.loads(path.read_text())["rows"], MICO_PRESETS["smoke"]
    l2 = {(row["method"], row["images"]): row for row in rows if row["metric"] == "angle_l2"}
    without = {"benchmark", *WITHOUT_TARGET}
    expected = {(method, n) for method in set(EVERY_METHOD) - without for n in preset.target_images}
    assert set(l2) == expected | {(method, 0) for method in without}
    assert {row["domain"] for key, row in l2.items() if key[0] != "benchmark"} == {"mico_target"}
    assert l2["benchmark", 0]["domain"] == "mico_source"
    assert all(row["low"] <= row["value"] <= row["high"] and row["n"] == 16 for row in l2.values())
    models = {file: file.stat().st_mtime_ns for file in (tmp_path / "run").rglob("*.safetensors")}
    again = json.loads(reproduce("second").read_text())["rows"]
    assert again == rows
    assert all(file.stat().st_mtime_ns == time for file, time in models.items())

    experiment = MicoTrial(tmp_path / "run", preset, 0, fabric, quiet=True)
    np.testing.assert_array_equal(experiment.test.labels, experiment.pairs.labels)
    assert not set(map(bytes, experiment.test.labels)) & set(map(bytes, experiment.target.labels))
    assert len(experiment.target) == 8
    assert list(experiment.pictures(count=2)) == [
        "target image y",
        "F(y), trained with 1 target image",
        "F(y), trained with 1 target image and randomized ones",
        "F(y), trained with 8 target images",
        "F(y), trained with 8 target images and randomized ones",
        "true pair in the source",
    ]
    assert list(experiment.pictures(DRAWINGS["_others"], count=2)) == [
        "target image y",
        "F(y), trained with 0 target images, but with randomized ones: RCAN",
        "F(y), trained with 1 target image: plain GAN",
        "F(y), trained with 1 target image, by the task loss alone",
        "F(y), trained with 8 target images: plain GAN",
        "F(y), trained with 8 target images, by the task loss alone",
        "true pair in the source",
    ]
    assert not experiment.pictures({"cycle_taskgan": ""})  # not trained here
    for name in ("smoke_pictures.png", "smoke_others.png"):
        assert Image.open(path.with_name(name)).size[0] > 500


def test_a_norm_in_the_task_model_makes_rows_of_their_own(tmp_path: Path) -> None:
    one = {"methods": ("fine_tuned",), "counts": (8,)}
    path = reproduced("mico", 1, tmp_path / "run", tmp_path / "results", **one)
    before = json.loads(path.read_text())["rows"]
    path = reproduced("mico", 1, tmp_path / "normed", tmp_path / "results", task_norm="instance", **one)
    results = json.loads(path.read_text())
    assert [row for row in results["rows"] if "task_norm" not in row] == before
    assert {row["method"] for row in results["rows"] if row.get("task_norm") == "instance"} == {
        "benchmark", "fine_tuned"
    }  # fmt: skip
    check_results(path)
    lines = error_table(results).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:6]] == [
        "Benchmark: f_X on source images", "f_X fine-tuned on the target images",
        "Benchmark: f_X on source images; instance norm in the task model",
        "f_X fine-tuned on the target images; instance norm in the task model",
    ]  # fmt: skip
    made = [json.loads(file.read_text()) for file in (tmp_path / "normed").rglob("adapted.json")]
    assert {model["networks"]["task_model"]["arguments"]["norm"] for model in made} == {"instance"}


def test_no_seeds_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match="--seeds must be at least 1; got 0"):
        reproduced("mico", 0, tmp_path / "run", tmp_path)


@pytest.mark.parametrize(
    ("methods", "counts", "words"),
    [
        (("rcan_nera",), None, r"Method of the Mico 'rcan_nera' not found\. Did you mean rcan_near\?"),
        (None, (9,), r"--counts must be from 1 to 8, the preset's most; got 9"),
    ],
)
def test_methods_and_numbers_that_are_not_there(tmp_path: Path, methods, counts, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        reproduced("mico", 1, tmp_path / "run", tmp_path, methods=methods, counts=counts)
    assert not (tmp_path / "run").exists()


def test_the_curve_takes_any_number_of_seeds(tmp_path: Path) -> None:
    rows = [
        {"method": method, "images": n, "seed": seed, "metric": "angle_l2", "value": 1 / (n + 1),
         "low": 0.9 / (n + 1), "high": 1.1 / (n + 1)}
        for method, numbers in (("benchmark", (0,)), ("taskgan_inverse", (1, 10))) for n in numbers
        for seed in range(2)
    ]  # fmt: skip
    assert Image.open(curve(rows, tmp_path / "curve.png")).size == (960, 630)


# splits; nothing is rendered or trained: see `stand_ins.py`


def test_no_image_is_in_two_sets(tmp_path: Path, fabric, monkeypatch) -> None:
    collected = instead_of_collecting(monkeypatch)
    several = [MicoTrial(tmp_path, MICO_PRESETS["smoke"], seed, fabric, quiet=True) for seed in (0, 1)]
    assert_disjoint(*itertools.chain(*([e.source, e.target, e.test, e.source_test] for e in several)))
    e = several[0]
    collected.clear()
    fresh = MicoTrial(tmp_path / "fresh", MICO_PRESETS["smoke"], 0, fabric, quiet=True)
    found = {}
    for name in ("source", "randomized", "target", "test", "pairs", "source_test"):
        assert len(getattr(fresh, name)) > 0
        found[name] = (collected[-1].look, collected[-1].world, collected[-1].randomization)
    assert found == {
        "source": ("mico_source", "mico", "none"), "randomized": ("mico_source", "mico", "full"),
        "target": ("mico_target", "mico_at_work", "none"), "test": ("mico_target", "mico_at_work", "none"),
        "pairs": ("mico_source", "mico_at_work", "none"), "source_test": ("mico_source", "mico", "none"),
    }  # fmt: skip
    assert_pairs(e.test, e.pairs)
    assert_pairs(e.source, e.randomized)


def test_methods_see_so_many_target_images(tmp_path: Path, fabric, monkeypatch) -> None:
    instead_of_collecting(monkeypatch)
    e = MicoTrial(tmp_path, MICO_PRESETS["smoke"], 1, fabric, quiet=True)
    for images in (1, 8):
        methods = e._methods(images)
        np.testing.assert_array_equal(methods.target.images, e.target.images[:images])
        np.testing.assert_array_equal(methods.target.labels, e.target.labels[:images])
        assert methods.source is e.source
        assert methods.extra("randomized_per_frame") is e.randomized
        assert (methods.trainer.seed, methods.source_trainer.seed) == (1, 1)


def test_a_model_of_another_training_is_refused(tmp_path: Path, fabric, monkeypatch) -> None:
    instead_of_collecting(monkeypatch)
    e = MicoTrial(tmp_path, MICO_PRESETS["smoke"], 0, fabric, quiet=True)
    methods = e._methods(1)
    planted, wanted = methods.adapted(methods.new_task_model()), methods.made_of("source_only")
    for method, made_of, words in (
        ("oracle", wanted, r"holds a model of 'oracle'\. Expected one of 'source_only'"),
        ("source_only", wanted | {"seed": 7}, "holds another training: seed is 7 there, 0 here"),
        ("source_only", {}, "does not say what it was trained on"),
    ):
        planted.method, planted.made_of = method, made_of
        planted.save(e.source_folder / "models" / "source_only")
        with pytest.raises(CrossgapError, match=words):
            e.model("source_only", 0)
    planted.made_of = wanted
    planted.save(e.source_folder / "models" / "source_only")
    assert e.model("source_only", 0).made_of == wanted


def test_a_finished_model_needs_no_randomized_images(tmp_path: Path, fabric, monkeypatch) -> None:
    collected = instead_of_collecting(monkeypatch)
    e, again = (MicoTrial(tmp_path, MICO_PRESETS["smoke"], 0, fabric, quiet=True) for _ in range(2))
    methods = e._methods(1)
    finished = methods.adapted(methods.new_task_model())
    finished.method, finished.made_of = "rcan_near", methods.made_of("rcan_near")
    finished.save(e.folder / "images_00001" / "models" / "rcan_near")
    remove(e.source_folder / "data" / "randomized")  # to save space
    collected.clear()
    assert again.model("rcan_near", 1).method == "rcan_near"
    assert not collected


def test_figures_are_of_test_images(tmp_path: Path, fabric, monkeypatch) -> None:
    instead_of_collecting(monkeypatch)
    e = MicoTrial(tmp_path, MICO_PRESETS["smoke"], 0, fabric, True, ("source_only", "fine_tuned"))
    asked: dict[tuple[str, int], Model] = {}

    def model(_: MicoTrial, method: str, images: int) -> Model:
        return asked.setdefault((method, images), Model(method, len(ANGLES)))

    monkeypatch.setattr(MicoTrial, "model", model)
    rows = [*e.run(0), *e.run(8)]
    shown = {key: [images.tobytes() for images in found.shown] for key, found in asked.items()}
    test, benchmark = e.test.images.tobytes(), e.source_test.images.tobytes()
    assert shown == {("source_only", 0): [benchmark, test], ("fine_tuned", 8): [test]}
    assert {(row["method"], row["domain"], row["images"]) for row in rows} == {
        ("benchmark", "mico_source", 0), ("source_only", "mico_target", 0), ("fine_tuned", "mico_target", 8),
    }  # fmt: skip
