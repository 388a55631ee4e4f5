"""Device and precision, and what of them results depend on."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from crossgap.errors import CrossgapError, check_known, unknown

if TYPE_CHECKING:
    import lightning_fabric

PRECISIONS = ("auto", "32-true", "bf16-mixed")
"""What `make_fabric` knows."""


def checked_device(device: str | torch.device = "auto") -> torch.device:
    """The device; `auto` is a GPU where there is one.

    Raises:
        CrossgapError: it is not there, or is none.
    """
    there = ("auto", "cpu", "cuda") if torch.cuda.is_available() else ("auto", "cpu")
    try:
        found = torch.device(there[-1] if device == "auto" else device)
        if found.type == "cuda":
            is_there = "cuda" in there and (found.index or 0) < torch.cuda.device_count()
        else:
            is_there = torch.zeros(1, device=found).item() == 0  # the device `meta` holds no numbers
    except (RuntimeError, TypeError):
        is_there = False
    if is_there:
        return found
    if str(device) == "cuda":
        raise CrossgapError("Device 'cuda' not found: torch sees no GPU. Available: cpu.")
    raise unknown("Device", str(device), there)


def bf16_is_fast(device: str) -> bool:
    """Whether the hardware itself computes in bfloat16: a recent GPU, or a CPU with AVX512-BF16 or AMX."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    info = Path("/proc/cpuinfo")
    flags = info.read_text(encoding="utf-8", errors="ignore") if info.exists() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags


def make_fabric(device: str | torch.device = "auto", precision: str = "auto") -> lightning_fabric.Fabric:
    """Lightning Fabric for a device and a precision, launched; `torchrun` gives it several devices.

    From here on the process keeps memory that it frees: `keep_freed_memory`.

    Args:
        device: `auto` (a GPU where there is one), `cpu` or `cuda`.
        precision: `auto` (bf16 where the hardware has it), `32-true` or `bf16-mixed`.

    Raises:
        CrossgapError: there is no such device or precision, or `torchrun` started more processes than there
            are GPUs.
    """
    import lightning_fabric  # here, because what a robot runs needs none

    where, processes = checked_device(device), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if where.index is not None or where.type not in ("cpu", "cuda"):
        raise CrossgapError(f"Expected device 'cuda'; got '{device}'. CUDA_VISIBLE_DEVICES says which GPUs.")
    check_known("Precision", (precision,), PRECISIONS)
    if where.type == "cuda" and processes > (gpus := torch.cuda.device_count()):
        raise CrossgapError(f"torchrun started {processes} processes on {gpus} GPUs. Expected one for each.")
    if precision == "auto":
        precision = "bf16-mixed" if bf16_is_fast(where.type) else "32-true"
    keep_freed_memory()
    # it would name the precision each time; a run's config.json has it
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    fabric = lightning_fabric.Fabric(accelerator=where.type, devices=processes, precision=precision)  # type: ignore
    fabric.launch()
    return fabric


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


def in_float32(fabric: lightning_fabric.Fabric) -> lightning_fabric.Fabric:
    """The same devices, for what learns in float32 whatever the precision."""
    precise = hardware(fabric)["precision"] == "32-true"
    return fabric if precise else make_fabric(fabric.device.type, "32-true")


def single_process(device: str, precision: str) -> lightning_fabric.Fabric:
    """As `make_fabric`, for what runs in one process.

    Raises:
        CrossgapError: torchrun started several.
    """
    fabric = make_fabric(device, precision)
    if fabric.world_size > 1:
        raise CrossgapError(
            f"This runs in one process; torchrun started {fabric.world_size}. "
            "Several devices are for `crossgap train` and `crossgap learn`."
        )
    return fabric


def hardware(fabric: lightning_fabric.Fabric) -> dict[str, str]:
    """What results depend on beside the settings: kind of device, and precision."""
    return {"device": fabric.device.type, "precision": str(fabric._precision.precision)}


def learning_hardware(fabric: lightning_fabric.Fabric) -> dict[str, str]:
    """The same of reinforcement learning, which is in float32 whatever the fabric's precision: that is of
    what is learnt from images alone, extractors before and translators after."""
    found = hardware(fabric)
    return found | {"precision": "32-true", "extractor_precision": found["precision"]}
