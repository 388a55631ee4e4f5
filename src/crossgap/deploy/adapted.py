"""The adapted model: what a robot runs. An optional translator and a task model, in one folder."""

from __future__ import annotations

import functools
import importlib
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import read_json, write_json, writing
from crossgap.base.progress import say
from crossgap.base.records import mismatch
from crossgap.core.fabric import PRECISIONS, bf16_is_fast, checked_device
from crossgap.core.weights import DIGEST, digest_in, load_network, write_tensors
from crossgap.data.batches import to_tensor
from crossgap.data.images import LabelCoding, label_coding
from crossgap.data.inputs import Images, as_images
from crossgap.errors import CrossgapError, check_known, unknown
from crossgap.networks.registry import NETWORKS, build, described

ABOUT = "adapted.json"
PARTS = ("task_model", "translator")
"""The networks of a model, one of which it has at least."""
SHAPE = {"method": str, "size": range(1, 10_000), "label_names": [str], "scale": (dict, None)}
"""Of the description of an adapted model."""
LATER = {DIGEST: {...: str}, "made_of": dict, "precision": str}
"""What models of before lack."""
NETWORK = {"name": str, "arguments": dict}
"""Of a network. What one of such arguments would be is compared with its weights."""
CLASSES, SCALE = {"count": range(1, 1_000_000)}, {"mean": [float], "spread": [float]}
"""Of the two kinds of scales."""
TASK_MODEL = {"task_width": range(1, 10_000), "task_hidden": range(1, 1_000_000)}
GENERATOR = {"generator_width": range(1, 10_000), "generator_blocks": range(1000)}
"""Of the sizes that models of before name as `architecture`: of a `TaskModel` and a `Generator`."""


def to_images(seen: Tensor) -> np.ndarray:
    """What a translator made, (n, 3, H, W) in [-1, 1], as images (n, H, W, 3) uint8."""
    return seen.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


class AdaptedModel:
    """Image to label, in the label's own units; or, with a translator alone, image to image.

    Args:
        task_model: f, any network (n, 3, H, W) in [-1, 1] to (n, outputs) of the scale; None of a translator
            alone.
        scale: of the labels: how the network's outputs become labels; None of a translator alone.
        label_names: what is predicted.
        size: width and height of the images in pixels.
        translator: F: Y → X, any network (n, 3, H, W) in [-1, 1] to the same; None where the task model sees
            the image itself.
        method: the method's name.
        architecture: no longer needed: networks remember what they were made with (`register_network`).

    Attributes:
        precision: of the translator: `32-true` at first, the same on every machine; `bf16-mixed` is
            faster where the hardware has bfloat16, and predictions differ a little. It is saved with the
            model; `load` says where the hardware has none, and predicts in `32-true`.
        made_of: the data and settings that it was trained on, as `Methods` records them; empty where nobody
            did.

    Raises:
        CrossgapError: there is neither network, or a task model without a scale.
    """

    def __init__(
        self, task_model: nn.Module | None, scale: LabelCoding | None, label_names: tuple[str, ...],
        size: int, translator: nn.Module | None = None, method: str = "", architecture: object = None,
    ):  # fmt: skip
        if architecture is not None:
            warnings.warn("AdaptedModel needs no architecture any more.", DeprecationWarning, stacklevel=2)
        if (task_model is None) != (scale is None) or (task_model is None and translator is None):
            raise CrossgapError("Expected a task model and a scale, a translator, or all three.")
        self._task_model, self._scale, self.translator = task_model, scale, translator
        self.label_names, self.size, self.method = label_names, size, method
        self.precision = "32-true"
        self.made_of: dict[str, Any] = {}
        for network in self.networks.values():
            network.eval()

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Those that it has, of `PARTS`."""
        both = zip(PARTS, (self._task_model, self.translator), strict=True)
        return {name: network for name, network in both if network is not None}

    @property
    def task_model(self) -> nn.Module:
        """f. Raises `CrossgapError`: this is a translator alone."""
        return self._needed(self._task_model)

    @task_model.setter
    def task_model(self, network: nn.Module) -> None:
        self._task_model = network

    @property
    def scale(self) -> LabelCoding:
        """Of the labels. Raises `CrossgapError`: this is a translator alone."""
        return self._needed(self._scale)

    @scale.setter
    def scale(self, scale: LabelCoding) -> None:
        self._scale = scale

    @property
    def architecture(self) -> dict[str, Any]:
        """Deprecated: the networks' sizes, as they were named when there was one kind of each."""
        warnings.warn("Networks have their own `made_with`.", DeprecationWarning, stacklevel=2)
        f, F = (vars(self.networks.get(part, self)).get("made_with", {}) for part in PARTS)
        found = {f"task_{key}": f[key] for key in ("width", "hidden", "norm") if key in f}
        return found | {f"generator_{key}": F[key] for key in ("width", "blocks") if key in F}

    def _needed(self, part: Any) -> Any:
        if part is None:
            raise CrossgapError(
                f"This model{f' of {self.method}' if self.method else ''} is a translator alone: it has no "
                "task model, and predicts nothing. Expected `translate`, or a model that a task model was "
                "trained for."
            )
        return part

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(next(iter(self.networks.values())).parameters()).device

    @torch.inference_mode()
    def translate(self, images: Images) -> np.ndarray:
        """What the task model sees, (n, H, W, 3) uint8; the images themselves without a translator.

        Args:
            images: (n, H, W, 3) uint8, or another form that `as_images` takes; a single image is n = 1.

        Raises:
            CrossgapError: the images are not of the size it was trained on, or not certain in their meaning.
        """
        images = as_images(images, self.size)
        if self.translator is None or not len(images):
            return images
        return np.concatenate([to_images(self._translated(part)) for part in self._parts(images)])

    @torch.inference_mode()
    def predict(self, images: Images) -> np.ndarray:
        """Labels (n, k) float32; a row for a single image, too.

        Images as in `translate`.

        Raises:
            CrossgapError: as there; or this is a translator alone.
        """
        task_model, parts = self.task_model, self._parts(as_images(images, self.size))
        outputs = [task_model(self._translated(part)).float().cpu() for part in parts]
        return self.scale.invert(torch.cat(outputs).numpy())

    def _translated(self, images: Tensor) -> Tensor:
        if self.translator is None:
            return images
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.precision == "bf16-mixed"):
            return self.translator(images).float()

    def _parts(self, images: np.ndarray, batch: int = 64) -> Iterator[Tensor]:
        """The network's inputs, a batch at a time: a whole set takes 12 times its bytes."""
        for start in range(0, max(1, len(images)), batch):
            yield to_tensor(images[start : start + batch]).to(self.device)

    def save(self, folder: Path) -> None:
        """Write the folder in one piece: `adapted.json` and one safetensors file per network.

        Raises:
            CrossgapError: a network is not registered (`crossgap.networks.register_network`), so that `load`
                could not build it again, or has weights that are not finite, or the folder cannot be written.
        """
        networks = self.networks
        about = {name: described(network) for name, network in networks.items()}
        if not all(value.isfinite().all() for one in networks.values() for value in one.parameters()):
            raise CrossgapError(
                f"The training of '{self.method}' ended in weights that are not finite. "
                "Try a lower learning rate."
            )
        with writing(folder) as temporary:
            temporary.mkdir(parents=True)
            digests = {
                name: write_tensors(network.state_dict(), temporary / f"{name}.safetensors")
                for name, network in networks.items()
            }
            write_json(temporary / ABOUT, {
                "method": self.method, "size": self.size, "label_names": list(self.label_names),
                "scale": None if self._scale is None else asdict(self._scale), "networks": about,
                "precision": self.precision, "made_of": self.made_of, DIGEST: digests,
            })  # fmt: skip

    @staticmethod
    def load(
        folder: str | Path, device: str | torch.device = "cpu", precision: str | None = None
    ) -> AdaptedModel:
        """Read a folder that `save` wrote.

        Args:
            folder: the model's. The modules of networks of your own have to be imported before.
            device: where it is to run.
            precision: as of the attribute; by default the saved one (a model of before: that of its
                training), and `32-true`, which is then said, where this hardware does not compute in that.

        Raises:
            CrossgapError: it is not one, a file in it is missing, damaged or another network's, a network is
                not registered, the device is not there, or there is no such precision.
        """
        folder, device = Path(folder), checked_device(device)
        about = _described(folder)
        chosen = precision or about.get("precision") or about.get("made_of", {}).get("precision", "32-true")
        check_known("Precision" if precision else f"{folder / ABOUT}: precision", (chosen,), PRECISIONS[1:])
        networks = dict.fromkeys(PARTS) | {
            name: load_network(
                functools.partial(build, **network), folder / f"{name}.safetensors",
                about.get(DIGEST, {}).get(name), folder / ABOUT,
            ).to(device)
            for name, network in about["networks"].items()
        }  # fmt: skip
        scale = None if about["scale"] is None else label_coding(about["scale"])
        names, translator = tuple(about["label_names"]), networks["translator"]
        model = AdaptedModel(networks["task_model"], scale, names, about["size"], translator, about["method"])
        model.made_of = about.get("made_of", {})
        model.precision = chosen
        if precision is None and model.precision == "bf16-mixed" and not bf16_is_fast(device.type):
            model.precision = "32-true"
            _say_once(
                f"{folder} was measured in bf16-mixed, which this hardware has not: here it predicts in "
                "32-true, and a little otherwise."
            )
        return model


_say_once = functools.cache(say)


def weights_of(folder: Path) -> dict[str, str] | None:
    """The digests of a saved model's weights; None where there is no model, or one without digests."""
    return digest_in(folder / ABOUT, "adapted model", "model")


def _described(folder: Path) -> dict[str, Any]:
    """What an adapted model's folder says of it, checked before networks are made of it.

    Raises:
        CrossgapError: there is no adapted model, the description is damaged, or a network is not registered.
    """
    path, again = folder / ABOUT, f"Copy it anew, or delete {folder} to make that model again."
    about = read_json(path, "adapted model", SHAPE, again)
    if not (problem := mismatch(about, _shape(about))):
        if "networks" not in about:
            about["networks"] = _networks_of_before(about)
        problem = _scale_problem(about) or _networks_problem(about)
    if problem:
        raise CrossgapError(f"The adapted model {path} is damaged: {problem}. {again}")
    for network in about["networks"].values():
        module = str(network.pop("module", "the module that registers it"))
        if network["name"] not in NETWORKS and module.startswith("crossgap.methods."):
            importlib.import_module(module)  # of ours alone: a file makes nobody else's code run
        if network["name"] not in NETWORKS:
            wanted = unknown(f"{path}: network", network["name"], NETWORKS)
            raise CrossgapError(f"{wanted} Import {module} before.")
    return about


def _shape(about: dict[str, Any]) -> dict[str, Any]:
    """What else is in a description: of a model of before, or of now."""
    scale = about["scale"]
    shape = {} if scale is None else {"scale": CLASSES if "count" in scale else SCALE}
    shape |= {key: kind for key, kind in LATER.items() if key in about}
    if "networks" in about:
        known = about["networks"] if isinstance(about["networks"], dict) else {}
        return shape | {"networks": {name: NETWORK for name in PARTS if name in known} or dict}
    sizes = GENERATOR if about.get("translator") is True else {}
    return shape | {"scale": shape.get("scale", dict), "translator": bool, "architecture": TASK_MODEL | sizes}


def _networks_of_before(about: dict[str, Any]) -> dict[str, Any]:
    """The networks of a model that names only their sizes."""
    arch, outputs = about["architecture"], label_coding(about["scale"]).outputs
    task_model = {
        "outputs": outputs, "size": about["size"], "width": arch["task_width"], "hidden": arch["task_hidden"],
        "norm": arch.get("task_norm", "none"),
    }  # fmt: skip
    networks = {"task_model": {"name": "TaskModel", "arguments": task_model}}
    if about["translator"]:
        sizes = {"width": arch["generator_width"], "blocks": arch["generator_blocks"]}
        networks["translator"] = {"name": "Generator", "arguments": sizes}
    return networks


def _scale_problem(about: dict[str, Any]) -> str:
    """What cannot be about the labels' scale; empty where all fits."""
    names, scale = about["label_names"], about["scale"] or {}
    lengths = len(names), *(len(scale[key]) for key in SCALE if key in scale)
    if bool(names) != bool(scale) or len(set(lengths)) > 1 or ("count" in scale and len(names) > 1):
        return f"{len(names)} label names do not fit its scale"
    if not all(0 < value < float("inf") for value in scale.get("spread", [])):
        return "a spread in its scale is not a number above 0"
    return "" if np.isfinite(scale.get("mean", [])).all() else "a mean in its scale is not finite"


def _networks_problem(about: dict[str, Any]) -> str:
    """What cannot be about the networks; empty where all fits."""
    networks, scale = about["networks"], about["scale"]
    if not networks or not networks.keys() <= set(PARTS) or (scale is None) == ("task_model" in networks):
        return f"its networks ({', '.join(networks) or 'none'}) do not fit its scale"
    if lacking := networks.keys() - about.get(DIGEST, networks).keys():
        return f"'{DIGEST}.{min(lacking)}' is absent, expected text"
    wanted = {"size": about["size"], "outputs": label_coding(scale).outputs if scale else 0}
    given = networks.get("task_model", {"arguments": {}})["arguments"]
    for key, value in wanted.items():
        if key in given and given[key] != value:
            return f"'networks.task_model.arguments.{key}' is {given[key]}, expected {value}"
    return ""
