"""Images from noise: DCGAN, by the paper's recipe and with leaky ReLU in its generator, on digits and on the
arm. Does it draw all ten classes, and does it draw, or copy?"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import once
from crossgap.collection import Collection
from crossgap.core.runs import timed
from crossgap.data import Classes, LabelledImages
from crossgap.data.neighbours import COPY, nearest
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.deploy.noise import spherical
from crossgap.evaluation import AGGREGATE, share
from crossgap.evaluation.images import mean_over_images
from crossgap.experiments.digits.data import mnist
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.imaging.judge import CERTAIN, judged, kid
from crossgap.experiments.imaging.study import STUDIES, Study
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig
from crossgap.methods.dcgan import DCGANConfig
from crossgap.methods.methods import Methods

CLASSES = Classes(10)
SHOWN = 10
"""Images in a row of the picture."""
SUBJECTS = {"digits": ("dcgan", "dcgan_leaky"), "arm": ("dcgan",)}
"""What is drawn, and by which methods."""


@dataclass(frozen=True)
class GeneratedSize:
    """Size of the study."""

    images: int = 55_000
    """Digits that are learnt from, at most."""
    digits: DCGANConfig = DCGANConfig(1500, 64, 2e-3)  # noqa: RUF009 (frozen)
    """The training on digits, of 32 pixels."""
    arm: DCGANConfig = DCGANConfig(1200, 64, 2e-3)  # noqa: RUF009 (frozen)
    """The training on pictures of the arm."""
    arm_size: int = 32
    """Width and height of these in pixels."""
    arm_episodes: int = 500
    """Demonstrations that they are of, 8 images each."""
    classifier: SupervisedConfig = SupervisedConfig(1000, 64)  # noqa: RUF009 (frozen)
    """The training of the digits' judge."""
    samples: int = 2000
    """Images that are drawn and judged."""
    compared: int = 500
    """Of these, how many are compared with all training images."""


SIZES = {
    "smoke": GeneratedSize(
        256, DCGANConfig(3, 8, width=2), DCGANConfig(3, 8, width=2), 32, 4, SupervisedConfig(5, 8), 40, 10
    ),
    "quick": GeneratedSize(),
    "full": GeneratedSize(
        digits=DCGANConfig(20_000, width=64), arm=DCGANConfig(20_000, width=64), arm_size=64,
        arm_episodes=2000, classifier=SupervisedConfig(3000, 64), samples=10_000, compared=2000,
    ),
}  # fmt: skip
ABOUT = (
    "Samples as a classifier of true digits sees them. Covered: at least 1 % of the samples are of a class. "
    f"Certain: of probability {CERTAIN:g} or more. KID against test images, in the classifier's features. "
    "Nearest: distance to the nearest training image, in levels from 0 to 255. Perhaps copies: nearer than "
    f"{COPY:.0%} of what true images that were held out have on average, as some of these are themselves."
)
TITLES = {"real": "true images, held out", "dcgan": "DCGAN", "dcgan_leaky": "DCGAN, leaky ReLU in G too"}
METRICS = {
    "coverage": ("classes covered, of 10", "{:.1f}"), "certain": ("certain", "%"), "kid": ("KID", "{:.1f}"),
    "nearest": ("nearest", "{:.1f}"), "copies": ("perhaps copies", "%"),
    "accuracy": ("classifier's accuracy", "%"),
}  # fmt: skip


class Generated(Study):
    """Samples of DCGANs, judged by a classifier of true digits and by their nearest training images."""

    preset: GeneratedSize
    sizes, about, titles, metrics = SIZES, ABOUT, TITLES, METRICS

    # data

    @functools.cached_property
    def _digits(self) -> tuple[LabelledImages, LabelledImages]:
        """To train with, and held out."""
        size = self.preset
        return mnist("train").select(slice(size.images)), mnist("test").select(slice(size.samples))

    @functools.cached_property
    def _arm(self) -> tuple[LabelledImages, LabelledImages]:
        """The same, of demonstrations; those held out are others."""
        size, parts = self.preset, []
        for name, seed, episodes in (
            ("arm", 1, size.arm_episodes), ("arm_held_out", 2, max(1, size.compared // 8)),
        ):  # fmt: skip
            about = Collection("source", episodes, 8, size.arm_size, 100 * self.seed + seed, perturbation=0.1)
            parts.append(self.collected(about, self.source_folder / "data" / f"{name}_{size.arm_size}"))
        return parts[0], parts[1]

    def _images(self, subject: str) -> tuple[np.ndarray, np.ndarray]:
        """(n, H, W, 3) uint8 to train with, and held out."""
        training, held_out = self._digits if subject == "digits" else self._arm
        return training.images, held_out.images

    # models

    def _methods(self, subject: str) -> Methods:
        training, _ = self._digits if subject == "digits" else self._arm
        images, config = training.without_labels(), getattr(self.preset, subject)
        trainer = self.trainer(self.folder / subject)
        return Methods(images, images, TaskGANConfig(own={"dcgan": config}), trainer)

    def _saved(self, subject: str, method: str) -> Path:
        return self.folder / subject / "models" / method

    def sampler(self, subject: str, method: str) -> AdaptedModel:
        """A trained DCGAN."""
        return self.trained(self._methods(subject), method, self._saved(subject, method), f" on {subject}")

    @functools.cached_property
    def classifier(self) -> AdaptedModel:
        """The judge: it learns true digits."""
        digits, _ = self._digits
        config = TaskGANConfig(NetworkConfig(task_width=32), source=self.preset.classifier)
        methods = Methods(digits, digits, config, self.trainer(self.folder / "judge"), scale=CLASSES)
        return self.trained(methods, "source_only", self._saved("judge", "source_only"), ", the judge")

    # figures

    def measured(self) -> Rows:
        """A row per metric of true images and of each method's samples."""
        return [
            row
            for subject, methods in SUBJECTS.items()
            for method in ("real", *methods)
            for row in rows_of(self._found(subject, method), domain=f"generated/{subject}", method=method)
        ]

    def _found(self, subject: str, method: str) -> dict[str, Any]:
        path = self.folder / "evaluation" / f"{subject}_{method}.json"

        def weights() -> dict[str, Any]:
            return {
                "sampler": weights_of(self._saved(subject, method)),
                "judge": weights_of(self._saved("judge", "source_only")),
            }

        return once(path, lambda: self._measure(subject, method), "evaluation", AGGREGATE, weights)

    def _measure(self, subject: str, method: str) -> dict[str, Any]:
        training, held_out = self._images(subject)
        real = method == "real"
        seen = held_out if real else self.sampler(subject, method).sample(self.preset.samples)
        with timed(self.root, "nearest"):
            distance, _ = nearest(seen[: self.preset.compared], training)
        true = distance.mean() if real else self._found(subject, "real")["nearest"]["value"]
        found = {"nearest": mean_over_images(distance), "copies": share(distance < COPY * true)}
        if subject == "arm":
            return found
        found |= judged(seen, self.classifier)
        if real:
            _, test = self._digits
            correct = self.classifier.predict(test.images) == test.labels
            return found | {"accuracy": share(correct[:, 0])}
        return found | {"kid": kid(seen, held_out, self.classifier)}

    def pictures(self) -> dict[str, np.ndarray]:
        """True images, samples, the nearest training image of each, and a way from one noise to another."""
        rows = {}
        for subject, methods in SUBJECTS.items():
            training, held_out = self._images(subject)
            shown = np.linspace(0, len(held_out) - 1, SHOWN).astype(int)
            rows[f"{subject}: true images, held out"] = held_out[shown]
            for method in methods:
                model = self.sampler(subject, method)
                noise = model.noise(SHOWN, seed=1)
                drawn = model.sampled(noise)
                name = f"{subject}, {self.titles[method]}"
                rows[name] = drawn
                rows[f"{name}: the nearest training images"] = training[nearest(drawn, training)[1]]
                way = spherical(noise[0], noise[1], SHOWN)
                rows[f"{name}: the way from the first to the second"] = model.sampled(way)
        return rows


STUDIES.enter("generated", Generated, rank=5)
