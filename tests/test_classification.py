"""Classification beside regression: cross-entropy, coding of classes, error rate, and a toy to solve."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crossgap.core.statistics import wilson_interval
from crossgap.core.trainer import Trainer
from crossgap.data import Classes, LabelledImages, LabelScale
from crossgap.data.images import label_coding
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error
from crossgap.losses import classification_loss
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig, TranslatorConfig
from crossgap.methods.methods import Methods
from crossgap.networks import TaskModel

LEARN = TaskGANConfig(
    networks=NetworkConfig(8, 64, 8, 1, 8),
    source=SupervisedConfig(200, 32, 2e-3),
    translator=TranslatorConfig(150, 16, 1e-3),
    refinement=SupervisedConfig(60, 32, 1e-3),
)


def quarters(toy, domain: str, n: int, seed: int) -> LabelledImages:
    """The toy world with the quarter that the labelled disk is in as its class."""
    data = toy(domain, n, seed)
    right, low = (data.labels > 12).T
    return replace(data, labels=(right + 2.0 * low)[:, None].astype(np.float32), label_names=("quarter",))


def labelled(*classes: float) -> LabelledImages:
    n = len(classes)
    labels = np.array(classes, np.float32)[:, None]
    return LabelledImages(np.zeros((n, 4, 4, 3), np.uint8), labels, ("digit",), np.arange(n))


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]])  # probabilities (1/4, 3/4) and (1/2, 1/2)
    label = torch.tensor([[1], [0]])
    expected = (math.log(4 / 3) + math.log(2)) / 2
    assert classification_loss(logits, label).item() == pytest.approx(expected)


@pytest.mark.parametrize("k", [2, 10])
def test_knowing_nothing_of_k_classes_costs_ln_k(k: int) -> None:
    loss = classification_loss(torch.zeros(5, k), torch.ones(5, 1, dtype=torch.int64))
    assert loss.item() == pytest.approx(math.log(k))


def test_classes_are_coded_as_integers_and_the_likeliest_is_predicted() -> None:
    coded = Classes(3).apply(labelled(2, 0, 1).labels)
    assert coded.dtype == np.int64
    assert coded.tolist() == [[2], [0], [1]]
    assert Classes(3).outputs == 3
    assert Classes(3).invert(np.array([[0.1, 5, 3], [2, 1, 0]])).tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize("wrong", [-1.0, 3.0, 0.5])
def test_a_label_that_is_no_class(wrong: float) -> None:
    with pytest.raises(CrossgapError, match=rf"Expected classes from 0 to 2; found {wrong:g}"):
        Classes(3).apply(labelled(1, wrong).labels)


def test_two_columns_are_no_class() -> None:
    with pytest.raises(CrossgapError, match=r"one label column; got labels of shape \(4, 2\)"):
        Classes(3).apply(np.zeros((4, 2), np.float32))


@pytest.mark.parametrize("coding", [Classes(7), LabelScale((1.0, 2.0), (3.0, 4.0))])
def test_a_coding_survives_json(coding: Classes | LabelScale) -> None:
    assert label_coding(asdict(coding)) == coding


def test_error_rate_has_wilson_s_interval() -> None:
    data = labelled(0, 1, 2, 1)
    error = offline_error(lambda images: np.array([[0], [1], [2], [0]], np.float32), data, Classes(3))
    low, high = wilson_interval(1, 4)
    assert error == {"value": 0.25, "low": pytest.approx(low), "high": pytest.approx(high), "n": 4}


def test_a_loaded_classifier_predicts_the_same_classes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    colours = np.random.default_rng(0).integers(0, 256, (50, 1, 1, 3), np.uint8)
    images = np.tile(colours, (1, 24, 24, 1))
    model = AdaptedModel(TaskModel(5, 24, 4, 8), Classes(5), ("digit",), 24)
    for name, weight in model.task_model.state_dict().items():  # else one class is the likeliest everywhere
        weight.mul_(3 if name.endswith("weight") else 0)
    model.save(tmp_path / "model")
    loaded = AdaptedModel.load(tmp_path / "model")
    predicted = loaded.predict(images)
    assert predicted.shape == (50, 1)
    assert loaded.scale == Classes(5)
    np.testing.assert_array_equal(predicted, model.predict(images))
    assert set(predicted.ravel()) <= {0, 1, 2, 3, 4}
    assert len(set(predicted.ravel())) > 1


def test_source_only_fails_and_taskgan_succeeds_at_classes(toy, fabric, tmp_path: Path) -> None:
    source, target = (
        quarters(toy, domain, n, seed) for domain, n, seed in (("source", 1600, 1), ("target", 200, 2))
    )
    methods = Methods(source, target, LEARN, Trainer(tmp_path, fabric, quiet=True), scale=Classes(4))

    def error(method: str, domain: str) -> float:
        held_out = quarters(toy, domain, 300, 3)
        return offline_error(methods.get(method).predict, held_out, methods.scale)["value"]

    assert error("source_only", "source") < 0.1
    assert error("source_only", "target") > 0.6  # 0.75 is a guess
    assert error("taskgan_inverse", "target") < 0.2
    assert error("taskgan_inverse_refined", "target") < 0.12
