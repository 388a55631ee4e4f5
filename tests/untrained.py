"""Methods whose phases are kept instead of trained, and how to compare what they were given.

`fit`, in the place of `Trainer.fit`, keeps the phase and moves its networks a little at random, each phase
its own way, so that every network can be told from what it began as.
"""

from __future__ import annotations

import copy
import itertools
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase, Trainer
from crossgap.data import LabelledImages
from crossgap.data.batches import Batches, to_tensor
from crossgap.methods.config import (
    CycleConfig,
    DANNConfig,
    NetworkConfig,
    SupervisedConfig,
    TaskGANConfig,
    TranslatorConfig,
    TwoColumnsConfig,
)
from crossgap.methods.methods import Methods

CONFIG = TaskGANConfig(
    networks=NetworkConfig(4, 8, 4, 1, 4),
    source=SupervisedConfig(11, 4, 1.1e-3), randomization=SupervisedConfig(12, 4, 1.2e-3),
    target=SupervisedConfig(13, 4, 1.3e-3), fine_tuning=SupervisedConfig(14, 4, 1.4e-3),
    randomized_fine_tuning=SupervisedConfig(15, 4, 1.5e-3),
    translator=TranslatorConfig(16, 4, 1.6e-3, 0.6, 6.0, 0.3),
    canonical=TranslatorConfig(17, 4, 1.7e-3, 0.7, 7.0),
    refinement=SupervisedConfig(18, 4, 1.8e-3), two_columns=TwoColumnsConfig(19, 4, 1.9e-3, 0.9),
    translated_images=24, cycle=CycleConfig(20, 4, 2e-3), dann=DANNConfig(21, 4, 2.1e-3),
)  # fmt: skip
"""Every part another number of steps, another rate, and weights of its own."""
RATES = {
    1.1e-3: "source", 1.2e-3: "randomization", 1.3e-3: "target", 1.4e-3: "fine_tuning",
    1.5e-3: "randomized_fine_tuning", 1.6e-3: "translator", 1.7e-3: "canonical", 1.8e-3: "refinement",
    1.9e-3: "two_columns", 2e-3: "cycle", 2.1e-3: "dann",
}  # fmt: skip


class Untrained:
    """Methods whose phases are kept instead of trained.

    Attributes:
        methods: of the catalog, on small sets.
        phases: by name, with the networks as training began, in `began`.
    """

    def __init__(self, toy, fabric, folder: Path):
        target = toy("target", 12, 2)
        self.phases: dict[str, Phase] = {}
        self.began: dict[str, dict[str, nn.Module]] = {}
        self.data = {
            "source": toy("source", 48, 1), "target": target, "pairs": toy("source", 12, 2),
            "unlabelled": toy("target", 20, 8).without_labels(), "oracle": toy("target", 40, 5),
            "randomized": toy("target", 44, 6), "randomized_per_frame": toy("target", 48, 1),
        }  # fmt: skip
        extra = {name: (lambda data=data: data) for name, data in self.data.items()}
        trainer = Trainer(folder, fabric, seed=5, quiet=True)
        self.methods = Methods(self.data["source"], target, CONFIG, trainer, extra=extra)

    def fit(self, phase: Phase) -> None:
        self.phases[phase.name] = phase
        self.began[phase.name] = copy.deepcopy(dict(phase.networks))
        noise = torch.Generator().manual_seed(zlib.crc32(phase.name.encode()))
        with torch.no_grad():
            for network in phase.networks.values():
                for weight in network.parameters():
                    weight += 0.05 * torch.randn(weight.shape, generator=noise)

    def of(self, method: str) -> Phase:
        """The phase of a method that is asked for now."""
        self.methods.get(method)
        return self.phases[method.replace("_forward", "") if method.startswith("cycle") else method]

    def settings(self, phase: Phase) -> str:
        """Whose steps and rate a phase has."""
        name = RATES[phase.learning_rate]
        assert phase.steps == getattr(CONFIG, name).steps
        return name

    def is_set(self, batches: Batches | None, name: str) -> bool:
        """Whether these are a data set's images, each with its own label."""
        data = self.data[name]
        labels = self.methods.scale.apply(data.labels) if data.label_names else data.labels
        return (
            batches is not None
            and np.array_equal(batches.images.numpy(), data.images)
            and np.array_equal(batches.labels.numpy(), labels)
        )

    def assert_sets(self, batches: list[Batches], names: list[str]) -> None:
        """Whether these are those sets, each in an order of its own."""
        assert len(batches) == len(names)
        for part, name in zip(batches, names, strict=True):
            assert self.is_set(part, name), name
        assert_apart(batches)

    def task_model(self, method: str) -> nn.Module:
        return self.methods.get(method).task_model

    def drawn(self, method: str, data: LabelledImages | Tensor) -> Tensor:
        """What a method's translator makes of images."""
        translator = self.methods.get(method).translator
        assert translator is not None
        images = data if isinstance(data, Tensor) else to_tensor(data.images)
        with torch.no_grad():
            return translator(images)

    def assert_generated(self, batches: Batches, images: Tensor, data: LabelledImages) -> None:
        """Whether these are generated images, with the labels of what they were made of."""
        torch.testing.assert_close(batches.images, images)
        np.testing.assert_array_equal(batches.labels.numpy(), self.methods.scale.apply(data.labels))


def assert_alike(one: nn.Module, other: nn.Module) -> None:
    for weight, same in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(weight, same, rtol=0, atol=0)


def assert_apart(batches: list[Batches]) -> None:
    """Whether no two sets go through their images in one order."""
    for one, other in itertools.combinations(batches, 2):
        assert one.seed != other.seed


def assert_in_step(one: Batches, other: Batches) -> None:
    """Whether two sets show the same rows at every step, of the second epoch too."""
    for step in range(2 * len(one.images) // one.size + 1):
        np.testing.assert_array_equal(one.indices(step), other.indices(step))
