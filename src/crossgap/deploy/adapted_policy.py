"""A policy of the user's own that was adapted: its weights, and a translator in front where it has one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from crossgap.base.files import read_json, write_json, writing
from crossgap.core.fabric import checked_device
from crossgap.core.weights import DIGEST, load_weights, write_tensors
from crossgap.data.batches import image_tensor
from crossgap.data.inputs import Images, Order, as_images
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import Size, written
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.description import OF_POLICY as ABOUT
from crossgap.deploy.frozen import SHAPE as REFERENCE
from crossgap.deploy.frozen import FrozenPolicy, PolicyReference
from crossgap.errors import CrossgapError
from crossgap.networks.factory import from_factory, is_trusted, untrusted

WEIGHTS, GOGGLES = "policy.safetensors", "goggles"
BATCH = 64
SHAPE = {
    "method": str,
    "size": [range(1, 10_000), 2],
    "policy": REFERENCE,
    "preparation": (dict, None),
    DIGEST: str,
}


class AdaptedPolicy:
    """A policy behind a translator, or alone.

    Args:
        policy: it, with the names of its inputs.
        size: height and width of the images that it sees.
        method: how it was made.
        translator: what every camera's images go through first.
        preparation: what becomes of a camera's images of another size.
    """

    def __init__(
        self, policy: FrozenPolicy, size: Size, method: str, translator: AdaptedModel | None = None,
        preparation: Preparation | None = None,
    ):  # fmt: skip
        self.policy, self.size, self.method = policy, size, method
        self.translator, self.preparation = translator, preparation

    @torch.no_grad()
    def predict(
        self, images: Mapping[str, Images] | Images, state: np.ndarray | None = None, channels: Order = "rgb"
    ) -> np.ndarray:
        """What the policy says, (n, …) float32, of n frames.

        Args:
            images: of each camera by its name, or of the only one: (n, H, W, 3) uint8, or whatever
                `AdaptedModel.predict` takes.
            state: (n, s), where the policy takes one.
            channels: their order.

        Raises:
            CrossgapError: a camera or the state is missing, they are of different lengths, or the policy
                fails on them.
        """
        about = self.policy.about
        given = images if isinstance(images, Mapping) else {about.cameras[0]: images}
        if missing := [name for name in about.cameras if name not in given]:
            raise CrossgapError(
                f"No images of {', '.join(missing)}. Expected those of {', '.join(about.cameras)}; got "
                f"{', '.join(given) or 'none'}."
            )
        seen = [self._seen(given[name], channels) for name in about.cameras]
        numbers = self._state(state, len(seen[0]))
        if len({len(one) for one in seen}) > 1:
            counts = ", ".join(f"{len(o)} of {name}" for o, name in zip(seen, about.cameras, strict=True))
            raise CrossgapError(f"Expected as many images of every camera; got {counts}.")
        frames = np.concatenate(seen, -1)
        if not len(frames):
            raise CrossgapError("Expected at least one frame; got none.")
        network = self.policy.network
        weights = (value.device for value in (*network.parameters(), *network.buffers()))
        device = next(weights, torch.device("cpu"))
        said = [
            self.policy(
                image_tensor(frames[at : at + BATCH], device),
                None if numbers is None else torch.from_numpy(numbers[at : at + BATCH]).to(device),
            ).float().cpu()
            for at in range(0, len(frames), BATCH)
        ]  # fmt: skip
        return torch.cat(said).numpy()

    def _seen(self, images: Images, channels: Order) -> np.ndarray:
        """Images of a camera as the policy sees them."""
        prepared = as_images(images, self.size, preparation=self.preparation, order=channels)
        return prepared if self.translator is None else self.translator.translate(prepared)

    def _state(self, state: np.ndarray | None, count: int) -> np.ndarray | None:
        name = self.policy.about.state
        if not name:
            return None
        if state is None or np.ndim(state) != 2 or len(state) != count:
            found = "none" if state is None else f"shape {np.shape(state)}"
            raise CrossgapError(f"Expected the state '{name}', ({count}, s) numbers; got {found}.")
        if not np.isfinite(numbers := np.ascontiguousarray(state, np.float32)).all():
            raise CrossgapError(f"The state '{name}' is not finite. Expected finite numbers.")
        return numbers

    def save(self, folder: Path) -> None:
        """Write the folder in one piece: `adapted_policy.json`, the weights, and the translator's folder.

        Raises:
            CrossgapError: the training ended in weights that are not finite, or the disk is full.
        """
        weights = self.policy.network.state_dict()
        if not all(value.isfinite().all() for value in weights.values() if value.is_floating_point()):
            raise CrossgapError(
                f"The training of '{self.method}' ended in weights that are not finite. Try a --loss or a "
                "policy whose outputs stay finite."
            )
        with writing(folder) as temporary:
            temporary.mkdir(parents=True)
            digest = write_tensors(weights, temporary / WEIGHTS)
            if self.translator is not None:
                self.translator.save(temporary / GOGGLES)
            prepared = None if self.preparation is None else self.preparation.to_json()
            reference = self.policy.about.to_json() | {"weights": None, "sha256": ""}
            write_json(temporary / ABOUT, {
                "method": self.method, "size": list(self.size), "policy": reference,
                "preparation": prepared, DIGEST: digest,
            })  # fmt: skip

    @staticmethod
    def load(folder: str | Path, device: str | torch.device = "cpu") -> AdaptedPolicy:
        """Read a folder that `save` wrote. Its factory has to be trusted before (`crossgap.networks.trust`).

        Raises:
            CrossgapError: it is not one, a file in it is missing or damaged, or its factory is not trusted or
                not here.
        """
        folder, device = Path(folder), checked_device(device)
        about = read_json(folder / ABOUT, "adapted policy", SHAPE)
        prepared = None if about["preparation"] is None else Preparation.of_json(about["preparation"])
        if prepared is not None and list(prepared.size) != about["size"]:
            raise CrossgapError(
                f"{folder / ABOUT} is damaged: 'preparation.size' is {written(prepared.size)}, expected "
                f"{about['size']}. Copy it anew, or delete {folder} to make that policy again."
            )
        reference = PolicyReference.of_json(about["policy"])
        if not is_trusted(reference.factory):
            raise untrusted(folder / ABOUT, reference.factory)
        network = from_factory(reference.factory)
        load_weights(network, folder / WEIGHTS, about[DIGEST])
        goggles, (height, width) = folder / GOGGLES, about["size"]
        return AdaptedPolicy(
            FrozenPolicy(network.to(device), reference), (height, width), about["method"],
            AdaptedModel.load(goggles, device) if goggles.exists() else None,
            prepared,
        )  # fmt: skip


def is_adapted_policy(folder: Path) -> bool:
    """Whether a folder is one of an adapted policy."""
    return (folder / ABOUT).exists()
