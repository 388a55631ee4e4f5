"""The machine: its cores, memory and GPU, and whether it has more to do than cores. Imports nothing of ours,
and no torch: `scripts/choose_torch.py` asks, too, where nothing but Python is installed yet."""

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

CROWDED = 1.25
"""Load over cores from which on there is other work: training alone is at 1, some of it beside it."""


def load() -> float | None:
    """How many processes and threads ran or waited to run, mean over the last minute; None where the system
    does not say."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def crowded() -> str:
    """What is to be said where there is more to do than cores; else nothing.

    The load is that of all cores. It says nothing of a few that this process is confined to: of those no more
    is known than how many threads of its own it has for them.
    """
    cores, now = available_cores(), load()
    if cores < (os.cpu_count() or 1):
        found, there = f"There are {(threads := _threads())} threads for", threads > cores
    else:
        found, there = f"The load is {now or 0:.1f} on", now is not None and now > CROWDED * cores
    if not there:
        return ""
    return (
        f"{found} {cores} cores. Beside other work, threads that wait for each other make "
        "training many times slower. With OMP_NUM_THREADS=1 none waits, and results differ as between seeds."
    )


def _threads() -> int:
    """Torch's; before it is imported those that it was told to take, 0 if none."""
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return threads_here() or (int(told) if told.isdecimal() else 0)


def wait_passively_if_crowded() -> None:
    """Let threads that wait for each other sleep, where others need the cores. To be called before torch is
    imported; results do not depend on it. Alone, a small network's steps take half as long again so."""
    if crowded():
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def has_gpu() -> bool:
    """Whether an NVIDIA driver sees a GPU, whatever torch can do with it."""
    if shutil.which("nvidia-smi") is None:
        return False
    import subprocess  # not before: `--help` needs none of it

    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout


def threads_here() -> int | None:
    """How many threads this process computes with; None before torch is there."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    """Processor, cores, memory, and the GPU where there is one."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found = {"processor": _processor(), "cores": available_cores(), "memory_gib": round(memory, 1)}
    if (torch := sys.modules.get("torch")) and torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def versions() -> dict[str, str]:
    """Of Python, Crossgap and what its figures depend on."""
    from importlib import metadata  # not before: `--help` needs none of it

    packages = ("crossgap", "torch", "mujoco", "gymnasium", "numpy", "lightning-fabric")
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in packages}
