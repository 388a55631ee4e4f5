"""What is in the ONNX file: camera image in, label out, with all that `AdaptedModel` does between."""

import copy

import torch
from torch import Tensor, nn

from crossgap.data.images import LabelScale
from crossgap.deploy.adapted import AdaptedModel


class Scaled(nn.Module):
    """Outputs of a task model, (n, k) in the label scale, in the labels' own units."""

    mean: Tensor
    spread: Tensor

    def __init__(self, scale: LabelScale):
        super().__init__()
        self.register_buffer("mean", torch.tensor(scale.mean, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(scale.spread, dtype=torch.float32))

    def forward(self, outputs: Tensor) -> Tensor:
        """(n, k) to the same."""
        return outputs * self.spread + self.mean


class LikeliestClass(nn.Module):
    """Logits (n, count) to the class with the largest, (n, 1) int64, and these logits."""

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        return logits.argmax(1, keepdim=True), logits


class AsPicture(nn.Module):
    """What a translator made, (n, 3, H, W) in [-1, 1], as images (n, H, W, 3) uint8: `data.batches.to_images`
    in a graph."""

    def forward(self, seen: Tensor) -> Tensor:
        return seen.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


class AsInput(nn.Module):
    """Images (n, H, W, 3) uint8 to a network's input: `data.batches.to_tensor` in a graph."""

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2).to(torch.float32).div(127.5).sub(1)


def graph_of(model: AdaptedModel, picture: bool = False) -> nn.Sequential:
    """A copy of a model on the CPU, as a network from prepared images (n, h, w, 3) uint8 to what it is asked
    for.

    Args:
        model: with a translator or a task model.
        picture: end with the translated image; by default with the label, where there is a task model.
    """
    networks = {name: copy.deepcopy(network).cpu().float() for name, network in model.networks.items()}
    parts: list[nn.Module] = [AsInput()]
    if "translator" in networks:
        parts.append(networks["translator"])
    if picture or "task_model" not in networks:
        return nn.Sequential(*parts, AsPicture()).eval()
    coding = Scaled(model.scale) if isinstance(model.scale, LabelScale) else LikeliestClass()
    return nn.Sequential(*parts, networks["task_model"], coding).eval()


def outputs_of(model: AdaptedModel, picture: bool = False) -> list[str]:
    """What the outputs of `graph_of` are called."""
    if picture or "task_model" not in model.networks:
        return ["picture"]
    return ["label"] if isinstance(model.scale, LabelScale) else ["class", "scores"]
