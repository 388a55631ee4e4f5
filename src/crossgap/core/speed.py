"""What makes training faster and leaves its results alone. Measured by `benchmarks/train_step.py`."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from crossgap.base.progress import say

COMPILED_DEVICES = ("cuda",)
"""Where networks are compiled. On a CPU it gives 5 to 9 % after a minute of waiting: `docs/log.md`."""
COMPILED_STEPS = 2_000
"""Shortest training that is compiled. Estimated, not measured (`docs/log.md`): compiling takes 10 to 30 s the
first time, and seconds from then on, since PyTorch keeps what it compiled on disk, for the other seeds and
looks of an experiment, too; a step on a GPU, some 8 ms for hundreds of small kernels, gets a third shorter.
So translators are compiled in presets `full` and `paper`, and not in `quick`."""


def adam(
    weights: Iterable[Tensor], learning_rate: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:  # fmt: skip
    """Adam that updates all weights in one pass over them, on CPU and GPU alike."""
    return torch.optim.Adam(weights, learning_rate, betas, fused=True)


def keep_freed_memory() -> bool:
    """Let this process keep the memory that tensors give back; whether that is possible.

    A training step asks for the same blocks as the one before. The C library of Linux returns large blocks
    to the kernel, which clears and maps every page anew at the next step: 5 to 8 % of a step's time.
    Blocks above 256 MB, such as data sets, are still returned at once.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
    mallopt = ctypes.CDLL(None).mallopt
    # older versions accept 32 MB at most
    large = mallopt(mmap_threshold, 256 << 20) or mallopt(mmap_threshold, 32 << 20)
    return bool(large and mallopt(trim_threshold, 1 << 30))


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
