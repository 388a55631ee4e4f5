"""What makes training faster and leaves its results alone. Measured by `benchmarks/train_step.py`."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from crossgap.progress import console

COMPILED_DEVICES = ("cuda",)
"""Where networks are compiled. On a CPU it gives 5 to 9 % after a minute of waiting: `docs/log.md`."""
COMPILE_SECONDS, SAVED_SECONDS = 30.0, 0.003
"""What compiling a translator and its judges takes the first time, and what it saves of a step on a GPU.

Estimated, not measured (`docs/log.md`): a step at 64 px starts some 450 small kernels, and is over when they
are started, about 8 ms; compiled, a third of them is left out. Both grow with the number of layers, so that
the quotient is the same for a task model."""
COMPILED_STEPS = round(COMPILE_SECONDS / SAVED_SECONDS)
"""Shortest training that is worth the wait: 10,000 steps, which of the presets `paper` alone has. Those of
`quick` and `full` have 400 to 6,000, 3 to 50 s on a GPU: there is no half minute in them to be won back."""


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
        console.print(f"torch.compile does not work here; training goes on without, slower. ({reason})")
        return network
    return torch.compile(network, dynamic=False)  # type: ignore[return-value]
