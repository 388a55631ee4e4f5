"""Classification (TaskGAN "can be generalized to classification"): MNIST to MNIST-M, and to scanned digits.

Protocol: every label of the source; a budget of labelled target images (`DigitsPreset`), and all target
training images without labels for the methods that can use them. PixelDA and DANN's own tables have no
target labels at all: `dann` is theirs, `dann_labelled` has what TaskGAN has. Choices are made on the
validation splits; `accuracy` is that of the test split.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from crossgap.base.files import once
from crossgap.core.results import with_threads
from crossgap.core.runs import timed
from crossgap.data import Classes, LabelledImages
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.errors import CrossgapError
from crossgap.evaluation import AGGREGATE, share
from crossgap.experiments.digits.data import Split, mnist, mnist_m, randomized, scanned_digits, varied
from crossgap.experiments.digits.presets import DigitsPreset
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.trial import Trial
from crossgap.methods.methods import Methods
from crossgap.methods.registry import METHODS

SOURCE: Callable[[Split], LabelledImages] = mnist
"""The source domain."""
TARGETS: dict[str, Callable[[Split], LabelledImages]] = {"mnist_m": mnist_m, "scanned_digits": scanned_digits}
"""Every target domain by name."""
CLASSES = Classes(10)
TRANSLATORS = ("plain_gan", "task_loss_only", "taskgan_inverse", "taskgan_inverse_unlabelled")
"""Translators whose drawings are shown beneath each other."""


class DigitsTrial(Trial):
    """All methods of one seed in one target domain, a key of `TARGETS`; the seed also says which target
    images have a label. Arguments as of `Trial`, and:

    Args:
        labels: how many have one; by default the preset's number.
    """

    preset: DigitsPreset

    def __init__(self, *arguments: Any, labels: int | None = None, **named: Any):
        super().__init__(*arguments, **named)
        self.labels = getattr(self.preset, f"{self.domain}_labels") if labels is None else labels
        self.said: dict[str, Any] = {} if labels is None else {"labels": labels}
        if labels is not None:
            self.folder = self.folder / f"labels_{labels:05d}"
        if self.preset.config.geometry:
            self.said["geometry"] = self.preset.config.geometry
        if (norm := self.preset.config.networks.task_norm) != "none":
            self.said["task_norm"] = norm

    def run(self) -> Rows:
        """Do what is not done yet; one flat row per figure. A row says its number of labels, its geometry
        and the norm in its task model where they are not the preset's.

        Raises:
            CrossgapError: there are not so many images.
        """
        if self.labels > len(self.oracle_data):
            raise CrossgapError(
                f"--labels must be at most {len(self.oracle_data):,}, the training images of {self.domain}; "
                f"got {self.labels:,}."
            )
        rows = []
        for method in self.preset.methods:
            found = self.evaluate(method)["aggregate"]
            rows += rows_of(found, domain=self.domain, method=method, seed=self.seed, **self.said)
        return rows

    @functools.cached_property
    def source(self) -> LabelledImages:
        """Labelled MNIST."""
        return SOURCE("train").select(slice(self.preset.images))

    @functools.cached_property
    def oracle_data(self) -> LabelledImages:
        """All training images of the target, with their labels."""
        return TARGETS[self.domain]("train").select(slice(self.preset.images))

    @functools.cached_property
    def target(self) -> LabelledImages:
        """The few labelled images of the target, drawn at random, in `DigitsPreset.variants` each."""
        drawn = np.random.default_rng(self.seed).permutation(len(self.oracle_data))[: self.labels]
        few = self.oracle_data.select(np.sort(drawn))
        return varied(few, self.preset.variants, recolour=self.domain == "mnist_m", seed=self.seed)

    @functools.cached_property
    def unlabelled(self) -> LabelledImages:
        """All training images of the target, without labels."""
        return self.oracle_data.without_labels()

    @functools.cached_property
    def randomized(self) -> LabelledImages:
        """MNIST in random colours before random backgrounds."""
        return randomized(self.source, self.seed)

    def held_out(self, split: Split) -> LabelledImages:
        """Images that nothing is trained on; on those of `test` nothing is chosen, either."""
        return TARGETS[self.domain](split).select(slice(self.preset.test_images))

    @functools.cached_property
    def _methods(self) -> Methods:
        return Methods(
            self.source, self.target, self.preset.config, self.trainer(self.folder),
            source_trainer=self.trainer(self.source_folder), scale=CLASSES,
            extra={
                "oracle": lambda: self.oracle_data, "unlabelled": lambda: self.unlabelled,
                "randomized_per_frame": lambda: self.randomized,
            },
        )  # fmt: skip

    def _saved(self, method: str) -> Path:
        return Methods.folder(method, self.folder, self.source_folder)

    def model(self, method: str) -> AdaptedModel:
        """A method's model, trained if need be."""
        return self.trained(self._methods, method, self._saved(method))

    def evaluate(self, method: str) -> dict[str, Any]:
        """Accuracy on the test split, also on the validation split, and which test images are wrong."""

        def measure() -> dict[str, Any]:
            model = self.model(method)
            with timed(self.root, "evaluate"):
                test, validation = (
                    CLASSES.errors(model.predict(data.images), data.labels)
                    for data in map(self.held_out, ("test", "validation"))
                )
            found = {"accuracy": share(test == 0), "validation_accuracy": share(validation == 0)}
            aggregate = with_threads(found, model.made_of.get("threads"))
            return {"aggregate": aggregate, "wrong": np.flatnonzero(test).tolist()}

        path, model = self.folder / "evaluation" / f"{method}.json", self._saved(method)
        shape = {"aggregate": AGGREGATE, "wrong": [int]}
        return once(path, measure, "evaluation", shape, of=lambda: weights_of(model))

    def pictures(self, count: int = 8) -> dict[str, np.ndarray]:
        """Rows of validation images by label, (count, 32, 32, 3) uint8: the domains, and F(y) of the
        translators `TRANSLATORS` that are there."""
        images = self.held_out("validation").images[:count]
        rows = {"source": self.source.images[:count], f"target y: {self.domain}": images}
        for method in (name for name in TRANSLATORS if self._saved(name).exists()):
            rows[f"F(y), {METHODS[method].about}"] = self.model(method).translate(images)
        return rows
