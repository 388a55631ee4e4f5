"""A sampler in an adapted model's folder: the same images after loading, and what it does not do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crossgap.base.files import read_json, write_json
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.networks import DCGANGenerator, Generator, TaskModel


@pytest.fixture
def model() -> AdaptedModel:
    torch.manual_seed(0)
    network = DCGANGenerator(16, noise=5, width=4)
    with torch.no_grad():  # images that tell one noise from another
        for weight in network.parameters():
            weight.mul_(8)
    return AdaptedModel(None, None, (), 16, sampler=network, method="dcgan")


def test_images_are_the_generator_s_in_evaluation(model: AdaptedModel) -> None:
    noise = np.random.default_rng(3).standard_normal((70, 5)).astype(np.float32)  # more than one batch
    with torch.no_grad():
        drawn = model.sampler(torch.from_numpy(noise)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(model.sampled(noise), 127.5 * (drawn + 1), atol=0.51)
    np.testing.assert_allclose(model.sampled(noise[:1])[0], 127.5 * (drawn[0] + 1), atol=0.51)


def test_a_seed_always_draws_the_same(model: AdaptedModel) -> None:
    many = model.sample(9, seed=4)
    assert many.shape == (9, 16, 16, 3)
    assert many.dtype == np.uint8
    assert len(np.unique(many, axis=0)) == 9
    torch.manual_seed(1)
    state = torch.get_rng_state()
    np.testing.assert_array_equal(model.sample(3, seed=4), many[:3])
    np.testing.assert_array_equal(torch.get_rng_state(), state)
    assert (model.sample(3, seed=5) != many[:3]).any()


def test_noise_is_normal(model: AdaptedModel) -> None:
    noise = model.noise(20_000, seed=1)
    assert noise.shape == (20_000, 5)
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(noise.T), np.eye(5), atol=0.04)


@pytest.mark.parametrize("leaky", [True, False])
def test_a_loaded_sampler_draws_the_same(tmp_path: Path, leaky: bool) -> None:
    model = AdaptedModel(None, None, (), 16, sampler=DCGANGenerator(16, 5, 4, leaky), method="dcgan")
    model.save(tmp_path / "model")
    loaded = AdaptedModel.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.sample(4), model.sample(4))
    assert loaded.networks.keys() == {"sampler"}
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "adapted.json", "sampler.safetensors",
    ]  # fmt: skip


def test_a_sampler_alone_takes_no_images(model: AdaptedModel) -> None:
    images = np.zeros((1, 16, 16, 3), np.uint8)
    alone = r"This model of dcgan is a sampler alone: it has no {}.* Expected `sample`, or"
    for ask in (lambda: model.predict(images), lambda: model.task_model, lambda: model.scale):
        with pytest.raises(CrossgapError, match=alone.format("task model, and predicts nothing")):
            ask()
    with pytest.raises(CrossgapError, match=alone.format("translator, and takes no images")):
        model.translate(images)


def test_what_has_no_sampler_draws_nothing() -> None:
    alone = AdaptedModel(None, None, (), 24, Generator(4, 1), method="cyclegan")
    for ask in (lambda: alone.sample(1), lambda: alone.sampled(np.zeros((1, 5))), lambda: alone.sampler):
        with pytest.raises(CrossgapError, match=r"a translator alone: it has no sampler.*`translate`, or a"):
            ask()


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (lambda model: model.sample(0), "images to draw must be at least 1; got 0"),
        (lambda model: model.sample(-3), "at least 1; got -3"),
        (lambda model: model.sample(1, seed=-1), "seed must be 0 or more; got -1"),
        (lambda model: model.sampled(np.zeros((2, 6))), r"Expected noise \(n, 5\) .*; got \(2, 6\)\."),
        (lambda model: model.sampled(np.zeros(5)), r"got \(5,\)\."),
        (lambda model: model.sampled(np.full((1, 5), np.nan)), r"got \(1, 5\) with others"),
    ],
)
def test_noise_that_cannot_be(model: AdaptedModel, ask, problem: str) -> None:
    with pytest.raises(CrossgapError, match=problem):
        ask(model)
    assert model.sampled(np.zeros((0, 5))).shape == (0, 16, 16, 3)


def test_a_sampler_that_does_not_say_what_it_takes() -> None:
    with pytest.raises(CrossgapError, match=r"with an attribute `noise`.*; got TaskModel without"):
        AdaptedModel(None, None, (), 24, sampler=TaskModel(2, 24, 4, 8))


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("size", 32, r"'networks\.sampler\.arguments\.size' is 16, expected 32"),
        ("networks.sampler.arguments.noise", 6, "does not fit this network"),
        ("networks.sampler.arguments.width", 10**9, "describes a network that cannot be|does not fit"),
        ("label_names", ["x"], "1 label names do not fit its scale"),
    ],
)
def test_a_description_of_what_cannot_be(
    model: AdaptedModel, tmp_path: Path, path: str, value: object, problem: str
) -> None:
    model.save(folder := tmp_path / "model")
    about = read_json(folder / "adapted.json")
    *outer, key = path.split(".")
    part = about
    for name in outer:
        part = part[name]
    part[key] = value
    write_json(folder / "adapted.json", about)
    with pytest.raises(CrossgapError, match=problem):
        AdaptedModel.load(folder)


def test_a_size_that_nothing_doubles_to(model: AdaptedModel, tmp_path: Path) -> None:
    model.save(folder := tmp_path / "model")
    text = (folder / "adapted.json").read_text(encoding="utf-8").replace('"size": 16', '"size": 24')
    (folder / "adapted.json").write_text(text, encoding="utf-8")
    with pytest.raises(CrossgapError, match=r"cannot be \(.*8, 16, 32.* is needed, not 24\)"):
        AdaptedModel.load(folder)


def test_a_sampler_in_bfloat16_draws_nearly_the_same(model: AdaptedModel) -> None:
    exact = model.sample(8).astype(int)
    model.precision = "bf16-mixed"
    fast = model.sample(8)
    assert (fast != exact).any()
    assert np.abs(fast - exact).mean() < 3  # of 255
