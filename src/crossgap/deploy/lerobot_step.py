"""Goggles as a step of LeRobot: a policy's `policy_preprocessor.json` names it, and LeRobot loads it from
there with the policy, without a plug-in.

    put_on("outputs/act", "runs/goggles/models/goggles", "outputs/act_with_goggles")

LeRobot need not be installed for that, nor to test it: without, a stand-in is its base.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crossgap.base.files import read_json, write_json, writing
from crossgap.core.weights import write_tensors
from crossgap.data.preparation import Preparation
from crossgap.data.sizes import as_size, shown, written
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import check_translates
from crossgap.errors import CrossgapError, check_known
from crossgap.networks.registry import build, described

try:
    from lerobot.processor import ObservationProcessorStep  # pyright: ignore[reportMissingImports]
except ImportError:

    class ObservationProcessorStep:
        """What LeRobot's does: the observation of a transition, changed by `observation`."""

        def __call__(self, transition: Mapping[Any, Any]) -> dict[Any, Any]:
            return {**transition, "observation": self.observation(dict(transition["observation"]))}

        def observation(self, observation: dict[str, Any]) -> dict[str, Any]:
            raise NotImplementedError


IMAGES = "observation.images"
"""What the names of cameras begin with; the only one may be called `observation.image`."""
PREPROCESSOR, WEIGHTS = "policy_preprocessor.json", "goggles.safetensors"
NORMALIZER = "normalizer_processor"
"""LeRobot's name of the step that goggles come before: until then images are from 0 to 1."""


class GogglesStep(ObservationProcessorStep):  # pyright: ignore[reportGeneralTypeIssues]
    """F: Y → X on a policy's camera images.

    Args:
        translator: the network's name and arguments.
        size: height and width of the images that it sees; one number for both.
        preparation: what becomes of images of another size, as a model's description has it.
        cameras: whose images; by default all.

    Raises:
        CrossgapError: there is no such network.
    """

    def __init__(
        self, translator: dict[str, Any], size: int | list[int], preparation: dict[str, Any] | None = None,
        cameras: list[str] | None = None,
    ):  # fmt: skip
        self.config = {
            "translator": translator, "size": size, "preparation": preparation, "cameras": cameras,
        }  # fmt: skip
        self.size, self.cameras = as_size(size), cameras
        self.preparation = None if preparation is None else Preparation.of_json(preparation)
        self.translator = build(**translator).requires_grad_(False).eval()

    @staticmethod
    def of(model: AdaptedModel, cameras: Sequence[str] | None = None) -> GogglesStep:
        """The step of a model with a translator.

        Raises:
            CrossgapError: it has none.
        """
        check_translates(model)
        assert model.translator is not None
        prepared = None if model.preparation is None else model.preparation.to_json()
        network = described(model.translator)
        step = GogglesStep(network, written(model.size), prepared, list(cameras) if cameras else None)
        step.load_state_dict(model.translator.state_dict())
        return step

    def get_config(self) -> dict[str, Any]:
        """What LeRobot writes down of it."""
        return self.config

    def state_dict(self) -> dict[str, Tensor]:
        """Its weights, which LeRobot keeps in a file beside."""
        return dict(self.translator.state_dict())

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take them back."""
        self.translator.load_state_dict(dict(state))

    def reset(self) -> None:
        """It remembers nothing."""

    @torch.no_grad()
    def observation(self, observation: dict[str, Any]) -> dict[str, Any]:
        """The observation, its images translated: (…, 3, H, W) in [0, 1], such as one, a batch, or a batch of
        several steps, to such of `size`.

        Raises:
            CrossgapError: there is no such camera; its images are no numbers from 0 to 1; or they are of
                another size and may not be.
        """
        there = [key for key in observation if _is_camera(key)]
        check_known("Camera", self.cameras or (), there)
        return observation | {key: self._translated(key, observation[key]) for key in self.cameras or there}

    def _translated(self, camera: str, images: Tensor) -> Tensor:
        _check_images(camera, images)
        several = images.flatten(0, -4) if images.ndim > 3 else images[None]
        if tuple(several.shape[2:]) != self.size:
            several = self._prepared(several)
        self.translator.to(several.device)
        seen = self.translator(several.float() * 2 - 1).add(1).div(2).clamp(0, 1).to(images.dtype)
        return seen.reshape(*images.shape[:-3], *seen.shape[1:])

    def _prepared(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        if self.preparation is None:
            raise CrossgapError(
                f"Images of {shown((height, width))} pixels, the goggles take {shown(self.size)}. Expected "
                "that size; or goggles that were trained with --size."
            )
        bytes_ = images.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
        seen = np.stack([self.preparation.prepare(image) for image in bytes_])
        return torch.from_numpy(seen).to(images.device).permute(0, 3, 1, 2).float().div(255).to(images.dtype)

    def transform_features(self, features: Any) -> Any:
        """Of the policy's features, the images' shape."""
        for kind in features.values():
            for key, feature in kind.items():
                if key in self.cameras if self.cameras else _is_camera(key):
                    kind[key] = type(feature)(feature.type, (3, *self.size))
        return features


def _is_camera(key: str) -> bool:
    return key.startswith(f"{IMAGES}.") or key == IMAGES.removesuffix("s")


def _check_images(camera: str, images: Tensor) -> None:
    """Raises `CrossgapError`: they are none as LeRobot hands them to a policy."""
    wanted = "Expected numbers from 0 to 1, (…, 3, height, width), as LeRobot makes of a camera's image."
    if images.ndim < 3 or images.shape[-3] != 3:
        raise CrossgapError(f"{camera}: images of shape {tuple(images.shape)}. {wanted}")
    if not images.is_floating_point():
        raise CrossgapError(f"{camera}: images of {images.dtype}. {wanted}")
    if images.numel() and not (images.amin() >= 0 and images.amax() <= 1):
        raise CrossgapError(f"{camera}: images from {images.amin():g} to {images.amax():g}. {wanted}")


def put_on(
    policy: str | Path, goggles: str | Path, output: str | Path, cameras: Sequence[str] | None = None
) -> Path:  # fmt: skip
    """A copy of a LeRobot policy's folder that wears goggles; the policy's own files stay as they are.

    Args:
        policy: its folder, with `policy_preprocessor.json`.
        goggles: the folder of an adapted model with a translator.
        output: the new folder.
        cameras: such as `observation.images.front`; by default all.

    Raises:
        CrossgapError: one of the folders is not what it should be, or the policy wears goggles already.
    """
    policy, output, step = Path(policy), Path(output), GogglesStep.of(AdaptedModel.load(goggles), cameras)
    again = "Expected the folder of a policy that LeRobot saved (0.4 or newer)."
    if not (policy / PREPROCESSOR).is_file():
        raise CrossgapError(f"No {PREPROCESSOR} in {policy}. {again}")
    about = read_json(policy / PREPROCESSOR, "pipeline", {"steps": [dict], ...: object}, again)
    name = f"{GogglesStep.__module__}.{GogglesStep.__name__}"
    names = [str(one.get("registry_name") or one.get("class")) for one in about["steps"]]
    if name in names:
        raise CrossgapError(f"{policy} wears goggles already. Expected the policy without.")
    if output.exists():
        raise CrossgapError(f"{output} exists already. Expected a new folder.")
    at = names.index(NORMALIZER) if NORMALIZER in names else len(names)
    entry = {"class": name, "config": json.loads(json.dumps(step.get_config())), "state_file": WEIGHTS}
    with writing(output) as temporary:
        shutil.copytree(policy, temporary)
        write_tensors(step.state_dict(), temporary / WEIGHTS)
        steps = [*about["steps"][:at], entry, *about["steps"][at:]]
        write_json(temporary / PREPROCESSOR, about | {"steps": steps})
    return output
