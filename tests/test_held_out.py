"""What a model is on target images that it was trained on and on others, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.base.records import mismatch
from crossgap.commands.measured import by_heart, keep_measured, say_measured
from crossgap.data import LabelledImages, LabelScale
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation.held_out import MEASURED, on_target_images, translations
from crossgap.networks.registry import NETWORKS, register_network


@pytest.fixture(scope="module")
def networks():
    """f is the brightness of an image; F makes it darker."""

    @register_network
    class Light(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, images):
            return images.mean((1, 2, 3))[:, None] * self.weight

    @register_network
    class Darker(nn.Module):
        def __init__(self):
            super().__init__()
            self.by = nn.Parameter(torch.tensor(0.2))

        def forward(self, images):
            return images - self.by

    yield Light, Darker
    NETWORKS.pop("Light")
    NETWORKS.pop("Darker")


def grey(*levels: int) -> LabelledImages:
    """Images of one brightness each, which is the label, in [-1, 1], of episodes of their own."""
    images = np.array(levels, np.uint8)[:, None, None, None].repeat(24, 1).repeat(24, 2).repeat(3, 3)
    labels = images[:, 0, 0, :1].astype(np.float32) / 127.5 - 1
    return LabelledImages(images, labels, ("light",), np.arange(len(levels)))


@pytest.fixture
def model(networks) -> AdaptedModel:
    brightness, darker = networks
    made = AdaptedModel(brightness(), LabelScale((0.0,), (1.0,)), ("light",), 24, darker())
    made.method = "taskgan_inverse"
    return made


def test_errors_and_agreement_by_hand(model) -> None:
    """F takes 0.2 off everything: 0.04 squared; of both kinds of images."""
    sets = {"trained on": grey(100, 200), "held out": grey(60, 120, 180)}
    found = on_target_images(model, sets, True)
    assert not mismatch(found, MEASURED)
    for name, data in sets.items():
        figures = found["sets"][name]["figures"]
        assert figures["error"]["value"] == pytest.approx(0.04, abs=0.003)
        assert figures["agreement_error"]["value"] == pytest.approx(0.04, abs=0.003)
        assert figures["error"]["n"] == len(data)
        assert found["sets"][name]["mean_absolute_error"]["light"] == pytest.approx(0.2, abs=0.01)
    assert found["unknown"] == []


def test_agreement_is_known_without_labels_and_the_rest_is_said_not_to_be(model) -> None:
    blind = {"trained on": grey(100, 200).without_labels()}
    found = on_target_images(model, blind, learnt_labels=False)
    assert found["sets"]["trained on"]["figures"].keys() == {"agreement_error"}
    first, second = found["unknown"]
    assert first.startswith("How often it is right on target images is unknown: none of them has a label.")
    assert "may draw another digit or another pose" in second
    labelled = on_target_images(model, {"trained on": grey(100, 200)}, learnt_labels=False)
    assert len(labelled["unknown"]) == 1
    assert "cannot be known from images alone" in labelled["unknown"][0]
    (sentence,) = on_target_images(model, {"trained on": grey(100, 200)}, learnt_labels=True)["unknown"]
    assert "none were held out (--held-out)" in sentence


def test_the_nearest_source_image_is_shown_beneath(model) -> None:
    source = grey(0, 40, 80, 120, 160, 200)
    rows = translations(model, {"held out": grey(146, 226)}, source)  # less 25.5
    assert list(rows) == ["y, held out", "F(y), held out", "the nearest x, held out"]
    assert rows["the nearest x, held out"][:, 0, 0, 0].tolist() == [120, 200]
    alone = AdaptedModel(model.task_model, model.scale, model.label_names, 24)
    assert translations(alone, {"held out": grey(146)}, source) == {}


def errors(*pairs: tuple[float, float]) -> dict:
    sets = {
        name: {"figures": {"error": {"value": value, "low": low, "high": 9.0, "n": 9}}}
        for name, (value, low) in zip(("trained on", "held out"), pairs, strict=True)
    }
    return {"sets": sets}


def test_images_known_by_heart_are_named() -> None:
    assert "is 60 times that on the images it was trained on" in by_heart(errors((0.01, 0.0), (0.6, 0.3)))
    assert by_heart(errors((0.01, 0.0), (0.02, 0.015))) == ""
    assert by_heart(errors((0.1, 0.0), (0.9, 0.05))) == ""  # its interval says nothing
    assert "is far above that on" in by_heart(errors((0.0, 0.0), (0.6, 0.3)))
    assert by_heart({"sets": {"trained on": {"figures": {}}}}) == ""


def test_both_are_said_and_kept(model, tmp_path, capsys) -> None:
    measured = keep_measured(tmp_path, model, grey(0, 80, 160), grey(100, 200), grey(60, 120, 180))
    say_measured("taskgan_inverse", measured)
    words = " ".join(capsys.readouterr().err.split())
    assert "On 2 target images trained on: mean squared error (1 = knows nothing) 0.04" in words
    assert "On 3 target images held out: " in words
    assert "f_X(F(y)) against f_X(y), as if that were the label" in words
    assert {path.name for path in (tmp_path / "evaluation").iterdir() if path.is_file()} >= {
        "taskgan_inverse.json", "taskgan_inverse.png"
    }  # fmt: skip
