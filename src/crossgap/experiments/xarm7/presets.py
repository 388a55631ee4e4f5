"""Sizes of the xArm7 Reach experiment. Imports no torch."""

from dataclasses import dataclass, field, replace
from typing import Any

from crossgap.experiments.xarm7.setups import DOMAINS, SETUPS
from crossgap.methods.asymmetric_ddpg.config import DDPGConfig
from crossgap.methods.config import NetworkConfig, SupervisedConfig, TranslatorConfig, as_settings

EPISODE_STEPS = 50
"""Of an episode of `crossgap/XArm7Reach-v0`; Fetch's."""


@dataclass(frozen=True)
class XArm7Preset:
    """Size of the experiment and settings of its best configuration; the seed publishes none of them."""

    size: int = 84
    """Width and height of the images in pixels; the seed's."""
    environments: int = 8
    """Episodes that are played at the same time."""
    episode_steps: int = EPISODE_STEPS
    """Steps of an episode."""
    rounds: int = 14
    """How often that many episodes are played, and learnt from."""
    updates: int = 100
    """Updates per round."""
    initial_images: int = 2000
    """Images of known positions that an extractor is initialized with."""
    initialization: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(400, 64))
    """That regression."""
    replay: int = 100_000
    """Frames that are remembered."""
    relabelled: float = 0.8
    """Share of transitions whose goal is one that the same episode reached later."""
    noise: float = 0.2
    """Standard deviation of the exploration noise on actions in [-1, 1]."""
    random: float = 0.2
    """Share of actions that are random."""
    evaluate_every: int = 1
    """Rounds between two points of the learning curve."""
    curve_goals: int = 50
    """Validation goals of a point of the learning curve."""
    goals: int = 100
    """Test goals."""
    learner: DDPGConfig = field(default_factory=DDPGConfig)
    """The learner's settings."""
    target_images: int = 100
    """Labelled images of a target look that a translator, or fine-tuning, learns from."""
    source_images: int = 5000
    """Images of the source look beside them."""
    networks: NetworkConfig = field(default_factory=lambda: NetworkConfig(16, 256, 16, 4, 16))
    """Sizes of the translator and its discriminator."""
    translator: TranslatorConfig = field(
        default_factory=lambda: TranslatorConfig(1100, 8, 4e-4, task_weight=10.0)
    )
    """The goggles' training. f is good already, so its loss is small: at λ_φ = 1 the GAN drowns it out."""
    fine_tuning: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(1000, 8))
    """Of the extractor, for comparison; batches are the translator's."""
    adapted: tuple[str, ...] = ("best", "normed", "two_cameras_randomized", "two_cameras_viewpoint")
    """Which policies get goggles, keys of `SETUPS`."""
    adapted_to: tuple[str, ...] = ("camera_far", "target_b")
    """For which looks."""
    setups: tuple[str, ...] = (
        "best", "rl_only", "no_bottleneck", "no_initialization", "depth", "depth_noise",
        "two_cameras_randomized",
    )  # fmt: skip
    """What is compared, keys of `SETUPS`."""
    domains: tuple[str, ...] = tuple(name for name in DOMAINS if name not in ("camera_far", "target_mesh"))
    """Where it is tested, keys of `DOMAINS`."""


XARM7_PRESETS = {
    "smoke": XArm7Preset(
        size=64, environments=2, episode_steps=4, rounds=2, updates=3, evaluate_every=1, curve_goals=2,
        goals=2,
        initial_images=8, initialization=SupervisedConfig(3, 4), learner=DDPGConfig(batch=8),
        target_images=8, source_images=16, networks=NetworkConfig(8, 32, 4, 1, 4),
        translator=TranslatorConfig(3, 4), fine_tuning=SupervisedConfig(3, 4),
        setups=("best", "depth_noise"), domains=("source", "target_b", "noisy_depth"),
    ),
    "quick": XArm7Preset(),
    "full": XArm7Preset(
        rounds=60, updates=150, evaluate_every=2, setups=tuple(SETUPS), domains=tuple(DOMAINS),
    ),
}  # fmt: skip


def settled(preset: XArm7Preset) -> dict[str, Any]:
    """What a run's figures depend on. Configurations, domains and goggles can be added to it later."""
    return as_settings(replace(preset, setups=(), domains=(), adapted=(), adapted_to=()))
