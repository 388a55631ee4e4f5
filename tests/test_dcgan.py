"""DCGAN: its networks as the paper has them, both modes of two, exact resume, what is shown and refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from crossgap.core.trainer import Trainer, read_metrics
from crossgap.core.weights import read_tensors
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError
from crossgap.methods.dcgan import DCGANConfig
from crossgap.methods.dcgan.phase import DCGAN
from crossgap.methods.dcgan.recipe import check_size
from crossgap.networks import DCGANDiscriminator, DCGANGenerator


def layers(network: nn.Module) -> list[str]:
    """`T4s2-512` transposed, `C4s2-64` convolution, B batch norm, R ReLU, L leaky, tanh."""
    words = []
    for module in network.modules():
        match module:
            case nn.ConvTranspose2d() | nn.Conv2d():
                letter = "T" if isinstance(module, nn.ConvTranspose2d) else "C"
                words.append(f"{letter}{module.kernel_size[0]}s{module.stride[0]}-{module.out_channels}")
            case nn.BatchNorm2d():
                words.append("B")
            case nn.LeakyReLU():
                words.append(f"L{module.negative_slope}")
            case nn.ReLU() | nn.Tanh():
                words.append(type(module).__name__[0])
    return words


def count(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_the_generator_is_that_of_figure_1() -> None:
    network = DCGANGenerator(64, width=128)
    hidden = [word for filters in (512, 256, 128) for word in (f"T4s2-{filters}", "B", "R")]
    assert layers(network) == ["T4s1-1024", "B", "R", *hidden, "T4s2-3", "T"]
    convolutions = 16 * (100 * 1024 + 1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 3
    assert count(network) == convolutions + 2 * (1024 + 512 + 256 + 128) == 12_658_435


def test_the_discriminator_mirrors_it() -> None:
    network = DCGANDiscriminator(64, width=64)
    hidden = [word for filters in (128, 256, 512) for word in (f"C4s2-{filters}", "B", "L0.2")]
    assert layers(network) == ["C4s2-64", "L0.2", *hidden, "C4s1-1"]
    convolutions = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 64 + 1
    assert count(network) == convolutions + 2 * (128 + 256 + 512) == 2_765_633


def test_the_seed_s_variant_is_leaky_but_for_its_output() -> None:
    assert [word for word in layers(DCGANGenerator(32, width=8, leaky=True)) if word[0] in "RLT"] == [
        "T4s1-32", "L0.2", "T4s2-16", "L0.2", "T4s2-8", "L0.2", "T4s2-3", "T",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_sizes(size: int) -> None:
    images = DCGANGenerator(size, 7, 2)(torch.randn(3, 7))
    assert images.shape == (3, 3, size, size)
    assert images.abs().max() < 1
    judged = DCGANDiscriminator(size, 2)(50 * images)
    assert judged.shape == (3,)


@pytest.mark.parametrize("size", [0, 3, 4, 12, 24, 100])
@pytest.mark.parametrize("network", [DCGANGenerator, DCGANDiscriminator])
def test_a_size_that_is_not_4_doubled(network: type, size: int) -> None:
    with pytest.raises(ValueError, match=rf"8, 16, 32, 64, 128, …\) is needed, not {size}"):
        network(size)


def test_first_weights_are_of_spread_0_02() -> None:
    torch.manual_seed(0)
    for network in (DCGANGenerator(32), DCGANDiscriminator(32)):
        for layer in network.net:
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
            elif isinstance(layer, nn.BatchNorm2d):
                assert layer.weight.mean().item() == pytest.approx(1, abs=0.01)
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.4)


def test_real_and_drawn_images_are_normed_apart() -> None:
    torch.manual_seed(0)
    network = DCGANDiscriminator(16, 4)
    real, fake = torch.randn(2, 6, 3, 16, 16)
    one, other = network.apart(real, 3 * fake)
    torch.testing.assert_close(one, network(real))
    torch.testing.assert_close(other, network(3 * fake))
    assert (one - network(torch.cat([real, 3 * fake]))[:6]).abs().max() > 0.01


# two kinds of images: a red square on the left, or a blue one on the right


def squares(n: int, seed: int) -> np.ndarray:
    """(n, 16, 16, 3) uint8."""
    rng = np.random.default_rng(seed)
    images = np.full((n, 16, 16, 3), 60.0)
    for image, left in zip(images, rng.integers(0, 2, n), strict=True):
        r, c = rng.integers(4, 7), rng.integers(3) + (0 if left else 8)
        image[r : r + 6, c : c + 6] = (230, 80, 40) if left else (40, 120, 220)
    return np.round(images + rng.normal(0, 4, images.shape)).clip(0, 255).astype(np.uint8)


def new_phase(steps: int, leaky: bool = False, name: str = "dcgan") -> DCGAN:
    torch.manual_seed(0)
    images = torch.from_numpy(squares(512, 0))
    return DCGAN(
        name, DCGANGenerator(16, 10, 8, leaky), DCGANDiscriminator(16, 8),
        Batches(images, torch.zeros(512, 0), 32, 1), DCGANConfig(steps, 32, 1e-3, 8, 10),
    )  # fmt: skip


@pytest.mark.parametrize("leaky", [False, True])
def test_it_draws_both_kinds_of_two(fabric, tmp_path: Path, leaky: bool) -> None:
    phase = new_phase(400, leaky)
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    noise = torch.randn(200, 10, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        drawn = (phase.networks["generator"].eval()(noise) + 1).mul(127.5).permute(0, 2, 3, 1).numpy()
    red, blue = drawn[:, 6:10, 2:6, 0].mean((1, 2)) > 150, drawn[:, 6:10, 10:14, 2].mean((1, 2)) > 150
    assert min((red & ~blue).mean(), (blue & ~red).mean()) > 0.2
    assert (red ^ blue).mean() > 0.7
    floor = drawn[:, [0, 1, 14, 15]]
    assert np.abs(floor.mean((0, 1, 2)) - 60).max() < 12
    row = read_metrics(tmp_path)[-1]
    assert row.keys() == {"phase", "step", "discriminator", "adversarial", "real", "drawn"}
    assert 0 < row["drawn"] < row["real"] < 1


def test_what_was_killed_goes_on_bit_for_bit(fabric, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    class Kills(DCGAN):
        def training_step(self, step: int) -> dict[str, torch.Tensor]:
            if step == 9:
                raise Killed
            return super().training_step(step)

    for folder, kind in (("whole", DCGAN), ("killed", Kills), ("killed", DCGAN)):
        phase = new_phase(12)
        phase.__class__ = kind
        phase.log_every, phase.checkpoint_seconds = 3, 0
        try:
            Trainer(tmp_path / folder, fabric, quiet=True).fit(phase)
        except Killed:
            assert kind is Kills
    one, other = (
        read_tensors(tmp_path / folder / "checkpoints" / "dcgan" / "000012" / "state.safetensors", tmp_path)
        for folder in ("whole", "killed")
    )
    assert any("running_mean" in key for key in one)
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert torch.equal(value, other[key]), key


def test_samples_are_of_the_same_noise_and_touch_no_random_state() -> None:
    phase = new_phase(1)
    phase.networks["generator"].eval()
    state = torch.get_rng_state()
    with torch.no_grad():
        (drawn, real), (again, _) = (list(phase.samples().values()) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(drawn, again)
    assert drawn.shape == real.shape == (8, 3, 16, 16)
    assert len(drawn.flatten(1).unique(dim=0)) == 8


@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("steps", 0, "steps must be at least 1"), ("noise", 0, "noise must be"), ("batch", 0, "batch must"),
        ("width", -2, "width must be at least 1; got -2"), ("learning_rate", 0.0, "learning-rate must be"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(setting: str, value: float, problem: str) -> None:
    with pytest.raises(CrossgapError, match=rf"--dcgan\.{problem}"):
        DCGANConfig(**{setting: value})


def test_an_error_names_sizes_that_can_be_trained() -> None:
    told = SimpleNamespace(target=SimpleNamespace(size=(36, 36)))
    with pytest.raises(CrossgapError, match=r"draws images of 32, 64, 128 … pixels, .*; these are 36×36\."):
        check_size(told)  # type: ignore[arg-type]
