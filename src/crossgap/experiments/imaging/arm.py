"""What the arm's studies share: its labelled pictures, the policy that learnt on them, and closed loop."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.collection import Collection
from crossgap.core.runs import timed
from crossgap.data import LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.evaluation import Predict, closed_loop
from crossgap.evaluation.images import mean_over_images, psnr, ssim
from crossgap.evaluation.kernel_distance import at_most, kernel_distance, task_features
from crossgap.experiments.imaging.arm_sizes import ARM_SIZES, ArmSize
from crossgap.experiments.imaging.study import Study
from crossgap.methods.methods import Methods

SOURCE_SEED, PAIRS_SEED, MORE_SEED = 1, 20, 40
"""Streams of demonstrations, beside that of the size; the last two are the first of several."""
METRICS = {
    "success": ("success", "%"), "task_error": ("error", "{:.3f}"), "ssim": ("SSIM", "{:.3f}"),
    "psnr": ("PSNR, dB", "{:.1f}"), "kid": ("KID", "{:.3f}"),
}  # fmt: skip
"""What their tables show."""
CLEAR = "source"
"""The look that the policy learns in."""


class ArmStudy(Study):
    """A study of the arm `reach3`."""

    preset: ArmSize
    sizes = ARM_SIZES

    def pictures_of(self, look: str, stream: int, episodes: int) -> LabelledImages:
        """Demonstrations seen in a look; those of one stream are the same in every look and study."""
        size, name = self.preset, f"{look}_{stream}_{episodes}"
        if name not in self._read:
            seed, perturbation = 100 * self.seed + stream, size.perturbation
            about = Collection(look, episodes, size.steps, size.size, seed, perturbation=perturbation)
            self._read[name] = self.collected(about, self.source_folder / "data" / name)
        return self._read[name]

    @functools.cached_property
    def _read(self) -> dict[str, LabelledImages]:
        return {}

    @functools.cached_property
    def source(self) -> LabelledImages:
        """The labelled pictures of the clear look."""
        return self.pictures_of(CLEAR, SOURCE_SEED, self.preset.source_episodes)

    def held_out(self, look: str) -> LabelledImages:
        """What is measured on: every fourth picture of demonstrations that are the same in every look."""
        size = self.preset
        every = self.pictures_of(look, size.held_out_seed, size.held_out_episodes)
        return every.select(slice(None, None, 4))

    def trainings(self, name: str, source: LabelledImages, target: LabelledImages, **given: Any) -> Methods:
        """What trains methods on two sets, in a folder of that name; f_X is the policy."""
        return Methods(
            source, target, self.preset.config, self.trainer(self.folder / name),
            source_trainer=self.trainer(self.source_folder), **given,
        )  # fmt: skip

    @functools.cached_property
    def policy(self) -> AdaptedModel:
        """f_X, which learnt on the clear look."""
        return self.model(self.trainings("policy", self.source, self.source), "source_only")

    def model(self, methods: Methods, method: str) -> AdaptedModel:
        """One of the models that `trainings` give, under a time of its own."""
        return self.trained(methods, method, self.saved(methods, method))

    @staticmethod
    def saved(methods: Methods, method: str) -> Path:
        """The folder of such a model."""
        return methods.folder(method, methods.trainer.folder, methods.source_trainer.folder)

    def behind(self, translator: AdaptedModel) -> AdaptedModel:
        """The policy behind a translator."""
        policy = self.policy
        model = AdaptedModel(
            policy.task_model, policy.scale, policy.label_names, policy.size, translator.translator
        )
        model.precision = translator.precision
        return model

    def won(self, actors: Mapping[str, Predict], look: str, starts: Sequence[int]) -> dict[str, np.ndarray]:
        """Which starts in a look each of several models succeeds from, (starts,) bool.

        They play side by side, since starting the processes that render takes as long as an episode.
        """
        size = self.preset

        def predict(images: np.ndarray) -> np.ndarray:
            parts = np.split(images, len(actors))
            return np.concatenate([act(part) for act, part in zip(actors.values(), parts, strict=True)])

        with timed(self.root, "play"):
            played, _ = closed_loop(
                predict, [*starts] * len(actors), size.gain, size.episode_steps, label=f"play in {look}",
                quiet=self.quiet, look=look, size=size.size,
            )  # fmt: skip
        return dict(zip(actors, np.split(np.array(played.success), len(actors)), strict=True))

    def image_figures(self, images: np.ndarray, true: LabelledImages) -> dict[str, dict[str, Any]]:
        """PSNR and SSIM against the true pictures, KID against those that the policy learnt on."""
        near = nearness(images, true.images)
        means = {metric: mean_over_images(values, true.episodes) for metric, values in near.items()}
        return means | {"kid": self.kid(images, true.episodes)}

    def kid(self, images: np.ndarray, episodes: np.ndarray) -> dict[str, Any]:
        """KID against pictures that the policy learnt on, in its features."""
        features = task_features(self.policy, "the policy")
        clear = self.source.select(at_most(len(self.source), 1000))
        found = kernel_distance(features(images), features(clear.images), episodes, clear.episodes)
        return found.figures()


def nearness(images: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray]:
    """PSNR and SSIM of each image, (n,), against the true ones; both (n, H, W, 3) uint8."""
    return {"psnr": psnr(images, true), "ssim": ssim(images, true)}


def joined(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Data sets of one kind as one, with episodes of their own."""
    episodes, after = [], 0
    for part in parts:
        episodes.append(part.episodes - part.episodes.min() + after)
        after = episodes[-1].max() + 1
    images, labels = (np.concatenate([getattr(part, key) for part in parts]) for key in ("images", "labels"))
    return LabelledImages(images, labels, parts[0].label_names, np.concatenate(episodes))
