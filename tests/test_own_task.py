"""A task model of the user's own: trained, frozen, with a loss of one's own; and what cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crossgap.cli import run
from crossgap.core.fabric import make_fabric
from crossgap.core.trainer import Trainer
from crossgap.core.weights import tensors_digest
from crossgap.data import LabelledImages, LabelScale, write_folder
from crossgap.data.images import with_loss
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TaskGANConfig, TranslatorConfig
from crossgap.methods.methods import Methods
from crossgap.methods.own_task import OwnTask
from crossgap.networks import factory, from_factory
from toy_policy import SIZE, squares

TINY, FEW = NetworkConfig(2, 8, 4, 1, 4), SupervisedConfig(3, 4)
CONFIG = TaskGANConfig(
    TINY, FEW, fine_tuning=FEW, target=FEW, refinement=FEW, translator=TranslatorConfig(3, 4)
)
PATH = f"{__name__}:make"


class Linear(nn.Module):
    """Images to two labels, without any layer of ours."""

    def __init__(self, outputs: int = 2) -> None:
        super().__init__()
        self.line = nn.Linear(3 * SIZE * SIZE, outputs)

    def forward(self, images: Tensor) -> Tensor:
        return self.line(images.flatten(1))


def make() -> nn.Module:
    return Linear()


def make_three() -> nn.Module:
    return Linear(3)


def absolute(predicted: Tensor, label: Tensor) -> Tensor:
    return (predicted - label).abs().mean()


@pytest.fixture(autouse=True)
def nobody_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factory, "_TRUSTED", set())


def domain(target: bool) -> LabelledImages:
    images, places = squares(12, int(target), target)
    return LabelledImages(images, places, ("row", "column"), np.arange(12) // 2)


def methods(folder: Path, task: OwnTask | None, **more: object) -> Methods:
    trainer = Trainer(folder, make_fabric("cpu", "32-true"), 0, True)
    return Methods(domain(False), domain(True), CONFIG, trainer, task=task, **more)  # type: ignore[arg-type]


def test_a_network_of_one_s_own_is_trained_and_comes_back(tmp_path: Path) -> None:
    network = from_factory(PATH)
    before = tensors_digest(network.state_dict())
    own = methods(tmp_path, OwnTask(network))
    model = own.get("source_only")
    assert type(model.task_model) is Linear
    assert tensors_digest(model.task_model.state_dict()) != before  # it was trained
    assert tensors_digest(network.state_dict()) == before  # a copy of it
    again = AdaptedModel.load(tmp_path / "models" / "source_only")
    images = domain(True).images
    np.testing.assert_array_equal(again.predict(images), model.predict(images))
    refined = own.get("taskgan_inverse_refined")
    assert refined.translator is not None
    with pytest.raises(CrossgapError, match="holds another training"):
        methods(tmp_path, None).get("source_only")


def test_a_frozen_one_stays_as_it_is(tmp_path: Path) -> None:
    network = from_factory(PATH)
    before = tensors_digest(network.state_dict())
    own = methods(tmp_path, OwnTask(network, frozen=True))
    for name in ("source_only", "taskgan_inverse"):
        assert tensors_digest(own.get(name).task_model.state_dict()) == before
    assert not (tmp_path / "checkpoints" / "source_only").exists()
    for name in ("fine_tuned", "taskgan_inverse_refined", "target_only", "co_trained", "augmented"):
        with pytest.raises(CrossgapError, match=rf"'{name}' trains the task model \(.*\), which is frozen"):
            own.get(name)
    network.line.bias.data += 1  # another policy
    with pytest.raises(CrossgapError, match="holds another training"):
        methods(tmp_path, OwnTask(network, frozen=True)).get("taskgan_inverse")


def test_a_loss_of_one_s_own_trains(tmp_path: Path) -> None:
    scale = with_loss(LabelScale.of(domain(False)), absolute)
    assert scale.loss(torch.zeros(2, 2), torch.full((2, 2), -3.0)) == 3
    assert scale == LabelScale.of(domain(False))  # the same scale
    digests = [
        tensors_digest(methods(tmp_path / name, OwnTask(from_factory(PATH)), scale=coding)
                       .get("source_only").task_model.state_dict())
        for name, coding in (("own", scale), ("squared", None))
        if not torch.manual_seed(0).initial_seed()
    ]  # fmt: skip
    assert digests[0] != digests[1]


def test_what_a_task_model_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match=r"Only registered networks .*; got Linear.*from_factory"):
        OwnTask(Linear())
    scale = LabelScale.of(domain(False))
    with pytest.raises(CrossgapError, match=r"make_three: the task model gives \(2, 3\).*Expected \(2, 2\)"):
        OwnTask(from_factory(f"{__name__}:make_three")).check((SIZE, SIZE), scale)
    with pytest.raises(CrossgapError, match=r"failed on images of 32×32 pixels \(RuntimeError: mat1"):
        OwnTask(from_factory(PATH)).check((32, 32), scale)
    own = methods(tmp_path, OwnTask(from_factory(PATH)))
    for name in ("dann", "cycle_taskgan", "optimal_transport"):
        with pytest.raises(CrossgapError, match="looks into the layers of the paper's task model"):
            own.check(name)


def test_the_command_takes_one(tmp_path: Path) -> None:
    for name in ("source", "target"):
        write_folder(tmp_path / name, domain(name == "target"))
    sizes = ["--source.steps", "3", "--source.batch", "4", "--device", "cpu"]
    sides = ["--source", str(tmp_path / "source"), "--target", str(tmp_path / "target")]
    arguments = ["train", "source_only", *sides, "--output", str(tmp_path / "run"), *sizes]
    run([*arguments, "--task", PATH, "--loss", f"{__name__}:absolute"])
    assert type(AdaptedModel.load(tmp_path / "run" / "models" / "source_only").task_model) is Linear
    with pytest.raises(CrossgapError, match="holds another run"):
        run([*arguments, "--task", PATH])
    with pytest.raises(CrossgapError, match="--frozen needs --task, a network of yours"):
        run([*arguments, "--frozen"])
    factory._TRUSTED.clear()
    images = [
        "evaluate",
        str(tmp_path / "run" / "models" / "source_only"),
        "--data",
        str(tmp_path / "target"),
    ]
    with pytest.raises(CrossgapError, match="crossgap --trust"):
        run(images)
    run(["--trust", PATH, *images])
