"""The policy: both cameras' images and a goal to a displacement of the gripper, by behaviour cloning."""

import torch
from torch import Tensor, nn

from crossgap.deploy.frozen import PolicyReference
from crossgap.networks.actor_critic import PositionExtractor

CAMERAS, STATE = ("front", "side"), "state"
"""What its inputs are called."""
SIZE, SEEN, GOAL, ACTION = 64, 32, 3, 3
"""Of images in pixels; of what the convolutions say, a goal and an action in numbers."""
FACTORY = f"{__name__}:make"
ABOUT = PolicyReference(FACTORY, None, "", CAMERAS, STATE)
"""How it is called."""


class TwoCameraPolicy(nn.Module):
    """π: a dict of `CAMERAS`, each (n, 3, SIZE, SIZE) in [0, 1], and `STATE`, the goal (n, 3) in [-1, 1] over
    the workspace, to actions (n, 3), displacements in steps of the environment. Where the gripper is, only
    the images tell."""

    def __init__(self) -> None:
        super().__init__()
        self.see = PositionExtractor(3 * len(CAMERAS), SIZE, outputs=SEEN)
        self.act = nn.Sequential(nn.Linear(SEEN + GOAL, 128), nn.ReLU(), nn.Linear(128, ACTION))

    def forward(self, given: dict[str, Tensor]) -> Tensor:
        images = torch.cat([given[camera] for camera in CAMERAS], 1)
        return self.act(torch.cat([self.see(2 * images - 1), given[STATE]], 1))


def make() -> nn.Module:
    """The policy without its weights, which are in a file of their own."""
    return TwoCameraPolicy()
