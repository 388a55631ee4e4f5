"""Presets hold what the paper and the issue ask for."""

from __future__ import annotations

import pytest

from crossgap.catalog import METHODS
from crossgap.config import (
    ALL_METHODS,
    MAIN_METHODS,
    PRESETS,
    CycleConfig,
    DANNConfig,
    NetworkConfig,
    SupervisedConfig,
    TaskGANConfig,
    TranslatorConfig,
    get_preset,
)
from crossgap.errors import CrossgapError


@pytest.mark.parametrize("name", ["quick", "full", "paper"])
def test_sizes_of_the_paper_s_experiment(name: str) -> None:
    preset = get_preset(name)
    assert preset.source_episodes * preset.steps == 22_656
    assert preset.target_episodes * preset.steps == 800
    assert (preset.starts, preset.episode_steps) == (100, 100)


def test_paper_preset_is_the_paper_s() -> None:
    config = get_preset("paper").config
    assert config.networks == NetworkConfig(16, 256, 32, 6, 32)
    for part in (config.source, config.target):
        assert (part.steps, part.batch, part.learning_rate) == (15_000, 16, 1e-3)
    assert get_preset("paper").perturbation == 0


def test_an_unknown_preset_lists_those_that_exist() -> None:
    with pytest.raises(CrossgapError, match=r"Preset 'huge' not found. Available: full, paper, quick, smoke"):
        get_preset("huge")


def test_the_presets_of_all_methods_name_all_of_the_catalogue() -> None:
    possible = [name for name, about in METHODS.items() if about.needs != "unlabelled"]
    assert sorted(ALL_METHODS) == sorted(possible)
    assert set(MAIN_METHODS) <= set(METHODS)


@pytest.mark.parametrize("name", PRESETS)
def test_images_are_of_a_size_that_the_networks_take(name: str) -> None:
    assert PRESETS[name].size % 4 == 0
    assert PRESETS[name].size >= 24


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SupervisedConfig(steps=0), "SupervisedConfig: expected steps of at least 1; got 0"),
        (lambda: TranslatorConfig(batch=-1), "TranslatorConfig: expected batch of at least 1; got -1"),
        (
            lambda: CycleConfig(learning_rate=float("nan")),
            "CycleConfig: expected a learning rate above 0; got nan",
        ),
        (lambda: NetworkConfig(task_width=0), "NetworkConfig: expected task_width of at least 1; got 0"),
        (lambda: NetworkConfig(generator_blocks=-1), "expected generator_blocks of at least 0; got -1"),
        (
            lambda: TranslatorConfig(task_weight=-1),
            "TranslatorConfig: expected task_weight of 0 or more",
        ),
        (lambda: TranslatorConfig(canonical_weight=float("nan")), "canonical_weight of 0 or more; got nan"),
        (lambda: CycleConfig(feature_weight=float("inf")), "feature_weight of 0 or more; got inf"),
        (lambda: DANNConfig(domain_hidden=0), "DANNConfig: expected domain_hidden of at least 1; got 0"),
        (lambda: DANNConfig(domain_weight=-0.3), "DANNConfig: expected domain_weight of 0 or more; got -0.3"),
        (lambda: TaskGANConfig(translated_images=0), "expected translated_images of at least 1; got 0"),
    ],
)
def test_settings_that_cannot_be(make, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        make()
