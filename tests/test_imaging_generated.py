"""The study of images from noise: its rows, its judge by hand, and that it goes on where it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.data import Classes, LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.experiments.imaging.judge import judged, kid
from crossgap.experiments.imaging.studies import generated
from crossgap.experiments.imaging.studies.generated import SIZES, Generated
from stand_ins import instead_of_collecting


class Levels(nn.Module):
    """A classifier whose logits are 10 where the mean level of an image is near 25 k, else 0."""

    def __init__(self):
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        level = (images.mean((1, 2, 3)) + 1) * 127.5
        return 10.0 * ((level[:, None] - 25 * torch.arange(10)).abs() < 5).float()


def levels(*of: int) -> np.ndarray:
    return np.repeat(np.array(of, np.uint8), 24 * 24 * 3).reshape(-1, 24, 24, 3)


def test_the_judge_by_hand() -> None:
    judge = AdaptedModel(Levels(), Classes(10), ("digit",), 24)
    found = judged(levels(*[25] * 297, 50, 50, 75, 12), judge)
    assert found["coverage"]["value"] == 1  # 2 and 1 of 301 are less than 1 %; nobody knows the last one: 0
    assert found["certain"]["value"] == pytest.approx(300 / 301)
    found = judged(levels(*[25] * 95, *[50] * 3, 75, 75), judge)
    assert found["coverage"]["value"] == 3
    assert found["coverage"]["n"] == 100


def test_kid_is_of_the_classifier_s_features() -> None:
    judge = AdaptedModel(Levels(), Classes(10), ("digit",), 24)
    same = kid(levels(25, 50, 25, 50), levels(50, 25, 26, 51), judge)["value"]
    assert same < 0.1 < kid(levels(25, 50, 25, 50), levels(75, 100, 75, 100), judge)["value"]


def digits(split: str) -> LabelledImages:
    rng = np.random.default_rng(len(split))
    classes = np.arange(300) % 10
    images = np.repeat(rng.integers(0, 40, (300, 32, 32, 1), np.uint8), 3, -1)
    images[np.arange(300), 3 * classes, :] = 255
    return LabelledImages(images, classes[:, None].astype(np.float32), ("digit",), np.arange(300))


@pytest.fixture
def study(tmp_path: Path, fabric, monkeypatch: pytest.MonkeyPatch):
    """`study()`: seed 0 at preset smoke, started anew each time."""
    monkeypatch.setattr(generated, "mnist", digits)
    instead_of_collecting(monkeypatch)
    return lambda: Generated(tmp_path, SIZES["smoke"], "generated", 0, fabric, quiet=True)


def test_rows_and_pictures(study, tmp_path: Path, tree) -> None:
    rows = study().run()
    by = {(row["domain"], row["method"], row["metric"]): row["value"] for row in rows}
    assert {(domain, method) for domain, method, _ in by} == {
        ("generated/digits", "real"), ("generated/digits", "dcgan"), ("generated/digits", "dcgan_leaky"),
        ("generated/arm", "real"), ("generated/arm", "dcgan"),
    }  # fmt: skip
    assert by["generated/digits", "real", "accuracy"] <= 1
    assert 1 <= by["generated/digits", "dcgan", "coverage"] <= 10
    assert all(row["settings"] == rows[0]["settings"] and row["seed"] == 0 for row in rows)
    before = tree(tmp_path)
    assert study().run() == rows
    assert tree(tmp_path) == before
    pictures = study().pictures()
    assert {row.shape for row in pictures.values()} == {(10, 32, 32, 3)}
    assert len(pictures) == 2 + 3 * 3
    drawn, near, way = (
        pictures[f"digits, DCGAN{row}"]
        for row in ("", ": the nearest training images", ": the way from the first to the second")
    )
    training = study()._images("digits")[0]
    assert all((image == training).all((1, 2, 3)).any() for image in near)
    np.testing.assert_array_equal(way[[0, -1]], drawn[:2])


def test_what_copies_is_said_to_copy(study, monkeypatch: pytest.MonkeyPatch) -> None:
    training, _ = study()._images("digits")

    class Copier:
        def sample(self, count: int) -> np.ndarray:
            return training[:count]

    monkeypatch.setattr(Generated, "sampler", lambda *_: Copier())
    found = study()._found("digits", "dcgan")
    assert found["copies"]["value"] == 1
    assert found["nearest"]["value"] == 0
