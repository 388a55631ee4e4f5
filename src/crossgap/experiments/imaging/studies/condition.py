"""One condition: the arm sees night, rain, haze, motion blur and sensor noise, and a translator maps what it
sees to the clear look, in which its policy was trained and stays as it is ("mapping all images to a specific
condition")."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from crossgap.base.files import once
from crossgap.data import LabelledImages
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.evaluation import AGGREGATE, Predict, error_over_episodes, share_won
from crossgap.evaluation.images import mean_over_images
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.markdown import origin
from crossgap.experiments.imaging.arm import (
    CLEAR,
    METRICS,
    MORE_SEED,
    PAIRS_SEED,
    ArmStudy,
    joined,
    nearness,
)
from crossgap.experiments.imaging.classical import equalized, matched
from crossgap.experiments.imaging.condition_table import condition_tables
from crossgap.experiments.imaging.study import STUDIES
from crossgap.methods.methods import Methods

PAIRED, UNPAIRED = ("unet_l1", "pix2pix"), ("cyclegan", "cut")
"""Translators that learn from true pairs, and such as learn from degraded and other, clear pictures."""
UNPICTURED = ("degraded", "clear")
"""Where no picture is translated."""
NAME = "condition"
"""The domain of all conditions together; that of one is below it."""
TITLES = {
    "nothing": "nothing: the policy sees the picture as it is",
    "equalized": "denoising and CLAHE (scikit-image)",
    "matched": "denoising, and the clear look's histogram (scikit-image)",
    "unet_l1": "U-Net with L1 (true pairs)",
    "pix2pix": "pix2pix (true pairs)",
    "cyclegan": "CycleGAN (unpaired, no labels)",
    "cut": "CUT (unpaired, no labels)",
    "taskgan_inverse": "TaskGAN inverse (unpaired, labels)",
    "degraded": "a policy trained on as many pictures of the same conditions (labels)",
    "clear": "oracle: the policy sees the clear picture",
}


class Condition(ArmStudy):
    """The policy behind a translator, against one that was trained on such pictures."""

    titles, metrics = TITLES, METRICS

    # data

    def mixed(self, stream: int, episodes: int, clear: bool = False) -> LabelledImages:
        """Demonstrations in all conditions, others in each; or the same ones, clear."""
        looks = self.preset.conditions
        return joined([
            self.pictures_of(CLEAR if clear else look, stream + index, episodes // len(looks))
            for index, look in enumerate(looks)
        ])  # fmt: skip

    @functools.cached_property
    def seen(self) -> LabelledImages:
        """The degraded pictures that translators learn on, labelled."""
        return self.mixed(PAIRS_SEED, self.preset.pair_episodes)

    # models

    @functools.cached_property
    def _labelled(self) -> Methods:
        """Of the clear and the degraded pictures with their labels. The oracle's are degraded, too, as many
        as the policy has clear ones: it is the policy trained on them."""
        degraded = functools.cache(lambda: self.mixed(MORE_SEED, self.preset.source_episodes))
        return self.trainings("labelled", self.source, self.seen, extra={"oracle": degraded})

    @functools.cached_property
    def _paired(self) -> Methods:
        twins = self.mixed(PAIRS_SEED, self.preset.pair_episodes, clear=True)
        return self.trainings("paired", self.seen.without_labels(), twins.without_labels())

    @functools.cached_property
    def _unpaired(self) -> Methods:
        return self.trainings("unpaired", self.seen.without_labels(), self.source.without_labels())

    def _trained_by(self, method: str) -> tuple[Methods, str]:
        """What trains the model of a row, and its name there."""
        if method in PAIRED + UNPAIRED:
            return (self._paired if method in PAIRED else self._unpaired), method
        return self._labelled, {"degraded": "oracle", "taskgan_inverse": method}.get(method, "source_only")

    def seer(self, method: str) -> AdaptedModel:
        """What acts, with its translator."""
        model = self.model(*self._trained_by(method))
        return self.behind(model) if method in PAIRED + UNPAIRED else model

    def _weights(self, *methods: str) -> dict[str, Any]:
        """Whose a figure is: of these rows' models, and of the policy."""
        return {name: weights_of(self.saved(*self._trained_by(name))) for name in ("nothing", *methods)}

    # figures

    def measured(self) -> Rows:
        """A row per method and metric of all conditions together, and of each."""
        rows, won = [], self._won()
        for method in self.titles:
            flags, seen = won[method], self._seen(method)
            whole = {"success": share_won(flags.ravel()), **seen[NAME]}
            rows += rows_of(whole, domain=NAME, method=method)
            for index, look in enumerate(self.preset.conditions):
                of_one = {"success": share_won(flags[index]), **seen[look]}
                rows += rows_of(of_one, domain=f"{NAME}/{look}", method=method)
        return rows

    def _won(self) -> dict[str, np.ndarray]:
        """Which starts each method succeeds from, (conditions, starts) bool."""
        looks, starts = self.preset.conditions, np.array(self.preset.test_starts)
        starts = starts.reshape(-1, len(looks)).T
        poor = [name for name in self.titles if name != "clear"]
        found = [self._played(look, its, *poor) for look, its in zip(looks, starts, strict=True)]
        won = {name: np.array([flags[name] for flags in found]) for name in poor}
        clear = self._played(CLEAR, starts.ravel(), "clear")["clear"]
        return won | {"clear": np.array(clear).reshape(starts.shape)}

    def _played(self, look: str, starts: np.ndarray, *methods: str) -> dict[str, list[bool]]:
        """What of some starts in a look was a success; of all methods, for they play side by side."""
        path = self.folder / "evaluation" / f"{look}.json"

        def play() -> dict[str, list[bool]]:
            won = self.won({name: self._actor(name) for name in methods}, look, starts.tolist())
            return {name: flags.tolist() for name, flags in won.items()}

        return once(path, play, "evaluation", {...: [bool]}, lambda: self._weights(*methods))

    def _actor(self, method: str) -> Predict:
        seer, clean = self.seer(method), self._cleaning.get(method)
        return seer.predict if clean is None else lambda images: seer.predict(clean(images))

    @functools.cached_property
    def _cleaning(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """What is done without learning before the policy sees a picture."""
        return {
            "equalized": equalized,
            "matched": functools.partial(matched, clear=self.source.images[:64:4]),
        }

    def _seen(self, method: str) -> dict[str, Any]:
        """Metrics of held-out pictures: of all conditions together, and of each."""
        path = self.folder / "evaluation" / "pictures" / f"{method}.json"
        make = functools.partial(self._measure, method)
        return once(path, make, "evaluation", {...: AGGREGATE}, lambda: self._weights(method))

    def _measure(self, method: str) -> dict[str, Any]:
        clear, seer, looks = self.held_out(CLEAR), self.seer(method), self.preset.conditions
        poor = [self.held_out(CLEAR if method == "clear" else look).images for look in looks]
        seen = self._cleaning.get(method, lambda images: images)(np.concatenate(poor))
        true = clear.select(np.tile(np.arange(len(clear)), len(looks)))
        predicted, drawn = seer.predict(seen), seer.translate(seen)
        near = {} if method in UNPICTURED else nearness(drawn, true.images)

        def of(its: slice) -> dict[str, Any]:
            some = true.select(its)
            error = error_over_episodes(predicted[its], some, seer.scale)
            means = {metric: mean_over_images(values[its], some.episodes) for metric, values in near.items()}
            return {"task_error": error, **means}

        count, whole = len(clear), of(slice(None))
        if near:
            whole["kid"] = self.kid(drawn, true.episodes)
        each = {look: of(slice(i * count, (i + 1) * count)) for i, look in enumerate(looks)}
        return {NAME: whole} | each

    def pictures(self) -> dict[str, np.ndarray]:
        """Held-out pictures, two of each condition, what is made of them, and the clear ones."""
        looks = np.repeat(self.preset.conditions, 2)
        chosen = np.linspace(0, len(self.held_out(CLEAR)) - 1, len(looks)).astype(int)
        seen = np.stack([self.held_out(look).images[i] for look, i in zip(looks, chosen, strict=True)])
        rows = {", ".join(self.preset.conditions).replace("_", " "): seen}
        for method in self.titles:
            if method in ("nothing", *UNPICTURED):
                continue
            translate = self._cleaning.get(method) or self.seer(method).translate
            rows[self.titles[method]] = translate(seen)
        return rows | {"the clear look": self.held_out(CLEAR).images[chosen]}

    @classmethod
    def table(cls, name: str, results: dict[str, Any]) -> str:
        """Two tables: all conditions together, and success in each."""
        return condition_tables(cls.rows_in(name, results), NAME, cls.titles, origin(results))


STUDIES.enter("condition", Condition, rank=1)
