"""The networks are those of TaskGAN, section 3.2, layer by layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crossgap.networks import Discriminator, Generator, TaskModel
from crossgap.networks.taskgan import ResidualBlock


def describe(network: nn.Module) -> list[str]:
    """Every layer in order: `C7s1-32` convolution, `T3s2-64` transposed, N instance norm, R ReLU, L leaky."""
    words = []
    for module in network.modules():
        match module:
            case nn.Conv2d() | nn.ConvTranspose2d():
                letter = "T" if isinstance(module, nn.ConvTranspose2d) else "C"
                words.append(f"{letter}{module.kernel_size[0]}s{module.stride[0]}-{module.out_channels}")
            case nn.InstanceNorm2d():
                words.append("N")
            case nn.LeakyReLU():
                words.append(f"L{module.negative_slope}")
            case nn.ReLU():
                words.append("R")
            case nn.Linear():
                words.append(f"fc-{module.out_features}")
    return words


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def images(n: int, size: int) -> torch.Tensor:
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_generator_is_the_paper_s() -> None:
    block = ["C3s1-128", "N", "R", "C3s1-128", "N"]
    assert describe(Generator()) == [
        "C7s1-32", "N", "R", "C3s2-64", "N", "R", "C3s2-128", "N", "R", *6 * block,
        "T3s2-64", "N", "R", "T3s2-32", "N", "R", "C7s1-3",
    ]  # fmt: skip
    ends = 4_736 + 18_496 + 73_856 + 73_792 + 18_464 + 4_707
    assert count(Generator()) == ends + 6 * 2 * (128 * 128 * 9 + 128) == 1_965_059


def test_discriminator_is_the_paper_s() -> None:
    assert describe(Discriminator()) == [
        "C4s2-32", "L0.2", "C4s2-64", "N", "L0.2", "C4s2-128", "N", "L0.2", "C4s1-256", "N", "L0.2",
        "C4s1-1",
    ]  # fmt: skip
    assert count(Discriminator()) == 1_568 + 32_832 + 131_200 + 524_544 + 4_097 == 694_241


@pytest.mark.parametrize(("size", "parameters"), [(64, 377_123), (128, 770_339)])
def test_task_model_is_the_paper_s(size: int, parameters: int) -> None:
    network = TaskModel(3, size)
    convolutions = ["C3s2-16", "R", "C3s2-32", "R", "C3s2-64", "R", "C3s2-128", "R", "C3s2-128", "R"]
    assert describe(network) == [*convolutions, "fc-256", "R", "fc-3"]
    flat = 128 * (size // 32) ** 2
    assert count(network) == 448 + 4_640 + 18_496 + 73_856 + 147_584 + 256 * (flat + 1) + 771 == parameters


@pytest.mark.parametrize("size", [24, 64])
def test_generator_keeps_the_shape_and_the_range(size: int) -> None:
    network = Generator(width=4, blocks=1)
    nn.init.constant_(network.net[-1].bias, 50.0)  # however large the last layer's output
    out = network(images(2, size))
    assert out.shape == (2, 3, size, size)
    assert out.min() >= -1
    assert out.max() <= 1


@pytest.mark.parametrize(("size", "patches"), [(24, 1), (64, 6), (128, 14)])
def test_discriminator_judges_patches_between_0_and_1(size: int, patches: int) -> None:
    out = Discriminator(width=4)(images(2, size))
    assert out.shape == (2, 1, patches, patches)
    assert 0 < out.min() < out.max() < 1


@pytest.mark.parametrize("size", [24, 50, 64])
def test_task_model_gives_one_number_per_label(size: int) -> None:
    out = TaskModel(2, size, width=4, hidden=8)(images(5, size))
    assert out.shape == (5, 2)
    network = TaskModel(1, size, width=4, hidden=8)
    nn.init.constant_(network.head.bias, -30.0)
    assert (network(images(1, size)) < -20).all()  # not squashed at the end


def test_widths_are_parameters() -> None:
    assert describe(Generator(8, 2))[:9] == ["C7s1-8", "N", "R", "C3s2-16", "N", "R", "C3s2-32", "N", "R"]
    assert len(describe(Generator(8, 2))) == len(describe(Generator(8, 1))) + 5
    assert describe(Discriminator(8))[-4:] == ["C4s1-64", "N", "L0.2", "C4s1-1"]
    assert describe(TaskModel(2, 64, 8, 32))[-4:] == ["R", "fc-32", "R", "fc-2"]


@pytest.mark.parametrize("norm", ["instance", "group"])
def test_a_norm_stands_after_the_first_four_convolutions_of_the_task_model(norm: str) -> None:
    network = TaskModel(2, 64, 8, 32, norm)
    kinds = [type(layer).__name__ for layer in network.features]
    normed = {"instance": "InstanceNorm", "group": "GroupNorm"}[norm]
    assert kinds == [*["Conv2d", normed, "ReLU"] * 4, "Conv2d", "ReLU", "Flatten", "Linear", "ReLU"]


def test_instance_norm_takes_out_what_all_pixels_have_in_common() -> None:
    """A scene under half of the light: the first layer's response is half as strong, but for its bias."""
    torch.manual_seed(0)
    batch = images(2, 64)
    plain, normed = TaskModel(2, 64, 8, 32), TaskModel(2, 64, 8, 32, "instance")
    nn.init.zeros_(normed.features[0].bias)
    outputs = [(network(batch), network(0.5 * batch)) for network in (plain, normed)]
    moved = [float((bright - dark).detach().abs().mean()) for bright, dark in outputs]
    assert moved[1] < 0.01 * moved[0]
    features = nn.Sequential(*normed.features[:2])(batch)
    torch.testing.assert_close(features.mean((2, 3)), torch.zeros(2, 8), atol=1e-5, rtol=0)
    torch.testing.assert_close(features.var((2, 3), correction=0), torch.ones(2, 8), atol=1e-2, rtol=0)


def test_an_image_s_translation_does_not_depend_on_its_neighbours() -> None:
    torch.manual_seed(0)
    network, batch = Generator(8, 2), images(4, 24)
    alone = network(batch[:1])
    batch[1:] *= 0.1
    torch.testing.assert_close(network(batch)[:1], alone, rtol=1e-4, atol=1e-5)
    assert network.training  # true in training too, not only in eval()


def test_residual_block_adds_to_its_input() -> None:
    block = ResidualBlock(4)
    for layer in block.body:
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
    features = torch.randn(1, 4, 6, 6)
    torch.testing.assert_close(block(features), features)
