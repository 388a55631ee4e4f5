"""The study of style and dream: its rows, where arm and cube are by hand, and exact resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.data import LabelledImages
from crossgap.experiments.imaging.studies import style
from crossgap.experiments.imaging.studies.style import SIZES, Style
from crossgap.networks.vgg import VGG, VGG16
from stand_ins import instead_of_collecting

pytest.importorskip("captum")


@pytest.fixture
def study(tmp_path: Path, fabric, monkeypatch: pytest.MonkeyPatch):
    """`study()`: seed 0 at preset smoke, started anew each time; a small network in place of VGG16."""

    def small(name: str) -> VGG:
        torch.manual_seed(0)
        return VGG(VGG16, nn.Identity(), (3, 3, 3, 3, 3))

    monkeypatch.setattr(style, "pretrained", small)
    instead_of_collecting(monkeypatch)
    return lambda: Style(tmp_path, SIZES["smoke"], "style", 0, fabric, quiet=True)


def test_rows_and_pictures(study, tmp_path: Path, tree) -> None:
    rows = study().run()
    of = {method: {r["metric"] for r in rows if r["method"] == method} for method in Style.titles}
    falls = {"content_fall", "style_fall", "task_error"}
    assert of == {
        "content": {"task_error"}, "style_content": falls, "style_noise": falls, "style_policy": falls,
        "dream_vgg16": {"rise", "task_error"}, "dream_policy": {"rise", "task_error"}, "area": {"on_task"},
        "saliency": {"gap", "on_task"},
    }  # fmt: skip
    assert {metric for metrics in of.values() for metric in metrics} == set(Style.metrics)
    before = tree(tmp_path)
    assert study().run() == rows
    assert tree(tmp_path) == before
    pictures = study().pictures()
    assert [row.shape for row in pictures.values()] == [
        (3, 64, 64, 3), (2, 64, 64, 3), (2, 32, 32, 3), (2, 32, 32, 3), (2, 64, 64, 3), (2, 64, 64, 3)
    ]  # fmt: skip


def test_shrunk_is_the_mean_of_four(study) -> None:
    image = np.zeros((1, 4, 4, 3), np.uint8)
    image[0, 0, :2], image[0, 1, :2] = 100, 200
    assert study().shrunk(image)[0, :, :, 0].tolist() == [[150, 0], [0, 0]]


def test_arm_and_cube_are_what_has_a_colour(study, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.full((4, 64, 64, 3), 255, np.uint8)  # the floor
    images[:, :20] = 0  # the wall
    images[:, 20:22] = 128  # what blends them
    images[:, 40:44, 10:16] = (255, 0, 0)  # the cube
    data = LabelledImages(images, np.zeros((4, 1), np.float32), ("a",), np.arange(4))
    monkeypatch.setattr(Style, "_rendered", lambda *_: data)
    found = study().on_task()
    assert found.shape == (2, 32, 32)
    assert found[0].sum() == 2 * 3
    assert found[0, 20:22, 5:8].all()
