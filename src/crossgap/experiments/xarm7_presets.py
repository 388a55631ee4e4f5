"""Sizes of the xArm7 Reach experiment. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from crossgap.config import DDPGConfig
from crossgap.errors import unknown


@dataclass(frozen=True)
class XArm7Preset:
    """Size of the experiment and settings of its best configuration; the seed publishes none of them."""

    size: int = 84
    """Width and height of the images in pixels; the seed's."""
    environments: int = 16
    """Episodes that are played at the same time."""
    episode_steps: int = 50
    """Steps of an episode; Fetch's."""
    rounds: int = 60
    """How often that many episodes are played, and learnt from."""
    updates: int = 400
    """Updates per round."""
    replay: int = 100_000
    """Frames that are remembered."""
    relabelled: float = 0.8
    """Share of transitions whose goal is one that the same episode reached later."""
    noise: float = 0.2
    """Standard deviation of the exploration noise on actions in [-1, 1]."""
    random: float = 0.2
    """Share of actions that are random."""
    evaluate_every: int = 4
    """Rounds between two evaluations on the validation goals."""
    goals: int = 100
    """Goals of an evaluation."""
    learner: DDPGConfig = field(default_factory=DDPGConfig)
    """The learner's settings."""


XARM7_PRESETS = {
    "smoke": XArm7Preset(
        size=48, environments=2, episode_steps=4, rounds=2, updates=3, evaluate_every=1, goals=2,
        learner=DDPGConfig(batch=8),
    ),
    "quick": XArm7Preset(),
    "full": XArm7Preset(rounds=200, updates=600),
}  # fmt: skip
"""Every preset by name."""


def get_xarm7_preset(name: str) -> XArm7Preset:
    """The preset of that name.

    Raises:
        CrossgapError: there is none; the message lists those that exist.
    """
    if name not in XARM7_PRESETS:
        raise unknown("Preset", name, XARM7_PRESETS)
    return XARM7_PRESETS[name]
