"""Device and precision, and what of them results depend on."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import lightning_fabric
import torch

from crossgap.core.speed import keep_freed_memory
from crossgap.errors import CrossgapError, unknown

PRECISIONS = ("auto", "32-true", "bf16-mixed")
"""What `make_fabric` knows."""


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
    return found | {"precision": "32-true", "extractor_precision": found["precision"]}
