"""What a training measures on its way: `metrics.jsonl` and TensorBoard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crossgap.base.files import alone, append_json_line, read_json_lines, write_text

FILE = "metrics.jsonl"
ROW = {"phase": str, "step": int, ...: float}


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """All rows of a run: `{"phase", "step", <metric>: <mean since the last row>}`."""
    return read_json_lines(folder / FILE, ROW)


class Metrics:
    """Collects one phase's metrics; a context manager.

    Args:
        folder: the run folder.
        phase: the phase's name.
        done: steps already done; later rows, of work that a kill undid, are dropped.
        write: False on all but the first of several devices.
    """

    def __init__(self, folder: Path, phase: str, done: int, write: bool = True):
        self.path, self.phase, self.write = folder / FILE, phase, write
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
