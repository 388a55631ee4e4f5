"""Whether the machine has more to do than cores, and what training then does. Imports no torch."""

from __future__ import annotations

import os

CROWDED = 1.25
"""Load over cores from which on there is other work: training alone is at 1, some of it beside it."""


def load() -> float | None:
    """How many processes and threads ran or waited to run, mean over the last minute; None where the system
    does not say."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def crowded() -> str:
    """What is to be said where there is more to do than cores; else nothing."""
    cores, now = os.cpu_count() or 1, load()
    if now is None or now <= CROWDED * cores:
        return ""
    return (
        f"The load is {now:.1f} on {cores} cores. Beside other work, threads that wait for each other make "
        "training many times slower. With OMP_NUM_THREADS=1 none waits, and results differ as between seeds."
    )


def wait_passively_if_crowded() -> None:
    """Let threads that wait for each other sleep, where others need the cores. To be called before torch is
    imported; results do not depend on it. Alone, a small network's steps take half as long again so."""
    if crowded():
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
