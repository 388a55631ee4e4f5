"""The policy of asymmetric DDPG: what a robot runs. Extractor and actor, in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from crossgap.checkpoints import load_weights, read_tensors, write_tensors
from crossgap.data.batches import image_tensor
from crossgap.errors import CrossgapError
from crossgap.files import read_json, write_json, writing
from crossgap.networks.actor_critic import Actor, PositionExtractor
from crossgap.networks.alexnet import AlexNetExtractor

ABOUT, WEIGHTS = "policy.json", "policy.safetensors"
EXTRACTORS = {"convolutions": PositionExtractor, "alexnet": AlexNetExtractor}
"""Feature extractors by name."""


class ReachPolicy:
    """Images and a goal to a displacement.

    Args:
        extractor: f, (n, channels, size, size) in [-1, 1] to scaled positions (n, 3).
        actor: π, scaled positions and goals (n, 3) to actions (n, 3) in [-1, 1].
        about: what `load` needs to build them, and a caller to feed them: `extractor`, `channels`, `size`,
            `cameras` and `depth`.
    """

    def __init__(self, extractor: nn.Module, actor: nn.Module, about: dict[str, Any]):
        self.extractor, self.actor, self.about = extractor.eval(), actor.eval(), about

    @torch.inference_mode()
    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Actions (n, 3) float32 of frames (n, size, size, channels) uint8 and scaled goals (n, 3).

        Raises:
            CrossgapError: the frames have another size or other channels.
        """
        size, channels = self.about["size"], self.about["channels"]
        if frames.shape[1:] != (size, size, channels):
            raise CrossgapError(
                f"This policy sees frames of {size}×{size} pixels with {channels} channels; got "
                f"{frames.shape[1]}×{frames.shape[2]} with {frames.shape[3]}."
            )
        device = next(self.actor.parameters()).device
        goal = torch.as_tensor(goals, dtype=torch.float32, device=device)
        return self.actor(self.extractor(image_tensor(frames, device)), goal).cpu().numpy()

    def save(self, folder: Path) -> None:
        """Write it as a folder, in one piece."""
        with writing(folder) as temporary:
            temporary.mkdir(parents=True)
            write_tensors(self._networks().state_dict(), temporary / WEIGHTS)
            write_json(temporary / ABOUT, self.about)

    @staticmethod
    def load(folder: Path, device: str | torch.device = "cpu") -> ReachPolicy:
        """Read a folder that `save` wrote.

        Raises:
            CrossgapError: it is not one, or a file in it is missing, cut short or another network's.
        """
        about = read_json(folder / ABOUT, "policy")
        try:
            _ = about["cameras"], about["depth"]
            extractor = EXTRACTORS[about["extractor"]](about["channels"], about["size"])
        except (KeyError, TypeError) as error:
            raise CrossgapError(f"{folder / ABOUT} does not describe a policy: {error}.") from error
        policy = ReachPolicy(extractor, Actor(), about)
        load_weights(policy._networks(), read_tensors(folder / WEIGHTS, folder), folder / WEIGHTS)
        policy._networks().to(device)
        return policy

    def _networks(self) -> nn.ModuleDict:
        return nn.ModuleDict({"extractor": self.extractor, "actor": self.actor})
