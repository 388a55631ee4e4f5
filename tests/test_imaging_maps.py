"""The study of maps and satellite pictures: which tiles a method learns on, its figures by hand, its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crossgap.core.statistics import bootstrap_mean
from crossgap.data import LabelledImages
from crossgap.experiments.imaging.earth import Tiles
from crossgap.experiments.imaging.studies import maps
from crossgap.experiments.imaging.studies.maps import SIZES, TITLES, Maps, detail

COLOURS = {"map": ((250, 250, 250), (60, 200, 60)), "satellite": ((10, 20, 90), (120, 90, 40))}
"""Of sea and land."""


class Stripes:
    """An earth whose maps are green for land and white for sea, and satellite pictures brown and blue."""

    def grid(self, region: str, size: int) -> Tiles:
        assert region == "test"
        return self._tiles(6, size, 99)

    def random(self, region: str, size: int, count: int, seed: int) -> Tiles:
        assert region == "train"
        return self._tiles(count, size, seed)

    def _tiles(self, count: int, size: int, seed: int) -> Tiles:
        rng = np.random.default_rng(seed)
        coast = rng.integers(size // 4, 3 * size // 4, count)
        land = np.broadcast_to(np.arange(size) < coast[:, None, None], (count, size, size)).copy()
        lake = np.zeros_like(land)
        lake[:, :2], land[:, :2] = True, False  # drawn as land
        none, each = np.zeros((count, 0), np.float32), np.arange(count)
        images = {
            side: np.where((land | lake)[..., None], of_land, of_sea)
            + rng.integers(-8, 6, (count, size, size, 3))
            for side, (of_sea, of_land) in COLOURS.items()
        }
        return Tiles(**{
            side: LabelledImages(values.clip(0, 255).astype(np.uint8), none, (), each)
            for side, values in images.items()
        }, land=land, lake=lake)  # fmt: skip


@pytest.fixture
def study(tmp_path: Path, fabric, monkeypatch: pytest.MonkeyPatch):
    """`study()`: seed 1 at preset smoke, started anew each time."""
    monkeypatch.setattr(maps, "Earth", Stripes)
    return lambda: Maps(tmp_path, SIZES["smoke"], "maps", 1, fabric, quiet=True)


def test_who_learns_from_pairs_and_who_does_not(study) -> None:
    one = study()
    for direction, sides in (
        ("map_to_satellite", ("map", "satellite")),
        ("satellite_to_map", ("satellite", "map")),
    ):
        methods, name = one._trained_by(direction, "pix2pix")
        assert name == "pix2pix"
        for data, side in zip((methods.source, methods.target), sides, strict=True):
            assert data is getattr(one.training, side)
    (forward, name), (inverse, other) = (one._trained_by(direction, "cyclegan") for direction in maps.SIDES)
    assert (name, other) == ("cyclegan", "cyclegan_inverse")
    assert forward.trainer.folder == inverse.trainer.folder  # one training
    assert forward.source is one.training.map
    assert (forward.target.images != one.training.satellite.images).any()


def test_figures_by_hand(study) -> None:
    one = study()
    true = one._measure("map_to_satellite", "true")
    assert true["ssim"].tolist() == pytest.approx([1] * 6)
    assert true["detail"].tolist() == [1] * 6
    assert true["land_iou"].tolist() == true["land_accuracy"].tolist() == [1] * 6  # lakes do not count
    table = one._measure("satellite_to_map", "colour_table")
    assert table["land_iou"].tolist() == [1] * 6
    assert 0.5 < table["ssim"].mean() < 1
    one.drawn = lambda *_: np.broadcast_to(np.uint8(COLOURS["satellite"][1]), (6, 32, 32, 3))
    brown, land = one._measure("map_to_satellite", "pix2pix"), one.test.land
    np.testing.assert_allclose(brown["land_iou"], land[:, 2:].mean((1, 2)))
    np.testing.assert_allclose(brown["land_accuracy"], land[:, 2:].mean((1, 2)))
    assert brown["detail"].tolist() == [0] * 6


def test_detail_by_hand() -> None:
    image = np.zeros((1, 2, 3, 3), np.uint8)
    image[0, 0, 0] = 12
    # down: 12, 0, 0; to the right: 12, 0 and 0, 0
    assert detail(image).tolist() == [(4 + 3) / 2]


def test_rows_are_whole_and_differences_are_paired(study, tmp_path: Path, tree) -> None:
    rows = study().run()
    assert {(row["domain"], row["method"]) for row in rows} == {
        (f"maps/{direction}", method) for direction in maps.SIDES for method in TITLES
    }
    one = study()
    each = {
        name: np.array(one._of_tiles("map_to_satellite", name)["ssim"]) for name in ("pix2pix", "cyclegan")
    }
    (found,) = (
        row
        for row in rows
        if (row["domain"], row["method"], row["metric"])
        == ("maps/map_to_satellite", "pix2pix − cyclegan", "ssim")
    )
    wanted = bootstrap_mean(each["pix2pix"] - each["cyclegan"])
    assert {key: found[key] for key in wanted} == wanted
    before = tree(tmp_path)
    assert study().run() == rows
    assert tree(tmp_path) == before
    assert {row.shape for row in study().pictures().values()} <= {(8, 32, 32, 3), (6, 32, 32, 3)}
