"""Methods on a toy world with a gap: the baseline must fail, TaskGAN must succeed."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crossgap.base.files import read_json, write_json
from crossgap.core.trainer import Trainer
from crossgap.data import Classes, LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.evaluation import offline_error
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
from crossgap.methods.registry import METHODS, resolve

LEARN = TaskGANConfig(
    networks=NetworkConfig(8, 64, 8, 1, 8),
    source=SupervisedConfig(400, 32, 2e-3),
    randomization=SupervisedConfig(400, 32, 2e-3),
    translator=TranslatorConfig(400, 16, 1e-3),
    cycle=CycleConfig(400, 16, 5e-4),  # faster, it takes one disk for the other with some seeds or processors
    two_columns=TwoColumnsConfig(200, 16, 2e-3),
    refinement=SupervisedConfig(100, 32, 1e-3),
    fine_tuning=SupervisedConfig(200, 32, 2e-3),
    randomized_fine_tuning=SupervisedConfig(200, 32, 2e-3),
    translated_images=400,
)
TINY = TaskGANConfig(
    networks=NetworkConfig(4, 8, 4, 1, 4),
    source=SupervisedConfig(3, 4),
    target=SupervisedConfig(3, 4),
    fine_tuning=SupervisedConfig(3, 4),
    randomized_fine_tuning=SupervisedConfig(3, 4),
    translator=TranslatorConfig(3, 4),
    canonical=TranslatorConfig(3, 4),
    randomization=SupervisedConfig(3, 4),
    refinement=SupervisedConfig(3, 4),
    two_columns=TwoColumnsConfig(3, 4),
    translated_images=8,
    cycle=CycleConfig(3, 4),
    dann=DANNConfig(3, 4),
)


@pytest.fixture
def make(tmp_path: Path, toy, fabric):
    """`make(config, n)`: methods on n source images and n / 8 target images of the toy world."""

    def methods(config: TaskGANConfig, n: int, folder: Path = tmp_path / "run", **kwargs) -> Methods:
        trainer = Trainer(folder, fabric, quiet=True)
        return Methods(toy("source", n, 1), toy("target", n // 8, 2), config, trainer, **kwargs)

    return methods


def test_source_only_fails_and_taskgan_succeeds(make, toy) -> None:
    methods = make(LEARN, 1600)
    held_out = {domain: toy(domain, 200, 3) for domain in ("source", "target")}  # true pairs

    def error(method: str, domain: str) -> float:
        return offline_error(methods.get(method).predict, held_out[domain], methods.scale)["value"]

    assert error("source_only", "source") < 0.05  # it has learnt the task,
    assert error("source_only", "target") > 1  # and knows nothing across the gap
    assert error("taskgan_inverse", "target") < 0.1
    assert error("taskgan_inverse_refined", "target") < 0.05

    images = {domain: data.images.astype(float) for domain, data in held_out.items()}
    translated = methods.get("taskgan_inverse").translate(held_out["target"].images)
    gap = np.abs(images["target"] - images["source"]).mean()
    assert np.abs(translated - images["source"]).mean() < 0.6 * gap  # and it looks like the source


def tinted(data: LabelledImages) -> LabelledImages:
    """The toy's source in other colours that say which disk is which: a gap to cross without labels."""
    images = np.round(0.45 * data.images[..., [0, 2, 1]] + np.array([20, 120, 90]))
    return replace(data, images=images.astype(np.uint8))


def recoloured(data: LabelledImages) -> LabelledImages:
    """The same in random colours, other ones in every image: domain randomization."""
    rng, n = np.random.default_rng(0), len(data)
    swapped = np.where(rng.random((n, 1, 1, 1)) < 0.5, data.images, data.images[..., [0, 2, 1]])
    images = rng.uniform(0.3, 1, (n, 1, 1, 3)) * swapped + rng.uniform(0, 130, (n, 1, 1, 3))
    return replace(data, images=np.clip(np.round(images), 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def across(toy, fabric, tmp_path_factory: pytest.TempPathFactory):
    """`across(gap, method, seed)`: error on held-out target images, what methods share trained once per gap
    and seed of training."""

    def target(gap: str, n: int, seed: int) -> LabelledImages:
        return tinted(toy("source", n, seed)) if gap == "tinted" else toy("target", n, seed)

    @functools.cache
    def methods(gap: str, seed: int) -> Methods:
        extra = {
            "pairs": lambda: toy("source", 200, 2),
            "randomized": lambda: recoloured(toy("source", 1600, 7)),
        }
        trainer = Trainer(tmp_path_factory.mktemp(gap), fabric, seed, quiet=True)
        return Methods(toy("source", 1600, 1), target(gap, 200, 2), LEARN, trainer, extra=extra)

    def error(gap: str, method: str, seed: int) -> float:
        found = methods(gap, seed)
        return offline_error(found.get(method).predict, target(gap, 200, 3), found.scale)["value"]

    return error


def solved(across, gap: str, method: str, seed: int) -> bool:
    nothing = across(gap, "source_only", seed)
    assert nothing > 0.8  # 1: knows nothing
    return across(gap, method, seed) < 0.3 * nothing


@pytest.mark.parametrize(
    ("gap", "method"),
    [
        ("hidden", "fine_tuned"),
        ("hidden", "task_loss_only"),
        ("hidden", "source_supervised_taskgan"),
        ("hidden", "source_paired"),
        ("hidden", "source_translated"),
        ("hidden", "source_paired_translated"),
        ("hidden", "cycle_taskgan"),
        ("hidden", "cycle_taskgan_forward"),
        ("tinted", "randomized"),
    ],
)
def test_the_others_solve_it_too(gap: str, method: str, across) -> None:
    """The last without a label of the target, across colours alone; the others where labels tell."""
    assert solved(across, gap, method, 0)


@pytest.mark.parametrize("method", ["source_supervised_gan", "cycle_taskgan_unlabelled"])
def test_without_labels_they_solve_it_in_one_of_three_trainings(method: str, across) -> None:
    """No label says which disk is which: a translator may take one for the other, and does with some seeds,
    other ones on other processors and with other numbers of threads. What each loss does is held by
    `test_gradients.py`."""
    assert any(solved(across, "tinted", method, seed) for seed in range(3))


def extras(toy) -> dict:
    """Makers of every extra data set; the target has 4 images of seed 2."""
    return {
        "oracle": lambda: toy("target", 32, 5),
        "pairs": lambda: toy("source", 4, 2),
        "unlabelled": lambda: replace(
            toy("target", 12, 8), labels=np.zeros((12, 0), np.float32), label_names=()
        ),
        "randomized": lambda: toy("target", 32, 6),
        "randomized_per_frame": lambda: toy("target", 32, 1),  # row by row the source's
    }


class Settings:
    """Settings that tell a `Recorded` which of their parts are read."""

    def __init__(self, whole: TaskGANConfig, reader: Recorded):
        self._whole, self._reader = whole, reader

    def __getattr__(self, name: str) -> Any:
        self._reader.keep(f"settings {name}")
        return getattr(self._whole, name)


class Recorded(Methods):
    """Keeps, by method, what its training read itself, and what it asked of others."""

    def __init__(self, source, target, config, *arguments, **kwargs):
        self.read: dict[str, set[str]] = {}
        self.training, self.whole = [""], config  # what is at work; the settings
        super().__init__(source, target, Settings(config, self), *arguments, **kwargs)

    def keep(self, part: str) -> None:
        self.read.setdefault(self.training[-1], set()).add(part)

    @property
    def target(self) -> LabelledImages:
        self.keep("target")
        return self._target

    @target.setter
    def target(self, data: LabelledImages) -> None:
        self._target = data

    def extra(self, key: str) -> LabelledImages:
        self.keep(f"extra {key}")
        return super().extra(key)

    def get(self, name: str, **switches: Any) -> Any:
        self.keep(f"method {(name := resolve(name, **switches))}")
        return super().get(name)

    def _train(self, method, name, folder) -> None:
        self.training.append(name)
        super()._train(method, name, folder)
        self.training.pop()

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """What is read meanwhile is no part of a training."""
        self.training.append("aside")
        settings, self.config = self.config, self.whole
        yield
        self.config = settings
        self.training.pop()

    def check(self, name: str) -> None:
        with self._aside():
            super().check(name)

    def made_of(self, name: str, extra: bool = True) -> dict[str, Any]:
        with self._aside():
            return super().made_of(name, extra)

    def all_read(self, method: str) -> set[str]:
        """By a method and what it builds on."""
        own = self.read[method]
        bases = (part.removeprefix("method ") for part in own if part.startswith("method "))
        return own.union(*map(self.all_read, bases))


def test_every_method_is_trained_saved_and_loaded_from_then_on(
    make, toy, fabric, tmp_path: Path, tree
) -> None:
    trainer = Trainer(tmp_path / "run", fabric, quiet=True)
    methods = Recorded(toy("source", 32, 1), toy("target", 4, 2), TINY, trainer, extra=extras(toy))
    images = toy("target", 5, 3).images
    learning = {name: about for name, about in METHODS.items() if about.source_labels}
    first = {name: methods.get(name).predict(images) for name in learning}
    for name, labels in first.items():
        assert labels.shape == (5, 2)
        assert methods.get(name).method == name
        about = METHODS[name]
        translates = about.family in ("taskgan", "rcan", "canonical_taskgan") or about.translates_source
        translates |= about.family == "cycle_taskgan" and about.switches.direction != "forward"
        assert (methods.get(name).translator is not None) == translates
    before = tree(tmp_path / "run")
    again = make(TINY, 32)  # another start of the program, without further data
    for name, labels in first.items():
        np.testing.assert_array_equal(again.get(name).predict(images), labels)
    assert tree(tmp_path / "run") == before
    assert len({labels.tobytes() for labels in first.values()}) == len(learning)
    for name, about in learning.items():  # and each declares what its model depends on
        read = methods.all_read(name)
        used = {part.removeprefix("settings ") for part in read if part.startswith("settings ")}
        assert (name, "own" in used) == (name, about.own is not None)
        assert (name, used - {"own", "geometry"}) == (name, {"networks", *about.settings})
        assert "geometry" in about.parts or "geometry" not in used, name
        assert {part for part in read if part.startswith("extra ")} <= {f"extra {about.needs}"}, name
        assert not (about.source_side and "target" in read), name


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("steps", r"--source\.steps is 3 there, 4 here\. Choose another folder, or remove .*source_only and"),
        ("networks", r"--networks\.task-norm is absent there, \"instance\" here"),
        ("seed", "seed is 0 there, 7 here"),
        ("images", r'source is "32 images, fingerprint \w+" there, "32 images, fingerprint \w+" here'),
        ("labels", r"source is .* there, .* here"),
        ("names", r'labels is \["x", "y"\] there, \["elbow", "wrist"\] here'),
        ("classes", r"scale\.count is absent there, 40 here"),
    ],
)
def test_a_folder_of_another_training_is_refused(
    toy, fabric, tmp_path: Path, tree, change: str, told: str
) -> None:
    source, target, config, seed, scale = toy("source", 32, 1), toy("target", 4, 2), TINY, 0, None

    def methods() -> Methods:
        return Methods(source, target, config, Trainer(tmp_path, fabric, seed, quiet=True), scale=scale)

    methods().get("source_only")
    before = tree(tmp_path)
    if change == "steps":
        config = replace(config, source=SupervisedConfig(4, 4))
    elif change == "networks":
        config = replace(config, networks=replace(config.networks, task_norm="instance"))
    elif change == "seed":
        seed = 7
    elif change == "images":
        source = replace(source, images=source.images ^ 1)
    elif change == "labels":
        source = replace(source, labels=source.labels[::-1])
    elif change == "classes":
        scale = Classes(40)
    else:
        source, target = (replace(data, label_names=("elbow", "wrist")) for data in (source, target))
    with pytest.raises(CrossgapError, match=rf"source_only holds another training: .*{told}"):
        methods().get("source_only")
    with pytest.raises(CrossgapError, match=r"source_only holds another training: "):
        methods().get("fine_tuned")  # nor is anything built on it
    after = {name: bytes_ for name, bytes_ in tree(tmp_path).items() if not name.endswith(".lock")}
    assert after == {name: bytes_ for name, bytes_ in before.items() if not name.endswith(".lock")}


def test_what_a_method_does_not_depend_on_may_change(make, toy, tmp_path: Path) -> None:
    methods = make(TINY, 32)
    first = {name: methods.get(name) for name in ("source_only", "plain_gan")}
    methods = make(replace(TINY, fine_tuning=SupervisedConfig(4, 4), dann=DANNConfig(9, 9)), 32)
    methods.target = methods.target.without_labels()
    images = toy("target", 5, 3).images
    for name, model in first.items():
        np.testing.assert_array_equal(methods.get(name).predict(images), model.predict(images))
    methods = make(TINY, 32)
    methods.target = toy("target", 6, 9)
    assert methods.get("source_only").made_of == first["source_only"].made_of
    with pytest.raises(CrossgapError, match=r'plain_gan holds another training: target is "4 images without'):
        methods.get("plain_gan")


def test_what_a_simulation_makes_is_not_made_to_load_a_finished_model(make, toy) -> None:
    made = []

    def methods(simulated: tuple[str, ...] = ("oracle", "randomized_per_frame"), seed: int = 5) -> Methods:
        extra = {
            "oracle": lambda: made.append("oracle") or toy("target", 32, seed),
            "randomized_per_frame": lambda: made.append("random") or toy("target", 32, 1),
        }
        return make(TINY, 32, extra=extra, source_config=replace(TINY, dann=DANNConfig(9, 9)),
                    simulated=simulated)  # fmt: skip

    first, again = methods(), methods(seed=6)
    names = "oracle", "randomized_per_frame"  # the latter of the source alone, with its settings
    records = [first.get(name).made_of for name in names]
    made.clear()
    assert [again.get(name).made_of for name in names] == records
    assert not made
    again.describe("oracle")  # made for something else: compared
    for other in (again, methods((), seed=6)):
        with pytest.raises(CrossgapError, match=r"holds another training: oracle is "):
            other.get("oracle")


def test_a_half_done_training_of_other_settings_is_not_gone_on_with(make, tmp_path: Path) -> None:
    make(TINY, 32).get("source_only")
    run = tmp_path / "run"
    shutil.rmtree(run / "models")  # as if killed before the end
    other = make(replace(TINY, source=SupervisedConfig(5, 4)), 32)
    with pytest.raises(
        CrossgapError,
        match=r"checkpoints/source_only holds another training: --source\.steps is 3 .*remove .*source_only",
    ):
        other.get("source_only")
    make(TINY, 32).get("source_only")
    for path in (run / "models" / "source_only", run / "checkpoints" / "source_only"):
        shutil.rmtree(path)  # what the messages say
    assert other.get("source_only").made_of["config"]["source"]["steps"] == 5


def test_a_model_of_before_says_nothing_of_its_training(make, tmp_path: Path) -> None:
    make(TINY, 32).get("source_only")
    about = tmp_path / "run" / "models" / "source_only" / "adapted.json"
    write_json(about, {key: value for key, value in read_json(about).items() if key != "made_of"})
    unsaid = r"source_only does not say what it was trained on: .* or remove .* to train it again"
    with pytest.raises(CrossgapError, match=unsaid + "; `AdaptedModel.load` reads the model as it is"):
        make(TINY, 32).get("source_only")
    assert AdaptedModel.load(about.parent).method == "source_only"
    shutil.rmtree(about.parent)
    (tmp_path / "run" / "checkpoints" / "source_only.json").write_text("{}")
    with pytest.raises(CrossgapError, match=unsaid + r"\.$"):  # nobody loads checkpoints
        make(TINY, 32).get("source_only")


def test_what_targets_share_can_have_settings_of_its_own(make, fabric, tmp_path: Path) -> None:
    shared = Trainer(tmp_path / "source", fabric, quiet=True)
    for steps in (4, 5):
        config = replace(TINY, source=SupervisedConfig(steps, 4), fine_tuning=SupervisedConfig(steps, 4))
        methods = make(config, 32, tmp_path / str(steps), source_trainer=shared, source_config=TINY)
        tuned = methods.get("fine_tuned")
        assert tuned.made_of["config"]["fine_tuning"]["steps"] == steps
        assert methods.get("source_only").made_of["config"]["source"]["steps"] == 3


def test_taskgan_keeps_the_source_model_and_refinement_the_translator(make) -> None:
    methods = make(TINY, 32)
    refined, inverse, source = map(
        methods.get, ("taskgan_inverse_refined", "taskgan_inverse", "source_only")
    )  # fmt: skip

    def weights(network) -> bytes:
        return b"".join(value.numpy().tobytes() for value in network.state_dict().values())

    assert weights(inverse.task_model) == weights(source.task_model)
    assert weights(refined.translator) == weights(inverse.translator)
    assert weights(refined.task_model) != weights(source.task_model)


def test_a_family_s_switches_are_a_method(make, tmp_path: Path) -> None:
    assert make(TINY, 32).get("taskgan", supervise=["source"]).method == "source_supervised_gan"
    assert (tmp_path / "run" / "models" / "source_supervised_gan").is_dir()


def test_source_only_can_be_shared_between_targets(make, fabric, tmp_path: Path) -> None:
    shared = Trainer(tmp_path / "source", fabric, quiet=True)
    make(TINY, 32, source_trainer=shared).get("fine_tuned")
    assert (tmp_path / "source" / "models" / "source_only").is_dir()
    assert [path.name for path in (tmp_path / "run" / "models").glob("[!.]*")] == ["fine_tuned"]


def test_an_unknown_method_lists_those_that_exist(make) -> None:
    with pytest.raises(
        CrossgapError, match=r"Method 'stargan' not found.*oracle,.* source_only,.*taskgan_inv"
    ):
        make(TINY, 32).get("stargan")


def test_no_oracle_without_its_data(make) -> None:
    with pytest.raises(CrossgapError, match="needs many labelled target images; there are none"):
        make(TINY, 32).get("oracle")


def test_a_model_of_another_method_is_named(make, tmp_path: Path) -> None:
    methods = make(TINY, 32)
    methods.get("source_only")
    models = tmp_path / "run" / "models"
    shutil.move(models / "source_only", models / "target_only")
    with pytest.raises(CrossgapError, match=r"holds a model of 'source_only'. Expected one of 'target_only'"):
        methods.get("target_only")


@pytest.mark.parametrize(
    ("height", "width", "message"),
    [
        (28, 28, "Source images are 24×24 pixels, target images 28×28. Expected one size"),
        (24, 32, "Source images are 24×24 pixels, target images 32×24. Expected one size"),
    ],
)
def test_two_sizes_of_images(tmp_path: Path, toy, fabric, height: int, width: int, message: str) -> None:
    source, target = toy("source", 8, 1), toy("target", 8, 2)
    other = replace(target, images=np.zeros((8, height, width, 3), np.uint8))
    with pytest.raises(CrossgapError, match=message):
        Methods(source, other, TINY, Trainer(tmp_path, fabric))


@pytest.mark.parametrize("shape", [(26, 26), (24, 30), (16, 16), (4, 4)])
def test_a_size_that_the_networks_cannot_take(tmp_path: Path, toy, fabric, shape: tuple[int, int]) -> None:
    data = replace(toy("source", 8, 1), images=np.zeros((8, *shape, 3), np.uint8))
    message = rf"Images are {shape[1]}×{shape[0]} pixels\. Expected a height .* multiples of 4.* at least 24"
    with pytest.raises(CrossgapError, match=message):
        Methods(data, data, TINY, Trainer(tmp_path, fabric))


def test_two_kinds_of_labels(tmp_path: Path, toy, fabric) -> None:
    source, target = toy("source", 8, 1), replace(toy("target", 8, 2), label_names=("x", "z"))
    with pytest.raises(CrossgapError, match=r"Source labels are x, y, target labels x, z\. Expected the"):
        Methods(source, target, TINY, Trainer(tmp_path, fabric))


def test_what_needs_no_target_labels_gets_none_and_the_rest_says_so(
    make, toy, tmp_path: Path, fabric
) -> None:
    target = toy("target", 4, 2)
    target = replace(target, labels=np.zeros((4, 0), np.float32), label_names=())
    methods = Methods(
        toy("source", 32, 1), target, TINY, Trainer(tmp_path, fabric, quiet=True), extra=extras(toy)
    )
    for name, about in METHODS.items():
        if not about.source_labels:
            continue
        if about.target_labels and name != "oracle":
            with pytest.raises(CrossgapError, match=r"needs labels of the target images"):
                methods.get(name)
        elif name != "oracle":
            assert methods.get(name).predict(target.images).shape == (4, 2)


def test_no_labels_at_all(tmp_path: Path, toy, fabric) -> None:
    def unlabelled(domain: str) -> LabelledImages:
        return replace(toy(domain, 8, 1), labels=np.zeros((8, 0), np.float32), label_names=())

    methods = Methods(unlabelled("source"), unlabelled("target"), TINY, Trainer(tmp_path, fabric))
    with pytest.raises(CrossgapError, match=r"The source has no labels. Expected at least one"):
        methods.get("source_only")
    assert not list(tmp_path.iterdir())


def test_the_translator_is_the_same_whether_f_x_was_there_already_or_not(make, tmp_path: Path) -> None:
    at_once, in_two_steps = make(TINY, 32, tmp_path / "a"), make(TINY, 32, tmp_path / "b")
    in_two_steps.get("source_only")
    first, second = (m.get("taskgan_inverse").translator.state_dict() for m in (at_once, in_two_steps))
    assert all(torch.equal(first[key], second[key]) for key in first)
