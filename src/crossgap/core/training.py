"""The loop that every method shares: device, precision, checkpoints, exact resume, progress, metrics.

A method is a sequence of phases. A phase owns any number of networks and optimizers and says what one
step does; `Trainer.fit` runs it. Which images a step sees is a function of (seed, step) alone, and so is
the learning rate; a run killed at any step goes on, bit for bit, as if it had not been.
"""

from __future__ import annotations

import logging
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import lightning_fabric
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from crossgap.base.load import crowded
from crossgap.base.progress import progress_bar, say
from crossgap.core.checkpoints import Checkpoint
from crossgap.core.metrics import Metrics
from crossgap.core.runs import EXTRACTOR_PRECISION
from crossgap.core.speed import compiled_where_it_pays, keep_freed_memory
from crossgap.data.batches import Batches
from crossgap.errors import CrossgapError, unknown

PRECISIONS = ("auto", "32-true", "bf16-mixed")
"""What `make_fabric` knows."""
LOG_EVERY = 25
"""Steps between two rows of metrics. Checkpoints are made at the same steps."""
CHECKPOINT_SECONDS = 10.0
"""About how much work a killed run repeats at most."""


def bf16_is_fast(device: str) -> bool:
    """Whether the hardware itself computes in bfloat16: a recent GPU, or a CPU with AVX512-BF16 or AMX."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    info = Path("/proc/cpuinfo")
    flags = info.read_text(encoding="utf-8", errors="ignore") if info.exists() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags


def make_fabric(device: str = "auto", precision: str = "auto") -> lightning_fabric.Fabric:
    """Lightning Fabric for a device and a precision, launched; `torchrun` gives it several devices.

    From here on the process keeps memory that it frees: `speed.keep_freed_memory`.

    Args:
        device: `auto` (a GPU where there is one), `cpu` or `cuda`.
        precision: `auto` (bf16 where the hardware has it), `32-true` or `bf16-mixed`.

    Raises:
        CrossgapError: there is no such device or precision, or `torchrun` started more processes than there
            are GPUs.
    """
    device, processes = _device(str(device)), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if precision not in PRECISIONS:
        raise unknown("Precision", str(precision), PRECISIONS)
    if device == "cuda" and processes > torch.cuda.device_count():
        gpus = torch.cuda.device_count()
        raise CrossgapError(f"torchrun started {processes} processes on {gpus} GPUs. Expected one for each.")
    if precision == "auto":
        precision = "bf16-mixed" if bf16_is_fast(device) else "32-true"
    keep_freed_memory()
    # it would name the precision each time; a run's config.json has it
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    fabric = lightning_fabric.Fabric(accelerator=device, devices=processes, precision=precision)  # type: ignore
    fabric.launch()
    return fabric


def _device(name: str) -> str:
    """`cpu` or `cuda`."""
    there = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    if name == "auto":
        return there[-1]
    if name == "cuda" and name not in there:
        raise CrossgapError("Device 'cuda' not found: torch sees no GPU. Available: cpu.")
    if name.startswith("cuda:") and "cuda" in there:
        raise CrossgapError(f"Expected device 'cuda'; got '{name}'. CUDA_VISIBLE_DEVICES says which GPUs.")
    if name not in there:
        raise unknown("Device", name, ("auto", *there))
    return name


def single_process(device: str, precision: str) -> lightning_fabric.Fabric:
    """As `make_fabric`, for what runs in one process.

    Raises:
        CrossgapError: torchrun started several.
    """
    fabric = make_fabric(device, precision)
    if fabric.world_size > 1:
        raise CrossgapError(
            f"This runs in one process; torchrun started {fabric.world_size}. "
            "Several devices are for `crossgap train`."
        )
    return fabric


def hardware(fabric: lightning_fabric.Fabric) -> dict[str, str]:
    """What results depend on beside the settings: kind of device, and precision."""
    return {"device": fabric.device.type, "precision": str(fabric._precision.precision)}


def learning_hardware(fabric: lightning_fabric.Fabric) -> dict[str, str]:
    """The same of reinforcement learning, which is in float32 whatever the fabric's precision: that is of
    what is learnt from images alone, extractors before and translators after."""
    found = hardware(fabric)
    return found | {"precision": "32-true", EXTRACTOR_PRECISION: found["precision"]}


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
    fabric: lightning_fabric.Fabric
    """Set by the trainer: device, precision and, on several devices, averaging of gradients."""

    @abstractmethod
    def training_step(self, step: int) -> dict[str, Tensor]:
        """Update the networks once and return scalar metrics."""

    def schedule(self, step: int) -> float:
        """Factor on the learning rate: constant, then linear to zero over the second half."""
        return min(1.0, 2 * (1 - step / self.steps))

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


class Trainer:
    """Runs phases in a run folder and resumes each where it was.

    Args:
        folder: the run folder; gets `metrics.jsonl`, `checkpoints/` and `tensorboard/`.
        fabric: device and precision.
        seed: of everything random in training.
        quiet: no progress bars.
    """

    _said_crowded: ClassVar[bool] = False

    def __init__(
        self, folder: str | Path, fabric: lightning_fabric.Fabric, seed: int = 0, quiet: bool = False
    ):  # fmt: skip
        self.folder, self.fabric, self.seed, self.quiet = Path(folder), fabric, seed, quiet

    def fit(self, phase: Phase) -> None:
        """Train a phase to its end, from its last checkpoint if there is one.

        The folder has to be this training's own: that the checkpoint is one of the same data is not looked
        at here, as it is in `catalog.Methods`.

        Raises:
            CrossgapError: the checkpoint is damaged or is another phase's, of other steps, another learning
                rate or seed, or the disk is full.
        """
        try:
            self._fit(phase)
        except OSError as error:  # metrics and TensorBoard write as they go
            raise CrossgapError(f"Could not write {self.folder}: {error.strerror or error}.") from error

    def _fit(self, phase: Phase) -> None:
        torch.manual_seed(self.seed + self.fabric.global_rank)
        phase.setup(self.fabric)
        of = {"steps": phase.steps, "learning_rate": phase.learning_rate, "seed": self.seed}
        checkpoint = Checkpoint(self.folder / "checkpoints" / phase.name, phase, phase.steps, of)
        done = checkpoint.load_last()
        if done and self.fabric.global_rank:  # the checkpoint's random state is the first device's
            torch.manual_seed(self.seed + 1_000_003 * done + self.fabric.global_rank)
        quiet = self.quiet or not self.fabric.is_global_zero
        if not quiet and done < phase.steps:
            self._say_if_crowded()
        with (
            Metrics(self.folder, phase.name, done, write=self.fabric.is_global_zero) as metrics,
            progress_bar(phase.name, phase.steps, done, quiet=quiet) as advance,
        ):
            saved = time.monotonic()
            for step in range(done, phase.steps):
                self._set_learning_rate(phase, step)
                metrics.add(phase.training_step(step))
                advance(1)
                if (step + 1) % LOG_EVERY == 0 or step + 1 == phase.steps:
                    metrics.flush(step + 1)
                    due = time.monotonic() - saved > CHECKPOINT_SECONDS or step + 1 == phase.steps
                    if due and self.fabric.is_global_zero:
                        checkpoint.save(step + 1)
                        saved = time.monotonic()
        self.fabric.barrier()

    @classmethod
    def _say_if_crowded(cls) -> None:
        """Once in a process: that these steps will take longer than they need."""
        if not cls._said_crowded and torch.get_num_threads() > 1 and (what := crowded()):
            cls._said_crowded = True
            say(what)

    @staticmethod
    def _set_learning_rate(phase: Phase, step: int) -> None:
        for name, optimizer in phase.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = phase.learning_rate * phase.rate_factors.get(name, 1.0) * phase.schedule(step)
