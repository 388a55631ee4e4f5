"""`crossgap convert`: the other code's files to models, trainings to its files, and nothing half-written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from crossgap.cli import main
from crossgap.core.trainer import Trainer
from crossgap.data import LabelledImages
from crossgap.data.batches import to_images, to_tensor
from crossgap.deploy.adapted import AdaptedModel
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.cyclegan.phase import CycleGAN
from crossgap.methods.methods import Methods
from crossgap.methods.pix2pix import Pix2PixConfig
from crossgap.networks import PatchDiscriminator
from crossgap.networks.exchange import load_peer, save_peer
from peer_networks import BATCH, peer_patchgan, peer_resnet, peer_unet

TINY = TaskGANConfig(
    own={
        "cyclegan": CycleGANConfig(2, width=4, blocks=1, discriminator_width=2),
        "pix2pix": Pix2PixConfig(2, width=2, levels=5, enlarged=1.0),
    }
)
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def convert(monkeypatch, capsys) -> Run:
    """`convert(arguments…)`: the exit code, and what it said."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["crossgap", "convert", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, capsys.readouterr().err

    return run


def images(toy, domain: str, size: int = 24) -> LabelledImages:
    data = toy(domain, 4, 1)
    pixels = np.pad(data.images, ((0, 0), (0, size - 24), (0, size - 24), (0, 0)))
    return replace(data, images=pixels, labels=np.zeros((4, 0), np.float32), label_names=())


@pytest.fixture
def run(toy, fabric, tmp_path: Path) -> Path:
    """The run folder of a CycleGAN."""
    trainer = Trainer(tmp_path / "run", fabric, quiet=True)
    Methods(images(toy, "source"), images(toy, "target"), TINY, trainer).get("cyclegan")
    return tmp_path / "run"


def test_a_file_becomes_a_model_that_translates_as_it_did(tmp_path: Path, toy, convert: Run) -> None:
    torch.manual_seed(0)
    peer = peer_resnet(4, 2).eval()
    torch.save(peer.state_dict(), tmp_path / "latest_net_G_B.pth")
    code, said = convert(tmp_path / "latest_net_G_B.pth", tmp_path / "model", "--size", "24")
    assert code == 0
    assert "ResnetGenerator (width 4, blocks 2, norm instance, channels 3): images of 24×24 pixels" in said
    assert "--size N" not in said
    assert "crossgap translate" in said.replace("-m crossgap", "crossgap")
    pictures = toy("source", 3, 1).images
    with torch.no_grad():
        expected = to_images(peer(to_tensor(pictures)))
    found = AdaptedModel.load(tmp_path / "model").translate(pictures)
    assert abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("levels", "size"), [(6, 64), (5, 32)])
def test_a_unet_brings_its_size(tmp_path: Path, convert: Run, levels: int, size: int) -> None:
    torch.save(peer_unet(levels, 2).state_dict(), tmp_path / "netG.pth")
    code, said = convert(tmp_path / "netG.pth", tmp_path / "model")
    assert code == 0
    assert AdaptedModel.load(tmp_path / "model").size == (size, size)
    assert f"--size N makes it a model for images of N × N pixels, N a multiple of {size}." in said


def test_a_training_becomes_its_four_files(tmp_path: Path, run: Path, convert: Run) -> None:
    code, said = convert(run, tmp_path / "peer")
    assert code == 0
    names = [f"latest_net_{name}.pth" for name in ("D_A", "D_B", "G_A", "G_B")]
    assert sorted(path.name for path in (tmp_path / "peer").iterdir()) == names
    assert all(name in said for name in names)
    sizes = {"G": (4, 1), "D": (2, 3)}
    for name in names:
        kind = name.removeprefix("latest_net_")[0]
        peer = {"G": peer_resnet, "D": peer_patchgan}[kind](*sizes[kind])
        peer.load_state_dict(torch.load(tmp_path / "peer" / name, weights_only=True), strict=True)
    for method, name in (("cyclegan", "G_A"), ("cyclegan_inverse", "G_B")):
        ours = AdaptedModel.load(run / "models" / method).networks["translator"].state_dict()
        theirs = load_peer(tmp_path / "peer" / f"latest_net_{name}.pth").state_dict()
        assert all(map(torch.equal, ours.values(), theirs.values()))
    assert convert(run / "models" / "cyclegan_inverse", tmp_path / "again")[0] == 0
    files = [(tmp_path / folder / names[0]).read_bytes() for folder in ("peer", "again")]
    assert files[0] == files[1]


def test_the_discriminators_are_not_confused(tmp_path: Path, run: Path, convert: Run) -> None:
    """D_A judges domain B there: it is D_Y."""
    convert(run, tmp_path / "peer")
    (state,) = (run / "checkpoints" / "cyclegan").glob("*/state.safetensors")
    weights = load_file(state)
    for name, own in (("D_A", "discriminator_y"), ("D_B", "discriminator_x")):
        found = torch.load(tmp_path / "peer" / f"latest_net_{name}.pth", weights_only=True)
        assert torch.equal(found["model.0.weight"], weights[f"network.{own}.net.0.weight"])


def test_a_model_without_its_training_becomes_one_file(tmp_path: Path, run: Path, convert: Run) -> None:
    moved = (run / "models" / "cyclegan_inverse").rename(tmp_path / "moved")
    code, said = convert(moved, tmp_path / "peer")
    assert code == 0
    assert [path.name for path in (tmp_path / "peer").iterdir()] == ["latest_net_G_B.pth"]
    assert "The other networks are not here" in said


def test_pix2pix_becomes_its_two_files(tmp_path: Path, toy, fabric, convert: Run) -> None:
    trainer = Trainer(tmp_path / "run", fabric, quiet=True)
    made = Methods(images(toy, "source", 64), images(toy, "target", 64), TINY, trainer)
    model = made.get("pix2pix")
    assert convert(tmp_path / "run", tmp_path / "peer")[0] == 0
    assert sorted(path.name for path in (tmp_path / "peer").iterdir()) == [
        "latest_net_D.pth",
        "latest_net_G.pth",
    ]
    peer = peer_unet(5, 2, BATCH).eval()
    peer.load_state_dict(torch.load(tmp_path / "peer" / "latest_net_G.pth", weights_only=True), strict=True)
    with torch.no_grad():
        expected = to_images(peer(to_tensor(made.source.images)))
    assert abs(model.translate(made.source.images).astype(int) - expected).max() <= 1
    found = load_peer(tmp_path / "peer" / "latest_net_D.pth")
    assert isinstance(found, PatchDiscriminator)
    assert found.made_with["channels"] == 6  # type: ignore[index]


def test_it_says_when_a_training_is_not_finished(
    toy, fabric, tmp_path: Path, run: Path, convert: Run, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    assert "not finished" not in convert(run, tmp_path / "whole")[1]
    monkeypatch.setattr(CycleGAN, "checkpoint_seconds", 0.0)
    monkeypatch.setattr(CycleGAN, "log_every", 1)
    step = CycleGAN.training_step

    def until(self: CycleGAN, number: int) -> dict[str, torch.Tensor]:
        if number == 1:
            raise KeyboardInterrupt
        return step(self, number)

    monkeypatch.setattr(CycleGAN, "training_step", until)
    trainer = Trainer(tmp_path / "stopped", fabric, quiet=True)
    with pytest.raises(KeyboardInterrupt):
        Methods(images(toy, "source"), images(toy, "target"), TINY, trainer).get("cyclegan")
    assert "is not finished" in convert(tmp_path / "stopped", tmp_path / "part")[1]


def test_what_cannot_be_converted(tmp_path: Path, run: Path, convert: Run) -> None:
    save_peer(PatchDiscriminator(2), tmp_path / "netD.pth")
    torch.save(peer_resnet(2, 1, channels=1).state_dict(), tmp_path / "grey.pth")
    torch.save(peer_unet(6, 2).state_dict(), tmp_path / "unet.pth")
    (tmp_path / "there").mkdir()
    (tmp_path / "none").mkdir()
    cases = [
        ((tmp_path / "netD.pth",), "is a discriminator, which translates nothing"),
        ((tmp_path / "grey.pth",), "translates 1 to 1 channels"),
        ((tmp_path / "unet.pth", "--size", "100"), "Expected a multiple of 64"),
        ((tmp_path / "unet.pth", "--size", "0"), "--size 0 is not for"),
        ((tmp_path / "absent.pth",), "No weights at"),
        ((tmp_path / "none",), "There is no training in"),
        ((run, "--size", "64"), "--size is for a file"),
    ]
    for arguments, reason in cases:
        code, said = convert(arguments[0], tmp_path / "out", *arguments[1:])
        assert code == 2
        assert reason in said
        assert not (tmp_path / "out").exists()
    code, said = convert(run, tmp_path / "there")
    assert code == 2
    assert "is there already. Expected a new folder" in said
    assert not list((tmp_path / "there").iterdir())
