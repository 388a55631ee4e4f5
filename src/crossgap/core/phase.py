"""A phase of training: networks, optimizers, and what one step does.

What makes a step faster and leaves its results alone was measured by `benchmarks/train_step.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Any

import lightning_fabric
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from crossgap.base.progress import say
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError

COMPILED_DEVICES = ("cuda",)
"""Where networks are compiled. On a CPU it gives 5 to 9 % after a minute of waiting: `docs/log.md`."""
COMPILED_STEPS = 2_000
"""Shortest training that is compiled. Estimated, not measured (`docs/log.md`): compiling takes 10 to 30 s the
first time, and seconds from then on, since PyTorch keeps what it compiled on disk, for the other seeds and
looks of an experiment, too; a step on a GPU, some 8 ms for hundreds of small kernels, gets a third shorter.
So translators are compiled in presets `full` and `paper`, and not in `quick`."""


class Phase(ABC):
    """One stage of training. Subclasses fill the attributes and define `training_step`."""

    name: str
    """Names its checkpoints and metrics; also tells checkpoints of different methods apart."""
    steps: int
    """How many steps it takes."""
    networks: dict[str, nn.Module]
    """What is trained, by name."""
    optimizers: dict[str, Optimizer]
    """What trains it, by name."""
    learning_rate: float
    """At the first step, for every optimizer."""
    data: Sequence[Batches] = ()
    """What a step takes a batch of each of; every loss is a mean over images of one or several."""
    rate_factors: Mapping[str, float] = MappingProxyType({})
    """By optimizer: what its learning rate is multiplied by, where that is not 1."""
    label: str = ""
    """What its progress bar says; its name by default."""
    place: str | None = None
    """The folder of its checkpoints below the trainer's, its name by default."""
    log_every: int = 25
    """Steps between two rows of metrics. Checkpoints are made at the same steps."""
    checkpoint_seconds: float = 10.0
    """About how much work a killed run repeats at most."""
    fabric: lightning_fabric.Fabric
    """Set by the trainer: device, precision and, on several devices, averaging of gradients."""

    @abstractmethod
    def training_step(self, step: int) -> dict[str, Tensor]:
        """Update the networks once and return scalar metrics."""

    def schedule(self, step: int) -> float:
        """Factor on the learning rate: constant, then linear to zero over the second half."""
        return min(1.0, 2 * (1 - step / self.steps))

    def opened(self, done: int) -> AbstractContextManager[object]:
        """Holds what the steps after the first `done` need and nothing else does, such as environments."""
        return nullcontext()

    def extra_state(self) -> dict[str, Tensor]:
        """Tensors beyond networks and optimizers that the next steps depend on, such as an image pool."""
        return {}

    def load_extra_state(self, state: dict[str, Tensor]) -> None:  # noqa: B027 (optional)
        """Take back what `extra_state` returned."""

    def setup(self, fabric: lightning_fabric.Fabric) -> None:
        """Move to the device, compile where it pays, average gradients over several devices.

        `parallel` holds the networks to be updated, `compiled` the same ones for a pass that gives no
        gradients of theirs.

        Raises:
            CrossgapError: several devices would see unlike shares of the batches of different data sets.
        """
        self.fabric = fabric
        weights = {batches.weight for batches in self.data} or {1.0}
        if len(weights) > 1:
            sizes = " and ".join(str(size) for size in sorted({batches.size for batches in self.data}))
            raise CrossgapError(
                f"'{self.name}' has batches of {sizes} images on {fabric.world_size} processes. Expected one "
                "size, or multiples of the number of processes."
            )
        (self.loss_weight,) = weights
        self.compiled = {
            name: compiled_where_it_pays(network.train(), fabric.device, self.steps)
            for name, network in self.networks.items()
        }
        self.parallel = {name: fabric.setup_module(network) for name, network in self.compiled.items()}
        self.steppers: dict[str, Any] = {
            name: fabric.setup_optimizers(optimizer) for name, optimizer in self.optimizers.items()
        }

    def update(self, optimizer: str, loss: Tensor) -> None:
        """One step of an optimizer down the gradient of `loss`; on several devices, down that of the loss of
        all their images at once."""
        self.steppers[optimizer].zero_grad(set_to_none=True)
        self.fabric.backward(loss if self.loss_weight == 1 else self.loss_weight * loss)
        self.steppers[optimizer].step()


def adam(
    weights: Iterable[Tensor], learning_rate: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:  # fmt: skip
    """Adam that updates all weights in one pass over them, on CPU and GPU alike."""
    return torch.optim.Adam(weights, learning_rate, betas, fused=True)


def compiled_where_it_pays(network: nn.Module, device: torch.device, steps: int) -> nn.Module:
    """The network, compiled where that pays: the same weights under one more name.

    Args:
        network: whose input keeps its shape for the whole training.
        device: where it runs.
        steps: of the training; of the whole, so that a resumed one computes as before.

    Returns:
        The network itself where it does not pay, or where the compiler does not work, which is then said.
    """
    if device.type not in COMPILED_DEVICES or steps < COMPILED_STEPS:
        return network
    try:
        torch.compile(lambda numbers: numbers.sin() + 1)(torch.zeros(8, device=device))
    except Exception as error:  # a compiler or Triton is missing: many kinds
        reason = str(error).strip().partition("\n")[0]
        say(f"torch.compile does not work here; training goes on without, slower. ({reason})")
        return network
    return torch.compile(network, dynamic=False)  # type: ignore[return-value]
