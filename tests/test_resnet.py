"""CycleGAN's generator is that of the reference, and begins as it does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossgap.networks import ResnetGenerator
from crossgap.networks.layers import normal_weights
from peer_networks import peer_resnet


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize(("norm", "kind"), [("instance", nn.InstanceNorm2d), ("batch", nn.BatchNorm2d)])
def test_it_computes_what_the_reference_does(norm: str, kind: type[nn.Module], channels: int) -> None:
    torch.manual_seed(0)
    ours, theirs = ResnetGenerator(8, 2, norm, channels), peer_resnet(8, 2, kind, channels)
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
