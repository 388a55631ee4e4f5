"""The adapted model: what a robot runs. An optional translator and a task model, in one folder; or a sampler,
which draws images from noise."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import torch
from torch import Tensor, nn

from crossgap.base.files import write_json, writing
from crossgap.base.progress import say
from crossgap.core.fabric import PRECISIONS, bf16_is_fast, checked_device
from crossgap.core.weights import DIGEST, digest_in, load_network, load_weights, write_tensors
from crossgap.data.batches import to_images, to_tensor
from crossgap.data.images import LabelCoding, label_coding
from crossgap.data.inputs import Images, Order, as_images
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import Size, as_size, written
from crossgap.deploy.description import ABOUT, PARTS, POLICY, PREPARATION, read_description
from crossgap.deploy.frozen import FrozenPolicy, PolicyReference
from crossgap.deploy.guard import KEY as GUARD
from crossgap.deploy.guard import Familiarity, Guard
from crossgap.errors import CrossgapError, check_known
from crossgap.networks.factory import is_trusted, untrusted
from crossgap.networks.registry import build, described


class AdaptedModel:
    """Image to label, in the label's own units; with a translator alone, image to image; with a sampler,
    noise to image.

    Args:
        task_model: f, any network (n, 3, H, W) in [-1, 1] to (n, outputs) of the scale; None of a translator
            or sampler alone.
        scale: of the labels: how the network's outputs become labels; None without a task model.
        label_names: what is predicted.
        size: height and width of the images in pixels; one number for both.
        translator: F: Y → X, any network (n, 3, H, W) in [-1, 1] to the same; None where the task model sees
            the image itself.
        method: the method's name.
        architecture: no longer needed: networks remember what they were made with (`register_network`).
        sampler: G, any network (n, noise) of N(0, 1) to (n, 3, H, W) in [-1, 1] that says in its attribute
            `noise` how many numbers it draws an image from; None where nothing is drawn from noise.
        preparation: what becomes of a camera's images of another size before they are translated or a label
            is predicted, as it became of those that it was trained on; by default there may be none.

    Attributes:
        size: (height, width) of the images that the networks see.
        precision: of translator and sampler: `32-true` at first, the same on every machine; `bf16-mixed` is
            faster where the hardware has bfloat16, and predictions differ a little. It is saved with the
            model; `load` says where the hardware has none, and predicts in `32-true`.
        made_of: the data and settings that it was trained on, as `Methods` records them; empty where nobody
            did.
        guard: tells images that are unlike those that it was trained on; None where there is none. It is
            saved with the model.
        made_for: the policy that its translator was trained through and stands in front of, by its name:
            goggles; None where there is none. `policy` is that one.

    Raises:
        CrossgapError: there is no network, or a task model without a scale.
    """

    def __init__(
        self, task_model: nn.Module | None, scale: LabelCoding | None, label_names: tuple[str, ...],
        size: int | Size, translator: nn.Module | None = None, method: str = "", architecture: object = None,
        sampler: nn.Module | None = None, preparation: Preparation | None = None,
    ):  # fmt: skip
        if architecture is not None:
            warnings.warn("AdaptedModel needs no architecture any more.", DeprecationWarning, stacklevel=2)
        nothing = task_model is None and translator is None and sampler is None
        if nothing or (task_model is None) != (scale is None):
            raise CrossgapError(
                "Expected a task model and a scale, a translator, or all three; or a sampler."
            )
        if sampler is not None and not isinstance(getattr(sampler, "noise", None), int):
            raise CrossgapError(
                "Expected a sampler with an attribute `noise`, how many numbers it takes; got "
                f"{type(sampler).__name__} without."
            )
        self._task_model, self._scale = task_model, scale
        self.translator, self._sampler = translator, sampler
        self.label_names, self.size, self.method = label_names, as_size(size), method
        self.preparation = preparation
        self.precision = "32-true"
        self.made_of: dict[str, Any] = {}
        self.guard: Guard | None = None
        self.made_for: PolicyReference | None = None
        for network in self.networks.values():
            network.eval()

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Those that it has, of `PARTS`."""
        every = zip(PARTS, (self._task_model, self.translator, self._sampler), strict=True)
        return {name: network for name, network in every if network is not None}

    @property
    def task_model(self) -> nn.Module:
        """f. Raises `CrossgapError`: there is none."""
        return self._needed(self._task_model)

    @task_model.setter
    def task_model(self, network: nn.Module) -> None:
        self._task_model = network

    def policy(self) -> FrozenPolicy:
        """The policy that its translator is for, as it was.

        Raises:
            CrossgapError: it is for none, or that one is not here, or has other weights now.
        """
        if self.made_for is None:
            raise self._lacks("policy that it is for", "a model of `crossgap goggles`")
        if not is_trusted(self.made_for.factory):
            raise untrusted("This model", self.made_for.factory)
        return self.made_for.load(self.device)

    @property
    def scale(self) -> LabelCoding:
        """Of the labels. Raises `CrossgapError`: there is no task model."""
        return self._needed(self._scale)

    @scale.setter
    def scale(self, scale: LabelCoding) -> None:
        self._scale = scale

    @property
    def architecture(self) -> dict[str, Any]:
        """Deprecated: the networks' sizes, as they were named when there was one kind of each."""
        warnings.warn("Networks have their own `made_with`.", DeprecationWarning, stacklevel=2)
        parts = "task_model", "translator"
        f, F = (vars(self.networks.get(part, self)).get("made_with", {}) for part in parts)
        found = {f"task_{key}": f[key] for key in ("width", "hidden", "norm") if key in f}
        return found | {f"generator_{key}": F[key] for key in ("width", "blocks") if key in F}

    @property
    def sampler(self) -> nn.Module:
        """G. Raises `CrossgapError`: there is none."""
        if self._sampler is None:
            raise self._lacks("sampler, and draws nothing from noise", "a model of dcgan")
        return self._sampler

    def _needed(self, part: Any) -> Any:
        if part is None:
            raise self._lacks("task model, and predicts nothing", "a model that a task model was trained for")
        return part

    def _lacks(self, what: str, wanted: str) -> CrossgapError:
        """What is wrong where a model is asked for what it cannot do: what it is, and what it can."""
        can = {"task_model": "predict", "translator": "translate", "sampler": "sample"}
        parts = list(self.networks)
        is_one = f"is a {parts[0].replace('_', ' ')} alone: it " if len(parts) == 1 else ""
        return CrossgapError(
            f"This model{f' of {self.method}' if self.method else ''} {is_one}has no {what}. "
            f"Expected {' or '.join(f'`{can[part]}`' for part in parts)}, or {wanted}."
        )

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return next(next(iter(self.networks.values())).parameters()).device

    @torch.inference_mode()
    def translate(self, images: Images, channels: Order = "rgb") -> np.ndarray:
        """What the task model sees, (n, h, w, 3) uint8 in RGB; the prepared images without a translator.

        Args:
            images: (n, H, W, 3) uint8 in RGB, or another form that `as_images` takes; a single image is
                n = 1. What is not of the model's size is prepared, where the model has a `preparation`.
            channels: of arrays and tensors: `bgr`, as OpenCV has them.

        Raises:
            CrossgapError: the images are not of the size it was trained on and there is no preparation, or it
                is of another camera; they are not certain in their meaning; or this is a sampler alone.
        """
        if self.networks.keys() == {"sampler"}:
            raise self._lacks("translator, and takes no images", "a model that has one")
        images = self._as_seen(images, channels)
        if self.translator is None or not len(images):
            return images
        return np.concatenate([to_images(self._translated(part)) for part in self._parts(images)])

    @overload
    def predict(self, images: Images, channels: Order = "rgb") -> np.ndarray: ...

    @overload
    def predict(
        self, images: Images, channels: Order = "rgb", *, return_familiarity: Literal[True]
    ) -> tuple[np.ndarray, Familiarity]: ...

    @torch.inference_mode()
    def predict(
        self, images: Images, channels: Order = "rgb", *, return_familiarity: bool = False
    ) -> np.ndarray | tuple[np.ndarray, Familiarity]:
        """Labels (n, k) float32; a row for a single image, too.

        Images, in RGB, and the order of their channels as in `translate`.

        Args:
            images: as there.
            channels: as there.
            return_familiarity: also return how like those of the training each image is: `score` (n,), 1 at
                the threshold, and `familiar` (n,) bool.

        Raises:
            CrossgapError: as there; or there is no task model, or no guard where familiarity is asked for.
        """
        task_model, seen = self.task_model, self._as_seen(images, channels)
        familiarity = self._guard().look(seen) if return_familiarity else None
        outputs = [task_model(self._translated(part)).float().cpu() for part in self._parts(seen)]
        labels = self.scale.invert(torch.cat(outputs).numpy())
        return labels if familiarity is None else (labels, familiarity)

    def familiarity(self, images: Images, channels: Order = "rgb") -> Familiarity:
        """How like those of the training images are, without a prediction.

        Raises:
            CrossgapError: as of `predict`.
        """
        return self._guard().look(self._as_seen(images, channels))

    def _guard(self) -> Guard:
        if self.guard is None:
            raise CrossgapError(
                "This model has no guard: it was trained before there were any, on the source alone, or on "
                "too few target images. Expected one, such as model.guard = Guard.of(images, episodes)."
            )
        return self.guard

    def _as_seen(self, images: Images, channels: Order) -> np.ndarray:
        """Images of any form as the networks take them, (n, h, w, 3) uint8."""
        return as_images(images, self.size, preparation=self.preparation, order=channels)

    def noise(self, count: int, seed: int = 0) -> np.ndarray:
        """What images are drawn from, of N(0, 1): (count, noise) float32; the first rows are the same for
        every count.

        Raises:
            CrossgapError: the count is below 1, the seed negative, or there is no sampler.
        """
        wide = int(self.sampler.noise)  # type: ignore[arg-type]
        if count < 1:
            raise CrossgapError(f"The number of images to draw must be at least 1; got {count}.")
        if seed < 0:
            raise CrossgapError(f"The seed must be 0 or more; got {seed}.")
        return np.random.default_rng(seed).standard_normal((count, wide), np.float32)

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Images from noise, (count, H, W, 3) uint8: always the same for a seed.

        Raises:
            CrossgapError: as of `noise`.
        """
        return self.sampled(self.noise(count, seed))

    @torch.inference_mode()
    def sampled(self, noise: np.ndarray) -> np.ndarray:
        """G(z): noise (n, noise), such as that of `noise`, to images (n, H, W, 3) uint8.

        Raises:
            CrossgapError: it is of another shape or not finite, or there is no sampler.
        """
        network, given = self.sampler, np.asarray(noise, np.float32)
        if given.shape[1:] != (wide := (network.noise,)) or not np.isfinite(given).all():
            finite = "" if np.isfinite(given).all() else " with others"
            raise CrossgapError(
                f"Expected noise (n, {wide[0]}) of finite numbers; got {given.shape}{finite}."
            )
        parts = (torch.from_numpy(given[at : at + 64]).to(self.device) for at in range(0, len(given), 64))
        drawn = [to_images(self._drawn(network, part)) for part in parts]
        return np.concatenate([np.empty((0, *self.size, 3), np.uint8), *drawn])

    def _translated(self, images: Tensor) -> Tensor:
        return images if self.translator is None else self._drawn(self.translator, images)

    def _drawn(self, network: nn.Module, given: Tensor) -> Tensor:
        """What a translator or a sampler makes of its input, in the model's precision."""
        with torch.autocast(given.device.type, torch.bfloat16, enabled=self.precision == "bf16-mixed"):
            return network(given).float()

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
            guard = {} if self.guard is None else {GUARD: self.guard.save(temporary)}
            told = {} if self.preparation is None else {PREPARATION: self.preparation.to_json()}
            told |= {} if self.made_for is None else {POLICY: self.made_for.to_json()}
            write_json(temporary / ABOUT, {
                "method": self.method, "size": written(self.size), **told,
                "label_names": list(self.label_names),
                "scale": None if self._scale is None else asdict(self._scale), "networks": about,
                "precision": self.precision, "made_of": self.made_of, **guard,
                DIGEST: digests,
            })  # fmt: skip

    @staticmethod
    def load(
        folder: str | Path, device: str | torch.device = "cpu", precision: str | None = None
    ) -> AdaptedModel:
        """Read a folder that `save` wrote.

        Args:
            folder: the model's. The modules of registered networks of your own have to be imported before,
                factories of your own trusted (`crossgap.networks.trust`).
            device: where it is to run.
            precision: as of the attribute; by default the saved one (a model of before: that of its
                training), and `32-true`, which is then said, where this hardware does not compute in that.

        Raises:
            CrossgapError: it is not one, a file in it is missing, damaged or another network's, a network is
                not registered, the device is not there, or there is no such precision.
        """
        folder, device = Path(folder), checked_device(device)
        about = read_description(folder)
        chosen = precision or about.get("precision") or about.get("made_of", {}).get("precision", "32-true")
        check_known("Precision" if precision else f"{folder / ABOUT}: precision", (chosen,), PRECISIONS[1:])
        networks = dict.fromkeys(PARTS) | {
            name: _loaded(network, folder / f"{name}.safetensors", about.get(DIGEST, {}).get(name)).to(device)
            for name, network in about["networks"].items()
        }  # fmt: skip
        scale = None if about["scale"] is None else label_coding(about["scale"])
        names, method = tuple(about["label_names"]), about["method"]
        prepared = Preparation.of_json(about[PREPARATION]) if PREPARATION in about else None
        model = AdaptedModel(
            scale=scale, label_names=names, size=about["size"], method=method, preparation=prepared,
            **networks,
        )  # fmt: skip
        model.made_of = about.get("made_of", {})
        model.guard = Guard.load(folder, about[GUARD]) if GUARD in about else None
        model.made_for = PolicyReference.of_json(about[POLICY]) if POLICY in about else None
        model.precision = chosen
        if precision is None and model.precision == "bf16-mixed" and not bf16_is_fast(device.type):
            model.precision = "32-true"
            _say_once(
                f"{folder} was measured in bf16-mixed, which this hardware has not: here it predicts in "
                "32-true, and a little otherwise."
            )
        return model


_say_once = functools.cache(say)


def _loaded(network: dict[str, Any], weights: Path, sha256: str | None) -> nn.Module:
    """A network as it was saved; one of a factory is made whole, as nobody knows what that does without
    memory."""
    if "factory" not in network:
        return load_network(functools.partial(build, **network), weights, sha256, weights.parent / ABOUT)
    made = build(**network)
    load_weights(made, weights, sha256)
    return made


def weights_of(folder: Path) -> dict[str, str] | None:
    """The digests of a saved model's weights; None where there is no model, or one without digests."""
    return digest_in(folder / ABOUT, "adapted model", "model")
