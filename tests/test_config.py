"""Presets hold what the paper and the issue ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossgap.base.files import read_json
from crossgap.core.results import settings_digest
from crossgap.errors import CrossgapError
from crossgap.experiments.digits.presets import DIGITS_PRESETS
from crossgap.experiments.mico.presets import MICO_PRESETS
from crossgap.experiments.taskgan.presets import (
    ALL_METHODS,
    MAIN_METHODS,
    PRESETS,
    as_json,
    current,
    get_preset,
)
from crossgap.experiments.xarm7.presets import XARM7_PRESETS
from crossgap.experiments.xarm7.presets import settled as settled_xarm7
from crossgap.methods.config import (
    CycleConfig,
    DANNConfig,
    NetworkConfig,
    SupervisedConfig,
    TaskGANConfig,
    TranslatorConfig,
    as_settings,
)
from crossgap.methods.registry import METHODS

RESULTS = Path(__file__).parents[1] / "results"


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
    possible = [
        name for name, about in METHODS.items() if about.source_labels and about.needs != "unlabelled"
    ]
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
            {"networks": NetworkConfig(task_norm="batch")},  # type: ignore[arg-type]
            "--networks.task-norm must be one of none, instance, group; got batch",
        ),
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
            "--rcan.canonical-weight must be a number from 0 on; got nan",
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


def test_a_setting_that_came_later_stands_in_a_run_only_where_it_is_another_than_before() -> None:
    """Else no run folder and no results file of before could be gone on with."""
    assert "task_norm" not in as_settings(TaskGANConfig())["networks"]
    assert as_settings(TaskGANConfig(NetworkConfig(task_norm="group")))["networks"]["task_norm"] == "group"


@pytest.mark.parametrize("experiment", ["taskgan", "budget"])
@pytest.mark.parametrize("preset", ["quick", "full"])
def test_published_rows_are_of_today_s_settings(experiment: str, preset: str) -> None:
    """Tables show no others."""
    found = read_json(RESULTS / experiment / f"{preset}.json")
    assert current(found, get_preset(preset))["rows"] == found["rows"]


@pytest.mark.parametrize("experiment", ["mico", "digits", "xarm7"])
def test_published_results_are_of_today_s_settings(experiment: str) -> None:
    """A changed preset or a new setting would put the rows aside at the next run."""
    presets = {
        "mico": lambda: as_settings(MICO_PRESETS["quick"]),
        "digits": lambda: as_json(DIGITS_PRESETS["quick"]),
        "xarm7": lambda: settled_xarm7(XARM7_PRESETS["quick"]),
    }
    origin = read_json(RESULTS / experiment / "quick.json")["provenance"]
    hardware = {key: origin[key] for key in ("device", "precision")}
    assert settings_digest(presets[experiment]() | hardware) == origin["settings"]
