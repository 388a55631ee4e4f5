"""PatchGAN and U-Net: layer by layer those of pix2pix, whose published counts of weights they have."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossgap.errors import CrossgapError
from crossgap.networks import PatchDiscriminator, UNet
from crossgap.networks.patchgan import patch_layers, receptive_field
from crossgap.networks.registry import build, described


def words(network: nn.Module) -> str:
    """`C2-64+` a convolution of stride 2 with a bias, `T` transposed; N norm, R ReLU, L leaky, D dropout."""
    found = []
    for module in network.modules():
        match module:
            case nn.Conv2d() | nn.ConvTranspose2d():
                letter = "T" if isinstance(module, nn.ConvTranspose2d) else "C"
                bias = "" if module.bias is None else "+"
                assert module.kernel_size == (4, 4)
                assert module.padding == (1, 1)
                found.append(f"{letter}{module.stride[0]}-{module.out_channels}{bias}")
            case nn.BatchNorm2d() | nn.InstanceNorm2d():
                found.append("N")
            case nn.LeakyReLU(negative_slope=0.2):
                found.append("L")
            case nn.ReLU():
                found.append("R")
            case nn.Dropout(p=0.5):
                found.append("D")
    return " ".join(found)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_counts_of_weights_are_the_published_ones() -> None:
    """As the reference prints them for CycleGAN's D, pix2pix's D and G of 256 pixels, in millions."""
    networks = PatchDiscriminator(), PatchDiscriminator(norm="batch", channels=6), UNet(8)
    assert [round(count(network) / 1e6, 3) for network in networks] == [2.765, 2.769, 54.414]


@pytest.mark.parametrize(
    ("layers", "norm", "expected"),
    [
        (1, "instance", "C2-4+ L C1-8+ N L C1-1+"),
        (2, "batch", "C2-4+ L C2-8 N L C1-16 N L C1-1+"),
        (3, "instance", "C2-4+ L C2-8+ N L C2-16+ N L C1-32+ N L C1-1+"),
        (4, "batch", "C2-4+ L C2-8 N L C2-16 N L C2-32 N L C1-32 N L C1-1+"),
    ],
)
def test_patch_discriminator_layer_by_layer(layers: int, norm: str, expected: str) -> None:
    assert words(PatchDiscriminator(4, layers, norm)) == expected


@pytest.mark.parametrize(
    ("levels", "norm", "down", "up"),
    [
        (2, "batch", "C2-4 L C2-8", "R T2-3+ R T2-4 N"),
        (4, "instance", "C2-4+ L C2-8+ N L C2-16+ N L C2-32+", "R T2-3+ R T2-4+ N R T2-8+ N R T2-16+ N"),
        (
            7, "batch", "C2-4 L C2-8 N L C2-16 N L C2-32 N L C2-32 N L C2-32 N L C2-32",
            "R T2-3+ R T2-4 N R T2-8 N R T2-16 N R T2-32 N D R T2-32 N D R T2-32 N",
        ),
    ],
)  # fmt: skip
def test_unet_layer_by_layer(levels: int, norm: str, down: str, up: str) -> None:
    network = UNet(levels, 4, norm)
    assert (words(network.down), words(network.up)) == (down, up)


@pytest.mark.parametrize(("levels", "dropouts"), [(4, 0), (5, 0), (6, 1), (7, 2), (8, 3)])
def test_dropout_is_the_reference_s(levels: int, dropouts: int) -> None:
    assert words(UNet(levels, 2)).count("D") == dropouts
    assert words(UNet(levels, 2, dropout=False)).count("D") == 0


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_one_output_sees_as_many_pixels_as_is_said(layers: int) -> None:
    """The pixels that move an output in the middle, by their gradient; no norm, which would see all."""
    network = PatchDiscriminator(2, layers).double()
    for index, layer in enumerate(network.net):
        if isinstance(layer, nn.InstanceNorm2d):
            network.net[index] = nn.Identity()
    image = torch.randn(1, 3, 96, 96, dtype=torch.float64, requires_grad=True)
    judged = network(image)
    (gradient,) = torch.autograd.grad(judged[0, 0, judged.shape[2] // 2, judged.shape[3] // 2], image)
    seen = gradient[0].abs().sum(0) > 0
    sizes = [int(rows.any(1).sum()) for rows in (seen, seen.T)]
    assert sizes == 2 * [receptive_field(layers)] == 2 * [{1: 16, 2: 34, 3: 70}[layers]]


def test_the_patch_fits_into_the_image() -> None:
    assert [patch_layers(size) for size in (16, 33, 34, 64, 69, 70, 512)] == [1, 1, 2, 2, 2, 3, 3]
    with pytest.raises(CrossgapError, match=r"Images of 15 pixels .* at least 16"):
        patch_layers(15)


@pytest.mark.parametrize(("levels", "height", "width"), [(3, 8, 8), (4, 32, 16), (6, 64, 64)])
def test_unet_keeps_the_shape_and_the_range(levels: int, height: int, width: int) -> None:
    network = UNet(levels, 2, channels=1)
    nn.init.constant_(network.up[0][1].bias, 50.0)
    out = network(torch.randn(2, 1, height, width))
    assert out.shape == (2, 3, height, width)
    assert out.abs().max() <= 1


def test_unet_s_levels_are_joined_by_skips() -> None:
    """What the innermost level cannot let through still reaches the output, and position for position."""
    torch.manual_seed(0)
    network = UNet(4, 4).eval()
    for level in (1, 2, 3):
        nn.init.zeros_(network.up[level][1].weight)
    image = torch.randn(1, 3, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(image)[0, :, 8, 8].sum(), image)
    rows = (gradient[0].abs().sum((0, 2)) > 0).nonzero().flatten().tolist()
    assert rows == [5, 6, 7, 8, 9, 10]  # rows 3 and 4 of the first level, each of which sees 4


def test_weights_are_drawn_as_in_the_paper() -> None:
    torch.manual_seed(0)
    for network in (UNet(6, 32), PatchDiscriminator(32, norm="batch")):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
                assert layer.bias is None or not layer.bias.any()
                if layer.weight.numel() > 1000:
                    assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
                    assert layer.weight.mean().item() == pytest.approx(0, abs=0.002)
                elif isinstance(layer, nn.BatchNorm2d):
                    assert 0.9 < layer.weight.min() < 1 < layer.weight.max() < 1.1


@pytest.mark.parametrize("network", [UNet(4, 2, "instance"), PatchDiscriminator(2, 2, channels=6)])
def test_they_are_built_again_from_what_is_saved_of_them(network: nn.Module) -> None:
    again = build(**described(network))
    again.load_state_dict(network.state_dict())
    images = torch.randn(1, 6 if isinstance(network, PatchDiscriminator) else 3, 16, 16)
    assert torch.equal(again.eval()(images), network.eval()(images))


@pytest.mark.parametrize("network", [UNet(4, 2), UNet(4, 2, "instance"), PatchDiscriminator(2)])
def test_they_are_one_graph_for_a_compiler(network: nn.Module) -> None:
    images = torch.randn(2, 3, 32, 32)
    whole = torch.compile(network, backend="eager", fullgraph=True, dynamic=False)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(whole(images), network(images))


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_two_batches_are_judged_each_by_its_own_statistics(norm: str) -> None:
    network, (real, fake) = PatchDiscriminator(2, 1, norm), torch.randn(2, 3, 3, 16, 16)
    alone = network(real)
    judged, _ = network.apart(real, 5 + 9 * fake)
    assert torch.equal(judged, alone)
