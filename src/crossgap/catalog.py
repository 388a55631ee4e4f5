"""Every method by name, and what it takes to train it: a source set, a target set and a folder."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict

import torch

from crossgap.adapted import AdaptedModel
from crossgap.config import TaskGANConfig
from crossgap.data.batches import Batches, to_tensor
from crossgap.data.images import LabelledImages, LabelScale
from crossgap.errors import CrossgapError, unknown
from crossgap.methods.supervised import Supervised
from crossgap.methods.taskgan import InverseTaskGAN, translate
from crossgap.networks import Discriminator, Generator, TaskModel
from crossgap.training import Trainer, hardware


class Methods:
    """Trains the methods on two data sets, each once; what a method builds on is trained first.

    Args:
        source: labelled images of the source domain X.
        target: the few labelled images of the target domain Y.
        config: sizes, steps, rates.
        trainer: runs the phases, in the run folder of this pair of domains.
        source_trainer: runs what needs the source alone, in a folder that several targets may share.
        oracle_data: makes the oracle's labelled target images; None where there are none.

    Raises:
        CrossgapError: the two sets differ in image size or in labels.
    """

    def __init__(
        self, source: LabelledImages, target: LabelledImages, config: TaskGANConfig, trainer: Trainer,
        source_trainer: Trainer | None = None, oracle_data: Callable[[], LabelledImages] | None = None,
    ):  # fmt: skip
        check_pair(source, target)
        self.source, self.target, self.config, self.trainer = source, target, config, trainer
        self.source_trainer, self.oracle_data = source_trainer or trainer, oracle_data
        self.scale = LabelScale.of(source)

    def get(self, name: str) -> AdaptedModel:
        """The adapted model of a method: loaded from its folder, or trained and saved there.

        It predicts in the precision of training.

        Raises:
            CrossgapError: there is no such method.
        """
        if name not in METHODS:
            raise unknown("Method", name, METHODS)
        trainer = self.source_trainer if name == "source_only" else self.trainer
        folder = trainer.folder / "models" / name
        if not folder.exists():
            model = METHODS[name](self)
            model.method = name
            if trainer.fabric.is_global_zero:
                model.save(folder)
            trainer.fabric.barrier()
        model = AdaptedModel.load(folder, trainer.fabric.device)
        if model.method != name:
            raise CrossgapError(f"{folder} holds a model of '{model.method}'. Expected one of '{name}'.")
        model.precision = hardware(trainer.fabric)["precision"]
        return model

    def source_only(self) -> AdaptedModel:
        """f_X, trained on the source alone."""
        return self._supervised("source_only", self._new_task_model(), [self.source], self.config.source)

    def target_only(self) -> AdaptedModel:
        """The paper's "Benchmark": trained on the few target images alone."""
        return self._supervised("target_only", self._new_task_model(), [self.target], self.config.target)

    def fine_tuned(self) -> AdaptedModel:
        """f_X trained on with the target images, mixed with the source so that it forgets nothing."""
        start = self.get("source_only").task_model
        return self._supervised("fine_tuned", start, [self.target, self.source], self.config.fine_tuning)

    def oracle(self) -> AdaptedModel:
        """What as many labelled target images as there are source images would give."""
        if self.oracle_data is None:
            raise CrossgapError("The oracle needs many labelled target images; there are none here.")
        return self._supervised("oracle", self._new_task_model(), [self.oracle_data()], self.config.source)

    def taskgan_inverse(self) -> AdaptedModel:
        """f_X behind a translator F: Y → X that was trained through it."""
        networks, config = self.config.networks, self.config.translator
        task_model = self.get("source_only").task_model
        torch.manual_seed(self.trainer.seed)  # after what may train, or only load, f_X
        generator = Generator(networks.generator_width, networks.generator_blocks)
        discriminator = Discriminator(networks.discriminator_width)
        phase = InverseTaskGAN(
            "taskgan_inverse",
            generator,
            discriminator,
            task_model,
            source=self._batches(self.source, config.batch, 1),
            target=self._batches(self.target, config.batch, 2),
            task_weight=config.task_weight,
            steps=config.steps,
            learning_rate=config.learning_rate,
        )
        self.trainer.fit(phase)
        return self._adapted(task_model, generator)

    def taskgan_inverse_refined(self) -> AdaptedModel:
        """The same translator, and f_X refined on what it makes of the target images."""
        model, config = self.get("taskgan_inverse"), self.config.refinement
        assert model.translator is not None
        fabric = self.trainer.fabric
        generated = translate(model.translator, to_tensor(self.target.images).to(fabric.device))
        labels = torch.from_numpy(self.scale.apply(self.target.labels)).to(fabric.device)
        share = fabric.global_rank, fabric.world_size
        data = [
            Batches(generated, labels, config.batch, self.trainer.seed + 3, *share),
            self._batches(self.source, config.batch, 4),
        ]
        refined = copy.deepcopy(model.task_model)
        phase = Supervised("taskgan_inverse_refined", refined, data, config.steps, config.learning_rate)
        self.trainer.fit(phase)
        return self._adapted(refined, model.translator)

    def _supervised(self, name, task_model, sets, config) -> AdaptedModel:
        trainer = self.source_trainer if name == "source_only" else self.trainer
        data = [self._batches(images, config.batch, 10 + index) for index, images in enumerate(sets)]
        trainer.fit(Supervised(name, task_model, data, config.steps, config.learning_rate))
        return self._adapted(task_model)

    def _new_task_model(self) -> TaskModel:
        torch.manual_seed(self.trainer.seed)
        networks = self.config.networks
        size, outputs = self.source.images.shape[1], len(self.source.label_names)
        return TaskModel(outputs, size, networks.task_width, networks.task_hidden)

    def _batches(self, data: LabelledImages, size: int, stream: int) -> Batches:
        return Batches.of(data, self.scale, size, self.trainer.seed + 1000 * stream, self.trainer.fabric)

    def _adapted(self, task_model, translator=None) -> AdaptedModel:
        size, names = self.source.images.shape[1], self.source.label_names
        return AdaptedModel(
            task_model, self.scale, names, size, translator, architecture=asdict(self.config.networks)
        )


METHODS = {
    "source_only": Methods.source_only,
    "target_only": Methods.target_only,
    "fine_tuned": Methods.fine_tuned,
    "taskgan_inverse": Methods.taskgan_inverse,
    "taskgan_inverse_refined": Methods.taskgan_inverse_refined,
    "oracle": Methods.oracle,
}
"""Every method by name, in the order of tables."""


def check_pair(source: LabelledImages, target: LabelledImages) -> None:
    """Whether two data sets can be the two sides of one gap.

    Raises:
        CrossgapError: they differ in image size or labels, or the networks cannot take the size.
    """
    if source.images.shape[1:] != target.images.shape[1:]:
        (h, w), (height, width) = source.images.shape[1:3], target.images.shape[1:3]
        raise CrossgapError(
            f"Source images are {w}×{h} pixels, target images {width}×{height}. Expected one size."
        )
    h, w = source.images.shape[1:3]
    if h != w or h % 4 or h < 24:
        raise CrossgapError(
            f"Images are {w}×{h} pixels. Expected squares whose side is a multiple of 4 and at least 24."
        )
    if not source.label_names:
        raise CrossgapError("The source has no labels. Expected at least one label column.")
    if source.label_names != target.label_names:
        raise CrossgapError(
            f"Source labels are {', '.join(source.label_names)}, target labels "
            f"{', '.join(target.label_names)}. Expected the same labels in both."
        )
