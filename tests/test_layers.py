"""The faster layers are torch.nn's: values, gradients, names of weights; and they stay in bfloat16."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossgap.networks import Discriminator, Generator, ResnetGenerator
from crossgap.networks.layers import ImageConvolution, InstanceNorm, ReflectedConvolution

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def features(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)) * 2 + 1


def values_and_gradients(layer: nn.Module, inputs: torch.Tensor) -> list[torch.Tensor]:
    inputs = inputs.clone().requires_grad_()
    out = layer(inputs)
    weight = torch.linspace(-1, 1, out.numel()).view(out.shape)  # tells every output from every other one
    return [out, *torch.autograd.grad((weight * out).sum(), [inputs, *layer.parameters()])]


def assert_alike(ours: nn.Module, reference: nn.Module, inputs: torch.Tensor) -> None:
    reference.load_state_dict(ours.state_dict())
    pairs = zip(values_and_gradients(ours, inputs), values_and_gradients(reference, inputs), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("given", LAYOUTS)
def test_instance_norm(layout: torch.memory_format, given: torch.memory_format) -> None:
    inputs = features(3, 5, 6, 4).contiguous(memory_format=given)
    ours = InstanceNorm(5, layout)
    assert_alike(ours, nn.InstanceNorm2d(5), inputs)
    assert ours(inputs).is_contiguous(memory_format=layout)


@pytest.mark.parametrize("kind", [ReflectedConvolution, ImageConvolution])
@pytest.mark.parametrize(("kernel", "h", "w"), [(7, 8, 12), (3, 4, 2), (5, 6, 6)])
def test_convolutions(kind: type[nn.Conv2d], kernel: int, h: int, w: int) -> None:
    reference = nn.Conv2d(4, 3, kernel, padding=kernel // 2, padding_mode="reflect")
    for layout in LAYOUTS:
        assert_alike(kind(4, 3, kernel), reference, features(2, 4, h, w).contiguous(memory_format=layout))


def test_an_equal_seed_gives_equal_weights() -> None:
    torch.manual_seed(0)
    ours = ImageConvolution(4, 3, 7)
    torch.manual_seed(0)
    assert torch.equal(ours.weight, nn.Conv2d(4, 3, 7).weight)


@pytest.mark.parametrize("layer", [InstanceNorm(4), ReflectedConvolution(4, 3, 7), ImageConvolution(4, 3, 7)])
def test_nothing_leaves_bfloat16_under_autocast(layer: nn.Module) -> None:
    inputs = features(2, 4, 8, 8).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(inputs).dtype == torch.bfloat16
        if isinstance(layer, ReflectedConvolution):
            assert layer.padded(inputs).dtype == torch.bfloat16


@pytest.mark.parametrize("network", [Generator(4, 1), ResnetGenerator(4, 1), Discriminator(4)])
def test_the_networks_are_one_graph_for_a_compiler(network: nn.Module) -> None:
    images = features(2, 3, 24, 24)
    whole = torch.compile(network, backend="eager", fullgraph=True, dynamic=False)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(whole(images), network(images))
