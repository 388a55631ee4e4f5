"""Where an action puts a gripper, and where a camera would see it there."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crossgap.errors import CrossgapError

POINTS = (
    (0.0, 0.0, 0.0), (0.0, 0.02, 0.0), (0.0, -0.02, 0.0), (0.0, 0.042, 0.0), (0.0, -0.042, 0.0),
    (0.02, 0.0, 0.0), (-0.02, 0.0, 0.0), (0.0, 0.0, 0.03),
)  # fmt: skip
"""Points of the gripper in its own frame, in metres: between the fingertips, towards both fingers, which
close along y, and beyond them; to both sides of the plane they close in; above."""


class Camera(nn.Module):
    """A pinhole camera that does not move.

    Args:
        matrix: its projection (3, 4), row by row: (x, y, z, 1) in metres to (u w, v w, w), where u is to the
            right and v downwards, both from -1 to 1 in the image.

    Raises:
        CrossgapError: these are not 12 numbers.
    """

    def __init__(self, matrix: Sequence[float]):
        super().__init__()
        if len(matrix) != 12:
            raise CrossgapError(
                f"A camera is 12 numbers, its projection (3, 4) row by row; got {len(matrix)}."
            )
        self.matrix: Tensor
        self.register_buffer("matrix", torch.tensor(matrix, dtype=torch.float32).view(3, 4))

    def forward(self, points: Tensor) -> Tensor:
        """Points (…, 3) of the world to where they are seen, (…, 2)."""
        seen = points @ self.matrix[:, :3].T + self.matrix[:, 3]
        return seen[..., :2] / seen[..., 2:]


class Gripper(nn.Module):
    """A gripper that points down.

    Args:
        reach: how far an action of 1 moves it along x, y and z, metres.
        low: the lowest x, y and z that its point can have, metres.
        high: the highest.
        points: of it that are looked at, (x, y, z) metres in its own frame.
        floor: height in metres at which the image is looked at, too, below each point; None for no floor.
        yaw: how far it can be turned to either side, radians, by an action at most a quarter of a circle;
            None for any way, at once.
    """

    def __init__(
        self, reach: Sequence[float], low: Sequence[float], high: Sequence[float],
        points: Sequence[Sequence[float]] = POINTS, floor: float | None = None, yaw: float | None = None,
    ):  # fmt: skip
        super().__init__()
        self.floor, self.yaw = floor, yaw
        self.reach: Tensor
        self.low: Tensor
        self.high: Tensor
        self.points: Tensor
        for name, value in (("reach", reach), ("low", low), ("high", high), ("points", points)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32))

    def moved(self, pose: Tensor, actions: Tensor, terminate: Tensor) -> Tensor:
        """Where actions bring it.

        Args:
            pose: (n, 4): x, y, z in metres and yaw in radians.
            actions: (n, k, a): a displacement, sine and cosine of a turn, and what does not move it.
            terminate: which actions end the episode, and so move nothing, (n, k) bool.

        Returns:
            (n, k, 4).
        """
        stays = terminate[..., None]
        place = (pose[:, None, :3] + self.reach * actions[..., :3]).clamp(self.low, self.high)
        turn = torch.atan2(actions[..., 3:4], actions[..., 4:5])
        if self.yaw is None:
            turned = pose[:, None, 3:] + turn
        else:
            turned = (pose[:, None, 3:] + turn.clamp(-math.pi / 2, math.pi / 2)).clamp(-self.yaw, self.yaw)
        there = torch.cat([place, turned], -1)
        return torch.where(stays, pose[:, None], there)

    def placed(self, pose: Tensor) -> Tensor:
        """Its points at poses (n, k, 4), in the world: (n, k, p, 3); with a floor 2p, the second half on
        it."""
        cosine, sine = pose[..., 3:].cos(), pose[..., 3:].sin()
        x, y, z = self.points.unbind(-1)
        across = torch.stack([cosine * x - sine * y, sine * x + cosine * y, z.expand_as(cosine * x)], -1)
        points = pose[..., None, :3] + across
        if self.floor is None:
            return points
        below = torch.cat([points[..., :2], torch.full_like(points[..., 2:], self.floor)], -1)
        return torch.cat([points, below], -2)

    def scaled(self, pose: Tensor) -> Tensor:
        """Poses (…, 4) as (…, 5): x, y, z from -1 to 1 in the workspace, sine and cosine of twice the yaw, as
        a gripper of two fingers turned by half a circle is the same."""
        place = (2 * pose[..., :3] - self.high - self.low) / (self.high - self.low)
        return torch.cat([place, (2 * pose[..., 3:]).sin(), (2 * pose[..., 3:]).cos()], -1)
