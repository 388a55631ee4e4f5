"""Tiles of the earth: aligned, with a coast, of regions that share nothing; and what colours tell."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossgap.errors import CrossgapError
from crossgap.experiments.imaging import earth
from crossgap.experiments.imaging.colour_table import ColourTable
from crossgap.experiments.imaging.earth import Earth, Tiles


def archive(path: Path, without: str = "") -> Path:
    """An earth of stripes: 2 degrees of land, 2 of sea, and so on to the east; south of 12° north lakes for
    land. Maps are redder towards the east, satellite pictures bluer towards the south."""
    east, south = np.meshgrid(np.arange(360), np.arange(180))
    of_map, satellite = np.zeros((2, 180, 360, 3), np.uint8)
    of_map[..., 0], satellite[..., 2] = east * 255 // 359, south * 255 // 179
    mask = np.tile(np.arange(8640) // 48 % 2 == 0, (4320, 1)).astype(np.uint8)
    mask[:2448][mask[:2448] == 1] = earth.LAKE  # from the south
    files = {earth.MASK: gzip.compress(mask.tobytes(), 1)}
    for name, picture in (("shadedrelief.jpg", of_map), ("bmng.jpg", satellite)):
        Image.fromarray(picture).save(encoded := io.BytesIO(), "PNG")
        files[name] = encoded.getvalue()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            if name != without:
                file.writestr(f"{earth.INSIDE}/{name}", content)
    return path


@pytest.fixture(scope="module")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Earth:
    path = archive(tmp_path_factory.mktemp("earth") / "earth.whl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(earth, "fetch", lambda package: path)
        return Earth()


def where(tiles: Tiles) -> tuple[np.ndarray, np.ndarray]:
    """Degrees to the east of −180 and to the south of 90 of each tile's middle, by its colours."""
    red = tiles.map.images[:, :, :, 0].mean((1, 2)) * 359 / 255
    blue = tiles.satellite.images[:, :, :, 2].mean((1, 2)) * 179 / 255
    return red, blue


def test_the_mask_is_where_the_pictures_are(stripes: Earth) -> None:
    tiles = stripes.grid("test", 60)  # 4 degrees: one stripe of land and one of sea
    assert set(tiles.land.mean((1, 2))) == {0.5}
    assert tiles.land[:, :, :30].all()  # the west of each is land
    assert not tiles.lake.any()
    _, south = where(tiles)
    assert 75 < south.max() < 78  # what is south of 12° north has lakes for land, and no coast


def test_regions_share_no_pixel_and_hold_no_ice(stripes: Earth) -> None:
    train, test = stripes.random("train", 64, 60, 0), stripes.grid("test", 64)
    east, south = where(train)
    assert east.min() > 150 + 2
    assert where(test)[0].max() < 150 - 2
    assert min(south.min(), where(test)[1].min()) > 18 + 1
    for tiles in (train, test):
        share = tiles.land.mean((1, 2))
        assert share.min() >= 0.1
        assert share.max() <= 0.9
    corners = {(round(a), round(b)) for a, b in zip(*where(test), strict=True)}
    assert len(corners) == len(test.map)  # side by side


def test_random_tiles_are_a_seed_s(stripes: Earth) -> None:
    one, same, other = (stripes.random("train", 32, 8, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.map.images, same.map.images)
    assert (one.map.images != other.map.images).any()


@pytest.mark.parametrize("without", ["bmng.jpg", earth.MASK, "all"])
def test_a_damaged_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    path = archive(tmp_path / "earth.whl", without)
    if without == "all":
        path.write_bytes(b"nothing")
    monkeypatch.setattr(earth, "fetch", lambda package: path)
    with pytest.raises(CrossgapError, match=r"earth\.whl lacks its pictures: .*Delete it to fetch it again"):
        Earth()


def test_a_colour_has_the_mean_of_its_pixels() -> None:
    images = np.zeros((1, 2, 2, 3), np.uint8)
    images[0, 0, 0], images[0, 0, 1] = (200, 0, 0), (205, 3, 5)  # of one cell: 192 to 207
    images[0, 1, 0], images[0, 1, 1] = (0, 250, 0), (0, 250, 0)
    values = np.array([[1.0, 4.0], [7.0, 100.0]]).reshape(1, 2, 2, 1)
    counted = np.array([[[True, True], [True, False]]])
    table = ColourTable(images, values, counted)
    asked = np.array([[192, 15, 15], [7, 240, 8], [255, 0, 0], [0, 0, 0]], np.uint8).reshape(1, 1, 4, 3)
    found = table(asked).ravel()
    assert found[:2].tolist() == [2.5, 7.0]
    assert found[2] == 2.5  # never seen: the nearest that was
    both = ColourTable(images, np.concatenate([values, -values], -1))(asked)
    assert both[0, 0, 1].tolist() == [53.5, -53.5]
