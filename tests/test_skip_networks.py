"""The small U-Nets: their shapes and ranges, and that what is small in an image gets through."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossgap.networks import SegmentationNetwork, SkipGenerator
from crossgap.networks.registry import build, described


def images(n: int = 2, height: int = 16, width: int = 16) -> torch.Tensor:
    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("blocks", [0, 2])
def test_a_generator_keeps_the_shape_and_the_range(blocks: int) -> None:
    network = SkipGenerator(4, blocks)
    nn.init.constant_(network.last.bias, 50.0)  # however large the last layer's output
    out = network(images(2, 12, 20))
    assert out.shape == (2, 3, 12, 20)
    assert out.max() <= 1


def test_a_segmentation_gives_as_many_logits_as_classes() -> None:
    network = SegmentationNetwork(5, 4, 1)
    nn.init.constant_(network.last.bias, 50.0)
    out = network(images(2, 12, 20))
    assert out.shape == (2, 5, 12, 20)
    assert out.min() > 40  # and no tanh


@pytest.mark.parametrize("network", [SkipGenerator(4, 1), SegmentationNetwork(3, 4, 1)])
def test_every_layer_learns(network: nn.Module) -> None:
    network(images()).square().mean().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        if "bias" not in name:  # that of a convolution before an instance norm has none
            assert weight.grad.abs().max() > 0, name


def test_the_last_layer_sees_the_image_itself() -> None:
    network, x = SkipGenerator(4, 1), images()
    nn.init.zeros_(network.last.weight[:, :4])  # what the other layers made of it
    changed = x.clone()
    changed[:, :, 5, 9] += 1
    rows, columns = ((network(changed) - network(x)).abs().sum((0, 1)) > 0).nonzero().unbind(1)
    assert sorted({*rows.tolist()}) == [4, 5, 6]
    assert sorted({*columns.tolist()}) == [8, 9, 10]


@pytest.mark.parametrize("network", [SkipGenerator(4, 1), SegmentationNetwork(3, 4, 1)])
def test_they_are_built_again_from_their_description(network: nn.Module) -> None:
    about = described(network)
    again = build(about["name"], about["arguments"])
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(images()), network(images()))
