"""Weights of pytorch-CycleGAN-and-pix2pix: read by their names there, computed alike, and written for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from crossgap.errors import CrossgapError
from crossgap.networks import Generator, PatchDiscriminator, ResnetGenerator, UNet
from crossgap.networks.exchange import find_peer, load_peer, save_peer, to_peer
from peer_networks import BATCH, INSTANCE, Peer, peer_patchgan, peer_resnet, peer_unet

NORMS = {"instance": INSTANCE, "batch": BATCH}


def lively(network: nn.Module) -> nn.Module:
    """With weights and running statistics that are no others' and not what a norm begins with."""
    generator = torch.Generator().manual_seed(0)
    for tensor in network.state_dict().values():
        if tensor.ndim == 1:
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
    return network


def saved(network: nn.Module, path: Path) -> Path:
    torch.save(network.state_dict(), path)
    return path


CASES = [
    (peer_resnet, (4, 6), ResnetGenerator, {"width": 4, "blocks": 6, "channels": 3}, (3, 32)),
    (peer_resnet, (6, 9), ResnetGenerator, {"width": 6, "blocks": 9, "channels": 3}, (3, 24)),
    (peer_patchgan, (4, 3), PatchDiscriminator, {"width": 4, "layers": 3, "channels": 3}, (3, 32)),
    (peer_patchgan, (4, 1), PatchDiscriminator, {"width": 4, "layers": 1, "channels": 3}, (3, 32)),
    (peer_patchgan, (2, 5), PatchDiscriminator, {"width": 2, "layers": 5, "channels": 3}, (3, 128)),
    (peer_unet, (7, 2), UNet, {"levels": 7, "width": 2, "channels": 3, "out_channels": 3}, (3, 128)),
    (peer_unet, (5, 4), UNet, {"levels": 5, "width": 4, "channels": 3, "out_channels": 3}, (3, 64)),
]  # fmt: skip


@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize(("theirs", "sizes", "kind", "found", "images"), CASES)
def test_a_file_is_read_computes_the_same_and_is_written_back(
    tmp_path: Path, norm: str, theirs: Any, sizes: tuple, kind: type, found: dict, images: tuple
) -> None:  # fmt: skip
    torch.manual_seed(0)
    peer = lively(theirs(*sizes, NORMS[norm])).eval()
    ours = load_peer(saved(peer, tmp_path / "netG_A.pth")).eval()
    assert type(ours) is kind
    assert found.items() | {("norm", norm)} <= ours.made_with.items()
    batch = torch.rand(2, images[0], images[1], images[1]) * 2 - 1
    torch.testing.assert_close(ours(batch), peer(batch), rtol=0, atol=1e-5)
    assert peer(batch).std() > 1e-3
    save_peer(ours, tmp_path / "again.pth")
    again = torch.load(tmp_path / "again.pth", weights_only=True)
    fresh = theirs(*sizes, NORMS[norm])
    fresh.load_state_dict(again, strict=True)
    for name, weight in peer.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], weight)


def test_the_names_are_those_of_the_peer_s_files() -> None:
    """As they stand in files that its own code wrote: of a generator with 6 blocks, a U-Net of 128 pixels and
    a discriminator."""
    resnet = {*to_peer(ResnetGenerator(2, 6))}
    places = [
        "1",
        "4",
        "7",
        *(f"{10 + b}.conv_block.{c}" for b in range(6) for c in (1, 5)),
        "16",
        "19",
        "23",
    ]
    assert resnet == {f"model.{place}.{part}" for place in places for part in ("weight", "bias")}
    unet = {*to_peer(UNet(7, 2))}
    third, innermost = "model.model.1.model.3.model.3.model.", "model.model.1.model." + "3.model." * 5
    assert {"model.model.0.weight", "model.model.3.weight", "model.model.3.bias"} < unet
    assert {f"{third}1.weight", f"{third}2.running_var", f"{third}5.weight", f"{third}6.bias"} < unet
    assert {name for name in unet if name.startswith(innermost)} == {
        f"{innermost}{rest}" for rest in (
            "1.weight", "3.weight", "4.weight", "4.bias", "4.running_mean", "4.running_var",
            "4.num_batches_tracked",
        )
    }  # fmt: skip
    judge = {*to_peer(PatchDiscriminator(2, norm="batch"))}
    assert {name for name in judge if name.endswith("weight")} == {
        f"model.{place}.weight" for place in (0, 2, 3, 5, 6, 8, 9, 11)
    }
    assert {"model.0.bias", "model.11.bias", "model.9.running_var"} < judge
    assert "model.2.bias" not in judge


def test_the_channels_of_a_unet_may_differ(tmp_path: Path) -> None:
    ours = load_peer(saved(peer_unet(5, 2, BATCH, channels=1, out=3), tmp_path / "netG.pth"))
    assert isinstance(ours, UNet)
    assert ours(torch.zeros(2, 1, 32, 32)).shape == (2, 3, 32, 32)


def test_what_a_data_parallel_wrote(tmp_path: Path) -> None:
    peer = peer_patchgan(2, 2)
    torch.save({f"module.{name}": weight for name, weight in peer.state_dict().items()}, tmp_path / "d.pth")
    ours = load_peer(tmp_path / "d.pth")
    assert torch.equal(ours.state_dict()["net.0.weight"], peer.state_dict()["model.0.weight"])


def test_running_statistics_of_old_instance_norms_are_left_out(tmp_path: Path, capsys) -> None:
    peer = peer_resnet(2, 1)
    old = dict(peer.state_dict())
    for place, channels in ((2, 2), (5, 4), (8, 8), (12, 4), (15, 2)):
        statistics = {"running_mean": torch.ones(channels), "running_var": torch.ones(channels)}
        statistics["num_batches_tracked"] = torch.tensor(3)
        old |= {f"model.{place}.{name}": value for name, value in statistics.items()}
    torch.save(old, tmp_path / "old.pth")
    images = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(load_peer(tmp_path / "old.pth")(images), peer(images), rtol=0, atol=1e-5)
    assert "running statistics of its instance norms are left out" in capsys.readouterr().err


def spectral() -> nn.Module:
    network = peer_patchgan(2, 1)
    network.model[0] = nn.utils.spectral_norm(network.model[0])
    return network


class Pixel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(2, 4, 1))


class NoNorm(nn.Identity):
    """Of --norm none, whose convolutions have no bias either."""


class Custom:
    """What a file may not make."""


STRANGE = {
    "dropout": (lambda: peer_resnet(2, 1, dropout=True).state_dict(), "residual blocks have a dropout"),
    "pixel": (lambda: Pixel().state_dict(), r"it is a pixel discriminator \(net\.0\.weight\)"),
    "spectral": (lambda: spectral().state_dict(), r"it has a spectral norm \(model\.0\.weight_orig\)"),
    "no norm": (lambda: peer_patchgan(2, 2, NoNorm).state_dict(), "it has no norm"),
    "one more": (
        lambda: peer_resnet(2, 1).state_dict() | {"model.9.bias": torch.ones(2)},
        r"model\.9\.bias is of shape \(2,\), in a ResnetGenerator \(.*\) absent",
    ),
    "another shape": (
        lambda: peer_resnet(2, 1).state_dict() | {"model.4.weight": torch.ones(5, 2, 3, 3)},
        r"model\.4\.weight is of shape \(5, 2, 3, 3\), in a ResnetGenerator .* of shape \(4, 2, 3, 3\)",
    ),
    "another one": (lambda: nn.Linear(3, 2).state_dict(), r"its weights are weight \(2, 3\), bias \(2,\)"),
    "few levels": (lambda: peer_unet(4, 2).state_dict(), "its U-Net has 4 levels, and theirs 5 or more"),
    "nested": (lambda: {"state_dict": peer_resnet(2, 1).state_dict()}, "holds a dict, no tensors"),
    "empty": (dict, "holds a dict, no tensors"),
    "a list": (lambda: [torch.ones(2)], "holds a list, no tensors"),
    "an object": (Custom, "is no file of weights, is damaged, or holds more, which is never unpickled"),
}


@pytest.mark.parametrize(("make", "reason"), STRANGE.values(), ids=STRANGE)
def test_anything_else_is_refused_with_the_reason(tmp_path: Path, make: Any, reason: str) -> None:
    torch.save(make(), tmp_path / "net.pth")
    with pytest.raises(CrossgapError, match=reason) as refused:
        load_peer(tmp_path / "net.pth")
    assert str(refused.value).startswith(str(tmp_path / "net.pth"))
    assert "Expected the weights of a ResNet generator, a U-Net generator or a PatchGAN" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_file_or_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(CrossgapError, match=r"No weights at .*netG\.pth"):
        load_peer(tmp_path / "netG.pth")
    whole = saved(peer_resnet(2, 1), tmp_path / "netG.pth").read_bytes()
    (tmp_path / "netG.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CrossgapError, match=r"netG\.pth is no file of weights, is damaged"):
        load_peer(tmp_path / "netG.pth")


@pytest.mark.parametrize(
    ("network", "reason"),
    [(UNet(4, 2), "A UNet of 4 levels .* 5 or more"), (Generator(2, 1), "A Generator cannot be written")],
)
def test_what_the_peer_has_not_is_not_written(tmp_path: Path, network: nn.Module, reason: str) -> None:
    with pytest.raises(CrossgapError, match=reason):
        save_peer(network, tmp_path / "net.pth")
    assert not list(tmp_path.iterdir())


def test_both_names_of_a_file_are_found(tmp_path: Path) -> None:
    assert find_peer(tmp_path, "G_A") is None
    short = saved(Peer(nn.Linear(1, 1)), tmp_path / "netG_A.pth")
    assert find_peer(tmp_path, "G_A") == short
    latest = saved(Peer(nn.Linear(1, 1)), tmp_path / "latest_net_G_A.pth")
    assert find_peer(tmp_path, "G_A") == latest
