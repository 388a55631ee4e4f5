"""What the arm's studies share: its labelled pictures, the policy that learnt on them, and closed loop."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from crossgap.experiments.imaging.study import Study
from crossgap.experiments.taskgan.presets import tiny
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig, TranslatorConfig
from crossgap.methods.cut import CUTConfig
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.pix2pix import Pix2PixConfig

SOURCE_SEED, HELD_OUT_SEED, PAIRS_SEED, MORE_SEED = 1, 2, 20, 40
"""Streams of demonstrations, none of them a test start; the last two are the first of several."""
METRICS = {
    "success": ("success", "%"), "task_error": ("error", "{:.3f}"), "ssim": ("SSIM", "{:.3f}"),
    "psnr": ("PSNR, dB", "{:.1f}"), "kid": ("KID", "{:.3f}"),
}  # fmt: skip
"""What their tables show."""
CLEAR = "source"
"""The look that the policy learns in."""


@dataclass(frozen=True)
class ArmSize:
    """Size of the arm's studies; they share pictures and policy."""

    size: int = 64
    """Width and height of the images in pixels."""
    source_episodes: int = 500
    """Demonstrations whose labelled pictures the policy learns on."""
    pair_episodes: int = 200
    """Demonstrations that translators learn on."""
    few_episodes: int = 50
    """Demonstrations that they learn on where there are few pairs."""
    held_out_episodes: int = 20
    """Demonstrations, in each condition, that images are measured on."""
    steps: int = 8
    """Images per demonstration."""
    perturbation: float = 0.1
    """Disturbance of the demonstrated states, standard deviation in rad."""
    starts: int = 100
    """Start configurations in the test."""
    episode_steps: int = 40
    """Steps of an episode in closed loop."""
    gain: float = 0.4
    """Of the control: from 40 validation starts in the clear look the policy is always there in 40 steps."""
    conditions: tuple[str, ...] = ("night", "rain", "haze", "motion_blur", "sensor_noise")
    """Looks that the arm is seen in where that is studied, an equal share of each."""
    config: TaskGANConfig = field(default_factory=TaskGANConfig)
    """The training."""


PIX2PIX = Pix2PixConfig(1000, 4, 4e-4, width=32, enlarged=1.0, mirror=False)
CYCLEGAN = CycleGANConfig(
    2000, 1, 4e-4, source_cycle_weight=2.0, width=16, blocks=4, discriminator_width=16,
    discriminator_layers=2, enlarged=1.0, mirror=False,
)  # fmt: skip
"""λ of the side that is translated is small: F cannot know which weather it was, or which noise."""
CUT = CUTConfig(2000, 1, 4e-4, width=16, blocks=4, patches=64, enlarged=1.0, mirror=False)
"""None of the three mirrors or enlarges: the arm stands where it stands, and a pixel matters."""


def _training(policy: int, translator: int, **own: Any) -> TaskGANConfig:
    return TaskGANConfig(
        NetworkConfig(generator_width=16, generator_blocks=4, discriminator_width=16),
        source=SupervisedConfig(policy, 64, 2e-3), translator=TranslatorConfig(translator, 8, 4e-4), own=own,
    )  # fmt: skip


ARM_SIZES = {
    "smoke": ArmSize(
        size=32, source_episodes=10, pair_episodes=10, few_episodes=3, held_out_episodes=2, steps=4, starts=4,
        episode_steps=2, conditions=("night", "rain"), config=replace(tiny(10, 3), own={
            "pix2pix": replace(PIX2PIX, steps=3, batch=4, width=4),
            "cyclegan": replace(CYCLEGAN, steps=3, width=4, blocks=1, discriminator_width=4),
            "cut": replace(CUT, steps=3, width=4, blocks=1),
        }),
    ),
    "quick": ArmSize(config=_training(1000, 500, pix2pix=PIX2PIX, cyclegan=CYCLEGAN, cut=CUT)),
    "full": ArmSize(
        source_episodes=1000, pair_episodes=400, config=_training(
            4000, 3000, pix2pix=replace(PIX2PIX, steps=4000), cyclegan=replace(CYCLEGAN, steps=15_000),
            cut=replace(CUT, steps=15_000),
        ),
    ),
}  # fmt: skip


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
        return self.nearness(images, true) | {"kid": self.kid(images, true.episodes)}

    @staticmethod
    def nearness(images: np.ndarray, true: LabelledImages) -> dict[str, dict[str, Any]]:
        """PSNR and SSIM."""
        near = {"psnr": psnr(images, true.images), "ssim": ssim(images, true.images)}
        return {metric: mean_over_images(values, true.episodes) for metric, values in near.items()}

    def kid(self, images: np.ndarray, episodes: np.ndarray) -> dict[str, Any]:
        """KID against pictures that the policy learnt on, in its features."""
        features = task_features(self.policy, "the policy")
        clear = self.source.select(at_most(len(self.source), 1000))
        found = kernel_distance(features(images), features(clear.images), episodes, clear.episodes)
        return found.figures()


def joined(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Data sets of one kind as one, with episodes of their own."""
    episodes, after = [], 0
    for part in parts:
        episodes.append(part.episodes - part.episodes.min() + after)
        after = episodes[-1].max() + 1
    images, labels = (np.concatenate([getattr(part, key) for part in parts]) for key in ("images", "labels"))
    return LabelledImages(images, labels, parts[0].label_names, np.concatenate(episodes))
