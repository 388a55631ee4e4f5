"""CycleGAN's generator is that of the reference, and begins as it does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossgap.networks import ResnetGenerator
from crossgap.networks.layers import normal_weights


class Block(nn.Module):
    """A residual block of the reference, of torch.nn's layers."""

    def __init__(self, k: int, norm: type[nn.Module], bias: bool):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(k, k, 3, bias=bias), norm(k), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(k, k, 3, bias=bias), norm(k),
        )  # fmt: skip

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.conv_block(features)


def reference(w: int, blocks: int, norm: type[nn.Module], channels: int = 3) -> nn.Sequential:
    """The reference's generator, of torch.nn's layers."""
    bias = norm is nn.InstanceNorm2d
    return nn.Sequential(
        nn.ReflectionPad2d(3), nn.Conv2d(channels, w, 7, bias=bias), norm(w), nn.ReLU(),
        nn.Conv2d(w, 2 * w, 3, 2, 1, bias=bias), norm(2 * w), nn.ReLU(),
        nn.Conv2d(2 * w, 4 * w, 3, 2, 1, bias=bias), norm(4 * w), nn.ReLU(),
        *[Block(4 * w, norm, bias) for _ in range(blocks)],
        nn.ConvTranspose2d(4 * w, 2 * w, 3, 2, 1, 1, bias=bias), norm(2 * w), nn.ReLU(),
        nn.ConvTranspose2d(2 * w, w, 3, 2, 1, 1, bias=bias), norm(w), nn.ReLU(),
        nn.ReflectionPad2d(3), nn.Conv2d(w, channels, 7), nn.Tanh(),
    )  # fmt: skip


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize(("norm", "kind"), [("instance", nn.InstanceNorm2d), ("batch", nn.BatchNorm2d)])
def test_it_computes_what_the_reference_does(norm: str, kind: type[nn.Module], channels: int) -> None:
    torch.manual_seed(0)
    ours, theirs = ResnetGenerator(8, 2, norm, channels), reference(8, 2, kind, channels)
    weights = ours.state_dict().values()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), weights, strict=True)))
    images = torch.rand(2, channels, 24, 32) * 2 - 1
    for ready in (nn.Module.train, nn.Module.eval):
        one, other = ready(ours)(images), ready(theirs)(images)
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
        gradients = [torch.autograd.grad((o * images).sum(), m.parameters())
                     for o, m in ((one, ours), (other, theirs))]  # fmt: skip
        for mine, its in zip(*gradients, strict=True):
            torch.testing.assert_close(mine, its, rtol=1e-3, atol=1e-3)


def test_sizes_of_the_paper() -> None:
    """11.4 and 7.8 million weights, as the reference prints for 9 and 6 blocks."""
    counts = [sum(weight.numel() for weight in ResnetGenerator(blocks=n).parameters()) for n in (9, 6)]
    assert counts == [11_378_179, 7_837_699]


def test_weights_begin_as_the_reference_s() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(64, 64, 3), nn.BatchNorm2d(4096), nn.Linear(99, 99), nn.InstanceNorm2d(4)
    )
    normal_weights(layers)
    convolution, norm, linear, _ = layers
    for weight, mean in ((convolution.weight, 0), (linear.weight, 0), (norm.weight, 1)):
        assert abs(weight.mean() - mean) < 1e-3
        assert abs(weight.std() - 0.02) < 1e-3
    assert not any(layer.bias.any() for layer in (convolution, linear, norm))
    first = ResnetGenerator(16, 1).net[0]
    assert abs(first.weight.std() - 0.02) < 2e-3
    assert not first.bias.any()
