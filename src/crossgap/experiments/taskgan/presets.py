"""Sizes of the TaskGAN experiment, and what it compares. Imports no torch."""

import functools
from dataclasses import dataclass, field, replace
from typing import Any

from crossgap.base import records
from crossgap.core.results import settings_digest
from crossgap.errors import find
from crossgap.methods.config import (
    OWN_DATA,
    TASK_NORMS,
    AugmentationConfig,
    CycleConfig,
    DANNConfig,
    NetworkConfig,
    SupervisedConfig,
    TaskGANConfig,
    TaskNorm,
    TranslatorConfig,
    TwoColumnsConfig,
    as_settings,
    own_record,
)
from crossgap.methods.registry import METHODS

MAIN_METHODS = (
    "source_only", "target_only", "fine_tuned", "taskgan_inverse", "taskgan_inverse_refined", "oracle",
)  # fmt: skip
"""The methods of `crossgap demo`."""
FAMILIES = {
    "baseline", "target_only", "co_trained", "optimal_transport", "taskgan", "taskgan_forward",
    "cycle_taskgan", "rcan", "canonical_taskgan", "oracle",
}  # fmt: skip
ALL_METHODS = tuple(
    name for name, method in METHODS.items() if method.family in FAMILIES and method.needs != "unlabelled"
)
"""What can be compared: of these families all that needs no unlabelled target images, the oracle last."""
SIGHTLESS = {
    "blind": "blind: one pose, whatever the image shows; the best there is",
    "random": "random actions",
}
"""What can be compared, too, and has learnt nothing."""
FULL_METHODS = tuple(name for name in ALL_METHODS if not getattr(METHODS[name].switches, "near", False))
"""The same without those for a single image, which refine near its label."""


@dataclass(frozen=True)
class Preset:
    """Size of an experiment."""

    size: int = 64
    """Width and height of the images in pixels."""
    source_episodes: int = 1416
    """Demonstrations in the source domain, and for the oracle in the target domain."""
    target_episodes: int = 50
    """Labelled demonstrations in the target domain."""
    steps: int = 16
    """Images per demonstration."""
    perturbation: float = 0.0
    """Disturbance of the demonstrated states where images are simulated for free (source and oracle),
    standard deviation in rad."""
    target_perturbation: float = 0.0
    """The same for the few target demonstrations: 0 shows the way alone, as the paper's do; above, also what
    to do beside it."""
    starts: int = 100
    """Start configurations in the test."""
    episode_steps: int = 100
    """Steps of an episode in closed loop."""
    gains: tuple[float, ...] = (0.1, 0.2, 0.4)
    """Control gains to choose from, on validation starts in the source domain."""
    methods: tuple[str, ...] = MAIN_METHODS
    """What `crossgap reproduce taskgan` compares, in the order of its tables."""
    config: TaskGANConfig = field(default_factory=TaskGANConfig)
    """The training."""


def tiny(source: int, steps: int) -> TaskGANConfig:
    """The training of a preset smoke: so many steps where there are many images, and everywhere else."""
    many, few, pair = SupervisedConfig(source, 16), SupervisedConfig(steps, 8), TranslatorConfig(steps, 4)
    return TaskGANConfig(NetworkConfig(8, 32, 4, 1, 4), many, many, few, few, few, pair, pair, few)


QUICK = replace(OWN_DATA, dann=DANNConfig(), augmentation=AugmentationConfig())
PLATEAU = SupervisedConfig(24_000, 64)
"""Of domain randomization: more steps give it nothing more, on validation starts (docs/log.md)."""
PRESETS = {
    "smoke": Preset(
        size=32, source_episodes=24, target_episodes=6, steps=8, starts=4, episode_steps=5, gains=(0.2,),
        config=replace(
            tiny(50, 25), two_columns=TwoColumnsConfig(25, 8), translated_images=48, cycle=CycleConfig(10, 4)
        ),
    ),
    "quick": Preset(perturbation=0.1, config=replace(QUICK, randomization=PLATEAU)),
    "full": Preset(
        perturbation=0.1, target_perturbation=0.1, methods=FULL_METHODS,
        config=replace(
            QUICK, randomization=SupervisedConfig(6000, 64), translator=TranslatorConfig(2200, 8, 4e-4)
        ),
    ),
    "paper": Preset(size=128, methods=FULL_METHODS),
}  # fmt: skip
"""Every preset by name; `paper` has the paper's own sizes and set-up, where it gives them."""


def as_json(preset: Any) -> dict[str, Any]:
    """A preset as JSON gives it back, without its methods: no figure depends on which others there are, so
    a run and its results file go on with further ones."""
    return {key: value for key, value in records.as_json(as_settings(preset)).items() if key != "methods"}


def measured_with(preset: Preset, method: str) -> dict[str, str]:
    """What rows say of their settings: a digest of images, tests and what of the training the method depends
    on, so that another method's can change without it; and the norm in the task model, if it has one."""
    found, about = as_json(preset), METHODS.get(method)
    parts = about.parts if about else ()
    config = {part: value for part, value in found["config"].items() if part in parts}
    if about and about.own is not None:
        config[about.family] = own_record(preset.config.own.get(about.family, about.own))
    norm = preset.config.networks.task_norm
    said = {} if norm == "none" else {"task_norm": norm}
    return said | {"settings": settings_digest(found | {"config": config})}


def current(results: dict[str, Any], preset: Preset) -> dict[str, Any]:
    """A results file with those rows alone that were measured with a preset as it is now, whatever the norm
    in the task model."""
    normed = {norm: with_task_norm(preset, norm) for norm in TASK_NORMS}

    @functools.cache
    def settings(norm: TaskNorm, method: str) -> str:
        return measured_with(normed[norm], method)["settings"]

    return results | {
        "rows": [
            row
            for row in results["rows"]
            if row.get("settings") == settings(row.get("task_norm", "none"), row["method"])
        ]
    }


def get_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        CrossgapError: there is none; the message lists those that exist.
    """
    return find("Preset", name, PRESETS)


def with_task_norm(preset: Any, task_norm: TaskNorm) -> Any:
    """A preset of this experiment, or of another with such a `config`, with that norm in every task model."""
    networks = replace(preset.config.networks, task_norm=task_norm)
    return replace(preset, config=replace(preset.config, networks=networks))
