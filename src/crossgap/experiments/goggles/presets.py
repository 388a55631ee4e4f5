"""Sizes of the experiment with a frozen policy. Imports no torch."""

from dataclasses import dataclass, field

from crossgap.methods.config import SupervisedConfig
from crossgap.methods.goggles import GogglesConfig

METHODS = ("policy", "goggles", "goggles_without_actions", "fine_tuned", "augmented_fine_tuned")
"""What acts: the policy as it is; behind goggles that demonstrated actions taught, or consistency alone; and
the rivals that may change its weights, one of them on augmented images."""


@dataclass(frozen=True)
class GogglesPreset:
    """Size of the experiment."""

    size: int = 64
    """Width and height of the images in pixels."""
    environments: int = 20
    """Episodes that are played at the same time."""
    steps: int = 12
    """Of a demonstration: as many as the longest way takes."""
    source_episodes: int = 300
    """Demonstrations in the source look, of which the policy learns."""
    target_episodes: int = 10
    """Demonstrations in the target look."""
    stray: float = 0.3
    """Standard deviation of what is added to demonstrated actions in [-1, 1] before they are played: so the
    policy sees how to come back."""
    cloning: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(4000, 32))
    """Of the policy, by behaviour cloning."""
    fine_tuning: SupervisedConfig = field(default_factory=lambda: SupervisedConfig(1500, 16))
    """Of the rivals: the policy trained on, with the target's demonstrations and as many of its own."""
    goggles: GogglesConfig = field(default_factory=lambda: GogglesConfig(batch=4))
    """Of the translator: batches of frames, each of two cameras."""
    goals: int = 100
    """Test goals."""
    play: int = 30
    """Steps of a test episode."""
    looks: tuple[str, ...] = ("target_b",)
    """Where the policy is to act."""
    methods: tuple[str, ...] = METHODS
    """What is compared."""


_TINY = SupervisedConfig(3, 4)
GOGGLES_PRESETS = {
    "smoke": GogglesPreset(
        environments=2, steps=3, source_episodes=4, target_episodes=3, cloning=_TINY, fine_tuning=_TINY,
        goggles=GogglesConfig(3, 2, generator_width=4, generator_blocks=1, discriminator_width=4), goals=2,
        play=2,
    ),
    "quick": GogglesPreset(),
    "full": GogglesPreset(
        source_episodes=1000, cloning=SupervisedConfig(12_000, 32), fine_tuning=SupervisedConfig(6000, 16),
        goggles=GogglesConfig(5000, generator_width=32, generator_blocks=6, discriminator_width=32),
        looks=("target_a", "target_b", "target_c", "camera_far"),
    ),
}  # fmt: skip
