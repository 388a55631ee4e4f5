"""How long a model takes for an image."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import get_num_threads, set_num_threads

from crossgap.deploy.adapted import AdaptedModel


@dataclass(frozen=True)
class Latency:
    """Of one image, in milliseconds."""

    p50: float
    """Half of all images take less."""
    p99: float
    """99 % take less."""
    cpu: float
    """Median of the thread's own time: what the clock would show if the machine did nothing else."""
    images: int
    """How many were timed."""

    def __str__(self) -> str:
        return (
            f"{self.p50:.1f} ms (p50), {self.p99:.1f} ms (p99) per image, {self.cpu:.1f} ms of it computing,"
        )

    @staticmethod
    def of(wall: list[float], cpu: list[float]) -> Latency:
        """Of seconds by the clock, and of the thread's own."""
        p50, p99 = np.percentile(wall, (50, 99)) * 1e3
        return Latency(float(p50), float(p99), float(np.median(cpu) * 1e3), len(wall))


def latency(
    run: Callable[[np.ndarray], object], shape: Sequence[int], seconds: float = 2.0, least: int = 20
) -> Latency:
    """Time images one by one, as a robot sees them, after some to warm up.

    Args:
        run: takes images (1, *shape) uint8, in this thread alone.
        shape: of an image: height, width and 3.
        seconds: for how long.
        least: how many images at least.
    """
    images = np.random.default_rng(0).integers(0, 256, (16, 1, *shape), np.uint8)
    for image in images[:5]:
        run(image)
    wall: list[float] = []
    cpu: list[float] = []
    began = time.perf_counter()
    while len(wall) < least or time.perf_counter() - began < seconds:
        start, own = time.perf_counter(), time.thread_time()
        run(images[len(wall) % len(images)])
        wall.append(time.perf_counter() - start)
        cpu.append(time.thread_time() - own)
    return Latency.of(wall, cpu)


def one_core(model: AdaptedModel, seconds: float = 0.5) -> Latency:
    """How long a model takes for one prepared image, in torch on one thread; torch's other threads are back
    afterwards."""
    run, threads = (model.predict if "task_model" in model.networks else model.translate), get_num_threads()
    set_num_threads(1)
    try:
        return latency(run, (*model.size, 3), seconds, least=5)
    finally:
        set_num_threads(threads)
