"""The loop that every method shares: device, precision, checkpoints, exact resume, progress, metrics.

A method is a sequence of phases. A phase owns any number of networks and optimizers and says what one
step does; `Trainer.fit` runs it. Which images a step sees is a function of (seed, step) alone, and so is
the learning rate; a run killed at any step goes on, bit for bit, as if it had not been.
"""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

import lightning_fabric
import torch
from torch import Tensor

from crossgap.base.files import alone, append_json_line, read_json_lines, write_text
from crossgap.base.machine import crowded
from crossgap.base.progress import progress_bar, say
from crossgap.core.checkpoints import Checkpoint
from crossgap.core.phase import Phase
from crossgap.errors import CrossgapError

METRICS = "metrics.jsonl"
METRICS_ROW = {"phase": str, "step": int, ...: float}


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
        at here, as it is in `Methods`.

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
        place = self.folder / "checkpoints" / (phase.name if phase.place is None else phase.place)
        checkpoint = Checkpoint(place, phase, phase.steps, of)
        done = checkpoint.load_last()
        if done and self.fabric.global_rank:  # the checkpoint's random state is the first device's
            torch.manual_seed(self.seed + 1_000_003 * done + self.fabric.global_rank)
        quiet = self.quiet or not self.fabric.is_global_zero
        if not quiet and done < phase.steps:
            self._say_if_crowded()
        with (
            phase.opened(done) if done < phase.steps else nullcontext(),
            Metrics(self.folder, phase.name, done, write=self.fabric.is_global_zero) as metrics,
            progress_bar(phase.label or phase.name, phase.steps, done, quiet=quiet) as advance,
        ):
            saved = time.monotonic()
            for step in range(done, phase.steps):
                self._set_learning_rate(phase, step)
                metrics.add(phase.training_step(step))
                advance(1)
                if (step + 1) % phase.log_every == 0 or step + 1 == phase.steps:
                    metrics.flush(step + 1)
                    due = time.monotonic() - saved >= phase.checkpoint_seconds or step + 1 == phase.steps
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


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """All rows of a run: `{"phase", "step", <metric>: <mean since the last row>}`."""
    return read_json_lines(folder / METRICS, METRICS_ROW)


class Metrics:
    """Collects one phase's metrics; a context manager.

    Args:
        folder: the run folder.
        phase: the phase's name.
        done: steps already done; later rows, of work that a kill undid, are dropped.
        write: False on all but the first of several devices.
    """

    def __init__(self, folder: Path, phase: str, done: int, write: bool = True):
        self.path, self.phase, self.write = folder / METRICS, phase, write
        self._sums: dict[str, Tensor] = {}
        self._count = 0
        if write:
            with alone(self.path):  # other phases may be trained in the same folder
                kept = [r for r in read_metrics(folder) if r["phase"] != phase or r["step"] <= done]
                write_text(self.path, "".join(json.dumps(row) + "\n" for row in kept))
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard" / phase), purge_step=done + 1)

    def add(self, values: dict[str, Tensor]) -> None:
        """Count one step's values in."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach()
        self._count += 1

    def flush(self, step: int) -> None:
        """Write the means since the last row."""
        sums = torch.stack(list(self._sums.values())).tolist() if self._sums else []  # one transfer for all
        means = {name: total / self._count for name, total in zip(self._sums, sums, strict=True)}
        self._sums, self._count = {}, 0
        if self.write:
            append_json_line(self.path, {"phase": self.phase, "step": step, **means})
            for name, value in means.items():
                self._board.add_scalar(f"{self.phase}/{name}", value, step)

    def __enter__(self) -> Metrics:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.write:
            self._board.close()
