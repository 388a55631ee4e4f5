"""CUT and FastCUT: the contrastive loss by hand and a step written out, content that is kept while colours
change, exact resume, and settings that cannot be."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from crossgap.core.trainer import Phase, Trainer
from crossgap.data.batches import Batches
from crossgap.data.images import LabelledImages
from crossgap.deploy.adapted import AdaptedModel
from crossgap.errors import CrossgapError
from crossgap.losses import patch_contrastive_loss
from crossgap.methods.config import TaskGANConfig
from crossgap.methods.cut import CUTConfig
from crossgap.methods.cut.phase import CUT
from crossgap.methods.methods import Methods
from crossgap.methods.registry import METHODS, resolve
from crossgap.networks import PatchDiscriminator, ResnetGenerator
from crossgap.networks.projection import PatchProjections, random_places
from interruption import interrupted_at

# the loss


def test_the_contrastive_loss_by_hand() -> None:
    queries = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    keys = torch.tensor([[[1.0, 0.0], [0.6, 0.8]]])
    # similarities 1 and 0.6 of the first query, 0 and 0.8 of the second; the own one against the other, / τ
    expected = (math.log(1 + math.exp(-0.4 / 0.5)) + math.log(1 + math.exp(-0.8 / 0.5))) / 2
    assert patch_contrastive_loss(queries, keys, 0.5).item() == pytest.approx(expected)
    swapped = (math.log(1 + math.exp(0.4 / 0.5)) + math.log(1 + math.exp(0.8 / 0.5))) / 2
    assert patch_contrastive_loss(queries, keys.flip(1), 0.5).item() == pytest.approx(swapped)


def test_patches_of_other_images_are_no_negatives() -> None:
    queries, keys = functional.normalize(torch.randn(2, 3, 5, 4), dim=3)
    apart = [patch_contrastive_loss(queries[i : i + 1], keys[i : i + 1], 0.07).item() for i in range(3)]
    assert patch_contrastive_loss(queries, keys, 0.07).item() == pytest.approx(np.mean(apart))


def test_knowing_nothing_costs_ln_p() -> None:
    alike = functional.normalize(torch.ones(2, 7, 4), dim=2)
    assert patch_contrastive_loss(alike, alike, 0.07).item() == pytest.approx(math.log(7))


# features and projections


@pytest.mark.parametrize(("blocks", "last"), [(1, 9), (3, 11), (6, 13)])
def test_features_are_those_of_the_paper_s_layers(blocks: int, last: int) -> None:
    """The image, both convolutions of stride 2, the first and the fifth residual block."""
    network, images = ResnetGenerator(2, blocks), torch.randn(2, 3, 16, 24)
    found: dict[int, Tensor] = {}
    for index in (3, 6, 9, last):
        network.net[index].register_forward_hook(
            lambda _, __, out, at=index: found.setdefault(at, out.clone())
        )
    network(images)
    features = network.features(images)
    assert [tuple(one.shape[1:]) for one in features[:4]] == [(3, 16, 24), (4, 8, 12), (8, 4, 6), (8, 4, 6)]
    assert torch.equal(features[0], images)
    expected = [found[index] for index in sorted(found)]
    assert len(features) == 1 + len(expected) == (4 if blocks == 1 else 5)
    assert all(torch.equal(one, other) for one, other in zip(features[1:], expected, strict=True))
    assert isinstance(network.net[3], nn.Conv2d)
    assert network.net[3].stride == network.net[6].stride == (2, 2)


def test_projections_are_of_the_chosen_places_and_of_length_1() -> None:
    torch.manual_seed(0)  # with others a projection may be 0, which has no direction
    heads = PatchProjections([3, 4], units=5)
    features = [torch.randn(2, 3, 4, 6), torch.randn(2, 4, 2, 3)]
    places = [torch.tensor([7, 0]), torch.tensor([5, 1, 2])]
    out = heads(features, places)
    assert [tuple(one.shape) for one in out] == [(2, 2, 5), (2, 3, 5)]
    row = heads.heads[0](features[0][1, :, 1, 1])  # place 7 of 6 columns: row 1, column 1
    torch.testing.assert_close(out[0][1, 0], row / row.norm())
    for one in out:
        torch.testing.assert_close(one.norm(dim=2), torch.ones(one.shape[:2]))


def test_places_are_different_ones_or_all() -> None:
    torch.manual_seed(0)
    few, all_ = random_places([torch.zeros(1, 1, 8, 9), torch.zeros(1, 1, 2, 3)], 10)
    assert few.unique().numel() == 10
    assert few.max() < 72
    assert sorted(all_.tolist()) == list(range(6))


# a step


def tiles(domain: str, n: int, seed: int, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, size, size, 3) uint8 of 8-pixel tiles of two colours, and which tiles have the first one."""
    rng = np.random.default_rng(seed)
    first = rng.integers(2, size=(n, size // 8, size // 8))
    colours = ((235, 235, 235), (20, 20, 20)) if domain == "source" else ((230, 150, 40), (30, 60, 160))
    images = np.where(first.repeat(8, 1).repeat(8, 2)[..., None], *map(np.array, colours))
    return (images + rng.normal(0, 8, images.shape)).clip(0, 255).astype(np.uint8), first


def phase(config: CUTConfig, fast: bool = False, size: int = 32, n: int = 64) -> CUT:
    torch.manual_seed(0)
    generator = ResnetGenerator(config.width, config.blocks or 1)
    channels = [one.shape[1] for one in generator.features(torch.zeros(1, 3, size, size))]
    source, target = (
        Batches(torch.from_numpy(tiles(domain, n, seed, size)[0]), torch.zeros(n, 0), config.batch, seed)
        for seed, domain in enumerate(("source", "target"))
    )
    networks = generator, PatchDiscriminator(config.width, 1), PatchProjections(channels, 64)
    return CUT("cut", *networks, source, target, config, fast)


def contrast(G: ResnetGenerator, H: PatchProjections, images: Tensor, translated: list[Tensor]) -> Tensor:
    """Equations 2 to 4 at every place, one after the other."""
    terms = []
    for one, other, head in zip(G.features(images), translated, H.heads, strict=True):
        keys, queries = (
            functional.normalize(head(part.permute(0, 2, 3, 1)), dim=3).flatten(1, 2) for part in (one, other)
        )
        layer = []
        for image, at in np.ndindex(*queries.shape[:2]):
            scores = (keys[image].detach() @ queries[image, at] / 0.07).exp()
            layer.append(-(scores[at] / scores.sum()).log())
        terms.append(torch.stack(layer).mean())
    return torch.stack(terms).mean()


@pytest.mark.parametrize(("fast", "mirrored", "seed"), [(False, False, 0), (True, True, 0), (True, False, 1)])
def test_losses_written_out(fabric, fast: bool, mirrored: bool, seed: int) -> None:
    config = CUTConfig(10, 2, width=2, blocks=1, enlarged=1.0, mirror=False, patches=10_000,
                       nce_weight=3.0, fast_nce_weight=5.0)  # fmt: skip
    trained = phase(config, fast, size=16)
    G, D, H = (copy.deepcopy(network) for network in trained.networks.values())
    adam = torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.999))
    trained.setup(fabric)
    torch.manual_seed(seed)
    assert not fast or (torch.rand(()).item() < 0.5) == mirrored
    torch.manual_seed(seed)
    losses = trained.training_step(4)

    x, y = trained.source(4)[0], trained.target(4)[0]
    fake = G(x.flip(3) if mirrored else x)
    loss_D = ((1 - D(y)) ** 2).mean() / 2 + (D(fake.detach()) ** 2).mean() / 2
    loss_D.backward()
    adam.step()
    D.requires_grad_(False)
    adversarial = ((1 - D(fake)) ** 2).mean()
    features = [one.flip(3) if mirrored else one for one in G.features(fake)]
    expected = {"discriminator": loss_D, "adversarial": adversarial, "contrast": contrast(G, H, x, features)}
    weighted = 5 * expected["contrast"]
    if not fast:
        expected["identity"] = contrast(G, H, y, G.features(G(y)))
        weighted = 3 * (expected["contrast"] + expected["identity"]) / 2
    (adversarial + weighted).backward()

    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, atol=1e-5, rtol=1e-5)
    for ours, plain in zip(trained.networks.values(), (G, D, H), strict=True):
        for one, other in zip(ours.parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(one.grad, other.grad, atol=5e-4, rtol=1e-3)


# training


def learnt(fabric, folder: Path, fast: bool) -> tuple[float, float]:
    """How the tiles of new translations follow those of their images (correlation), and how far their
    pixels are from the target's two colours, of a range of 2."""
    config = CUTConfig(150, 2, 2e-3, fast_nce_weight=1.0, patches=64, width=8, blocks=1, enlarged=1.0)
    trained = phase(config, fast)
    Trainer(folder, fabric, quiet=True).fit(trained)
    images, first = tiles("source", 32, 9)
    with torch.no_grad():
        fake = trained.networks["generator"].eval()(torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1)
    red = functional.avg_pool2d(fake[:, 0] - fake[:, 2], 8)
    colours = torch.tensor([(230, 150, 40), (30, 60, 160)]) / 127.5 - 1
    distance = (fake.permute(0, 2, 3, 1)[..., None, :] - colours).abs().mean(-1).amin(-1).mean()
    return np.corrcoef(red.flatten(), first.flatten())[0, 1], distance.item()


@pytest.mark.slow
@pytest.mark.parametrize("fast", [False, True])
def test_content_is_kept_and_colours_are_the_target_s(fabric, tmp_path: Path, fast: bool) -> None:
    correlation, distance = learnt(fabric, tmp_path, fast)
    assert abs(correlation) > 0.95  # which colour becomes which is open
    assert distance < 0.3


def test_patches_mirrors_and_jitter_go_on_bit_for_bit(fabric, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Phase, "log_every", 3)
    monkeypatch.setattr(Phase, "checkpoint_seconds", 0.0)
    config = CUTConfig(9, 2, width=2, blocks=1, patches=9)

    def state(folder: Path) -> dict[str, Tensor]:
        return load_file(folder / "checkpoints" / "cut" / "000009" / "state.safetensors")

    Trainer(tmp_path / "alone", fabric, quiet=True).fit(phase(config, True, n=8))
    with pytest.raises(KeyboardInterrupt):
        Trainer(tmp_path / "stopped", fabric, quiet=True).fit(interrupted_at(phase(config, True, n=8), 7))
    torch.manual_seed(99)
    Trainer(tmp_path / "stopped", fabric, quiet=True).fit(phase(config, True, n=8))
    one, other = state(tmp_path / "alone"), state(tmp_path / "stopped")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert (tmp_path / "alone" / "samples" / "cut" / "000009.png").exists()


# the method


def unlabelled(images: np.ndarray) -> LabelledImages:
    return LabelledImages(images, np.zeros((len(images), 0), np.float32), (), np.arange(len(images)))


def test_its_model_is_a_translator_alone(fabric, tmp_path: Path) -> None:
    x, y = (unlabelled(tiles(domain, n, 0)[0]) for domain, n in (("source", 6), ("target", 5)))
    config = TaskGANConfig(own={"cut": CUTConfig(2, width=2, blocks=1)})
    for name, switches in (("cut", {}), ("fastcut", {"fast": True})):
        assert resolve("cut", **switches) == name
        made = Methods(x, y, config, Trainer(tmp_path, fabric, quiet=True)).get("cut", **switches)
        again = AdaptedModel.load(tmp_path / "models" / name)
        np.testing.assert_array_equal(again.translate(x.images), made.translate(x.images))
        assert made.made_of["config"].keys() == {"cut"}
        assert METHODS[name].translates_source


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"patches": 0}, r"--cut\.patches must be at least 1; got 0"),
        ({"temperature": 0.0}, r"--cut\.temperature must be above 0; got 0"),
        ({"fast_nce_weight": -1.0}, r"--cut\.fast-nce-weight must be a number from 0 on; got -1"),
        ({"blocks": 0}, r"--cut\.blocks must be at least 1; got 0"),
        ({"enlarged": 3.0}, r"--cut\.enlarged must be from 1 to 2; got 3"),
    ],
)
def test_settings_that_cannot_be(own, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        replace(CUTConfig(), **own)
