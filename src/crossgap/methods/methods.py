"""What it takes to train a method: two data sets, settings and a folder."""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import alone, read_json, write_json
from crossgap.base.records import as_json
from crossgap.core.fabric import hardware
from crossgap.core.trainer import Phase, Trainer
from crossgap.core.watching import Predict, Watch
from crossgap.data.augmentation import image_augmentation, one_after_the_other, target_augmentation
from crossgap.data.batches import Augment, Batches, image_tensor
from crossgap.data.geometry import placed
from crossgap.data.images import LabelCoding, LabelledImages, LabelScale, describe, with_loss
from crossgap.data.overlap import check_pair
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import written
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.guard import Guard
from crossgap.errors import CrossgapError, check_known
from crossgap.methods import streams
from crossgap.methods.config import SupervisedConfig, TaskGANConfig, as_settings, option_name, own_record
from crossgap.methods.made_of import check_same, rounded
from crossgap.methods.own_task import OwnTask
from crossgap.methods.registry import METHODS, Method, needed, own_settings, resolve
from crossgap.methods.supervised import Supervised
from crossgap.methods.validation import kept_apart
from crossgap.networks import TaskModel

WATCHED, WATCHED_AT_ONCE = 512, 64
"""Of how many held-out images at most a training shows its error, and how many are on the device at once."""


class Methods:
    """Trains the methods on two data sets, each once; what a method builds on is trained first.

    Args:
        source: labelled images of the source domain X.
        target: the few images of the target domain Y, labelled unless only methods without target labels
            are asked for.
        config: sizes, steps, rates.
        trainer: runs the phases, in the run folder of this pair of domains.
        source_trainer: runs what needs the source alone, in a folder that several targets may share.
        extra: makes further data sets, by their key in `EXTRA`, when a method needs them.
        scale: of the labels; the source's `LabelScale` by default. `Classes(k)` makes it classification.
        source_config: settings of what needs the source alone, where targets with other ones share it.
        preparations: what became of the camera's images, of `source` and of `target`, where something did; a
            model does the same with those of the side that it is for.
        simulated: the extra data sets that take long to make, and are the same whenever they are: none is
            made to be compared with what a finished model was trained on.
        held_out: labelled images of the target that nothing is trained or chosen on: a training shows its
            error on them beside the step.
        task: a task model of one's own in the place of the paper's.

    Attributes:
        target: the target images that are trained on: with `config.keep` "best" less the `validation`.
        validation: target images, of whole episodes, that the best step of a training is chosen on; or None.

    Raises:
        CrossgapError: the two sets differ in image size or in labels, `config.own` is of no method, or the
            best step is asked for and there is nothing to choose it on.
    """

    def __init__(
        self, source: LabelledImages, target: LabelledImages, config: TaskGANConfig, trainer: Trainer,
        source_trainer: Trainer | None = None,
        extra: Mapping[str, Callable[[], LabelledImages]] | None = None,
        scale: LabelCoding | None = None, source_config: TaskGANConfig | None = None,
        simulated: Collection[str] = (), preparations: Mapping[str, Preparation] | None = None,
        held_out: LabelledImages | None = None, task: OwnTask | None = None,
    ):  # fmt: skip
        check_pair(source, target)
        if held_out is not None:
            check_pair(source, held_out, names=("Source", "Held-out"))
        check_known("Family with settings of its own", config.own, own_settings())
        kept = kept_apart(target, trainer.seed) if config.keep == "best" else np.zeros(len(target), bool)
        self.validation, self._trained_on = target.select(kept) if kept.any() else None, ~kept
        self.source, self.target, self.config = source, target.select(~kept) if kept.any() else target, config
        self.held_out, self.trainer = held_out, trainer
        self.source_trainer, self._extra = source_trainer or trainer, extra or {}
        self.scale, self._source_config = scale or LabelScale.of(source), source_config or config
        self._simulated, self._preparations, self.task = simulated, preparations or {}, task
        if task is not None and task.loss is not None:
            self.scale = with_loss(self.scale, task.loss)
        self._descriptions: dict[tuple[str, bool], dict[str, Any]] = {}

    # models

    def get(self, name: str, **switches: Any) -> AdaptedModel:
        """The adapted model of a method: loaded from its folder, or trained and saved there; the method by
        its name, or by its family's with `switches`, as `registry.resolve` takes them.

        It predicts in the precision of training.

        Raises:
            CrossgapError: there is no such method, it needs target labels or data that are not there, or its
                folder holds a model of other data, labels, settings, seed or hardware.
        """
        name = resolve(name, **switches)
        method, trainer = METHODS[name], self.trainer_of(name)
        if method.source_side and self._source_config != self.config:
            return self._source_side.get(name)
        folder = self.folder(name, self.trainer.folder, self.source_trainer.folder)
        if not folder.exists():
            self.check(name)
            # processes of one training must not wait for each other here
            with alone(folder) if trainer.fabric.world_size == 1 else nullcontext():
                if not folder.exists():
                    self._train(method, name, folder)
        model = AdaptedModel.load(folder, trainer.fabric.device, hardware(trainer.fabric)["precision"])
        if model.method != name:
            raise CrossgapError(f"{folder} holds a model of '{model.method}'. Expected one of '{name}'.")
        is_made = method.needs not in self._simulated or (method.needs, True) in self._descriptions
        wanted = self.made_of(name, extra=is_made)
        check_same(folder, model.made_of, wanted, trainer.folder / "checkpoints" / name)
        return model

    @staticmethod
    def folder(name: str, run: Path, source_run: Path) -> Path:
        """Where the model of a method is, of the run folder of a pair of domains and of that of the source
        alone."""
        return (source_run if METHODS.find(name).source_side else run) / "models" / name

    @functools.cached_property
    def _source_side(self) -> Methods:
        """The same for what needs the source alone, with its own settings."""
        config = replace(self._source_config, keep="last")  # nothing here sees the target
        return Methods(
            self.source, self.target, config, self.source_trainer, None, self._extra, self.scale,
            simulated=self._simulated, preparations=self._preparations, task=self.task,
        )  # fmt: skip

    def _train(self, method: Method, name: str, folder: Path) -> None:
        model, fabric = method.build(self, name), self.trainer_of(name).fabric
        model.method, model.made_of = name, self.made_of(name)
        model.preparation = self._preparations.get("source" if method.translates_source else "target")
        if not (method.source_side or method.translates_source):
            model.guard = self._guard
        if fabric.is_global_zero:
            model.save(folder)
        fabric.barrier()

    @functools.cached_property
    def _guard(self) -> Guard | None:
        """What tells images that are unlike those of the target; None where it has too few."""
        return Guard.of(self.target.images, self.target.episodes)

    def made_of(self, name: str, extra: bool = True) -> dict[str, Any]:
        """What the model of a method is trained on and with, and all that it builds on: fingerprints of data
        sets, of `EXTRA` only if asked for, labels and their scale, seed, hardware, and the settings that it
        uses, as JSON."""
        method, fabric = METHODS.find(name), self.trainer.fabric
        settings = as_settings(self.config)
        if method.own is not None:
            settings[method.family] = own_record(self.own(name))
        data = {"source": self.describe("source")}
        if not method.source_side:
            data["target"] = self.describe("target", method.target_labels)
        if extra and method.needs in self._extra:
            data[method.needs] = self.describe(method.needs)
        return as_json({
            "config": {part: settings[part] for part in method.parts if part in settings},
            "seed": self.trainer.seed, **hardware(fabric), "threads": torch.get_num_threads(),
            "labels": self.source.label_names, **data, "scale": rounded(self.scale),
            **({} if self.task is None else {"task": self.task.about()}),
        })  # fmt: skip

    def own(self, name: str) -> Any:
        """The settings that a method's family brings (`Method.own`)."""
        method = METHODS.find(name)
        return self.config.own.get(method.family, method.own)

    def check(self, name: str) -> None:
        """Whether a method can be trained on what is there.

        Raises:
            CrossgapError: there is no such method, it needs target labels or data that are not there, or a
                batch has fewer images than there are processes.
        """
        method = METHODS.find(name)
        if self.task is not None:
            self.task.check_method(name, method.settings, method.layers)
        processes = self.trainer.fabric.world_size
        for part, settings in as_settings(self.config).items():  # of other methods, too: it may build on them
            if isinstance(settings, dict) and settings.get("batch", processes) < processes:
                raise CrossgapError(
                    f"--{option_name(part)}.batch is {settings['batch']}. Expected at least "
                    f"{processes}, one for each process."
                )
        if method.source_labels and not self.source.label_names:
            raise CrossgapError(
                f"The source has no labels. Expected at least one label column: '{name}' learns labels."
            )
        if method.paired and len(self.source) != len(self.target):
            raise CrossgapError(
                f"There are {len(self.source):,} source and {len(self.target):,} target images. '{name}' "
                "learns from pairs: expected the same number, row by row."
            )
        if method.target_labels and not method.source_side and not self.target.label_names:
            learn = [
                other for other, about in METHODS.items()
                if about.policy and not (about.target_labels or about.source_side)
                and (not about.needs or about.needs in self._extra)
            ]  # fmt: skip
            raise CrossgapError(
                f"Method '{name}' needs labels of the target images; there are none here. These learn "
                f"from the images and need none: {', '.join(learn)}. "
                "`crossgap methods` also lists what sees nothing of the target."
            )
        if method.needs and method.needs not in self._extra:
            raise CrossgapError(f"Method '{name}' needs {needed(method.needs)}; there are none here.")
        if method.needs:  # it is of the source's size, and labelled alike where it is labelled
            data = self.extra(method.needs)
            check_pair(self.source, data, names=("Source", method.needs.replace("_", " ").capitalize()))
            if data.label_names:
                self.scale.apply(data.labels)
        if method.check:
            pkgutil.resolve_name(method.check)(self)

    def trainer_of(self, name: str) -> Trainer:
        """What runs a method: the trainer of this pair of domains, or of the source alone."""
        return self.source_trainer if METHODS.find(name).source_side else self.trainer

    def extra(self, key: str) -> LabelledImages:
        """A data set beside source and target.

        Raises:
            CrossgapError: nobody provides it.
        """
        if key not in self._extra:
            raise CrossgapError(f"This method needs {needed(key)}; there are none here.")
        data = self._extra[key]()
        return data.select(self._trained_on) if key == "pairs" and self.validation is not None else data

    def describe(self, key: str, labelled: bool = True) -> dict[str, Any]:
        """`describe` of the source, the target or an extra data set, without its labels where they are not
        used; it is looked at once."""
        if (key, labelled) not in self._descriptions:
            data = getattr(self, key) if key in ("source", "target") else self.extra(key)
            self._descriptions[key, labelled] = describe(data if labelled else data.without_labels())
        return self._descriptions[key, labelled]

    # what methods are put together from

    def fit(self, name: str, phase: Phase) -> None:
        """Train a phase of a method, or go on with it.

        Raises:
            CrossgapError: the phase was begun on other data, labels, settings, seed or hardware.
        """
        trainer, wanted = self.trainer_of(name), self.made_of(name)
        begun = trainer.folder / "checkpoints" / phase.name
        record = begun.with_name(f"{phase.name}.json")
        if begun.exists():
            again = f"Delete {begun} to train that part again, and {record}."
            found = read_json(record, "record", dict, again) if record.exists() else None
            check_same(begun, found, wanted)
        elif trainer.fabric.is_global_zero:
            write_json(record, wanted)
        if METHODS[name].policy and not METHODS[name].source_side:
            phase.watch = self._watch()
        trainer.fit(phase)

    def _watch(self) -> Watch | None:
        """What a training on target images shows its error on, and chooses its best step on."""
        sets = {"held_out_error": self.held_out, "validation_error": self.validation}
        errors = {key: self._error_on(data) for key, data in sets.items() if data and data.label_names}
        return Watch(errors, "" if self.validation is None else "validation_error") if errors else None

    def _error_on(self, data: LabelledImages) -> Callable[[Predict], float]:
        """The task error, as `scale.errors`, on at most `WATCHED` of some labelled images."""
        shown = data.select(np.unique(np.linspace(0, len(data) - 1, WATCHED).round().astype(int)))

        def error(predict: Predict) -> float:
            device, images = self.trainer.fabric.device, shown.images
            parts = (image_tensor(images[i : i + WATCHED_AT_ONCE], device)
                     for i in range(0, len(images), WATCHED_AT_ONCE))  # fmt: skip
            predicted = self.scale.invert(torch.cat([predict(part) for part in parts]).cpu().numpy())
            return float(self.scale.errors(predicted, shown.labels).mean())

        return error

    def target_augment(self) -> Augment | None:
        """What changes labelled target images in every batch; None unless `config.augmentation` says so."""
        settings = self.config.augmentation
        return target_augmentation(settings.shift) if settings.target else None

    def source_augment(self) -> Augment | None:
        """What changes source images beside them where a task model is refined, as in `augmented_fine_tuned`;
        None likewise."""
        return image_augmentation() if self.config.augmentation.target else None

    def source_batches(
        self, size: int, stream: int, augment: Augment | None = None, data: LabelledImages | None = None
    ) -> Batches:
        """Batches of the source images, or of `data` like them, scaled and placed at random as far as
        `config.geometry` says, then changed by `augment`."""
        strength = self.config.geometry or 0.0
        changes = [functools.partial(placed, strength=strength) if strength else None, augment]
        data = self.source if data is None else data
        return self.batches(data, size, stream, one_after_the_other(changes))

    def labelled_target(self, size: int, stream: int, data: LabelledImages | None = None) -> Batches:
        """Batches of the target images, or of some `data` of them, augmented where they are to be."""
        return self.batches(self.target if data is None else data, size, stream, self.target_augment())

    def source_model(self) -> nn.Module:
        """f_X that translators to the source are trained through: of augmented images where the target's are
        augmented, too, for what F draws of these is no clean source image at first; a frozen one as it is."""
        frozen = self.task is not None and self.task.frozen
        augmented = self.config.augmentation.target and not frozen
        return self.get("augmented" if augmented else "source_only").task_model

    def supervised(
        self, name: str, task_model: nn.Module, data: Sequence[LabelledImages | Batches],
        config: SupervisedConfig, before: nn.Module | None = None,
    ) -> AdaptedModel:  # fmt: skip
        """Train a task model in place on one or several data sets at once; `before` as in `Supervised`.

        Raises:
            CrossgapError: it is frozen, and the method is not the source model itself.
        """
        if self.task is not None and self.task.frozen:
            if name != "source_only":
                raise CrossgapError(f"'{name}' trains the task model, which is frozen. Expected no --frozen.")
            return self.adapted(task_model)
        batches = [
            part if isinstance(part, Batches) else self.batches(part, config.batch, stream)
            for stream, part in enumerate(data, streams.SUPERVISED)
        ]
        steps, rate, loss = config.steps, config.learning_rate, self.scale.loss
        phase = Supervised(name, task_model, batches, steps, rate, loss, before)
        self.fit(name, phase)
        return self.adapted(task_model)

    def new_task_model(self) -> Any:
        """An untrained task model, always the same for a seed; or one of the user's own, as it begins."""
        if self.task is not None:
            return self.task.new()
        torch.manual_seed(self.trainer.seed)
        sizes, outputs, pixels = self.config.networks, self.scale.outputs, written(self.source.size)
        return TaskModel(outputs, pixels, sizes.task_width, sizes.task_hidden, sizes.task_norm)

    def batches(
        self, data: LabelledImages, size: int, stream: int, augment: Augment | None = None
    ) -> Batches:
        """Batches of a data set; `stream`, of `streams`, tells the orders of a phase's data sets apart."""
        fabric = self.trainer.fabric
        images = torch.from_numpy(np.ascontiguousarray(data.images)).to(fabric.device)
        return self.generated(images, data, size, 1000 * stream, augment)

    def generated(
        self, images: Tensor, data: LabelledImages, size: int, stream: int, augment: Augment | None = None
    ) -> Batches:
        """Batches of generated images (n, 3, H, W) in [-1, 1], with the labels of what they were made of;
        `stream` is of `streams`, and not in thousands."""
        fabric = self.trainer.fabric
        scaled = self.scale.apply(data.labels) if data.label_names else data.labels
        labels = torch.from_numpy(scaled).to(fabric.device)
        share = fabric.global_rank, fabric.world_size
        return Batches(images, labels, size, self.trainer.seed + stream, *share, augment=augment)

    def adapted(self, task_model: nn.Module, translator: nn.Module | None = None) -> AdaptedModel:
        """The adapted model of trained networks."""
        size, names = self.source.size, self.source.label_names
        return self._measured(AdaptedModel(task_model, self.scale, names, size, translator))

    def image_model(
        self, translator: nn.Module | None = None, sampler: nn.Module | None = None
    ) -> AdaptedModel:  # fmt: skip
        """The adapted model of a translator or a sampler alone, which predicts nothing."""
        size = self.source.size
        return self._measured(AdaptedModel(None, None, (), size, translator, sampler=sampler))

    def _measured(self, model: AdaptedModel) -> AdaptedModel:
        model.precision = hardware(self.trainer.fabric)["precision"]
        return model
