"""How much is done in a second, and in a second of CPU time. Imports nothing of ours: peers use it too."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

Measurement = dict[str, float]
"""How much was `done` in how many `wall` seconds, and in how many of `cpu` time."""


def cpu_seconds() -> float:
    """CPU time of this process and its children; the clock of a process is numbered so on Linux."""
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    return time.process_time() + sum(time.clock_gettime((~pid << 3) | 2) for pid in children)


def measure(one: Callable[[], int], seconds: float) -> Measurement:
    """Do it for so long; `one` says how much it did."""
    began, cpu, done = time.perf_counter(), cpu_seconds(), 0
    while time.perf_counter() - began < seconds:
        done += one()
    return {"done": done, "wall": time.perf_counter() - began, "cpu": cpu_seconds() - cpu}
