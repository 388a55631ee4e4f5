"""What a translator does to images: all metrics at once, each a figure per image or of the whole set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from crossgap.core.statistics import paired_error_difference
from crossgap.data.images import LabelCoding, LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.evaluation.images import mean_over_images, psnr, ssim
from crossgap.evaluation.kernel_distance import KernelDistance, NamedFeatures, at_most, kernel_distance
from crossgap.evaluation.labels import over_episodes


@dataclass(frozen=True)
class PerImage:
    """A metric that each image has."""

    values: np.ndarray
    """(n,)."""
    episodes: np.ndarray
    """(n,) which images belong together."""
    scale: LabelCoding | None = None
    """Of the labels, where these are errors in it."""

    def figures(self) -> dict[str, Any]:
        """Mean of the episodes' means, 95 % interval and n: by bootstrap; of errors as in a task model's own
        evaluation, `error_over_episodes`."""
        if self.scale is None:
            return mean_over_images(self.values, self.episodes)
        return over_episodes(self.values, self.episodes, self.scale)

    def minus(self, other: PerImage) -> dict[str, float]:
        """Difference on the same images, with a 95 % bootstrap interval over episodes."""
        return paired_error_difference(self.values, other.values, self.episodes)


@dataclass(frozen=True)
class Judges:
    """What translated images are held against. Each is optional, and gives metrics of its own."""

    data: LabelledImages
    """The n images that are translated; with the task model's labels, or others, or none."""
    pairs: np.ndarray | None = None
    """(n, H, W, 3) uint8, what each should become: PSNR and SSIM."""
    like: LabelledImages | None = None
    """Images of the domain translated into: KID, with `features`."""
    features: NamedFeatures | None = None
    """What KID compares."""
    task_model: AdaptedModel | None = None
    """Its task model tells whether labels are preserved: how far its predictions of G(x) are from x's labels,
    where these are known, and from its own predictions of x."""

    def measure(self, images: np.ndarray) -> dict[str, PerImage | KernelDistance]:
        """All metrics that can be had of the translated images (n, H, W, 3) uint8, by name."""
        found: dict[str, PerImage | KernelDistance] = {}
        episodes = self.data.episodes
        if self.pairs is not None:
            found["psnr"] = PerImage(psnr(images, self.pairs), episodes)
            found["ssim"] = PerImage(ssim(images, self.pairs), episodes)
        if self.like is not None:
            features, of = self._features(images, self.data)
            found["kid"] = kernel_distance(features, self._like[0], of, self._like[1])
        if self.task_model is not None:
            scale, after = self.task_model.scale, self.task_model.predict(images)
            if self.labelled:
                found["label_error"] = PerImage(scale.errors(after, self.data.labels), episodes, scale)
            before = self.task_model.predict(self.data.images)
            found["disagreement"] = PerImage(scale.errors(after, before), episodes, scale)
        return found

    @property
    def labelled(self) -> bool:
        """Whether the images have the labels that the task model predicts."""
        return self.task_model is not None and self.data.label_names == self.task_model.label_names

    def _features(self, images: np.ndarray, of: LabelledImages) -> tuple[Tensor, np.ndarray]:
        """Features of images, some of them where there are many, and which belong together."""
        if self.features is None:
            raise CrossgapError("KID compares features of a network. Expected one.")
        chosen = at_most(len(images))
        return self.features(images[chosen]), of.episodes[chosen]

    @cached_property
    def _like(self) -> tuple[Tensor, np.ndarray]:
        """The same of the domain translated into, computed once."""
        assert self.like is not None
        return self._features(self.like.images, self.like)
