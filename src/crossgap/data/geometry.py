"""Geometric augmentation: the same thing nearer, farther, beside its place, turned or stretched."""

import torch
from torch import Tensor
from torch.nn import functional

SCALE, STRETCH, TURN, MOVE = (0.8, 1.6), 0.2, 0.2, 0.075
"""Of a strength of 1: from and to which size things are scaled, halving as likely as doubling; by how much
they are stretched in width, at most; by how many rad they are turned; and by which share of the width and the
height they are moved, each in both directions."""


def placed(images: Tensor, strength: float) -> Tensor:
    """Images (n, c, H, W), each scaled, stretched, turned about its middle and moved at random; what comes in
    is the border's colour. Randomness is torch's global generator.

    For labels that stay true: of classes, but not of what a fixed camera sees where.

    Args:
        images: (n, c, H, W).
        strength: 1 as far as the constants above say; 0 leaves all as it is.
    """
    if not strength:
        return images
    n, _, height, width = images.shape

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(n, device=images.device).uniform_(low, high)

    scale = torch.exp(strength * uniform(*torch.tensor(SCALE).log().tolist()))
    wide = scale * (1 + strength * uniform(-STRETCH, STRETCH))
    turn = strength * uniform(-TURN, TURN)
    # from a place in the new image to the one that it shows, in [-1, 1]; a turn is of pixels, not of shares
    aspect = width / height
    inverse = torch.stack(
        [turn.cos() / wide, -turn.sin() / wide / aspect, torch.zeros_like(turn),
         turn.sin() / scale * aspect, turn.cos() / scale, torch.zeros_like(turn)], 1,
    ).view(n, 2, 3)  # fmt: skip
    inverse[:, :, 2] = 2 * strength * torch.stack([uniform(-MOVE, MOVE), uniform(-MOVE, MOVE)], 1)
    grid = functional.affine_grid(inverse, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
