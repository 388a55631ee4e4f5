"""The ways to learn Pick & Place that are compared, and their networks."""

from dataclasses import dataclass, replace
from typing import Any

import torch

from crossgap.experiments.pick_place.presets import PickPlacePreset
from crossgap.experiments.pick_place.rollouts import FEATURES
from crossgap.methods.asymmetric_ddpg.learner import AsymmetricDDPG
from crossgap.networks.actor_critic import Actor, Critic, PositionExtractor

PREDICTED = 9
"""Numbers of the state that images tell; the last, the gripper's opening, the robot measures itself."""


@dataclass(frozen=True)
class PickPlaceSetup:
    """One way to learn it."""

    cameras: tuple[str, ...] = ("front", "side")
    """What the policy sees; the state where there is none."""
    demonstrations: bool = True
    """Whether an expert's episodes help."""
    randomization: str = "none"
    """Domain randomization."""
    per_frame: bool = False
    """Whether it is new for every frame, not only for every episode."""

    @property
    def look_arguments(self) -> dict[str, Any]:
        """The environment's arguments that vary its look in training."""
        return {"randomization": self.randomization, "per_frame": self.per_frame}


SETUPS = {
    "privileged": PickPlaceSetup(cameras=()),
    "privileged_no_demonstrations": PickPlaceSetup(cameras=(), demonstrations=False),
    "images": PickPlaceSetup(),
    "images_randomized": PickPlaceSetup(randomization="full", per_frame=True),
}


def new_pick_place_learner(
    preset: PickPlacePreset, setup: PickPlaceSetup, device: str | torch.device
) -> AsymmetricDDPG:  # fmt: skip
    """Untrained networks for a setup: a policy without cameras measures all of the state."""
    channels = 3 * len(setup.cameras)
    rounds = preset.images if channels else preset.privileged
    config = replace(preset.learner, learning_rate=rounds.learning_rate)
    extractor = PositionExtractor(channels, preset.size, outputs=PREDICTED) if channels else None
    actor, critic = (kind(FEATURES, 3, 4, preset.hidden) for kind in (Actor, Critic))
    return AsymmetricDDPG(
        extractor, actor, critic, config, -1 / (1 - config.discount), device,
        measured=FEATURES - PREDICTED if channels else FEATURES, cloning_weight=preset.cloning_weight,
    )  # fmt: skip
