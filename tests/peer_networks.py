"""The networks of pytorch-CycleGAN-and-pix2pix, written down once more: layers of torch.nn alone, each in the
place that names its weights there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Norm = type[nn.Module]
INSTANCE, BATCH = nn.InstanceNorm2d, nn.BatchNorm2d


class PeerBlock(nn.Module):
    """A residual block."""

    def __init__(self, k: int, norm: Norm, dropout: bool = False):
        super().__init__()
        bias = norm is INSTANCE
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(k, k, 3, bias=bias), norm(k), nn.ReLU(),
            *([nn.Dropout(0.5)] if dropout else []),
            nn.ReflectionPad2d(1), nn.Conv2d(k, k, 3, bias=bias), norm(k),
        )  # fmt: skip

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv_block(features)


class Peer(nn.Module):
    """A network whose layers are `model`."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)


def peer_resnet(w: int, blocks: int, norm: Norm = INSTANCE, channels: int = 3, dropout: bool = False) -> Peer:
    bias = norm is INSTANCE
    return Peer(
        nn.ReflectionPad2d(3), nn.Conv2d(channels, w, 7, bias=bias), norm(w), nn.ReLU(),
        nn.Conv2d(w, 2 * w, 3, 2, 1, bias=bias), norm(2 * w), nn.ReLU(),
        nn.Conv2d(2 * w, 4 * w, 3, 2, 1, bias=bias), norm(4 * w), nn.ReLU(),
        *[PeerBlock(4 * w, norm, dropout) for _ in range(blocks)],
        nn.ConvTranspose2d(4 * w, 2 * w, 3, 2, 1, 1, bias=bias), norm(2 * w), nn.ReLU(),
        nn.ConvTranspose2d(2 * w, w, 3, 2, 1, 1, bias=bias), norm(w), nn.ReLU(),
        nn.ReflectionPad2d(3), nn.Conv2d(w, channels, 7), nn.Tanh(),
    )  # fmt: skip


def peer_patchgan(w: int, layers: int, norm: Norm = INSTANCE, channels: int = 3) -> Peer:
    bias, widths = norm is INSTANCE, [w * min(2**n, 8) for n in range(layers + 1)]
    found: list[nn.Module] = [nn.Conv2d(channels, w, 4, 2, 1), nn.LeakyReLU(0.2)]
    for n in range(1, layers + 1):
        into, out, stride = widths[n - 1], widths[n], 2 if n < layers else 1
        found += [nn.Conv2d(into, out, 4, stride, 1, bias=bias), norm(out), nn.LeakyReLU(0.2)]
    return Peer(*found, nn.Conv2d(widths[-1], 1, 4, 1, 1))


class PeerLevel(Peer):
    """A level of a U-Net with all levels inside of it, beside what comes in."""

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([features, self.model(features)], 1)


def peer_unet(levels: int, w: int, norm: Norm = BATCH, channels: int = 3, out: int = 3) -> Peer:
    """Without dropout, which has no weights and does nothing in evaluation."""
    bias, widths = norm is INSTANCE, [w * min(2**n, 8) for n in range(levels)]

    def down(into: int, k: int) -> nn.Module:
        return nn.Conv2d(into, k, 4, 2, 1, bias=bias)

    def up(into: int, k: int) -> nn.Module:
        return nn.ConvTranspose2d(into, k, 4, 2, 1, bias=bias)

    outer, inner = widths[-2:]
    level = PeerLevel(nn.LeakyReLU(0.2), down(outer, inner), nn.ReLU(), up(inner, outer), norm(outer))
    for n in range(levels - 2, 0, -1):
        outer, inner = widths[n - 1], widths[n]
        level = PeerLevel(
            nn.LeakyReLU(0.2), down(outer, inner), norm(inner), level,
            nn.ReLU(), up(2 * inner, outer), norm(outer),
        )  # fmt: skip
    last = nn.ConvTranspose2d(2 * w, out, 4, 2, 1)
    whole = Peer(nn.Conv2d(channels, w, 4, 2, 1, bias=bias), level, nn.ReLU(), last, nn.Tanh())
    return _outermost(whole)


def _outermost(level: Peer) -> Peer:
    """The outermost level is named once more there."""
    network = Peer()
    network.model = level  # type: ignore[assignment]
    return network
