"""Sketch → picture and grey → colour ("create pictures from sketches", "generating coloured image from
grayscale image"): pix2pix against CycleGAN on the same pairs, of which CycleGAN is not told. The arm's camera
sees the drawing alone, and the policy, which learnt on pictures, is behind the translator."""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from crossgap.base.files import once
from crossgap.core.statistics import paired_error_difference
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.evaluation import AGGREGATE, error_over_episodes, figures, share_won
from crossgap.evaluation.images import ssim
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.markdown import having
from crossgap.experiments.imaging.arm import CLEAR, METRICS, PAIRS_SEED, ArmStudy
from crossgap.experiments.imaging.classical import grey, sketched
from crossgap.experiments.imaging.study import STUDIES
from crossgap.methods.methods import Methods

DRAWINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"sketch": sketched, "grey": grey}
"""What a picture is drawn from, by the end of the domain."""
TRANSLATORS = ("pix2pix", "cyclegan")
BETTER = {"pix2pix": "cyclegan", "cyclegan": "nothing"}
"""Which is expected to be nearer to the truth than which."""
TITLES = {
    "nothing": "the drawing as it is",
    "pix2pix": "pix2pix, which knows the pairs",
    "cyclegan": "CycleGAN, of the same images unpaired",
    "oracle": "oracle: the true picture",
}


class Sketch(ArmStudy):
    """Its domains are `sketch/sketch` and `sketch/grey`."""

    about = (
        "Success in closed loop, where the policy sees translated drawings alone. Error: the policy's, "
        "squared, on held-out ones (1 = knows nothing). SSIM and PSNR against the true pictures; KID in the "
        "policy's features."
    )
    titles, metrics = TITLES, METRICS

    def trained_on(self, drawing: str) -> Methods:
        """What trains translators from drawings to pictures."""
        pictures = self.pictures_of(CLEAR, PAIRS_SEED, self.preset.pair_episodes).without_labels()
        drawn = replace(pictures, images=DRAWINGS[drawing](pictures.images))
        return self.trainings(drawing, drawn, pictures)

    def translator(self, drawing: str, method: str) -> AdaptedModel:
        """G, from drawings to pictures."""
        return self.model(self._trained_on[drawing], method)

    @functools.cached_property
    def _trained_on(self) -> dict[str, Methods]:
        return {drawing: self.trained_on(drawing) for drawing in DRAWINGS}

    def drawn(self, drawing: str, method: str, images: np.ndarray) -> np.ndarray:
        """What the policy sees in place of pictures (n, H, W, 3) uint8."""
        if method == "oracle":
            return images
        made = DRAWINGS[drawing](images)
        return made if method == "nothing" else self.translator(drawing, method).translate(made)

    def measured(self) -> Rows:
        """A row per drawing, method and metric."""
        rows = []
        for drawing in DRAWINGS:
            found = self._evaluated(drawing)
            for method in self.titles:
                rows += rows_of(found[method], domain=f"{self.domain}/{drawing}", method=method)
        return rows

    def _evaluated(self, drawing: str) -> dict[str, Any]:
        def of() -> dict[str, Any]:
            saved = {
                name: self.saved(self._trained_on[drawing], name) for name in ("source_only", *TRANSLATORS)
            }
            return {name: weights_of(path) for name, path in saved.items()}

        path = self.folder / "evaluation" / f"{drawing}.json"
        return once(path, lambda: self._measure(drawing), "evaluation", {...: AGGREGATE}, of)

    def _measure(self, drawing: str) -> dict[str, Any]:
        """Metrics by method."""
        policy, true, starts = self.policy, self.held_out(CLEAR), self.preset.test_starts
        made = {method: self.drawn(drawing, method, true.images) for method in self.titles}
        actors = {
            method: lambda images, method=method: policy.predict(self.drawn(drawing, method, images))
            for method in self.titles
        }
        won = self.won(actors, CLEAR, starts)
        found = {}
        for method, images in made.items():
            error = error_over_episodes(policy.predict(images), true, policy.scale)
            found[method] = {"success": share_won(won[method]), "task_error": error}
            if method != "oracle":
                found[method] |= self.image_figures(images, true)
        near = {method: ssim(made[method], true.images) for method in {*BETTER, *BETTER.values()}}
        for better, other in BETTER.items():
            ahead = paired_error_difference(near[better], near[other], true.episodes)
            interval, episodes = (ahead["low"], ahead["high"]), len(np.unique(true.episodes))
            found[better][f"ssim_minus_{other}"] = figures(ahead["value"], interval, episodes)
        return found

    def pictures(self, count: int = 8) -> dict[str, np.ndarray]:
        """Held-out drawings, what is made of them, and the true pictures."""
        chosen = np.linspace(0, len(self.held_out(CLEAR)) - 1, count).astype(int)
        true, rows = self.held_out(CLEAR).images[chosen], {}
        for drawing in DRAWINGS:
            for method in ("nothing", *TRANSLATORS):
                what = f"{drawing}, {self.titles[method]}" if method in TRANSLATORS else drawing
                rows[what] = self.drawn(drawing, method, true)
        return rows | {"true picture": true}

    @classmethod
    def table(cls, name: str, results: dict[str, Any]) -> str:
        """As of every study, and the differences in SSIM image by image."""
        rows, sentences = cls.rows_in(name, results), []
        for drawing in DRAWINGS:
            for better, other in BETTER.items():
                found = having(rows, domain=f"{name}/{drawing}", metric=f"ssim_minus_{other}")
                if not found:
                    continue
                mean = np.mean([row["value"] for row in found])
                low, high = min(row["low"] for row in found), max(row["high"] for row in found)
                sentences.append(f"{drawing}, {better} minus {other}: {mean:+.3f} ({low:+.3f} – {high:+.3f})")
        about = "SSIM, paired by picture, within the seeds' 95 % bootstrap intervals over demonstrations: "
        return f"{super().table(name, results)}\n\n{about}{'; '.join(sentences)}."


STUDIES.enter("sketch", Sketch, rank=3)
