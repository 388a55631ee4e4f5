"""The central experiment of the TaskGAN paper (section 4.1, inverse mapping): one arm, several looks."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning_fabric
import numpy as np

from crossgap.base.files import once, read_arrays, writing
from crossgap.collection import Collection
from crossgap.core.results import with_threads
from crossgap.core.runs import timed
from crossgap.data import LabelledImages, LabelScale
from crossgap.deploy.adapted import AdaptedModel, weights_of
from crossgap.errors import CrossgapError, check_known
from crossgap.evaluation import (
    AGGREGATE,
    PLAYED,
    TEST_STARTS,
    VALIDATION_STARTS,
    ClosedLoop,
    closed_loop,
    offline_error,
    play,
)
from crossgap.experiments.engine.experiment import Rows, rows_of
from crossgap.experiments.engine.trial import Trial
from crossgap.experiments.taskgan.alignment import landmarks_of, pair_error
from crossgap.experiments.taskgan.presets import MAIN_METHODS, SIGHTLESS, Preset, measured_with
from crossgap.methods.config import as_settings
from crossgap.methods.methods import Methods
from crossgap.methods.registry import METHODS
from crossgap.simulation.reach3.looks import get_look, get_target_look

SOURCE_SEED, TARGET_SEED, ORACLE_SEED, HELD_OUT_SEED = 1, 2, 4, 5
"""Streams of demonstrations; none is a test or validation start. Stream 3 was what is held out until
2026-12-01: recipes were chosen with its errors in view, so it is for choices now."""
PICTURED = {
    "": ("plain_gan", "task_loss_only", "taskgan_inverse"),
    "_source_supervised": ("source_supervised_taskgan",),
    "_others": ("source_supervised_gan", "cycle_taskgan_unlabelled", "cycle_taskgan", "canonical_taskgan"),
    "_forward": (
        "plain_gan_forward", "taskgan_forward", "cycle_taskgan_translator",
        "cycle_taskgan_unlabelled_translator",
    ),
}  # fmt: skip
"""Translators whose drawings are shown beneath each other, by the end of the picture's name: what is left of
TaskGAN without a part, TaskGAN that is supervised on the source as well, other ways to train a translator,
and those that draw G(x), as the paper's figure 7. All of one picture translate the same way."""
MANY = ("oracle", "randomized", "randomized_per_frame")
"""Data sets beside source and target of as many images as the source has."""
UNWRITTEN = re.compile(r"final_distance_std|.*_offset|train_.*_found")
"""Metrics that no table or plot shows: they stay in the run folder, and make no results file longer."""
RECORDED = 4
"""Episodes per method whose images are kept for the report."""


class TaskGANTrial(Trial):
    """All methods of one seed in one target look. Arguments as in `Trial`, and:

    Args:
        methods: which methods, by name, in the order of tables.

    Raises:
        CrossgapError: there is no such target look or method.
    """

    preset: Preset

    def __init__(
        self, root: Path, preset: Preset, domain: str, seed: int, fabric: lightning_fabric.Fabric,
        quiet: bool = False, methods: Sequence[str] = MAIN_METHODS,
    ):  # fmt: skip
        get_target_look(domain)
        check_known("Method", methods, (*SIGHTLESS, *METHODS))
        super().__init__(root, preset, domain, seed, fabric, quiet)
        self.methods = tuple(methods)

    def run(self) -> Rows:
        """Do what is not done yet; the result rows of this seed and look."""
        if not set(self.methods) <= SIGHTLESS.keys():
            self.gain  # noqa: B018 (chosen before anything is seen of the target)
        for method in self.methods:
            self.evaluate(method)
        return self.rows()

    def rows(self) -> Rows:
        """One flat row per figure, from what has been evaluated."""
        rows: Rows = []
        for method in self.methods:
            rows += rows_of(self.figures(method), domain=self.domain, method=method, seed=self.seed)
        return rows

    def figures(self, method: str) -> dict[str, dict[str, Any]]:
        """What a method has reached, by metric: value, interval, and what it was measured with. `UNWRITTEN`
        stays in the run. Of episodes that were played before a metric was thought of it is computed now."""
        found, made = self.evaluate(method), measured_with(self.preset, method)
        figures, episodes = found["aggregate"], found.get("episodes")
        if episodes:
            threads = {key: figures["success"][key] for key in ("threads",) if key in figures["success"]}
            played = ClosedLoop.from_json(found).aggregate()
            figures = figures | {metric: row | threads for metric, row in played.items()}
        written = {metric: row for metric, row in figures.items() if not UNWRITTEN.fullmatch(metric)}
        return {metric: made | row for metric, row in written.items()}

    def _collect(
        self, name: str, look: str, stream: int, many: bool = False, **settings: Any
    ) -> LabelledImages:  # fmt: skip
        """Collect or read a data set: many images, as a simulator gives them for free, or few."""
        preset, seed = self.preset, 100 * self.seed + stream
        episodes, perturbation = preset.target_episodes, preset.target_perturbation
        if many:
            episodes, perturbation = preset.source_episodes, preset.perturbation
        settings |= {"size": preset.size, "seed": seed, "perturbation": perturbation}
        collection = Collection(look=look, episodes=episodes, steps=preset.steps, **settings)
        shared = look == "source" and many
        return self.collected(collection, (self.source_folder if shared else self.folder) / "data" / name)

    @functools.cached_property
    def source(self) -> LabelledImages:
        """Many labelled images of the source look."""
        return self._collect("source", "source", SOURCE_SEED, many=True)

    @functools.cached_property
    def target(self) -> LabelledImages:
        """Few labelled images of the target look."""
        return self._collect("target", self.domain, TARGET_SEED)

    @functools.cached_property
    def target_pairs(self) -> LabelledImages:
        """The target images' true pairs in the source look."""
        return self._collect("target_pairs", "source", TARGET_SEED)

    @functools.cached_property
    def held_out(self) -> LabelledImages:
        """Images like the target's that nothing is trained or chosen on."""
        return self._collect("unseen", self.domain, HELD_OUT_SEED)

    @functools.cached_property
    def held_out_pairs(self) -> LabelledImages:
        """The held-out images' true pairs in the source look: never trained on, shown beside F(y)."""
        return self._collect("unseen_pairs", "source", HELD_OUT_SEED)

    def extra(self, name: str) -> LabelledImages:
        """A data set that some methods need beside source and target, by its key in `registry.EXTRA`."""
        return self._extra[name]()

    @functools.cached_property
    def _extra(self) -> dict[str, Callable[[], LabelledImages]]:
        each = {"look": "source", "stream": SOURCE_SEED, "randomization": "full", "many": True}
        makers = {
            "oracle": lambda: self._collect("oracle", self.domain, ORACLE_SEED, many=True),
            "pairs": lambda: self.target_pairs,
            "randomized": lambda: self._collect("randomized", **each),
            "randomized_per_frame": lambda: self._collect("randomized_per_frame", per_frame=True, **each),
        }
        return {name: functools.cache(make) for name, make in makers.items()}

    @functools.cached_property
    def scale(self) -> LabelScale:
        """Of the source's labels; all task errors are in it."""
        return LabelScale.of(self.source)

    @functools.cached_property
    def _methods(self) -> Methods:
        return Methods(
            self.source, self.target, self.preset.config, self.trainer(self.folder),
            source_trainer=self.trainer(self.source_folder), extra=self._extra, simulated=MANY,
        )  # fmt: skip

    def model(self, method: str) -> AdaptedModel:
        """A method's model, trained if need be."""
        about, methods = METHODS[method], self._methods  # collects what is missing, under a time of its own
        saved = self.saved(method)
        if about.needs and not saved.exists():
            self.extra(about.needs)
        return self.trained(methods, method, saved)

    @functools.cached_property
    def gain(self) -> float:
        """The control gain of all methods: the smallest of the most successful on validation starts in
        the source look."""

        def choose() -> dict[str, Any]:
            predict, tried = self.model("source_only").predict, {}
            with timed(self.root, "choose the gain"):
                for gain in sorted(self.preset.gains):
                    played, _ = self._play(predict, VALIDATION_STARTS, gain, "source", f"gain {gain}", 0)
                    tried[gain] = float(np.mean(played.success))
            return {"gain": max(tried, key=tried.__getitem__), "success": tried}

        path, model = self.source_folder / "gain.json", self.saved("source_only")
        found = once(path, choose, "gain", {"gain": float}, of=lambda: weights_of(model))
        return found["gain"]  # a seed's looks share it

    def _play(self, predict, starts: Sequence[int], gain: float, look: str, label: str, record: int):
        return closed_loop(
            predict, starts[: self.preset.starts], gain, self.preset.episode_steps, label=label,
            quiet=self.quiet, record=record, look=look, size=self.preset.size,
        )  # fmt: skip

    def _play_sightless(self, method: str) -> dict[str, Any]:
        """The test starts, by a policy that does not look."""
        from crossgap.experiments.taskgan.sightless import at_random, blind

        act, size = (blind() if method == "blind" else at_random(self.seed)), self.preset
        about = {"label": f"evaluate {method}", "quiet": self.quiet, "look": self.domain, "size": size.size}
        with timed(self.root, "evaluate"):
            played, _ = play(act, TEST_STARTS[: size.starts], size.episode_steps, **about)
        return played.to_json()

    def evaluate(self, method: str) -> dict[str, Any]:
        """Per-episode results and aggregate of a method on the test starts and on images."""
        if method in SIGHTLESS:
            look = functools.partial(self._play_sightless, method)
            return once(self.evaluation_path(method), look, "evaluation", PLAYED)

        def of() -> dict[str, Any] | None:
            model = weights_of(self.saved(method))
            return model and {"model": model, "gain": self.gain}

        def seen_of() -> dict[str, Any] | None:
            found = of()
            return found and found | {"held_out": HELD_OUT_SEED}

        act, see = (functools.partial(self._timed, measure, method) for measure in (self._act, self._see))
        shape = PLAYED if METHODS[method].policy else {"aggregate": AGGREGATE}
        played = once(self.evaluation_path(method), act, "evaluation", shape, of)
        seen = once(self._images_path(method), see, "evaluation", AGGREGATE, seen_of)
        return {**played, "aggregate": played["aggregate"] | seen}

    def _timed(self, measure: Callable[..., dict[str, Any]], method: str) -> dict[str, Any]:
        model, _ = self.model(method), self.held_out  # under times of their own
        with timed(self.root, "evaluate"):
            found = measure(method, model)
        figures = with_threads(found.get("aggregate", found), model.made_of.get("threads"))
        return found | {"aggregate": figures} if "aggregate" in found else figures

    def _see(self, method: str, model: AdaptedModel) -> dict[str, Any]:
        """Errors on held-out images, and on those that it was trained on."""
        found = self._alignment(method, model) | self._on_training_images(method, model)
        if METHODS[method].policy:
            found["held_out_mse"] = offline_error(model.predict, self.held_out, self.scale)
        return found

    def _act(self, method: str, model: AdaptedModel) -> dict[str, Any]:
        """Play the test starts, and keep the images of the first; nothing where it is no policy."""
        if not METHODS[method].policy:
            return {"aggregate": {}}
        label = f"evaluate {method}"
        played, frames = self._play(model.predict, TEST_STARTS, self.gain, self.domain, label, RECORDED)
        with writing(self.frames_path(method)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, frames=frames)
        return played.to_json()

    def _alignment(self, method: str, model: AdaptedModel) -> dict[str, Any]:
        """Error of a translator's held-out images against their true pairs; nothing without a translator."""
        if model.translator is None:
            return {}
        target, source = self.held_out, self.held_out_pairs
        if METHODS[method].translates_source:
            return aligned(model, source, target, self.domain)
        return aligned(model, target, source)

    def _on_training_images(self, method: str, model: AdaptedModel) -> dict[str, Any]:
        """The same errors on the few target images that it was trained on: how well it generalises (section
        4.1.3). Nothing for what has not seen them."""
        about = METHODS[method]
        if about.source_side or method == "oracle":
            return {}
        found: dict[str, Any] = {}
        if about.policy:
            found["train_mse"] = offline_error(model.predict, self.target, self.scale)
        if about.policy and model.translator is not None:
            pairs = aligned(model, self.target, self.target_pairs)
            found |= {f"train_{metric}": figures for metric, figures in pairs.items()}
        return found

    def pictures(self, translators: Sequence[str] = PICTURED[""], count: int = 6) -> dict[str, np.ndarray]:
        """Rows of figure 7 by label, (count, H, W, 3) uint8: held-out images of different episodes, what
        those translators that are there make of them, and their true pairs; nothing without any."""
        there = [name for name in translators if (self.folder / "models" / name).exists()]
        if not there:
            return {}
        chosen = np.linspace(0, len(self.held_out) - 1, count).astype(int)
        target, source = (data.images[chosen] for data in (self.held_out, self.held_out_pairs))
        forward = METHODS[there[0]].translates_source
        given, true = (source, target) if forward else (target, source)
        rows = {f"held-out {'source image x' if forward else 'target image y'}": given}
        for name in there:
            model = AdaptedModel.load(self.folder / "models" / name, self.fabric.device)
            about = METHODS[name].about.removesuffix(": the translator G")
            rows[f"{'G(x)' if forward else 'F(y)'}, {about}"] = model.translate(given)
        return rows | {f"true pair in the {'target' if forward else 'source'}": true}

    def saved(self, method: str) -> Path:
        """The folder of a method's model."""
        return Methods.folder(method, self.folder, self.source_folder)

    def is_evaluated(self, method: str) -> bool:
        """Whether all results of a method are there."""
        return self.evaluation_path(method).exists() and self._images_path(method).exists()

    def evaluation_path(self, method: str) -> Path:
        """Where the results of a method are."""
        return self.folder / "evaluation" / f"{method}.json"

    def _images_path(self, method: str) -> Path:
        return self.folder / "evaluation" / "images" / f"{method}.json"

    def frames_path(self, method: str) -> Path:
        """Where the recorded images of a method's first test episodes are."""
        return self.folder / "evaluation" / f"{method}.npz"

    def frames(self, method: str) -> np.ndarray:
        """Images of the first test episodes, (RECORDED, steps + 1, H, W, 3) uint8."""
        path, played = self.frames_path(method), self.evaluation_path(method)
        again = f"Delete {played} to have its episodes played again."
        (frames,) = read_arrays(path, ["frames"], again)
        if frames.ndim != 5 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
            raise CrossgapError(
                f"{path} is damaged: frames are {frames.shape} {frames.dtype}, expected (n, steps, height, "
                f"width, 3) uint8. {again}"
            )
        return frames

    def closed_loops(self) -> dict[str, ClosedLoop]:
        """The episodes of every method."""
        acting = (method for method in self.methods if method in METHODS and METHODS[method].policy)
        return {method: ClosedLoop.from_json(self.evaluate(method)) for method in acting}

    def description(self) -> dict[str, Any]:
        """What was run, for the report: of the training, the settings that these methods depend on."""
        preset: dict[str, Any] = asdict(self.preset) | {"methods": list(self.methods)}
        used = {"networks"}.union(*(METHODS[method].settings for method in self.methods if method in METHODS))
        used &= as_settings(self.preset.config).keys()
        preset["config"] = {part: value for part, value in preset["config"].items() if part in used}
        return {"domain": self.domain, "seed": self.seed, "gain": self.gain, "preset": preset}


def aligned(
    model: AdaptedModel, given: LabelledImages, true: LabelledImages, look: str = "source"
) -> dict[str, dict[str, Any]]:
    """Error of translated images against their true pairs, which are in a look."""
    translated, landmarks = model.translate(given.images), landmarks_of(get_look(look))
    return pair_error(translated, true.images, given.episodes, landmarks)


def _of_whole(name: str) -> Any:
    return property(lambda self: getattr(self.whole, name), doc=getattr(TaskGANTrial, name).__doc__)


class Variant(TaskGANTrial):
    """An experiment with one thing changed; images, f_X, gain and tests are those of the whole experiment.

    Args:
        whole: the experiment as it is.
        name: of its folder, in which models and evaluations are.
        methods: which methods, by name.
        preset: with what is changed; that of the whole experiment by default.
    """

    source = _of_whole("source")
    target = _of_whole("target")
    target_pairs = _of_whole("target_pairs")
    held_out = _of_whole("held_out")
    held_out_pairs = _of_whole("held_out_pairs")

    def __init__(
        self, whole: TaskGANTrial, name: str, methods: Sequence[str], preset: Preset | None = None
    ):  # fmt: skip
        preset = preset or whole.preset
        super().__init__(whole.root, preset, whole.domain, whole.seed, whole.fabric, whole.quiet, methods)
        self.whole, self.folder = whole, whole.folder / name

    @functools.cached_property
    def _extra(self) -> dict[str, Callable[[], LabelledImages]]:
        return self.whole._extra | {"pairs": lambda: self.target_pairs}
