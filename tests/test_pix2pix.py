"""pix2pix: its losses written out, what L1 and the adversary each are for on pairs that are partly chance,
exact resume with dropout and jitter, and pairs and sizes that cannot be."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from crossgap.core.trainer import Phase, Trainer, read_metrics
from crossgap.data.batches import Batches
from crossgap.data.images import LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.methods import Methods
from crossgap.methods.pix2pix import Pix2PixConfig
from crossgap.methods.pix2pix.phase import Pix2Pix
from crossgap.methods.pix2pix.recipe import new_networks, unet_levels
from crossgap.methods.registry import METHODS, resolve
from crossgap.networks import PatchDiscriminator, UNet
from crossgap.networks.exchange import save_peer
from interruption import interrupted_at


def pairs(n: int, seed: int, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Images x and y, each (n, size, size, 3) uint8: a light square on black becomes a red one, in the same
    place, on tiles whose greys are chance."""
    rng = np.random.default_rng(seed)
    x = np.full((n, size, size, 3), 30, np.uint8)
    tiles = rng.choice([48, 128, 208], (n, size // 4, size // 4)).astype(np.uint8)
    y = np.repeat(tiles.repeat(4, 1).repeat(4, 2)[..., None], 3, 3)
    for one, other, (row, column) in zip(x, y, rng.integers(2, size - 14, (n, 2)), strict=True):
        one[row : row + 12, column : column + 12] = 220
        other[row : row + 12, column : column + 12] = 200, 40, 40
    return x, y


def as_input(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1


def phase(
    config: Pix2PixConfig, l1_only: bool = False, size: int = 32, dropout: bool = True, n: int = 64
) -> Pix2Pix:  # fmt: skip
    torch.manual_seed(0)
    generator = UNet(unet_levels(size, None), config.width, config.norm, dropout)
    discriminator = None if l1_only else PatchDiscriminator(config.width, 1, config.norm, 6)
    source, target = (
        Batches(torch.from_numpy(images), torch.zeros(n, 0), config.batch, 1) for images in pairs(n, 1, size)
    )
    return Pix2Pix("pix2pix", generator, discriminator, source, target, config)


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_losses_written_out(fabric, norm) -> None:
    config = Pix2PixConfig(10, 3, width=2, norm=norm, enlarged=1.0, mirror=False, l1_weight=7.0)
    trained = phase(config, dropout=False)
    G, D = (copy.deepcopy(trained.networks[name]) for name in ("generator", "discriminator"))
    adam = torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.999))
    trained.setup(fabric)
    losses = trained.training_step(4)

    x, y = trained.source(4)[0], trained.target(4)[0]
    fake = G(x)
    true, drawn = D(torch.cat([x, y], 1)), D(torch.cat([x, fake.detach()], 1))
    loss_D = 0.5 * (-torch.log(true.sigmoid()).mean() - torch.log(1 - drawn.sigmoid()).mean())
    loss_D.backward()
    adam.step()
    D.requires_grad_(False)  # G is told what D says after its step
    adversarial = -torch.log(D(torch.cat([x, fake], 1)).sigmoid()).mean()
    l1 = (y - fake).abs().mean()
    (adversarial + 7 * l1).backward()

    expected = {"discriminator": loss_D, "adversarial": adversarial, "l1": l1}
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, atol=1e-5, rtol=1e-5)
    for ours, plain in ((trained.networks["generator"], G), (trained.networks["discriminator"], D)):
        for one, other in zip(ours.parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(one.grad, other.grad, atol=1e-6, rtol=1e-3)


def test_a_step_of_the_l1_loss_alone(fabric) -> None:
    config = Pix2PixConfig(10, 3, width=2, enlarged=1.0, mirror=False)
    trained = phase(config, l1_only=True)
    G = copy.deepcopy(trained.networks["generator"])
    trained.setup(fabric)
    losses = trained.training_step(0)
    assert losses.keys() == {"l1"}
    expected = functional.l1_loss(G(trained.source(0)[0]), trained.target(0)[0])
    torch.testing.assert_close(losses["l1"], expected)


def test_both_images_of_a_pair_are_moved_alike() -> None:
    trained = phase(Pix2PixConfig(10, 16, enlarged=1.25))
    torch.manual_seed(0)
    drawn = set()
    for step in range(4):
        x, y = trained._pairs(step)
        light, red = x[:, 0] > 0.5, (y[:, 0] > 0.4) & (y[:, 1] < -0.4)
        assert (light == red).float().mean() > 0.97  # but for their edges
        drawn |= {tuple(one.flatten().nonzero()[0].tolist()) for one in light}
    assert len(drawn) > 50


def judged(trained: Pix2Pix) -> tuple[float, float]:
    """Of new pairs: how far a square is from the true one, and how the tiles' greys spread, whose true
    spread is 0.51, of a range of 2."""
    x, y = map(as_input, pairs(32, 9))
    with torch.no_grad():
        fake = trained.networks["generator"].eval()(x)
    square = x[:, 0] > 0
    distance = (fake - y).abs().mean(1)[square].mean()
    return distance.item(), fake.mean(1)[~square].std().item()


@pytest.mark.slow
def test_pix2pix_learns_what_pairs_say_and_draws_what_they_leave_open(fabric, tmp_path: Path) -> None:
    trained = phase(Pix2PixConfig(200, 8, 1e-3, l1_weight=2.0, width=8, enlarged=1.0))
    Trainer(tmp_path, fabric, quiet=True).fit(trained)
    distance, spread = judged(trained)
    assert distance < 0.2
    assert 0.35 < spread < 0.65


def test_l1_alone_learns_what_pairs_say_and_leaves_the_rest_grey(fabric, tmp_path: Path) -> None:
    trained = phase(Pix2PixConfig(150, 8, 1e-3, width=8, enlarged=1.0), l1_only=True)
    Trainer(tmp_path, fabric, quiet=True).fit(trained)
    distance, spread = judged(trained)
    assert distance < 0.06
    assert spread < 0.1


def test_dropout_and_jitter_go_on_bit_for_bit(fabric, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Phase, "log_every", 3)
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    config = Pix2PixConfig(9, 2, width=1)  # 64 pixels: 6 levels, of which one has dropout

    def state(folder: Path) -> dict[str, Tensor]:
        return load_file(folder / "checkpoints" / "pix2pix" / "000009" / "state.safetensors")

    Trainer(tmp_path / "alone", fabric, quiet=True).fit(phase(config, size=64, n=8))
    with pytest.raises(KeyboardInterrupt):
        Trainer(tmp_path / "stopped", fabric, quiet=True).fit(interrupted_at(phase(config, size=64, n=8), 7))
    torch.manual_seed(99)
    Trainer(tmp_path / "stopped", fabric, quiet=True).fit(phase(config, size=64, n=8))
    one, other = state(tmp_path / "alone"), state(tmp_path / "stopped")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert read_metrics(tmp_path / "alone") == read_metrics(tmp_path / "stopped")
    assert (tmp_path / "alone" / "samples" / "pix2pix" / "000009.png").exists()


# the method


def images(array: np.ndarray) -> LabelledImages:
    return LabelledImages(array, np.zeros((len(array), 0), np.float32), (), np.arange(len(array)))


def methods(folder: Path, fabric, x: np.ndarray, y: np.ndarray, **own) -> Methods:
    config = Pix2PixConfig(**{"steps": 2, "width": 2} | own)
    trainer = Trainer(folder, fabric, quiet=True)
    return Methods(images(x), images(y), TaskGANConfig(own={"pix2pix": config}), trainer)


def test_its_model_is_a_translator_alone(fabric, tmp_path: Path) -> None:
    x, y = pairs(6, 0)
    for name, switches in (("pix2pix", {}), ("unet_l1", {"l1_only": True})):
        assert resolve("pix2pix", **switches) == name
        made = methods(tmp_path, fabric, x, y).get("pix2pix", **switches)
        again = AdaptedModel.load(tmp_path / "models" / name)
        np.testing.assert_array_equal(again.translate(x), made.translate(x))
        assert made.made_of["config"].keys() == {"pix2pix"}
    assert METHODS["pix2pix"].translates_source


def test_a_translation_does_not_depend_on_its_neighbours(fabric, tmp_path: Path) -> None:
    x, y = pairs(6, 0)
    model = methods(tmp_path, fabric, x, y).get("pix2pix")
    np.testing.assert_array_equal(model.translate(x)[:1], model.translate(x[:1]))


def peer_folder(folder: Path, **networks: torch.nn.Module) -> Path:
    for name, network in networks.items():
        save_peer(network, folder / f"{name}.pth")
    return folder


def test_it_begins_with_the_reference_s_weights(tmp_path: Path) -> None:
    torch.manual_seed(5)
    G, D = UNet(5, 3, "instance"), PatchDiscriminator(4, 2, "batch", 6)
    folder = peer_folder(tmp_path, latest_net_G=G, netD=D)
    config = Pix2PixConfig(init=folder)
    begun = new_networks(config, 96, 0)  # 5 levels are theirs; ours would be 6, which do not halve 96
    for network, expected in zip(begun.values(), (G, D), strict=True):
        assert network.made_with == expected.made_with
        weights = network.state_dict(), expected.state_dict()
        assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[1])
    assert config.recorded()["init"].keys() == {"generator", "discriminator"}
    folder.joinpath("latest_net_G.pth").unlink()
    begun, new = new_networks(config, 32, 0), new_networks(Pix2PixConfig(), 32, 0)
    assert begun["discriminator"].made_with == D.made_with
    assert begun["generator"].made_with == new["generator"].made_with


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        ({}, r"no weights in --pix2pix\.init .*Expected any of latest_net_G\.pth, latest_net_D\.pth"),
        (
            {"latest_net_G": UNet(6, 1)},
            r"halves images 6 times; .* 32×32 pixels\. Expected a multiple of 64",
        ),
        ({"latest_net_D": PatchDiscriminator(2, 1)}, r"is for images of 3 channels\. Expected 6"),
        ({"latest_net_D": UNet(5, 1)}, r"latest_net_D\.pth is a UNet\. Expected a discriminator"),
    ],
)
def test_what_it_cannot_begin_with(fabric, tmp_path: Path, networks, words) -> None:
    (tmp_path / "peer").mkdir()
    folder, (x, y) = peer_folder(tmp_path / "peer", **networks), pairs(4, 0)
    with pytest.raises(CrossgapError, match=words):
        methods(tmp_path / "run", fabric, x, y, init=folder).get("pix2pix")
    assert not list(tmp_path.glob("run/[!.]*"))


def test_pairs_that_do_not_match(fabric, tmp_path: Path) -> None:
    x, y = pairs(6, 0)
    with pytest.raises(CrossgapError, match=r"6 source and 5 target images.*expected the same number"):
        methods(tmp_path, fabric, x, y[:5]).get("pix2pix")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("size", "own", "words"),
    [
        (24, {}, r"24 pixels cannot be halved 4 times, .* 64, 128.* \(--size\), or --pix2pix\.levels 3 or f"),
        (36, {}, r"36 pixels cannot be halved 5 times, .* Expected 32, 64, 128, .* pixels \(--size\)\.$"),
        (32, {"levels": 6}, r"32 pixels cannot be halved 6 times, .* multiples of 64 pixels.*levels 5 or f"),
        (96, {"levels": 6}, r"96 pixels cannot be halved 6 times, .* multiples of 64 pixels.*levels 5 or f"),
    ],
)
def test_sizes_that_do_not_fit(fabric, tmp_path: Path, size, own, words) -> None:
    blank = np.zeros((2, size, size, 3), np.uint8)
    with pytest.raises(CrossgapError, match=words):
        methods(tmp_path, fabric, blank, blank, **own).get("pix2pix")
    assert not any(tmp_path.iterdir())


def test_sizes_that_fit() -> None:
    assert [unet_levels(size, None) for size in (32, 64, 256)] == [5, 6, 8]
    assert [unet_levels(96, levels) for levels in (2, 5)] == [2, 5]


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"steps": 0}, r"--pix2pix\.steps must be at least 1; got 0"),
        ({"learning_rate": 0.0}, r"--pix2pix\.learning-rate must be above 0; got 0"),
        ({"l1_weight": float("nan")}, r"--pix2pix\.l1-weight must be a number from 0 on; got nan"),
        ({"norm": "group"}, r"--pix2pix\.norm must be one of batch, instance; got group"),
        ({"levels": 1}, r"--pix2pix\.levels must be at least 2; got 1"),
        ({"enlarged": 0.9}, r"--pix2pix\.enlarged must be from 1 to 2; got 0\.9"),
    ],
)
def test_settings_that_cannot_be(own, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        replace(Pix2PixConfig(), **own)
