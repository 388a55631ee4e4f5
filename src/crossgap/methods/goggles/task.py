"""What a policy should say, and how far off it is: for outputs of any shape."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from crossgap.data.batches import image_tensor, moved
from crossgap.data.images import CONSTANT
from crossgap.data.observations import Observations
from crossgap.deploy.frozen import FrozenPolicy
from crossgap.errors import CrossgapError, reason_of
from crossgap.networks.factory import Loss

Translate = Callable[[np.ndarray], np.ndarray]
"""Images (m, H, W, 3) uint8 to the same."""
BATCH = 64
"""Frames that a policy is asked about at a time."""


@dataclass(frozen=True)
class Task:
    """What is asked of a policy on frames whose action is known."""

    shape: tuple[int, ...]
    """Of the policy's output for one frame."""
    spread: np.ndarray
    """(a,) float32: by how much actions vary, each in its own units; 1 of one that does not."""
    loss: Loss | None = None
    """Of the output and the action (n, a), where it is not the squared error."""

    @staticmethod
    def of(shape: tuple[int, ...], labelled: Observations, loss: Loss | None = None) -> "Task":
        """The task that such demonstrations set.

        Raises:
            CrossgapError: the policy's output is no action, no chunk of actions, and there is no loss.
        """
        count, spread = labelled.actions.shape[1], labelled.actions.std(0, dtype=np.float64)
        constant = spread <= CONSTANT * np.abs(labelled.actions).max(0, initial=0)
        one = int(np.prod(shape, dtype=int)) == count
        chunk = len(shape) == 2 and shape[1] == count
        if loss is None and not (one or chunk):
            names = ", ".join(labelled.action_names)
            raise CrossgapError(
                f"The policy gives {('n', *shape)} and the action has {count} numbers ({names}). Expected "
                f"(n, {count}), a chunk (n, T, {count}), other --labels, or a --loss of your own."
            )
        return Task(shape, np.where(constant, 1, spread).astype(np.float32), loss)

    def wanted(self, data: Observations) -> np.ndarray:
        """(n, k) float32: the action of each frame; or those from it on, NaN past the end of its episode."""
        if self.loss is None and int(np.prod(self.shape, dtype=int)) != data.actions.shape[1]:
            return data.chunks(self.shape[0]).reshape(len(data), -1)
        return data.actions

    def __call__(self, said: Tensor, wanted: Tensor) -> Tensor:
        """d(π, a): the mean squared error, in spreads of the action: 1 knows nothing."""
        if self.loss is not None:
            return self._own(said, wanted)
        known = wanted.isfinite()
        return (self._off(said, wanted).square() * known).sum() / known.sum().clamp(min=1)

    def _own(self, said: Tensor, wanted: Tensor) -> Tensor:
        """The loss of the user's own.

        Raises:
            CrossgapError: it fails, or gives more than one number.
        """
        assert self.loss is not None
        given = f"outputs {tuple(said.shape)} and actions {tuple(wanted.shape)}"
        try:
            found = self.loss(said, wanted)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # of somebody's code: any kind
            raise CrossgapError(
                f"--loss failed on {given} ({reason_of(error)}). Expected a function of these two tensors."
            ) from error
        if not isinstance(found, Tensor) or found.ndim:
            kind = f"a tensor {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
            raise CrossgapError(
                f"--loss gave {kind} for {given}. Expected one number, a tensor without dimensions: .mean() "
                "makes it."
            )
        return found

    def _off(self, said: Tensor, wanted: Tensor) -> Tensor:
        """(n, k) in spreads."""
        spread = torch.from_numpy(self.spread).to(said.device)
        off = said.reshape(wanted.shape) - wanted.nan_to_num()
        return (off.reshape(len(off), -1, len(spread)) / spread).reshape(wanted.shape)

    def errors(self, said: Tensor, wanted: Tensor) -> np.ndarray:
        """Of each frame (n,), the same error, or the loss of your own."""
        if self.loss is not None:
            each = zip(said.split(1), wanted.split(1), strict=True)
            return np.array([float(self._own(*one)) for one in each])
        known = wanted.isfinite()
        total = (self._off(said, wanted).square() * known).sum(1) / known.sum(1).clamp(min=1)
        return total.double().cpu().numpy()


@dataclass(frozen=True)
class Consistency:
    """How far what a policy says of F(x) is from what it says of x, whatever that is."""

    spread: Tensor
    """(k,) by how much each number of its output varies over source images."""

    @staticmethod
    def of(said: np.ndarray) -> "Consistency":
        """From what it says of source images, (n, k)."""
        spread = said.std(0, dtype=np.float64)
        floor = max(float(spread.max(initial=0)) * 1e-3, 1e-12)
        return Consistency(torch.from_numpy(np.maximum(spread, floor).astype(np.float32)))

    def __call__(self, said: Tensor, wanted: Tensor) -> Tensor:
        """The mean squared difference in these spreads."""
        return ((said.reshape(wanted.shape) - wanted) / self.spread.to(said.device)).square().mean()


def probe(policy: FrozenPolicy, data: Observations, device: torch.device) -> tuple[int, ...]:
    """The shape of a policy's output for one frame, once it is seen that gradients pass through it.

    Raises:
        CrossgapError: it fails on such frames, gives numbers that are not finite, or no gradient reaches its
            images.
    """
    images, state = tensors(data.select(np.arange(min(2, len(data)))), device)
    said = policy(images.requires_grad_(True), state)
    name = policy.about.factory
    if not said.isfinite().all():
        raise CrossgapError(f"{name}: the policy's output is not finite. Expected finite numbers.")
    reached = None
    if said.requires_grad:
        (reached,) = torch.autograd.grad(said.float().sum(), images, allow_unused=True)
    if reached is None or not reached.any():
        raise CrossgapError(
            f"{name}: no gradient reaches the policy's images, so no translator can be trained through it. "
            "Expected a module whose forward has no torch.no_grad (such as LeRobot's select_action has), no "
            "detach and no argmax."
        )
    return tuple(said.shape[1:])


def tensors(data: Observations, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images (n, 3 k, H, W) in [-1, 1] and states (n, s) on a device."""
    return image_tensor(data.images, device), moved(data.state, device)


@torch.no_grad()
def said_of(
    policy: FrozenPolicy, data: Observations, device: torch.device, translate: Translate | None = None
) -> Tensor:
    """What a policy says of frames, (n, …) on the CPU; of what `translate` makes of them, where it is given.

    Args:
        policy: asked a batch at a time.
        data: the frames.
        device: where it is.
        translate: images (m, H, W, 3) uint8 to the same.
    """
    said = []
    for start in range(0, len(data), BATCH):
        part = data.select(np.arange(start, min(start + BATCH, len(data))))
        if translate is not None:
            n, h, w, channels = part.images.shape
            single = part.images.reshape(n, h, w, -1, 3).transpose(0, 3, 1, 2, 4).reshape(-1, h, w, 3)
            drawn = translate(single).reshape(n, channels // 3, h, w, 3)
            part = replace(part, images=drawn.transpose(0, 2, 3, 1, 4).reshape(n, h, w, channels))
        said.append(policy(*tensors(part, device)).float().cpu())
    return torch.cat(said)
