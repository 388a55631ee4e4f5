"""The policy: both cameras' images and a goal to a displacement of the gripper, by behaviour cloning."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase, adam
from crossgap.data.batches import Batches
from crossgap.losses import task_loss
from crossgap.networks.actor_critic import PositionExtractor

CAMERAS, STATE = ("front", "side"), "state"
"""What its inputs are called."""
SIZE, SEEN, GOAL, ACTION = 64, 32, 3, 3
"""Of images in pixels; of what the convolutions say, a goal and an action in numbers."""
FACTORY = f"{__name__}:make"


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


class Cloning(Phase):
    """Minimise (π(x, s) − a)² with Adam on one or several sets of demonstrations at once.

    Args:
        name: of the phase.
        policy: trained in place.
        data: of each, batches of images of both cameras (b, 6, H, W) in [-1, 1], with state and action side
            by side.
        steps: number of steps.
        learning_rate: of Adam, at the start.
    """

    def __init__(
        self, name: str, policy: nn.Module, data: Sequence[Batches], steps: int, learning_rate: float
    ):
        self.name, self.steps, self.learning_rate, self.data = name, steps, learning_rate, data
        self.networks = {"policy": policy.requires_grad_(True)}
        self.optimizers = {"policy": adam(policy.parameters(), learning_rate)}

    def training_step(self, step: int) -> dict[str, Tensor]:
        """One step of Adam; the batches of all sets count as one."""
        batches = [batches(step) for batches in self.data]
        images, told = (torch.cat([batch[part] for batch in batches]) for part in (0, 1))
        front, side = ((images + 1) / 2).split(3, 1)
        given = {"front": front, "side": side, STATE: told[:, :GOAL]}
        loss = task_loss(self.parallel["policy"](given).float(), told[:, GOAL:])
        self.update("policy", loss)
        return {"task_loss": loss}
