"""Joint angles of a Mico arm from an image, with few target images (TaskGAN, section 4.2)."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np

from crossgap.base.files import once
from crossgap.collection import Collection
from crossgap.core.results import with_threads
from crossgap.core.runs import timed
from crossgap.core.statistics import mean_interval
from crossgap.data import LabelledImages
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.evaluation import AGGREGATE, Predict, figures
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.mico.presets import MicoPreset
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.methods import Methods
from crossgap.simulation.mico.kinematics import decode_angles, wrapped

SOURCE, TARGET = "mico_source", "mico_target"
AT_WORK = "mico_at_work"
"""The target's angles: a robot is recorded at its work, a simulated one in configurations of all kinds."""
SOURCE_SEED, TARGET_SEED, TEST_SEED = 1, 2, 3
"""Streams of configurations."""
STRIP = 100
"""Images per file."""
WITH_TARGET = (
    "target_only", "fine_tuned", "augmented_fine_tuned", "randomized_fine_tuned", "plain_gan",
    "task_loss_only", "task_loss_only_refined", "taskgan_inverse", "taskgan_inverse_refined",
    "canonical_taskgan", "canonical_taskgan_near", "rcan_near",
)  # fmt: skip
"""What is trained with each number of target images; the first is the paper's "Normal"."""
WITHOUT_TARGET = ("source_only", "rcan", "rcan_refined", "augmented", "randomized_per_frame")
"""What sees none."""
BENCHMARK = ("benchmark",)
"""f_X as it is, tested in the source: the paper's name for what a target model can hope to reach."""
EVERY_METHOD = (*WITHOUT_TARGET, *WITH_TARGET)
"""All of them, in the order of tables."""
ONLY_IF_ASKED = (
    "augmented", "augmented_fine_tuned", "randomized_per_frame", "randomized_fine_tuned", "plain_gan",
    "task_loss_only", "task_loss_only_refined",
)  # fmt: skip
"""What is run only if asked for."""
DEFAULT_METHODS = tuple(method for method in EVERY_METHOD if method not in ONLY_IF_ASKED)
"""What is run unless other methods are asked for."""
BUILT_ON = {
    "augmented_fine_tuned": ("augmented",),
    "randomized_fine_tuned": ("randomized_per_frame",),
    **dict.fromkeys(("rcan_near", "canonical_taskgan", "canonical_taskgan_near"), ("rcan", "rcan_refined")),
}
"""What a method begins with, beside f_X, that sees no target images."""
DRAWINGS = {
    "_pictures": {"taskgan_inverse": "", "canonical_taskgan": " and randomized ones"},
    "_others": {
        "rcan": ", but with randomized ones: RCAN", "plain_gan": ": plain GAN",
        "task_loss_only": ", by the task loss alone",
    },
}  # fmt: skip
"""Translators whose drawings are shown beneath each other, and how they were trained, by the end of the
picture's name."""


def angle_differences(predict: Predict, data: LabelledImages) -> np.ndarray:
    """Predicted minus true angle the short way round, (n, 5) radians, of labelled images of the Mico."""
    return wrapped(decode_angles(predict(data.images)) - decode_angles(data.labels))


def angle_figures(differences: np.ndarray) -> dict[str, dict[str, Any]]:
    """The metrics of angle differences (n, 5) in radians, each with value, 95 % interval and n.

    `angle_l2`: squared difference, mean over the angles, rad² (the paper's "L2 loss"; its unit is not
    given). `angle_l2_joint_1` … `_5`: the same of one angle. `angle_error`: absolute difference, mean over
    the angles, degrees.
    """
    squared = np.square(differences)
    per_image = {"angle_l2": squared.mean(1), "angle_error": np.rad2deg(np.abs(differences)).mean(1)}
    per_image |= {f"angle_l2_joint_{joint}": values for joint, values in enumerate(squared.T, 1)}
    return {
        name: figures(float(values.mean()), mean_interval(values), len(values))
        for name, values in per_image.items()
    }


class MicoTrial(Trial):
    """Every method with every number of target images, of one seed. Arguments as in `Trial`, and:

    Args:
        methods: which of `EVERY_METHOD`.
    """

    def __init__(
        self, root: Path, preset: MicoPreset, seed: int, fabric: lightning_fabric.Fabric, quiet: bool = False,
        methods: Sequence[str] = DEFAULT_METHODS,
    ):  # fmt: skip
        super().__init__(root, preset, TARGET, seed, fabric, quiet)
        self.methods = tuple(methods)

    def run(self, images: int) -> Rows:
        """Do what is not done yet with that many target images; one flat row per figure.

        With none there are `benchmark` and `source_only`, f_X on test images of the source and of the
        target, and whatever else sees none.
        """
        of_number = WITH_TARGET if images else (*BENCHMARK, *WITHOUT_TARGET)
        for shared in self._shared() if images else ():
            if not self._saved(shared, 0).exists():
                self.model(shared, 0)  # under a time of its own, whichever number comes first
        norm = self.preset.config.networks.task_norm
        rows, said = [], {} if norm == "none" else {"task_norm": norm}
        for method in (method for method in of_number if method in (*BENCHMARK, *self.methods)):
            domain, found = SOURCE if method in BENCHMARK else TARGET, self._evaluate(method, images)
            about = {"domain": domain, "method": method, "images": images, "seed": self.seed}
            rows += rows_of(found, **about, **said)
        return rows

    def _shared(self) -> tuple[str, ...]:
        """What the chosen methods build on with any number of target images."""
        begun = [base for method in self.methods for base in BUILT_ON.get(method, ())]
        return tuple(dict.fromkeys(["source_only", *begun]))

    def _collect(self, name: str, look: str, stream: int, images: int, **settings: Any) -> LabelledImages:
        """The first `images` of a data set that is collected, or read where it is there."""
        steps = min(STRIP, images)
        collection = Collection(
            look=look, episodes=-(-images // steps), steps=steps, size=self.preset.size,
            seed=100 * self.seed + stream, **{"world": "mico", **settings},
        )  # fmt: skip
        path = (self.source_folder if stream == SOURCE_SEED else self.folder) / "data" / name
        return self.collected(collection, path).select(slice(images))

    @functools.cached_property
    def source(self) -> LabelledImages:
        """Many labelled images of the source look."""
        return self._collect("source", SOURCE, SOURCE_SEED, self.preset.source_images)

    @functools.cached_property
    def randomized(self) -> LabelledImages:
        """The same in random looks, a new one for every image."""
        count, settings = self.preset.source_images, {"randomization": "full", "per_frame": True}
        return self._collect("randomized", SOURCE, SOURCE_SEED, count, **settings)

    @functools.cached_property
    def target(self) -> LabelledImages:
        """As many labelled images of the target look as any method may train with."""
        most = max(2, *self.preset.target_images)  # a strip has two images or more
        return self._collect("target", TARGET, TARGET_SEED, most, world=AT_WORK)

    @functools.cached_property
    def test(self) -> LabelledImages:
        """Images of the target look that nothing is trained or chosen on."""
        return self._collect("test", TARGET, TEST_SEED, self.preset.test_images, world=AT_WORK)

    @functools.cached_property
    def pairs(self) -> LabelledImages:
        """Their true pairs in the source look, shown beside F(y)."""
        return self._collect("pairs", SOURCE, TEST_SEED, self.preset.test_images, world=AT_WORK)

    @functools.cached_property
    def source_test(self) -> LabelledImages:
        """Images like the source's: the benchmark's test."""
        return self._collect("source_test", SOURCE, TEST_SEED, self.preset.test_images)

    def _config(self, images: int) -> TaskGANConfig:
        """The preset's, with steps enough for so many images."""

        config, longer = self.preset.config, {}
        for name in ("target", "fine_tuning", "randomized_fine_tuning", "translator", "refinement"):
            part = getattr(config, name)
            longer[name] = replace(part, steps=max(part.steps, self.preset.passes * images // part.batch))
        return replace(config, **longer)

    def _methods(self, images: int) -> Methods:
        return Methods(
            self.source, self.target.select(slice(images)), self._config(images),
            self.trainer(self._images_folder(images)), source_trainer=self.trainer(self.source_folder),
            extra={"randomized_per_frame": lambda: self.randomized}, source_config=self._config(1),
            simulated=("randomized_per_frame",),
        )  # fmt: skip

    def _images_folder(self, images: int) -> Path:
        return self.folder / f"images_{images:05d}"

    def _saved(self, method: str, images: int) -> Path:
        folder = self._images_folder(images) if images else self.source_folder
        return folder / "models" / method

    def model(self, method: str, images: int) -> AdaptedModel:
        """A method's model, trained with that many target images if need be; 0 for those that see none."""
        methods = self._methods(max(1, images))  # collects under times of its own
        return self.trained(methods, method, self._saved(method, images), f", {images} target images")

    def _evaluate(self, method: str, images: int) -> dict[str, dict[str, Any]]:
        def measure() -> dict[str, dict[str, Any]]:
            benchmark = method == "benchmark"
            model = self.model("source_only" if benchmark else method, images)
            data = self.source_test if benchmark else self.test
            with timed(self.root, "evaluate"):
                found = angle_figures(angle_differences(model.predict, data))
            return with_threads(found, model.made_of.get("threads"))

        model = self._saved("source_only" if method == "benchmark" else method, images)
        path = self.folder / "evaluation" / f"{method}_{images:05d}.json"
        return once(path, measure, "evaluation", AGGREGATE, of=lambda: weights_of(model))

    def pictures(
        self, translators: Mapping[str, str] = DRAWINGS["_pictures"], count: int = 6
    ) -> dict[str, np.ndarray]:
        """Rows of figure 11 by label, (count, H, W, 3) uint8: test images, F(y) by images, true pairs.

        F(y) is of every one of those translators that is there, whatever this run has chosen; nothing without
        any.
        """
        numbers = [
            (name, number)
            for number in (0, *self.preset.target_images)
            for name in translators
            if self._saved(name, number).exists()
        ]
        if not numbers:
            return {}
        images = self.test.images[:count]
        rows = {"target image y": images}
        for name, number in numbers:
            plural = "" if number == 1 else "s"
            label = f"F(y), trained with {number:,} target image{plural}{translators[name]}"
            model = AdaptedModel.load(self._saved(name, number), self.fabric.device)
            rows[label] = model.translate(images)
        return rows | {"true pair in the source": self.pairs.images[:count]}
