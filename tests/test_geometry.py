"""Things scaled and placed at random, by hand; and which methods see them so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crossgap.core.trainer import Trainer
from crossgap.data import geometry
from crossgap.data.geometry import placed
from crossgap.errors import CrossgapError
from crossgap.methods.config import OWN_DATA, TaskGANConfig, as_settings, for_classes
from untrained import CONFIG, Untrained

DOT = torch.zeros(1, 1, 8, 12)
DOT[0, 0, 3:5, 5:7] = 1  # 2 × 2 in the middle


def only(monkeypatch: pytest.MonkeyPatch, **kept: object) -> None:
    still = {"SCALE": (1.0, 1.0), "STRETCH": 0.0, "TURN": 0.0, "MOVE": 0.0}
    for name, value in (still | kept).items():
        monkeypatch.setattr(geometry, name, value)


def test_twice_as_large_is_twice_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, SCALE=(2.0, 2.0))
    large = placed(DOT, 1.0)[0, 0]
    assert large.sum() == pytest.approx(16, rel=0.01)  # 4 × 4
    assert large[3:5, 5:7].min() == pytest.approx(1, abs=1e-5)
    assert large[0].max() == 0
    assert placed(DOT, 0.5)[0, 0].sum() == pytest.approx(8, rel=0.1)  # √2 each way


def test_a_quarter_turn_keeps_pixels_square(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, TURN=torch.pi / 2)
    bar = torch.zeros(64, 1, 8, 12)
    bar[:, :, 3:5, 3:9] = 1  # 6 wide, 2 high
    torch.manual_seed(0)
    turned = placed(bar, 1.0)[:, 0]
    assert turned.sum((1, 2)) == pytest.approx(torch.full((64,), 12.0), rel=0.15)  # its area, at any angle
    heights = (turned > 0.5).any(2).sum(1)
    assert heights.max() >= 6
    assert heights.min() == 2


def test_each_is_moved_by_itself_and_the_seed_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, MOVE=0.25)
    torch.manual_seed(1)
    moved = placed(DOT.repeat(50, 1, 1, 1), 1.0)
    torch.manual_seed(1)
    torch.testing.assert_close(placed(DOT.repeat(50, 1, 1, 1), 1.0), moved)
    columns = (moved[:, 0].sum(1) * torch.arange(12)).sum(1) / moved[:, 0].sum((1, 2))
    assert columns.min() < 3.5 < 7.5 < columns.max()
    assert columns.min() >= 5.5 - 3 - 0.1  # a quarter of 12


def test_nothing_where_nothing_is_asked_for() -> None:
    assert placed(DOT, 0.0) is DOT
    assert (OWN_DATA.geometry, for_classes(OWN_DATA).geometry) == (None, 1.0)
    assert for_classes(replace(OWN_DATA, geometry=0.0)).geometry == 0.0  # what is said stays
    assert "geometry" not in as_settings(OWN_DATA)  # as before there was any
    with pytest.raises(CrossgapError, match=r"--geometry must be a number from 0 to 2; got 3"):
        TaskGANConfig(geometry=3)


@pytest.mark.parametrize(
    "method",
    ["source_only", "fine_tuned", "augmented", "taskgan_inverse", "taskgan_inverse_refined", "cycle_taskgan",
     "co_trained", "optimal_transport", "dann", "randomized"],
)  # fmt: skip
def test_every_method_sees_source_images_placed_at_random(
    toy, fabric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    made = Untrained(toy, fabric, tmp_path)
    made.methods.config = made.methods._source_config = replace(CONFIG, geometry=1.0)
    monkeypatch.setattr(Trainer, "fit", lambda _, phase: made.fit(phase))
    seen: list[float] = []
    monkeypatch.setattr(
        "crossgap.methods.methods.placed", lambda images, strength: seen.append(strength) or images
    )
    phase = made.of(method)
    for value in vars(phase).values():
        for part in value if isinstance(value, list | tuple) else [value]:
            if hasattr(part, "augment"):
                part(0)
    assert seen
    assert set(seen) == {1.0}
    assert made.methods.made_of(method)["config"]["geometry"] == 1.0
