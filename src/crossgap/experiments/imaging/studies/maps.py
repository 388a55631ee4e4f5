"""Aerial map ↔ satellite, of the whole earth: pix2pix and CycleGAN in both directions, learnt on Europe,
Africa, Asia and Australia and tested on the Americas."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import once
from crossgap.data import LabelledImages
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.evaluation.images import mean_over_images, psnr, ssim
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.imaging.colour_table import ColourTable
from crossgap.experiments.imaging.earth import Earth, Tiles
from crossgap.experiments.imaging.study import STUDIES, Study
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.pix2pix import Pix2PixConfig

SIDES = {"map_to_satellite": ("map", "satellite"), "satellite_to_map": ("satellite", "map")}
"""From what to what."""
PAIRED = ("unet_l1", "pix2pix")
"""What learns from pairs; CycleGAN sees maps of some places and satellite pictures of others."""
SHOWN = 8
"""Tiles in the picture."""


@dataclass(frozen=True)
class MapsSize:
    """Size of the study."""

    size: int = 64
    """Width and height of a tile in pixels, of 4 arc minutes each."""
    places: int = 1500
    """Places that are learnt from; CycleGAN sees satellite pictures of as many others."""
    pix2pix: Pix2PixConfig = Pix2PixConfig(500, 8, 4e-4)  # noqa: RUF009 (frozen)
    """The training from pairs."""
    cyclegan: CycleGANConfig = CycleGANConfig(  # noqa: RUF009 (frozen)
        500, 4, 4e-4, width=16, discriminator_layers=2
    )
    """The training without."""


SIZES = {
    "smoke": MapsSize(
        32,
        12,
        Pix2PixConfig(3, 4, width=4),
        CycleGANConfig(3, 2, width=4, blocks=1, discriminator_width=4, discriminator_layers=1),
    ),
    "quick": MapsSize(),
    "full": MapsSize(128, 3000, Pix2PixConfig(20_000, 4), CycleGANConfig(20_000, 1)),
}
ABOUT = (
    "Tiles of a region that nothing learnt on. SSIM and PSNR against the true picture of the place. Land: "
    "agreement with the land–sea mask (intersection over union, and share of pixels) of what a classifier by "
    "colour, which learnt on true pictures, holds for land; for true pictures that is its own limit. Detail: "
    "mean difference of neighbouring pixels, of true pictures 1."
)
TITLES = {
    "identity": "the input as it is", "colour_table": "colour by colour (table of means)",
    "unet_l1": "U-Net, L1 (pairs)", "pix2pix": "pix2pix (pairs)", "cyclegan": "CycleGAN (no pairs)",
    "true": "true picture", "pix2pix − cyclegan": "pix2pix minus CycleGAN",
    "cyclegan − identity": "CycleGAN minus the input",
}  # fmt: skip
METRICS = {
    "ssim": ("SSIM", "{:.3f}"), "psnr": ("PSNR, dB", "{:.1f}"), "land_iou": ("land, IoU", "{:.3f}"),
    "land_accuracy": ("land, pixels", "{:.3f}"), "detail": ("detail", "{:.2f}"),
}  # fmt: skip
DIFFERENCES = {title: title.split(" − ") for title in TITLES if " − " in title}
"""Rows that are differences of two others, tile by tile."""


class Maps(Study):
    """Translations of held-out tiles, against the true pictures and the land–sea mask."""

    preset: MapsSize
    sizes, about, titles, metrics = SIZES, ABOUT, TITLES, METRICS

    # data

    @functools.cached_property
    def _earth(self) -> Earth:
        return Earth()

    @functools.cached_property
    def test(self) -> Tiles:
        """All tiles with a coast of the region that nothing learns on."""
        return self._earth.grid("test", self.preset.size)

    @functools.cached_property
    def training(self) -> Tiles:
        """Tiles of the other region."""
        return self._earth.random("train", self.preset.size, self.preset.places, 2 * self.seed)

    @functools.cached_property
    def _elsewhere(self) -> Tiles:
        """As many again, drawn anew."""
        return self._earth.random("train", self.preset.size, self.preset.places, 2 * self.seed + 1)

    @functools.cached_property
    def _land_by_colour(self) -> dict[str, ColourTable]:
        """What holds for land which pixels of true maps, and of true satellite pictures."""
        tiles = self.training
        return {
            side: ColourTable(getattr(tiles, side).images, tiles.land[..., None], ~tiles.lake)
            for side in ("map", "satellite")
        }

    # models

    def _trained_by(self, direction: str, method: str) -> tuple[Methods, str]:
        """What trains a method in a direction, and its name there."""
        given, wanted = SIDES[direction]
        if method not in PAIRED:
            sides, folder = (self.training.map, self._elsewhere.satellite), "unpaired"
            method = method if given == "map" else f"{method}_inverse"
        else:
            sides, folder = (getattr(self.training, given), getattr(self.training, wanted)), direction
        own = {"pix2pix": self.preset.pix2pix, "cyclegan": self.preset.cyclegan}
        return Methods(*sides, TaskGANConfig(own=own), self.trainer(self.folder / folder)), method

    def translator(self, direction: str, method: str) -> AdaptedModel:
        """A trained translator."""
        methods, name = self._trained_by(direction, method)
        return self.trained(methods, name, self._saved(methods, name), f", {direction}")

    @staticmethod
    def _saved(methods: Methods, name: str) -> Path:
        return methods.folder(name, methods.trainer.folder, methods.source_trainer.folder)

    def drawn(self, direction: str, method: str, tiles: LabelledImages) -> np.ndarray:
        """What a method makes of tiles, (n, size, size, 3) uint8."""
        given, wanted = SIDES[direction]
        if method == "identity":
            return tiles.images
        if method == "colour_table":
            known = (getattr(self.training, side).images for side in (given, wanted))
            return np.round(ColourTable(*known)(tiles.images)).astype(np.uint8)
        return self.translator(direction, method).translate(tiles.images)

    # figures

    def measured(self) -> Rows:
        """A row per direction, method and metric."""
        rows = []
        for direction in SIDES:
            each = {name: self._of_tiles(direction, name) for name in self.titles if name not in DIFFERENCES}
            for title, (one, other) in DIFFERENCES.items():
                each[title] = {
                    key: list(np.subtract(each[one][key], each[other][key]))
                    for key in METRICS
                    if key != "detail"  # of which more is not better
                }
            for name in self.titles:
                found = {key: mean_over_images(np.array(values)) for key, values in each[name].items()}
                rows += rows_of(found, domain=f"maps/{direction}", method=name)
        return rows

    def _of_tiles(self, direction: str, method: str) -> dict[str, list[float]]:
        """Every metric of each tile."""
        path = self.folder / "evaluation" / direction / f"{method}.json"
        learnt = method in (*PAIRED, "cyclegan")

        def weights() -> Any:
            return weights_of(self._saved(*self._trained_by(direction, method))) if learnt else None

        def measure() -> dict[str, list[float]]:
            found = self._measure(direction, method)
            return {key: values.tolist() for key, values in found.items()}

        return once(path, measure, "evaluation", {key: [float] for key in METRICS}, weights)

    def _measure(self, direction: str, method: str) -> dict[str, np.ndarray]:
        given, wanted = (getattr(self.test, side) for side in SIDES[direction])
        images = wanted.images if method == "true" else self.drawn(direction, method, given)
        by_colour, counted = self._land_by_colour[SIDES[direction][1]], ~self.test.lake
        seen, land = (by_colour(images)[..., 0] > 0.5) & counted, self.test.land
        both, either = ((seen & land).sum((1, 2)), (seen | land).sum((1, 2)))
        right = ((seen == land) & counted).sum((1, 2)) / counted.sum((1, 2))
        return {
            "ssim": ssim(images, wanted.images), "psnr": psnr(images, wanted.images),
            "land_iou": both / either, "land_accuracy": right,
            "detail": detail(images) / detail(wanted.images),
        }  # fmt: skip

    def pictures(self) -> dict[str, np.ndarray]:
        """Tiles of the test region, what is made of them, and the true ones."""
        chosen = np.linspace(0, len(self.test.map) - 1, SHOWN).astype(int)
        rows = {}
        for direction, (given, wanted) in SIDES.items():
            tiles = getattr(self.test, given).select(chosen)
            rows[f"{given}, in the Americas"] = tiles.images
            for method in ("colour_table", *PAIRED, "cyclegan"):
                rows[f"→ {wanted}: {self.titles[method]}"] = self.drawn(direction, method, tiles)
            rows[f"true {wanted}"] = getattr(self.test, wanted).images[chosen]
        return rows


def detail(images: np.ndarray) -> np.ndarray:
    """Mean difference of neighbouring pixels of (n, H, W, 3) uint8, (n,)."""
    levels = images.astype(float)
    down, right = (np.abs(np.diff(levels, axis=axis)).mean((1, 2, 3)) for axis in (1, 2))
    return (down + right) / 2


STUDIES.enter("maps", Maps, rank=4)
