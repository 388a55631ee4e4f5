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
    ("settings", "message"),
    [
        ({"source": SupervisedConfig(steps=0)}, "--source.steps must be at least 1; got 0"),
        ({"translator": TranslatorConfig(batch=-1)}, "--translator.batch must be at least 1; got -1"),
        (
            {"cycle": CycleConfig(learning_rate=float("nan"))},
            "--cycle.learning-rate must be a number above 0; got nan",
        ),
        ({"networks": NetworkConfig(task_width=0)}, "--networks.task-width must be at least 1; got 0"),
        (
            {"networks": NetworkConfig(generator_blocks=-1)},
            "--networks.generator-blocks must be at least 0; got -1",
        ),
        (
            {"translator": TranslatorConfig(task_weight=-1)},
            "--translator.task-weight must be a number from 0 on; got -1",
        ),
        (
            {"canonical": TranslatorConfig(canonical_weight=float("nan"))},
            "--canonical.canonical-weight must be a number from 0 on; got nan",
        ),
        (
            {"cycle": CycleConfig(feature_weight=float("inf"))},
            "feature-weight must be a number from 0 on; got inf",
        ),
        ({"dann": DANNConfig(domain_hidden=0)}, "--dann.domain-hidden must be at least 1; got 0"),
        (
            {"dann": DANNConfig(domain_weight=-0.3)},
            "--dann.domain-weight must be a number from 0 on; got -0.3",
        ),
        ({"translated_images": 0}, "--translated-images must be at least 1; got 0"),
    ],
)
def test_settings_that_cannot_be(settings, message: str) -> None:
    with pytest.raises(CrossgapError, match=message):
        TaskGANConfig(**settings)


def test_no_weight_and_no_residual_block_can_be() -> None:
    TaskGANConfig(NetworkConfig(generator_blocks=0), translator=TranslatorConfig(task_weight=0))
