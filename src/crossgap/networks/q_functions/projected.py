"""A critic that looks where the gripper would be: the map is read at the points that an action puts it at.

Not of the paper. Where the camera is known, "is there an object between the fingers" is a question of a few
places of the image. The paper's critic has to learn from grasps alone which place an action means."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from crossgap.networks.q_functions.critic import ImageQ, convolution, head
from crossgap.networks.q_functions.gripper import POINTS, Camera, Gripper
from crossgap.networks.registry import register_network


class _Map(nn.Module):
    """Images (n, 3, H, W) to maps (n, c, H/2, W/2): fine places, in a coarse context."""

    def __init__(self, width: int, channels: int):
        super().__init__()
        wide = 2 * width
        self.fine = nn.Sequential(convolution(3, width, 5, 2), convolution(width, width))
        self.middle = nn.Sequential(convolution(width, wide, 3, 2), convolution(wide, wide))
        self.coarse = nn.Sequential(
            convolution(wide, wide, 3, 2), convolution(wide, wide), nn.Conv2d(wide, wide, 1)
        )
        self.joined = nn.Sequential(convolution(wide, channels), nn.Conv2d(channels, channels, 3, padding=1))
        self.skip = nn.Conv2d(width, channels, 1)

    def forward(self, images: Tensor) -> Tensor:
        fine = self.fine(images)
        middle = self.middle(fine)
        joined = self.joined(middle + functional.interpolate(self.coarse(middle), middle.shape[2:]))
        return self.skip(fine) + functional.interpolate(joined, fine.shape[2:], mode="bilinear")


@register_network
class ProjectedQ(ImageQ):
    """Q from the features at the gripper's points.

    Numbers begin with the gripper's x, y, z (metres) and yaw (radians); an action is a displacement, sine and
    cosine of a turn, and switches, the last of which ends the episode.

    Args:
        numbers: m, from 4 on.
        switches: numbers of an action after its first five, 0 for none.
        camera: 12 numbers, as of `Camera`.
        reach: as of `Gripper`, like what follows.
        low: as there.
        high: as there.
        floor: as there.
        points: as there.
        width: filters of the first layer.
        channels: c, of the map.
        hidden: units of the head's layers.
        yaw: as of `Gripper`.
    """

    def __init__(
        self, numbers: int, switches: int, camera: Sequence[float], reach: Sequence[float],
        low: Sequence[float], high: Sequence[float], floor: float | None = None,
        points: Sequence[Sequence[float]] = POINTS, width: int = 16, channels: int = 32, hidden: int = 96,
        yaw: float | None = None,
    ):  # fmt: skip
        super().__init__()
        self.switches, self.channels = switches, channels
        self.camera = Camera(camera)
        self.gripper = Gripper(reach, low, high, points, floor, yaw)
        self.map = _Map(width, channels)
        looks = len(points) * (1 if floor is None else 2)
        # besides features: the new pose (5), the action (5 + switches), the pose now (5), the other numbers
        self.head = head(looks * channels + 15 + switches + numbers - 4, hidden)

    def see(self, images: Tensor) -> Tensor:
        """(n, 3, H, W) to (n, c, H/2, W/2)."""
        return self.map(images)

    def judge(self, seen: Tensor, numbers: Tensor, actions: Tensor) -> Tensor:
        """As of `ImageQ`."""
        n, k, _ = actions.shape
        ends = actions[..., -1] > 0 if self.switches else torch.zeros_like(actions[..., 0], dtype=torch.bool)
        pose = self.gripper.moved(numbers[:, :4], actions, ends)
        places = self.camera(self.gripper.placed(pose))
        looked = functional.grid_sample(seen, places, padding_mode="border", align_corners=False)
        features = looked.permute(0, 2, 3, 1).reshape(n, k, -1)
        now = torch.cat([self.gripper.scaled(numbers[:, :4]), numbers[:, 4:]], 1)[:, None].expand(n, k, -1)
        return self.head(torch.cat([features, self.gripper.scaled(pose), actions, now], -1))[..., 0]
