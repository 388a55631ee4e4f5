"""Two looks of a toy scene for translators: a square and a bar on a ground, and what is where."""

from __future__ import annotations

import torch
from torch import Tensor

from crossgap.data.batches import Batches

SIZE, CLASSES = 16, 3
"""Of images; and what is in them: ground, bar, square."""
COLOURS = {
    "x": ((-0.6, -0.6, -0.6), (0.2, 0.9, 0.2), (1.0, -0.6, -0.6)),
    "y": ((0.1, 0.0, -0.2), (0.9, 0.8, 0.5), (-0.6, 0.4, 1.0)),
    "dark": ((0.2, 0.0, 0.6), (-0.1, 0.6, -0.1), (0.7, -0.9, -0.9)),
}
"""By domain: of each class; in `dark` bar and square are x's, 0.3 darker, on another ground."""


def class_maps(n: int, seed: int) -> Tensor:
    """(n, SIZE, SIZE) uint8: a bar of two rows anywhere, and a square of 5 pixels somewhere, over it."""
    drawn = torch.Generator().manual_seed(seed)
    maps = torch.zeros(n, SIZE, SIZE, dtype=torch.uint8)
    for one in maps:
        row = int(torch.randint(SIZE - 2, (), generator=drawn))
        top, left = torch.randint(SIZE - 5, (2,), generator=drawn).tolist()
        one[row : row + 2] = 1
        one[top : top + 5, left : left + 5] = 2
    return maps


def painted(maps: Tensor, domain: str) -> Tensor:
    """The scenes of `class_maps` in a domain's colours, (n, 3, SIZE, SIZE) in [-1, 1]."""
    return torch.tensor(COLOURS[domain])[maps.long()].permute(0, 3, 1, 2).contiguous()


def scenes(domain: str, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images and class maps; equal seeds are the same scenes in every domain."""
    maps = class_maps(n, seed)
    return painted(maps, domain), maps


def images_of(domain: str, n: int, size: int, seed: int) -> Batches:
    """Batches without labels."""
    return Batches(scenes(domain, n, seed)[0], torch.zeros(n, 0), size, seed)


def mapped(domain: str, n: int, size: int, seed: int) -> Batches:
    """Batches of images with their class maps."""
    return Batches(*scenes(domain, n, seed), size, seed)
