"""The adapted model: what a robot runs. An optional translator and a task model, in one folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import read_json, write_json, writing
from crossgap.base.shapes import mismatch
from crossgap.core.fabric import checked_device
from crossgap.core.weights import DIGEST, Network, load_network, write_tensors
from crossgap.data.batches import to_tensor
from crossgap.data.images import LabelCoding, label_coding
from crossgap.data.inputs import Images, as_images
from crossgap.errors import CrossgapError
from crossgap.networks import Generator, TaskModel

ABOUT = "adapted.json"
SHAPE = {
    "method": str, "size": range(1, 10_000), "label_names": [str], "scale": dict, "translator": bool,
    "architecture": dict,
}  # fmt: skip
"""Of the description of an adapted model."""
LATER = {DIGEST: {...: str}, "made_of": dict}
"""What models of before lack."""
CLASSES, SCALE = {"count": range(1, 1_000_000)}, {"mean": [float], "spread": [float]}
"""Of the two kinds of scales."""
TASK_MODEL = {"task_width": range(1, 10_000), "task_hidden": range(1, 1_000_000)}
GENERATOR = {"generator_width": range(1, 10_000), "generator_blocks": range(1000)}
"""Of the networks' sizes; what a network of such a size would be is compared with its weights."""


def to_images(seen: Tensor) -> np.ndarray:
    """What a translator made, (n, 3, H, W) in [-1, 1], as images (n, H, W, 3) uint8."""
    return seen.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


class AdaptedModel:
    """Image to label, in the label's own units.

    Args:
        task_model: f, any network (n, 3, H, W) in [-1, 1] to (n, outputs) of the scale.
        scale: of the labels: how the network's outputs become labels.
        label_names: what is predicted.
        size: width and height of the images in pixels.
        translator: F: Y → X, or None where the task model sees the image itself.
        method: the method's name.
        architecture: what `load` needs to build the networks: width, blocks, hidden …

    Attributes:
        precision: of the translator: `32-true` at first, the same on every machine; `bf16-mixed` is
            faster where the hardware has bfloat16, and predictions differ a little.
        made_of: the data and settings that it was trained on, as `Methods` records them; empty where
            nobody did.
    """

    def __init__(
        self, task_model: nn.Module, scale: LabelCoding, label_names: tuple[str, ...], size: int,
        translator: nn.Module | None = None, method: str = "", architecture: dict[str, int] | None = None,
    ):  # fmt: skip
        self.task_model, self.translator, self.scale = task_model.eval(), translator, scale
        self.label_names, self.size, self.method = label_names, size, method
        self.architecture = architecture or {}
        self.precision = "32-true"
        self.made_of: dict[str, Any] = {}
        if translator is not None:
            translator.eval()

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(self.task_model.parameters()).device

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

        Args:
            images: (n, H, W, 3) uint8, or another form that `as_images` takes; a single image is n = 1.

        Raises:
            CrossgapError: the images are not of the size it was trained on, or not certain in their meaning.
        """
        parts = self._parts(as_images(images, self.size))
        outputs = [self.task_model(self._translated(part)).float().cpu() for part in parts]
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
            CrossgapError: a network is not one of `crossgap.networks`, which is all that `load` can build
                again, or has weights that are not finite, or the folder cannot be written.
        """
        if not isinstance(self.task_model, TaskModel) or not isinstance(self.translator, Generator | None):
            names = f"{type(self.task_model).__name__} and {type(self.translator).__name__}"
            raise CrossgapError(f"Only a TaskModel and a Generator can be saved; got {names}.")
        networks = [network for network in (self.task_model, self.translator) if network is not None]
        if not all(value.isfinite().all() for network in networks for value in network.parameters()):
            raise CrossgapError(
                f"The training of '{self.method}' ended in weights that are not finite. "
                "Try a lower learning rate."
            )
        with writing(folder) as temporary:
            temporary.mkdir(parents=True)
            digests = {
                name: write_tensors(network.state_dict(), temporary / f"{name}.safetensors")
                for name, network in (("task_model", self.task_model), ("translator", self.translator))
                if network is not None
            }
            about = {
                "method": self.method, "size": self.size, "label_names": list(self.label_names),
                "scale": asdict(self.scale), "translator": self.translator is not None,
                "architecture": self.architecture, "made_of": self.made_of, DIGEST: digests,
            }  # fmt: skip
            write_json(temporary / ABOUT, about)

    @staticmethod
    def load(folder: str | Path, device: str | torch.device = "cpu") -> AdaptedModel:
        """Read a folder that `save` wrote.

        Raises:
            CrossgapError: it is not one, a file in it is missing, damaged or another network's, or the device
                is not there.
        """
        folder, device = Path(folder), checked_device(device)
        about = _described(folder)
        arch, size, digests = about["architecture"], about["size"], about.get(DIGEST, {})
        scale = label_coding(about["scale"])
        norm = arch.get("task_norm", "none")  # models of before have none

        def load(name: str, make: Callable[[], Network]) -> Network:
            file = folder / f"{name}.safetensors"
            return load_network(make, file, folder, digests.get(name), folder / ABOUT).to(device)

        task_sizes = arch["task_width"], arch["task_hidden"]
        task_model = load("task_model", lambda: TaskModel(scale.outputs, size, *task_sizes, norm))
        translator = None
        if about["translator"]:
            sizes = arch["generator_width"], arch["generator_blocks"]
            translator = load("translator", lambda: Generator(*sizes))
        names, method = tuple(about["label_names"]), about["method"]
        model = AdaptedModel(task_model, scale, names, size, translator, method, arch)
        model.made_of = about.get("made_of", {})  # models of before have none
        return model


def weights_of(folder: Path) -> dict[str, str] | None:
    """The digests of a saved model's weights; None where there is no model, or one without digests."""
    path, again = folder / ABOUT, f"Copy it anew, or delete {folder} to make that model again."
    return read_json(path, "adapted model", dict, again).get(DIGEST) if path.exists() else None


def _described(folder: Path) -> dict[str, Any]:
    """What an adapted model's folder says of it, checked before networks are made of it.

    Raises:
        CrossgapError: there is no adapted model, or the description is damaged.
    """
    path, again = folder / ABOUT, f"Copy it anew, or delete {folder} to make that model again."
    about = read_json(path, "adapted model", SHAPE, again)
    sizes = GENERATOR if about["translator"] else {}
    parts = {"scale": CLASSES if "count" in about["scale"] else SCALE, "architecture": TASK_MODEL | sizes}
    parts |= {key: shape for key, shape in LATER.items() if key in about}
    networks = ("task_model", "translator") if about["translator"] else ("task_model",)
    problem, names, scale = mismatch(about, parts), about["label_names"], about["scale"]
    if not problem:
        lengths = len(names), *(len(scale[key]) for key in SCALE if key in scale)
        spreads, means = scale.get("spread", [1.0]), scale.get("mean", [0.0])
        lacking = [name for name in networks if name not in about.get(DIGEST, networks)]
        if not names or len(set(lengths)) > 1 or ("count" in scale and len(names) > 1):
            problem = f"{len(names)} label names do not fit its scale"
        elif not all(0 < value < float("inf") for value in spreads):
            problem = "a spread in its scale is not a number above 0"
        elif not all(abs(value) < float("inf") for value in means):
            problem = "a mean in its scale is not finite"
        elif lacking:
            problem = f"'{DIGEST}.{lacking[0]}' is absent, expected text"
    if problem:
        raise CrossgapError(f"The adapted model {path} is damaged: {problem}. {again}")
    return about
