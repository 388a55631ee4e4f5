"""CycleGAN: losses equal to the reference's, exact resume with its pools, images it learns to draw."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crossgap.core.trainer import Phase, Trainer, read_metrics
from crossgap.data import LabelledImages
from crossgap.data.batches import Batches
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.cyclegan import CycleGANConfig
from crossgap.methods.cyclegan.phase import CycleGAN
from crossgap.methods.cyclegan.recipe import new_networks
from crossgap.methods.image_pool import ImagePool
from crossgap.methods.methods import Methods
from crossgap.networks import PatchDiscriminator, ResnetGenerator
from crossgap.networks.exchange import save_peer, to_peer
from interruption import interrupted_at
from peer_networks import peer_patchgan, peer_resnet

SIZE = 16
PLAIN = {"enlarged": 1.0, "mirror": False}


def squares(domain: str, n: int, seed: int) -> Tensor:
    """A square anywhere on dark grey, (n, 3, SIZE, SIZE): red in x, blue in y. Equal seeds, true pairs."""
    at = torch.rand(n, 2, generator=torch.Generator().manual_seed(seed)) * (SIZE - 8) + 4
    y, x = torch.meshgrid(torch.arange(SIZE) + 0.5, torch.arange(SIZE) + 0.5, indexing="ij")
    distance = (x - at[:, :1, None]).abs().maximum((y - at[:, 1:, None]).abs())
    inside = (3 - distance).clamp(0, 1)[:, None]
    colour = torch.tensor({"x": (1.0, -0.6, -0.6), "y": (-0.6, 0.4, 1.0)}[domain])[:, None, None]
    return -0.6 + inside * (colour + 0.6)


def batches(images: Tensor, size: int, seed: int) -> Batches:
    return Batches(images, torch.zeros(len(images), 0), size, seed)


def make(config: CycleGANConfig, width: int = 8, blocks: int = 0, layers: int = 1) -> CycleGAN:
    torch.manual_seed(0)
    generators = [ResnetGenerator(width, blocks) for _ in range(2)]
    judges = PatchDiscriminator(width, layers), PatchDiscriminator(width, layers)
    source, target = (batches(squares(d, 48, i), config.batch, i) for i, d in enumerate("xy"))
    return CycleGAN("cyclegan", *generators, judges, source, target, config)


def test_the_first_losses_are_the_reference_s(fabric) -> None:
    """Its formulas on its own networks, with the same weights and images: every term, and the gradients."""
    config = CycleGANConfig(
        3, 2, source_cycle_weight=7.0, target_cycle_weight=11.0, identity_weight=0.3, pool=50, **PLAIN
    )
    phase = make(config, blocks=2, layers=2)
    G, F, D_X, D_Y = peer_resnet(8, 2), peer_resnet(8, 2), peer_patchgan(8, 2), peer_patchgan(8, 2)
    names = "forward", "inverse", "discriminator_x", "discriminator_y"
    for name, peer in zip(names, (G, F, D_X, D_Y), strict=True):
        peer.load_state_dict(to_peer(phase.networks[name]))
    phase.setup(fabric)
    found = phase.training_step(0)

    x, y = phase.source(0)[0], phase.target(0)[0]
    mse, l1 = nn.MSELoss(), nn.L1Loss()
    judged = [D_Y(G(x)), D_X(F(y))]
    expected = {
        "adversarial_y": mse(judged[0], torch.ones_like(judged[0])),
        "adversarial_x": mse(judged[1], torch.ones_like(judged[1])),
        "cycle_x": l1(F(G(x)), x), "cycle_y": l1(G(F(y)), y),
        "identity_x": l1(F(x), x), "identity_y": l1(G(y), y),
    }  # fmt: skip
    weights = 1.0, 1.0, 7.0, 11.0, 7.0 * 0.3, 11.0 * 0.3
    loss = torch.stack([w * term for w, term in zip(weights, expected.values(), strict=True)]).sum()
    gradients = torch.autograd.grad(loss, [*G.parameters(), *F.parameters()])
    for domain, D, real, fake in (("x", D_X, x, F(y)), ("y", D_Y, y, G(x))):
        true, drawn = D(real), D(fake.detach())
        of_true, of_drawn = mse(true, torch.ones_like(true)), mse(drawn, torch.zeros_like(drawn))
        expected[f"discriminator_{domain}"] = 0.5 * (of_true + of_drawn)

    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-5)
    ours = [weight.grad for name in names[:2] for weight in phase.networks[name].parameters()]
    for mine, its in zip(ours, gradients, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-3, atol=1e-4)


def test_it_learns_to_exchange_colours_and_keeps_places(tmp_path: Path, fabric) -> None:
    """Which takes every term: without the cycle the squares move, without the adversary they stay red."""
    phase = make(CycleGANConfig(300, 6, 2e-3, **PLAIN))
    Trainer(tmp_path, fabric, quiet=True).fit(phase)
    forward, inverse = (phase.networks[name].eval() for name in ("forward", "inverse"))
    x, y = squares("x", 32, 9), squares("y", 32, 9)
    with torch.no_grad():
        to_y, to_x, back = forward(x), inverse(y), inverse(forward(x))
    gap = (x - y).abs().mean()
    assert (to_y - y).abs().mean() < 0.4 * gap
    assert (to_x - x).abs().mean() < 0.4 * gap
    assert (back - x).abs().mean() < 0.2 * gap


def test_a_pool_gives_back_each_image_or_an_earlier_one() -> None:
    torch.manual_seed(0)
    pool, numbers = ImagePool(4), itertools.count()
    given: list[float] = []
    seen: list[float] = []
    for _ in range(300):
        new = [float(next(numbers)) for _ in range(3)]
        given += new
        seen += pool(torch.tensor(new)[:, None, None, None].expand(3, 3, 2, 2))[:, 0, 0, 0].tolist()
    assert seen[:4] == given[:4]  # while it is filled
    assert pool.images is not None
    kept = pool.images[:, 0, 0, 0].tolist()
    # what is taken in comes back once at most: each was shown, first or later, or is still there
    assert sorted(set(given) - set(seen)) == sorted(set(kept) - set(seen))
    earlier = [one < other for one, other in zip(seen[4:], given[4:], strict=True)]
    assert 0.45 < np.mean(earlier) < 0.55
    ages = np.array([other - one for one, other in zip(seen, given, strict=True) if one < other])
    assert 6 < ages.mean() < 10  # of 4 that are replaced at random, each half of the time: 8


def test_no_pool_gives_back_what_it_gets() -> None:
    images = torch.rand(2, 3, 4, 4)
    assert ImagePool(0)(images) is images


def test_the_discriminators_see_the_pool_and_the_generators_do_not(fabric, monkeypatch) -> None:
    phase = make(CycleGANConfig(10, 2, pool=2, **PLAIN))
    phase.setup(fabric)
    old = torch.full((2, 3, SIZE, SIZE), 0.7)
    seen = []
    for domain, pool in phase.pools.items():
        monkeypatch.setattr(pool, "_exchanged", lambda image: old[0])
        judge = phase.networks[f"discriminator_{domain}"]
        judge.net.register_forward_pre_hook(lambda net, images: seen.append(images[0].clone()))
    phase.training_step(0)
    assert [torch.equal(images, old) for images in seen] == [False, False, False, True, False, True]


def test_it_goes_on_bit_for_bit_with_its_pools(tmp_path: Path, fabric, monkeypatch) -> None:
    monkeypatch.setattr(Phase, "log_every", 5)
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    whole, broken, rest = (make(CycleGANConfig(20, 2, pool=5), width=4) for _ in range(3))
    Trainer(tmp_path / "whole", fabric, quiet=True).fit(whole)
    with pytest.raises(KeyboardInterrupt):
        Trainer(tmp_path / "broken", fabric, quiet=True).fit(interrupted_at(broken, 13))
    Trainer(tmp_path / "broken", fabric, quiet=True).fit(rest)
    states = [
        sorted((tmp_path / run / "checkpoints" / "cyclegan").glob("*/state.safetensors"))[-1].read_bytes()
        for run in ("whole", "broken")
    ]
    assert states[0] == states[1]
    assert len(rest.pools["x"].images) == 5  # type: ignore[arg-type]


def test_samples_show_both_ways_and_back(fabric) -> None:
    phase = make(CycleGANConfig(10, **PLAIN))
    phase.setup(fabric)
    rows = phase.samples()
    assert list(rows) == ["x", "G(x)", "F(G(x))", "y", "F(y)", "G(F(y))"]
    G, F = phase.networks["forward"], phase.networks["inverse"]
    torch.testing.assert_close(rows["G(F(y))"], G(F(rows["y"])))
    torch.testing.assert_close(rows["F(G(x))"], F(G(rows["x"])))


TINY = CycleGANConfig(3, 2, width=4, blocks=1, discriminator_width=4)


@pytest.fixture
def methods(toy, fabric, tmp_path: Path):
    """`methods(**changes of TINY)` on images without labels."""

    def unlabelled(domain: str, seed: int) -> LabelledImages:
        return replace(toy(domain, 9, seed), labels=np.zeros((9, 0), np.float32), label_names=())

    def made(**changes) -> Methods:
        config = TaskGANConfig(own={"cyclegan": replace(TINY, **changes)})
        trainer = Trainer(tmp_path / "run", fabric, quiet=True)
        return Methods(unlabelled("source", 1), unlabelled("target", 2), config, trainer)

    return made


def test_one_training_gives_both_translators(methods, tmp_path: Path) -> None:
    made = methods()
    forward = made.get("cyclegan")
    models = tmp_path / "run" / "models"
    assert {path.name for path in models.glob("[!.]*")} == {"cyclegan", "cyclegan_inverse"}
    assert {path.name for path in (tmp_path / "run" / "checkpoints").glob("*")} == {
        "cyclegan",
        "cyclegan.json",
    }
    rows = read_metrics(tmp_path / "run")
    inverse = methods().get("cyclegan", direction="inverse")
    assert read_metrics(tmp_path / "run") == rows  # nothing is trained again
    x = made.source.images
    assert inverse.method == "cyclegan_inverse"
    assert not np.array_equal(forward.translate(x), inverse.translate(x))
    assert forward.translate(x).shape == x.shape
    assert forward.made_of["config"].keys() == {"cyclegan"}


def test_the_inverse_alone_is_the_same_one(methods, tmp_path: Path) -> None:
    alone = methods()
    translated = alone.get("cyclegan_inverse").translate(alone.target.images)
    assert {path.name for path in (tmp_path / "run" / "models").glob("[!.]*")} == {"cyclegan_inverse"}
    methods().get("cyclegan")
    again = AdaptedModel.load(tmp_path / "run" / "models" / "cyclegan_inverse")
    np.testing.assert_array_equal(again.translate(alone.target.images), translated)


@pytest.mark.parametrize(("size", "blocks"), [(24, 6), (128, 6), (132, 9), (256, 9)])
def test_blocks_are_of_the_size(size: int, blocks: int) -> None:
    made = new_networks(CycleGANConfig(width=2, discriminator_width=2), size, 0)
    assert [made[name].made_with["blocks"] for name in ("forward", "inverse")] == [blocks, blocks]


def peer_folder(folder: Path, **networks: nn.Module) -> Path:
    folder.mkdir()
    for name, network in networks.items():
        save_peer(network, folder / f"{name}.pth")
    return folder


def test_it_begins_with_the_peer_s_weights(methods, tmp_path: Path, capsys) -> None:
    torch.manual_seed(5)
    G, D_Y = ResnetGenerator(6, 2), PatchDiscriminator(6, 2)
    folder = peer_folder(tmp_path / "peer", latest_net_G_A=G, netD_A=D_Y)
    begun = new_networks(replace(TINY, init=folder), 24, 0)
    new = new_networks(TINY, 24, 0)
    expected = {"forward": G, "discriminator_y": D_Y} | {k: new[k] for k in ("inverse", "discriminator_x")}
    for name, network in expected.items():
        assert all(map(torch.equal, network.state_dict().values(), begun[name].state_dict().values()))
    methods(init=folder).get("cyclegan")
    said = capsys.readouterr().err
    assert f"forward begins as {folder / 'latest_net_G_A.pth'}, a ResnetGenerator (width 6, blocks 2" in said
    assert "inverse begins as" not in said
    record = json.loads((tmp_path / "run" / "checkpoints" / "cyclegan.json").read_text())
    assert record["config"]["cyclegan"]["init"].keys() == {"forward", "discriminator_y"}
    methods(init=folder.rename(tmp_path / "moved")).get("cyclegan")  # the same weights, wherever they are
    save_peer(ResnetGenerator(6, 2), tmp_path / "moved" / "latest_net_G_A.pth")
    with pytest.raises(CrossgapError, match=r"another training: --cyclegan\.init\.forward is"):
        methods(init=tmp_path / "moved").get("cyclegan")


@pytest.mark.parametrize(
    ("networks", "reason"),
    [
        (
            {},
            r"There are no weights in --cyclegan\.init .*Expected any of latest_net_G_A\.pth, latest_net_G_B",
        ),
        ({"netG_A": PatchDiscriminator(2)}, r"netG_A\.pth is a PatchDiscriminator\. Expected a generator"),
        ({"netD_B": ResnetGenerator(2, 1)}, r"netD_B\.pth is a ResnetGenerator\. Expected a discriminator"),
        ({"netG_B": ResnetGenerator(2, 1, channels=1)}, r"for images of 1 channels\. Expected 3"),
        ({"netD_A": PatchDiscriminator(2, 4)}, r"with 4 layers of stride 2 takes images of at least 48"),
    ],
)
def test_what_it_cannot_begin_with(methods, tmp_path: Path, networks: dict, reason: str) -> None:
    with pytest.raises(CrossgapError, match=reason):
        methods(init=peer_folder(tmp_path / "peer", **networks)).get("cyclegan")
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").glob("[!.]*/[!.]*"))


def test_an_image_too_small_for_the_discriminator(methods) -> None:
    with pytest.raises(CrossgapError, match=r"discriminator-layers: .* with 4 .* at least 48 pixels; .* 24"):
        methods(discriminator_layers=4).check("cyclegan")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("steps", 0, "at least 1"), ("learning_rate", 0.0, "above 0"), ("pool", -1, "0 or more"),
     ("identity_weight", float("nan"), "a number from 0 on"), ("enlarged", 0.5, "from 1 to 2")],
)  # fmt: skip
def test_settings_that_cannot_be(field: str, value: float, expected: str) -> None:
    option = field.replace("_", "-")
    with pytest.raises(CrossgapError, match=rf"--cyclegan\.{option} must be {expected}; got"):
        CycleGANConfig(**{field: value})
