"""The loop that every method shares: device, precision, checkpoints, exact resume, progress, metrics.

A method is a sequence of phases. A phase owns any number of networks and optimizers and says what one
step does; `Trainer.fit` runs it. Which images a step sees is a function of (seed, step) alone, and so is
the learning rate; a run killed at any step goes on, bit for bit, as if it had not been.

What makes a step faster and leaves its results alone was measured by `benchmarks/train_step.py`.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from crossgap.base.files import alone, append_json_line, attempt, read_json_lines, write_text
from crossgap.base.machine import crowded
from crossgap.base.progress import progress_bar, say
from crossgap.core.watching import Watch, note
from crossgap.core.weights import Checkpoint
from crossgap.data.batches import Batches, to_images
from crossgap.data.contact_sheet import contact_sheet
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
    watch: Watch | None = None
    """Images kept out of the training, on which it shows its error; only of a phase that has `predicted`."""
    fabric: Fabric
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

    def predicted(self, images: Tensor) -> Tensor | None:
        """What the networks predict now of target images (n, 3, H, W) in [-1, 1]: (n, outputs) in the label
        scale, or logits; None of a phase that has no task model for them."""
        return None

    def samples(self) -> dict[str, Tensor]:
        """Rows of a contact sheet of what the networks do now, by label: each images (n, 3, H, W) in
        [-1, 1], such as inputs, outputs, and true pairs; none of a phase that makes no images.

        The trainer asks in evaluation mode, without gradients, and puts the random state back.
        """
        return {}

    def setup(self, fabric: Fabric) -> None:
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

    def update(self, optimizer: str | Sequence[str], loss: Tensor) -> None:
        """One step of an optimizer, or of several together, down the gradient of `loss`; on several devices,
        down that of the loss of all their images at once."""
        names = (optimizer,) if isinstance(optimizer, str) else optimizer
        for name in names:
            self.steppers[name].zero_grad(set_to_none=True)
        self.fabric.backward(loss if self.loss_weight == 1 else self.loss_weight * loss)
        for name in names:
            self.steppers[name].step()


def adam(
    weights: Iterable[Tensor], learning_rate: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:
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


SAMPLES, SHEETS, SHOWN = "samples", 8, 8
"""The folder of contact sheets, `<phase>/<step>.png`; about how many there are of a training, and of how many
images each."""


def _is_drawn(phase: Phase, step: int) -> bool:
    """Whether a contact sheet is drawn after a step, one that metrics are written at: the first such one, to
    show soon what is wrong with the images, then now and then, and the last."""
    every = max(1, phase.steps // SHEETS)
    return step in (phase.log_every, phase.steps) or step // every > (step - phase.log_every) // every


@torch.no_grad()
def draw_samples(phase: Phase, folder: Path, step: int) -> None:
    """Draw a phase's contact sheet, `<folder>/<phase>/<step>.png`; the training is left as it is.

    Raises:
        CrossgapError: the disk is full.
    """
    devices = [phase.fabric.device] if phase.fabric.device.type == "cuda" else []
    training = [network for network in phase.networks.values() if network.training]
    for network in training:
        network.eval()
    with torch.random.fork_rng(devices), phase.fabric.autocast():
        rows = {label: to_images(images.float()) for label, images in phase.samples().items()}
    for network in training:
        network.train()
    if rows:
        contact_sheet(rows, folder / phase.name / f"{step:06d}.png")


def drop_samples(phase: Phase, folder: Path, done: int) -> None:
    """Remove the contact sheets of later steps than those done, of work that a kill undid, or of a training
    that was thrown away."""
    for sheet in (folder / phase.name).glob("*.png"):
        if sheet.stem.isdigit() and int(sheet.stem) > done:
            sheet.unlink()


METRICS = "metrics.jsonl"
METRICS_ROW = {"phase": str, "step": int, ...: float}


class Trainer:
    """Runs phases in a run folder and resumes each where it was.

    Args:
        folder: the run folder; gets `metrics.jsonl`, `checkpoints/`, `tensorboard/`, and `samples/` where a
            phase makes images.
        fabric: device and precision.
        seed: of everything random in training.
        quiet: no progress bars.
    """

    _said_crowded: ClassVar[bool] = False

    def __init__(self, folder: str | Path, fabric: Fabric, seed: int = 0, quiet: bool = False):
        self.folder, self.fabric, self.seed, self.quiet = Path(folder), fabric, seed, quiet

    def fit(self, phase: Phase) -> None:
        """Train a phase to its end, from its last checkpoint if there is one.

        The folder has to be this training's own: that the checkpoint is one of the same data is not looked
        at here, as it is in `Methods`.

        Raises:
            CrossgapError: the checkpoint is damaged or is another phase's, of other steps, another learning
                rate or seed, or the disk is full.
        """
        torch.manual_seed(self.seed + self.fabric.global_rank)
        phase.setup(self.fabric)
        of = {"steps": phase.steps, "learning_rate": phase.learning_rate, "seed": self.seed}
        place = self.folder / "checkpoints" / (phase.name if phase.place is None else phase.place)
        checkpoint = Checkpoint(place, phase, phase.steps, of)
        done = checkpoint.load_last()
        if done and self.fabric.global_rank:  # the checkpoint's random state is the first device's
            torch.manual_seed(self.seed + 1_000_003 * done + self.fabric.global_rank)
        writes = self.fabric.is_global_zero
        quiet = self.quiet or not writes
        if not quiet and done < phase.steps:
            self._say_if_crowded()
        if writes and done < phase.steps:
            drop_samples(phase, self.folder / SAMPLES, done)
        with (
            phase.opened(done) if done < phase.steps else nullcontext(),
            Metrics(self.folder, phase.name, done, write=writes and done < phase.steps) as metrics,
            progress_bar(phase.label or phase.name, phase.steps, done, quiet=quiet) as advance,
        ):
            saved = time.monotonic()
            for step in range(done, phase.steps):
                self._set_learning_rate(phase, step)
                metrics.add(phase.training_step(step))
                logs = (step + 1) % phase.log_every == 0 or step + 1 == phase.steps
                seen = self._look(phase, step + 1) if logs and phase.watch is not None else {}
                advance(1, note(seen)) if seen else advance(1)
                if logs:
                    metrics.flush(step + 1, seen)
                    if writes and _is_drawn(phase, step + 1):
                        draw_samples(phase, self.folder / SAMPLES, step + 1)
                    due = time.monotonic() - saved >= phase.checkpoint_seconds or step + 1 == phase.steps
                    if due and writes:
                        with attempt(f"write {self.folder}"):
                            checkpoint.save(step + 1)
                        saved = time.monotonic()
        if phase.watch is not None:
            phase.watch.restore(phase)
        self.fabric.barrier()

    def _look(self, phase: Phase, step: int) -> dict[str, float]:
        """What a phase's watch finds, in the precision of training."""
        assert phase.watch is not None
        with self.fabric.autocast():
            return phase.watch.look(phase, step)

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


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """All rows of a run: `{"phase", "step", <metric>: <mean since the last row>}`."""
    return read_json_lines(folder / METRICS, METRICS_ROW)


class Metrics:
    """Collects one phase's metrics; a context manager.

    Args:
        folder: the run folder.
        phase: the phase's name.
        done: steps already done; later rows, of work that a kill undid, are dropped.
        write: False on all but the first of several devices, and where there is nothing left to do.
    """

    def __init__(self, folder: Path, phase: str, done: int, write: bool = True):
        self.path, self.phase, self.write = folder / METRICS, phase, write
        self._sums, self._count = dict[str, Tensor](), 0
        if write:
            with alone(self.path):  # other phases may be trained in the same folder
                kept = [r for r in read_metrics(folder) if r["phase"] != phase or r["step"] <= done]
                write_text(self.path, "".join(json.dumps(row) + "\n" for row in kept))
            from torch.utils.tensorboard import SummaryWriter

            with attempt(f"write {folder}"):
                self._board = SummaryWriter(str(folder / "tensorboard" / phase), purge_step=done + 1)

    def add(self, values: dict[str, Tensor]) -> None:
        """Count one step's values in."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach()
        self._count += 1

    def flush(self, step: int, seen: Mapping[str, float] = MappingProxyType({})) -> None:
        """Write the means since the last row, and what was `seen` at this step alone."""
        sums = torch.stack(list(self._sums.values())).tolist() if self._sums else []  # one transfer for all
        means = {name: total / self._count for name, total in zip(self._sums, sums, strict=True)}
        means |= seen
        self._sums, self._count = {}, 0
        if self.write:
            append_json_line(self.path, {"phase": self.phase, "step": step, **means})
            with attempt(f"write {self.path.parent}"):
                for name, value in means.items():
                    self._board.add_scalar(f"{self.phase}/{name}", value, step)

    def __enter__(self) -> Metrics:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.write:
            with attempt(f"write {self.path.parent}"):
                self._board.close()
