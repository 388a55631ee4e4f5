"""Images kept out of a training, on which it shows its error beside the step, and may choose its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

TIMES = 20
"""About how often a training looks."""
Predict = Callable[[Tensor], Tensor]
"""Images (n, 3, H, W) in [-1, 1] to the outputs of a task model, (n, outputs)."""


class Watched(Protocol):
    """What is watched of a `Phase`."""

    steps: int
    log_every: int
    networks: dict[str, nn.Module]

    def predicted(self, images: Tensor) -> Tensor | None:
        """What the networks predict of target images."""
        ...


class Watch:
    """Errors of a training that is under way.

    Args:
        errors: by the name of the metric, what tells the error from what the networks predict now.
        keep: the metric of which the least error's weights are what comes of the training; "" for the last.

    Attributes:
        best: the error, the step and the weights of that least one, as in checkpoints.
    """

    def __init__(self, errors: Mapping[str, Callable[[Predict], float]], keep: str = ""):
        self.errors, self.keep = errors, keep
        self.best: dict[str, Tensor] = {}

    def is_due(self, phase: Watched, step: int) -> bool:
        """Whether it is time, after a step that metrics are written at: now and then, and after the last."""
        every = max(1, phase.steps // TIMES)
        return step == phase.steps or step // every > (step - phase.log_every) // every

    @torch.no_grad()
    def look(self, phase: Watched, step: int) -> dict[str, float]:
        """The errors after a step, by metric; none where it is not time. The training is left as it is."""
        if not self.is_due(phase, step):
            return {}
        training = [network for network in phase.networks.values() if network.training]
        for network in training:
            network.eval()

        def predict(images: Tensor) -> Tensor:
            outputs = phase.predicted(images)
            assert outputs is not None, "only phases that predict are watched"
            return outputs.float()

        found = {name: error(predict) for name, error in self.errors.items()}
        for network in training:
            network.train()
        if self.keep and (not self.best or found[self.keep] < self.best["error"]):
            error = torch.tensor(found[self.keep], dtype=torch.float64)
            self.best = {"error": error, "step": torch.tensor(step)}
            for name, network in phase.networks.items():
                for key, value in network.state_dict().items():
                    self.best[f"{name}.{key}"] = value.detach().cpu().clone()
        return found

    def restore(self, phase: Watched) -> None:
        """Give the networks the weights of the least error, where these are to be kept."""
        for name, network in phase.networks.items() if self.best else ():
            network.load_state_dict({key: self.best[f"{name}.{key}"] for key in network.state_dict()})


def note(errors: Mapping[str, float]) -> str:
    """Errors as they stand beside a bar."""
    return ", ".join(f"{name.replace('_', ' ')} {error:.3g}" for name, error in errors.items())
