"""Label map → picture ("synthesising images from label maps"): translators learn it from few pairs, and a
task model learns from what they draw of many label maps. It is judged on true pictures."""

import functools
from dataclasses import replace
from typing import Any

import numpy as np

from crossgap.base.files import once
from crossgap.data import LabelledImages
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.evaluation import AGGREGATE, offline_error, share_won
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.imaging.arm import (
    CLEAR,
    METRICS,
    PAIRS_SEED,
    SOURCE_SEED,
    ArmStudy,
)
from crossgap.experiments.imaging.study import STUDIES
from crossgap.methods.methods import Methods

LABELS = "label_map"
"""The look with every part in a flat colour, as MuJoCo's segmentation has it."""
TRANSLATORS = ("unet_l1", "pix2pix")
TITLES = {
    "label_maps": "the label maps themselves",
    "few": "the true pictures of the few pairs",
    "unet_l1": "what a U-Net with L1 draws of many label maps",
    "pix2pix": "what pix2pix draws of many label maps",
    "oracle": "oracle: as many true pictures",
}


class LabelMap(ArmStudy):
    """What a task model is worth that saw true pictures, label maps, or pictures drawn of these."""

    about = (
        "A task model's success in closed loop, and its squared error on held-out pictures (1 = knows "
        "nothing); of drawn pictures SSIM and PSNR against the true ones, KID in the oracle's features."
    )
    titles, metrics = TITLES, METRICS

    @functools.cached_property
    def _translators(self) -> Methods:
        few = (self.pictures_of(look, PAIRS_SEED, self.preset.few_episodes) for look in (LABELS, CLEAR))
        return self.trainings("pairs", *(side.without_labels() for side in few))

    def translator(self, method: str) -> AdaptedModel:
        """G, from label maps to pictures."""
        return self.model(self._translators, method)

    def shown(self, method: str) -> LabelledImages:
        """The labelled pictures that a task model learns from."""
        if method == "oracle":
            return self.source
        if method == "few":
            return self.pictures_of(CLEAR, PAIRS_SEED, self.preset.few_episodes)
        maps = self.pictures_of(LABELS, SOURCE_SEED, self.preset.source_episodes)
        if method == "label_maps":
            return maps
        return replace(maps, images=self.translator(method).translate(maps.images))

    @functools.cached_property
    def _learners(self) -> dict[str, Methods]:
        """What trains each task model; the oracle is the policy of the arm's other studies."""
        return {method: self._learner(method) for method in self.titles}

    def _learner(self, method: str) -> Methods:
        if method == "oracle":
            return self.trainings("policy", self.source, self.source)
        shown = self.shown(method)
        return Methods(shown, shown, self.preset.config, self.trainer(self.folder / method))

    def task_model(self, method: str) -> AdaptedModel:
        """What has learnt from `shown`."""
        return self.model(self._learners[method], "source_only")

    def measured(self) -> Rows:
        """A row per way to train the task model, and metric."""

        def of() -> dict[str, Any]:
            return {
                name: weights_of(self.saved(each, "source_only")) for name, each in self._learners.items()
            }

        path = self.folder / "evaluation.json"
        found = once(path, self._measure, "evaluation", {...: AGGREGATE}, of)
        return [
            row for method in self.titles for row in rows_of(found[method], domain=self.domain, method=method)
        ]

    def _measure(self) -> dict[str, Any]:
        """Metrics by method."""
        models, true = {method: self.task_model(method) for method in self.titles}, self.held_out(CLEAR)
        acting = {method: model.predict for method, model in models.items()}
        won = self.won(acting, CLEAR, self.preset.test_starts)
        found = {}
        for method, model in models.items():
            error = offline_error(model.predict, true, model.scale)
            found[method] = {"success": share_won(won[method]), "task_error": error}
            if method in TRANSLATORS:
                drawn = self.translator(method).translate(self.held_out(LABELS).images)
                found[method] |= self.image_figures(drawn, true)
        return found

    def pictures(self, count: int = 8) -> dict[str, np.ndarray]:
        """Held-out label maps, what is drawn of them, and the true pictures."""
        chosen = np.linspace(0, len(self.held_out(LABELS)) - 1, count).astype(int)
        maps, true = (self.held_out(look).images[chosen] for look in (LABELS, CLEAR))
        drawn = {self.titles[method]: self.translator(method).translate(maps) for method in TRANSLATORS}
        return {"label map": maps, **drawn, "true picture": true}


STUDIES.enter("label_map", LabelMap, rank=2)
